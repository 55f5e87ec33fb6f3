package recommend

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/internal/kernel"
)

// BPR factorizes by pairs of items: Bayesian personalized ranking, Rendle et al. (2009), arXiv:1205.2618. With
// the score xᵤ·yᵢ, it minimises over users u, items i that they have and items j that they do not have
//
//	Σ −ln σ(xᵤ·yᵢ − xᵤ·yⱼ) + ½·Lambda·(‖xᵤ‖² + ‖yᵢ‖² + ‖yⱼ‖²)
//
// by stochastic gradient descent. An epoch takes each pair (u, i) once, in random order, with one j drawn uniformly; pairs
// of Batch are one step, with the sum of their gradients. Weights do not count. A user that was not trained
// on is an error: ALS knows such.
type BPR struct {
	Factors      int     // 0: 64
	LearningRate float64 // 0: 0.1
	Lambda       float64 // 0: 0.002; below 0: none
	Epochs       int     // 0: 100
	Batch        int     // 0: 64
}

func (m BPR) withDefaults() (BPR, error) {
	for _, d := range []struct {
		to *int
		or int
	}{{&m.Factors, 64}, {&m.Epochs, 100}, {&m.Batch, 64}} {
		if *d.to == 0 {
			*d.to = d.or
		}
	}
	if m.LearningRate == 0 {
		m.LearningRate = 0.1
	}
	if m.Lambda == 0 {
		m.Lambda = 0.002
	}
	m.Lambda = max(m.Lambda, 0)
	if m.Factors < 1 || m.Factors > mostFactors || m.Epochs < 1 || m.Epochs > mostSize || m.Batch < 1 || m.Batch > mostSize {
		return m, fmt.Errorf("recommend: bpr: %d factors, %d epochs, batches of %d: want 1 to %d factors, 1 to %d of the others", m.Factors, m.Epochs, m.Batch, mostFactors, mostSize)
	}
	if !(m.LearningRate > 0) || math.IsInf(m.LearningRate, 0) || math.IsNaN(m.Lambda-m.Lambda) {
		return m, fmt.Errorf("recommend: bpr: learning rate %v, lambda %v: want a number above 0, and a finite one", m.LearningRate, m.Lambda)
	}
	return m, nil
}

