package recommend

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/kernel"
	"gorgonia.org/tensor"
)

// reference is what testdata/make.py made.
type reference struct {
	Items       int
	Start, Item []int
	Weight      []float64
	Popularity  []float64
	KNNAll      []float64 `json:"knn_all"`
	KNN3        []float64 `json:"knn_3"`
	EASE2       []float64 `json:"ease_2"`
	EASE50      []float64 `json:"ease_50"`
	ALS         struct {
		Factors       int
		Alpha, Lambda float64
		Y, X          []float64
	}
}

func readReference(t *testing.T) (*reference, *data.Histories, []User) {
	t.Helper()
	raw, err := os.ReadFile("testdata/recommend.json")
	if err != nil {
		t.Fatal(err)
	}
	r := &reference{}
	if err := json.Unmarshal(raw, r); err != nil {
		t.Fatal(err)
	}
	h := &data.Histories{Items: r.Items, Start: r.Start, Item: r.Item, Weight: r.Weight}
	users, err := UsersOf(h)
	if err != nil {
		t.Fatal(err)
	}
	return r, h, users
}

// close holds numbers to those that are wanted.
func checkClose(t *testing.T, name string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d numbers, want %d", name, len(got), len(want))
		return
	}
	for i, v := range got {
		if !(math.Abs(float64(v)-want[i]) <= tolerance*max(1, math.Abs(want[i]))) {
			t.Errorf("%s: number %d is %v, want %v", name, i, v, want[i])
			return
		}
	}
}

// TestReference: NumPy 1.24 by testdata/make.py, in float64.
func TestReference(t *testing.T) {
	r, h, users := readReference(t)
	for _, c := range []struct {
		name string
		l    Learner
		want []float64
	}{
		{"popularity", Popularity{}, r.Popularity},
		{"item-knn, all neighbours", ItemKNN{}, r.KNNAll},
		{"item-knn, 3 neighbours, shrunk", ItemKNN{Neighbours: 3, Shrink: 2}, r.KNN3},
		{"ease, 2", EASE{Lambda: 2}, r.EASE2},
		{"ease, 50", EASE{Lambda: 50}, r.EASE50},
	} {
		s, err := c.l.Fit(context.Background(), h, 1)
		if err != nil {
			t.Fatal(err)
		}
		scores := make([]float32, len(users)*r.Items)
		if err := s.Scores(users, scores); err != nil {
			t.Fatal(err)
		}
		checkClose(t, c.name, scores, c.want, 1e-5)
	}
	m, err := ALS{Factors: r.ALS.Factors, Alpha: r.ALS.Alpha, Lambda: r.ALS.Lambda, Steps: 40}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	y, x := make([]float32, len(r.ALS.Y)), make([]float32, len(r.ALS.X))
	for i, v := range r.ALS.Y {
		y[i] = float32(v)
	}
	if err := m.half(context.Background(), h, y, x); err != nil {
		t.Fatal(err)
	}
	checkClose(t, "als, a half step", x, r.ALS.X, 2e-5)

	// A user that is not known is solved for by its items: the same vectors, so the same scores.
	f := &factors{name: "als", dim: m.Factors, users: x, items: y, als: &m}
	known, folded := make([]float32, len(users)*r.Items), make([]float32, len(users)*r.Items)
	if err := f.Scores(users, known); err != nil {
		t.Fatal(err)
	}
	want := make([]float64, len(known))
	for i, v := range known {
		want[i] = float64(v)
	}
	strangers := slices.Clone(users)
	for i := range strangers {
		strangers[i].Number = -1
	}
	if err := f.Scores(strangers, folded); err != nil {
		t.Fatal(err)
	}
	checkClose(t, "als, users that are not known", folded, want, 5e-5)
}

