package recommend

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"

	"github.com/seed732fc211/aegis/data"
)

// Made makes up interactions whose truth is known, so that the best possible recommendations are. Each user has one of
// some tastes. An item has a popularity that falls with its rank, and a taste multiplies that of a random
// third of the items by ten. The first item of a user is drawn by its taste, each further one with probability Follow as a
// successor of the item before, of which each item has three, drawn with 0.6, 0.3 and 0.1, otherwise by
// taste; items that the user has are left out. The numbers of items and users tell nothing of either. Rows have times.
//
// The generator is frozen: the same fields and seed give the same rows in every version.
type Made struct {
	Users  int     // 0: 1000
	Items  int     // 0: 300
	Length int     // items of each user; 0: 20
	Tastes int     // 0: 6
	Follow float64 // 0: 0.5; below 0: never
}

// Make returns the rows and a scorer that knows the truth: the probability, but for a factor, that an item is
// the next one of a user. No other order of the items has a greater expected recall or NDCG of the next item.
func (m Made) Make(seed uint64) (*data.Interactions, Scorer, error) {
	for _, d := range []struct {
		to *int
		or int
	}{{&m.Users, 1000}, {&m.Items, 300}, {&m.Length, 20}, {&m.Tastes, 6}} {
		if *d.to == 0 {
			*d.to = d.or
		}
	}
	if m.Follow == 0 {
		m.Follow = 0.5
	}
	m.Follow = max(m.Follow, 0)
	if m.Users < 1 || m.Items < 4 || m.Length < 1 || m.Tastes < 1 || m.Length >= m.Items || m.Users > mostMade/m.Length || m.Tastes > mostMade/m.Items {
		return nil, nil, fmt.Errorf("recommend: made: %d users of %d items among %d, %d tastes: want at least 1, more items than a user has, and at most %d rows", m.Users, m.Length, m.Items, m.Tastes, mostMade)
	}
	if !(m.Follow < 1) {
		return nil, nil, fmt.Errorf("recommend: made: a successor with probability %v: want less than 1", m.Follow)
	}
	g := rand.New(rand.NewPCG(seed, 0x6d616465))
	t := m.truth(g)
	x := &data.Interactions{Name: "made up", Source: "made up by a frozen generator"}
	for i := range m.Items {
		x.Items = append(x.Items, fmt.Sprintf("item %07d", i))
	}
	p, sums := make([]float32, m.Items), make([]float64, m.Items)
	for u := range m.Users {
		x.Users = append(x.Users, fmt.Sprintf("user %07d", u))
		start := g.Float64() * float64(4*m.Length)
		var items []int
		for k := range m.Length {
			t.next(u, items, p)
			for _, i := range items {
				p[i] = 0
			}
			sum := 0.0
			for i, v := range p {
				sum += float64(v)
				sums[i] = sum
			}
			at := g.Float64() * sum
			i := min(sort.Search(m.Items, func(i int) bool { return sums[i] > at }), m.Items-1)
			for p[i] == 0 { // rounding made at the whole sum
				i--
			}
			items = append(items, i)
			x.User, x.Item, x.Time = append(x.User, u), append(x.Item, i), append(x.Time, start+float64(k))
		}
	}
	return x, t, nil
}

// mostMade bounds what is made up.
const mostMade = 1 << 24

// truth is what Made draws from.
type truth struct {
	follow float32
	tastes [][]float32 // of each taste, the probability of each item
	taste  []int       // of each user
	after  [][3]int    // successors of each item
}

func (m Made) truth(g *rand.Rand) *truth {
	t := &truth{follow: float32(m.Follow)}
	rank := g.Perm(m.Items)
	for range m.Tastes {
		p, sum := make([]float32, m.Items), float32(0)
		for i, r := range rank {
			p[i] = 1 / float32(r+10)
			if g.IntN(3) == 0 {
				p[i] *= 10
			}
			sum += p[i]
		}
		for i := range p {
			p[i] /= sum
		}
		t.tastes = append(t.tastes, p)
	}
	for range m.Users {
		t.taste = append(t.taste, g.IntN(m.Tastes))
	}
	for i := range m.Items {
		var s [3]int
		for k := range s {
			for again := true; again; {
				s[k] = g.IntN(m.Items)
				again = s[k] == i || k > 0 && s[k] == s[0] || k > 1 && s[k] == s[1]
			}
		}
		t.after = append(t.after, s)
	}
	return t
}

// next sets p to the probability of each item to be next, those the user has included.
func (t *truth) next(user int, items []int, p []float32) {
	taste := t.tastes[t.taste[user]]
	if len(items) == 0 {
		copy(p, taste)
		return
	}
	for i, v := range taste {
		p[i] = (1 - t.follow) * v
	}
	for k, i := range t.after[items[len(items)-1]] {
		p[i] += float32(t.follow * [3]float32{0.6, 0.3, 0.1}[k]) // not fused: the same bits everywhere
	}
}

// Scores implements Scorer.
func (t *truth) Scores(users []User, scores []float32) error {
	n := len(t.after)
	if err := checkUsers("truth", users, scores, len(t.taste), n); err != nil {
		return err
	}
	for k, u := range users {
		if u.Number < 0 {
			return errors.New("recommend: truth: the taste of a user that was not made is not known")
		}
		t.next(u.Number, u.Items, scores[k*n:(k+1)*n])
	}
	return nil
}