// Fit implements Learner.
func (m BPR) Fit(ctx context.Context, seen *data.Histories, seed uint64) (Scorer, error) {
	if err := begin(ctx, "bpr", seen); err != nil {
		return nil, err
	}
	m, err := m.withDefaults()
	if err != nil {
		return nil, err
	}
	f, err := newFactors("bpr", seen, m.Factors, seed)
	if err != nil {
		return nil, err
	}
	draw, err := newTriples(seen, seed)
	if err != nil {
		return nil, err
	}
	s := newDescent(m, f)
	// The triples of the next epoch are drawn while those of this one are learned from.
	next := make(chan []triple, 1)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for range m.Epochs {
			select {
			case next <- draw.epoch():
			case <-stop:
				return
			}
		}
	}()
	for range m.Epochs {
		triples := <-next
		for from := 0; from < len(triples); from += m.Batch {
			if err := s.step(ctx, triples[from:min(from+m.Batch, len(triples))]); err != nil {
				return nil, err
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return f, f.finite()
}

// triple is a user, an item that it has and one that it does not have.
type triple struct{ user, has, not int32 }

// triples draws them.
type triples struct {
	items int
	pairs []triple // without the last
	has   [][]int  // items of each user, in ascending order
	g     *rand.Rand
}

func newTriples(seen *data.Histories, seed uint64) (*triples, error) {
	t := &triples{items: seen.Items, has: make([][]int, seen.Users()), g: rand.New(rand.NewPCG(seed, 0x627072))}
	for u := range t.has {
		items, _ := seen.Of(u)
		if len(items) == seen.Items {
			continue // it has all: there is nothing to rank
		}
		t.has[u] = slices.Sorted(slices.Values(items))
		for _, i := range items {
			t.pairs = append(t.pairs, triple{int32(u), int32(i), 0})
		}
	}
	if len(t.pairs) == 0 {
		return nil, fmt.Errorf("recommend: bpr: each user has all %d items: there is nothing to rank", seen.Items)
	}
	return t, nil
}

// epoch returns the pairs in random order, each with another item.
func (t *triples) epoch() []triple {
	out := slices.Clone(t.pairs)
	t.g.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	for k := range out {
		has := t.has[out[k].user]
		for {
			j := t.g.IntN(t.items)
			if _, found := slices.BinarySearch(has, j); !found {
				out[k].not = int32(j)
				break
			}
		}
	}
	return out
}

// descent is gradient descent on factors.
type descent struct {
	f            *factors
	rate, lambda float32
	u, i, j      []float32 // the vectors of a batch as they were before its step
	z, slope     []float32 // of each triple: the score of j less that of i, and its sigmoid
}

func newDescent(m BPR, f *factors) *descent {
	n := m.Batch * m.Factors
	return &descent{
		f: f, rate: float32(m.LearningRate), lambda: float32(m.Lambda),
		u: make([]float32, n), i: make([]float32, n), j: make([]float32, n), z: make([]float32, m.Batch), slope: make([]float32, m.Batch),
	}
}

// A batch of so many triples is worth other goroutines. They look at parts of the batch, and then add to parts of
// the columns: what is added to a number, and in what order, does not depend on them.
const (
	lookPart  = 2048
	addPart   = 16 // columns: a line of the cache
	manyParts = 2 * lookPart
)

// step takes one step down the sum of the gradients of triples.
func (s *descent) step(ctx context.Context, batch []triple) error {
	if len(batch) < manyParts {
		s.look(batch, 0)
		s.add(batch, 0, s.f.dim)
		return nil
	}
	err := inParts(ctx, len(batch), lookPart, func(from, to int) error {
		s.look(batch[from:to], from)
		return nil
	})
	if err != nil {
		return err
	}
	width := (s.f.dim/addPart + kernel.Threads() - 1) / kernel.Threads() * addPart
	return inParts(ctx, s.f.dim, max(width, addPart), func(from, to int) error {
		s.add(batch, from, to)
		return nil
	})
}

// loss returns the sum of −ln σ of the last n triples before their step.
func (s *descent) loss(n int) (sum float64) {
	for _, z := range s.z[:n] {
		sum += math.Log1p(math.Exp(-math.Abs(float64(z)))) + max(0, float64(z))
	}
	return sum
}

// ahead is how many triples or pairs before they are needed vectors are asked for.
const ahead = 12

// cached is about how many triples the vectors are of that the nearest caches hold.
const cached = 256

// prefetch asks for the vectors of triple k, if there is one.
func (s *descent) prefetch(batch []triple, k int) {
	if k < len(batch) {
		kernel.PrefetchRow(s.f.users, int(batch[k].user), s.f.dim)
		kernel.PrefetchRow(s.f.items, int(batch[k].has), s.f.dim)
		kernel.PrefetchRow(s.f.items, int(batch[k].not), s.f.dim)
	}
}

// look copies the vectors of triples, the first of which is number at of its batch, and computes the slopes.
func (s *descent) look(batch []triple, at int) {
	d := s.f.dim
	for k, t := range batch {
		s.prefetch(batch, k+ahead)
		k += at
		s.z[k] = float32(kernel.RankLook(s.u[k*d:(k+1)*d], s.i[k*d:(k+1)*d], s.j[k*d:(k+1)*d],
			s.f.users[int(t.user)*d:][:d], s.f.items[int(t.has)*d:][:d], s.f.items[int(t.not)*d:][:d]))
	}
	part := s.z[at : at+len(batch)]
	kernel.Unary(kernel.Sigmoid, 0, s.slope[at:at+len(batch)], part)
}

// add takes the step in some columns.
func (s *descent) add(batch []triple, from, to int) {
	d := s.f.dim
	for k, t := range batch {
		if len(batch) > cached {
			s.prefetch(batch, k+ahead)
		}
		g := s.rate * s.slope[k]
		step := kernel.RankStep[float32]{Slope: g, Back: -g, Shrink: -s.rate * s.lambda}
		kernel.RankPair(&step, s.f.users[int(t.user)*d:][from:to], s.f.items[int(t.has)*d:][from:to], s.f.items[int(t.not)*d:][from:to],
			s.u[k*d+from:k*d+to], s.i[k*d+from:k*d+to], s.j[k*d+from:k*d+to])
	}
}

func init() { builtin.Register(BPR{}) }