// TestALSDescends: the objective, by its definition over all pairs in float64, falls with each iteration.
func TestALSDescends(t *testing.T) {
	x, _, err := Made{Users: 60, Items: 40, Length: 8}.Make(3)
	if err != nil {
		t.Fatal(err)
	}
	h, err := x.Histories()
	if err != nil {
		t.Fatal(err)
	}
	last := math.Inf(1)
	for iterations := 1; iterations <= 6; iterations++ {
		s, err := ALS{Factors: 5, Iterations: iterations}.Fit(context.Background(), h, 2)
		if err != nil {
			t.Fatal(err)
		}
		f := s.(*factors)
		loss := 0.0
		for u := range h.Users() {
			items, weights := h.Of(u)
			for i := range h.Items {
				p, c := 0.0, 1.0
				if k := slices.Index(items, i); k >= 0 {
					p, c = 1, 1+10*weights[k]
				}
				for k := range 5 {
					p -= float64(f.users[u*5+k]) * float64(f.items[i*5+k])
				}
				loss += c * p * p
			}
		}
		for _, list := range [][]float32{f.users, f.items} {
			for _, v := range list {
				loss += 10 * float64(v) * float64(v)
			}
		}
		if !(loss < last) {
			t.Errorf("after %d iterations %v, %v before", iterations, loss, last)
		}
		last = loss
	}
}

// TestBPRGradient holds a step to the gradient of the same loss as a graph, with users and items that occur
// twice in the batch.
func TestBPRGradient(t *testing.T) {
	const users, items, dim = 5, 7, 6
	r := rand.New(rand.NewPCG(2, 0))
	f := &factors{name: "bpr", dim: dim, users: make([]float32, users*dim), items: make([]float32, items*dim)}
	for _, list := range [][]float32{f.users, f.items} {
		for i := range list {
			list[i] = float32(r.NormFloat64())
		}
	}
	batch := []triple{{0, 1, 2}, {0, 1, 3}, {4, 2, 1}, {3, 6, 0}, {0, 5, 6}, {4, 2, 5}}
	const rate, lambda = 0.1, 0.03
	wide := func(list []float32) graph.Values {
		out := make(graph.Values, len(list))
		for i, v := range list {
			out[i] = float64(v)
		}
		return out
	}
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
	p := b.Param("users", graph.Shape{users, dim}, graph.Weight{Init: wide(f.users)})
	q := b.Param("items", graph.Shape{items, dim}, graph.Weight{Init: wide(f.items)})
	rows := func(table *graph.Node, name string, of func(x triple) int32) *graph.Node {
		at := make([]int, len(batch))
		for k, x := range batch {
			at[k] = int(of(x))
		}
		return b.Gather(table, b.Tensor(name, tensor.New(tensor.WithShape(len(at)), tensor.WithBacking(at))))
	}
	u, i, j := rows(p, "u", func(x triple) int32 { return x.user }), rows(q, "i", func(x triple) int32 { return x.has }), rows(q, "j", func(x triple) int32 { return x.not })
	loss := b.Sum(b.Softplus(b.Neg(b.Sum(b.Mul(u, b.Sub(i, j)), 1))))
	all := b.Add(loss, b.Scale(b.Sum(b.Add(b.Square(u), b.Add(b.Square(i), b.Square(j)))), lambda/2))
	g := b.Gradients(all, p, q)
	program, err := graph.Compile(b, loss, g[0], g[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := [2][]float64{wide(f.users), wide(f.items)}
	for k := range want {
		for c, v := range program.Floats64(g[k]) {
			want[k][c] -= rate * v
		}
	}
	s := newDescent(BPR{Factors: dim, LearningRate: rate, Lambda: lambda, Batch: len(batch)}, f)
	if err := s.step(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
	if got := s.loss(len(batch)); math.Abs(got-program.Float(loss)) > 1e-5 {
		t.Errorf("a loss of %v, want %v", got, program.Float(loss))
	}
	checkClose(t, "users", f.users, want[0], 1e-6)
	checkClose(t, "items", f.items, want[1], 1e-6)
}

// TestTriples: an epoch has each pair once, and only items that the user does not have beside it.
func TestTriples(t *testing.T) {
	h := &data.Histories{Items: 3, Start: []int{0, 2, 3, 6}, Item: []int{2, 0, 1, 0, 1, 2}, Weight: []float64{1, 1, 1, 1, 1, 1}}
	d, err := newTriples(h, 1)
	if err != nil {
		t.Fatal(err)
	}
	others := map[triple]bool{}
	for range 20 {
		var pairs []string
		for _, x := range d.epoch() {
			others[x] = true
			pairs = append(pairs, fmt.Sprint(x.user, x.has))
		}
		slices.Sort(pairs)
		if want := []string{"0 0", "0 2", "1 1"}; !slices.Equal(pairs, want) { // user 2 has all items
			t.Fatalf("pairs %v, want %v", pairs, want)
		}
	}
	want := map[triple]bool{{0, 0, 1}: true, {0, 2, 1}: true, {1, 1, 0}: true, {1, 1, 2}: true}
	if !reflect.DeepEqual(others, want) {
		t.Errorf("%v, want %v", others, want)
	}
}

// learners are those of which the tests below ask the same.
var learners = map[string]Learner{
	"popularity": Popularity{}, "item-knn": ItemKNN{Neighbours: 20}, "ease": EASE{Lambda: 20}, "als": ALS{Factors: 12, Iterations: 5}, "bpr": BPR{Factors: 12, Epochs: 15},
}

// TestWorkers: the same bits with one worker and with four, of what is fitted and of what is recommended; users
// scored on their own have the scores that they have among others.
func TestWorkers(t *testing.T) {
	x, _, err := Made{Users: 700, Items: 90, Length: 9}.Make(1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := x.Histories()
	if err != nil {
		t.Fatal(err)
	}
	users, err := UsersOf(h)
	if err != nil {
		t.Fatal(err)
	}
	defer kernel.SetThreads(kernel.Threads())
	all := maps.Clone(learners)
	all["bpr in large batches"] = BPR{Factors: 40, Epochs: 3, Batch: 5000}
	for name, l := range all {
		var hits [2][][]Hit
		var fitted [2]Scorer
		for k, threads := range []int{1, 4} {
			kernel.SetThreads(threads)
			if fitted[k], err = l.Fit(context.Background(), h, 7); err != nil {
				t.Fatal(err)
			}
			if hits[k], err = TopK(context.Background(), fitted[k], users, h.Items, 5); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(fitted[0], fitted[1]) || !reflect.DeepEqual(hits[0], hits[1]) {
			t.Errorf("%s: other bits with other numbers of workers", name)
		}
		all, alone := make([]float32, len(users)*h.Items), make([]float32, h.Items)
		if err := fitted[0].Scores(users, all); err != nil {
			t.Fatal(err)
		}
		for _, u := range []int{0, 31, 333, 699} {
			if err := fitted[0].Scores(users[u:u+1], alone); err != nil || !slices.Equal(alone, all[u*h.Items:(u+1)*h.Items]) {
				t.Errorf("%s: user %d has other scores on its own, %v", name, u, err)
			}
		}
	}
}

// TestTopK holds the lists to a sort of all items.
func TestTopK(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 0))
	for range 200 {
		items, k := 1+r.IntN(60), 1+r.IntN(70)
		table := make([]float32, 3*items)
		users := make([]User, 3)
		for i := range table {
			table[i] = float32(r.IntN(6)) // many ties
			if r.IntN(20) == 0 {
				table[i] = float32(math.NaN())
			}
		}
		want := make([][]Hit, 3)
		for u := range users {
			users[u] = User{Number: u, Items: r.Perm(items)[:r.IntN(items+1)]}
			for i, v := range table[u*items : (u+1)*items] {
				if !slices.Contains(users[u].Items, i) && v == v {
					want[u] = append(want[u], Hit{i, float64(v)})
				}
			}
			slices.SortFunc(want[u], func(a, b Hit) int {
				if a.Score != b.Score {
					return int(b.Score - a.Score)
				}
				return a.Item - b.Item
			})
			want[u] = want[u][:min(k, len(want[u]))]
		}
		got, err := TopK(context.Background(), fixed(table), users, items, k)
		if err != nil {
			t.Fatal(err)
		}
		for u := range users {
			if !slices.Equal(got[u], want[u]) {
				t.Fatalf("%v, want %v", got[u], want[u])
			}
		}
	}
}

// fixed are scores of a table, users in the order of their numbers.
type fixed []float32

func (f fixed) Scores(users []User, scores []float32) error {
	n := len(scores) / len(users)
	for i, u := range users {
		copy(scores[i*n:(i+1)*n], f[u.Number*n:])
	}
	return nil
}

// broken is a scorer that panics.
type broken struct{}

func (broken) Scores([]User, []float32) error { panic("broken") }

func TestMistakes(t *testing.T) {
	_, h, users := readReference(t)
	ctx := context.Background()
	gone, cancel := context.WithCancel(ctx)
	cancel()
	fit := func(ctx context.Context, l Learner, h *data.Histories) error { _, err := l.Fit(ctx, h, 1); return err }
	bpr, err := BPR{Epochs: 1}.Fit(ctx, h, 1)
	if err != nil {
		t.Fatal(err)
	}
	top := func(s Scorer, users []User, items, k int) error { _, err := TopK(ctx, s, users, items, k); return err }
	full := &data.Histories{Items: 1, Start: []int{0, 1}, Item: []int{0}, Weight: []float64{1}}
	for _, c := range []struct {
		want string
		err  error
	}{
		{"histories of no users", fit(ctx, ALS{}, nil)},
		{"the histories are empty", fit(ctx, EASE{}, &data.Histories{Items: 2, Start: []int{0, 0}})},
		{"canceled", fit(gone, ALS{}, h)},
		{"canceled", fit(gone, BPR{}, h)},
		{"-2 neighbours", fit(ctx, ItemKNN{Neighbours: -2}, h)},
		{"a shrinkage of NaN", fit(ctx, ItemKNN{Shrink: math.NaN()}, h)},
		{"ease of 9 items: want at most 5", fit(ctx, EASE{MaxItems: 5}, h)},
		{"lambda -1", fit(ctx, EASE{Lambda: -1}, h)},
		{"at most -1 items", fit(ctx, EASE{MaxItems: -1}, h)},
		{"-1 factors", fit(ctx, ALS{Factors: -1}, h)},
		{"alpha +Inf", fit(ctx, ALS{Alpha: math.Inf(1)}, h)},
		{"batches of -3", fit(ctx, BPR{Batch: -3}, h)},
		{"learning rate -1", fit(ctx, BPR{LearningRate: -1}, h)},
		{"grow beyond all bounds", fit(ctx, BPR{LearningRate: 1e30}, h)},
		{"nothing to rank", fit(ctx, BPR{}, full)},
		{"the scorer is nil", top(nil, users, 9, 1)},
		{"the best 0 items", top(bpr, users, 9, 0)},
		{"the best of 0 items", top(bpr, users, 0, 1)},
		{"item 8 of a catalogue of 8", top(bpr, users, 8, 1)},
		{"99 scores", bpr.Scores(users[:1], make([]float32, 99))},
		{"user 0: number 14 of 14", bpr.Scores([]User{{Number: 14}}, make([]float32, 9))},
		{"user 0 was not trained on", bpr.Scores([]User{{Number: -1}}, make([]float32, 9))},
		{"1 items and 2 weights", bpr.Scores([]User{{Items: []int{1}, Weights: []float64{1, 1}}}, make([]float32, 9))},
		{"a weight of 0", bpr.Scores([]User{{Items: []int{1}, Weights: []float64{0}}}, make([]float32, 9))},
		{"internal error: broken", top(broken{}, users, 9, 1)},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) || strings.Contains(c.err.Error(), "\n") {
			t.Errorf("%v, want %q", c.err, c.want)
		}
	}
}

// TestInvert: the inverse times the matrix is the identity, of sizes below, at and above blocks.
func TestInvert(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 0))
	for _, n := range []int{1, 2, 127, 128, 129, 300} {
		x := make([]float64, n*n)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		a, inverse := make([]float64, n*n), make([]float64, n*n)
		for i := range n {
			for j := range n {
				for k := range n {
					a[i*n+j] += x[i*n+k] * x[j*n+k] / float64(n)
				}
			}
			a[i*n+i] += 0.5
		}
		copy(inverse, a)
		if err := invert(context.Background(), inverse, n); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for j := range n {
				sum := 0.0
				for k := range n {
					sum += inverse[i*n+k] * a[k*n+j]
				}
				if i == j {
					sum--
				}
				if math.Abs(sum) > 1e-11 {
					t.Fatalf("%d rows: the product has %v beside the identity at %d, %d", n, sum, i, j)
				}
			}
		}
	}
	if err := invert(context.Background(), []float64{1, 2, 2, 1}, 2); err == nil {
		t.Error("a matrix that is not positive definite is inverted")
	}
}
