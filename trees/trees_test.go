package trees_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/trees"
)

// fitter is what Boosting and Forest have in common.
type fitter interface {
	FitValues(context.Context, trees.Table, []float64) (*trees.Model, error)
	FitClasses(context.Context, trees.Table, []int, int) (*trees.Model, error)
}

// waves draws a table of numbers, the last column a category if levels is not 0, and
// a target that depends on all of them.
func waves(n, columns, levels int, seed uint64) (trees.Table, []float64) {
	g := rand.New(rand.NewPCG(seed, 0))
	t := trees.Table{Columns: make([]trees.Column, columns)}
	y := make([]float64, n)
	for j := range t.Columns {
		c := trees.Column{Name: fmt.Sprint("x", j), Values: make([]float64, n)}
		for i := range c.Values {
			if c.Values[i] = g.NormFloat64(); levels > 0 && j == columns-1 {
				c.Levels = levels
				c.Values[i] = float64(g.IntN(levels))
			}
			y[i] += math.Sin(float64(j+1) * c.Values[i])
		}
		t.Columns[j] = c
	}
	for i := range y {
		y[i] += 0.3 * g.NormFloat64()
	}
	return t, y
}

// thirds makes three classes of values.
func thirds(y []float64) []int {
	sorted := slices.Sorted(slices.Values(y))
	labels := make([]int, len(y))
	for i, v := range y {
		if v > sorted[len(y)/3] {
			labels[i]++
		}
		if v > sorted[2*len(y)/3] {
			labels[i]++
		}
	}
	return labels
}

// holes makes every tenth value missing.
func holes(t trees.Table) trees.Table {
	for j := range t.Columns {
		for i := j; i < t.Len(); i += 10 {
			t.Columns[j].Values[i] = math.NaN()
		}
	}
	return t
}

func written(t testing.TB, m *trees.Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSameBitsWithAnyThreads(t *testing.T) {
	numbers, y := waves(3000, 7, 0, 1)
	mixed, z := waves(12_000, 6, 300, 2)
	mixed = holes(mixed)
	for _, c := range []struct {
		name  string
		fit   func(threads int, seed uint64) fitter
		table trees.Table
		y     []float64
	}{
		{"boosting", func(n int, seed uint64) fitter {
			return trees.Boosting{Iterations: 15, Threads: n, Seed: seed, Columns: 0.7}
		}, mixed, z},
		{"forest", func(n int, seed uint64) fitter {
			return trees.Forest{Trees: 12, Threads: n, Seed: seed, OutOfBag: true}
		}, numbers, y},
		{"forest of sorted nodes", func(n int, seed uint64) fitter {
			return trees.Forest{Trees: 12, Threads: n, Seed: seed, Columns: 1}
		}, numbers, y},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, task := range []struct {
				name string
				fit  func(f fitter) (*trees.Model, error)
			}{
				{"values", func(f fitter) (*trees.Model, error) { return f.FitValues(t.Context(), c.table, c.y) }},
				{"classes", func(f fitter) (*trees.Model, error) { return f.FitClasses(t.Context(), c.table, thirds(c.y), 3) }},
			} {
				var first []byte
				for _, threads := range []int{1, 2, 3, 8} {
					m, err := task.fit(c.fit(threads, 5))
					if err != nil {
						t.Fatal(err)
					}
					b := written(t, m)
					if o, err := m.OutOfBag(); err == nil {
						b = fmt.Append(b, *o)
					}
					if first == nil {
						first = b
					}
					if !bytes.Equal(first, b) {
						t.Errorf("%s: another model with %d threads", task.name, threads)
					}
				}
				m, err := task.fit(c.fit(2, 6))
				if err != nil {
					t.Fatal(err)
				}
				if bytes.HasPrefix(first, written(t, m)) {
					t.Errorf("%s: the seed has no effect", task.name)
				}
			}
		})
	}
}

// A weight of 2 is as good as a repeated row, and a weight of 0 as none.
func TestWeightsAreRepeats(t *testing.T) {
	for seed := range uint64(5) {
		table, y := waves(200, 3, 4, seed)
		weighted := trees.Table{Columns: table.Columns, Weights: make([]float64, 200)}
		repeated := trees.Table{Columns: make([]trees.Column, 3)}
		var target []float64
		for i := range y {
			for j, c := range table.Columns {
				c.Values[i] = math.Round(2 * c.Values[i]) // few values: the same bins
				table.Columns[j].Levels = 0
			}
			weighted.Weights[i] = float64(i % 3)
			for range i % 3 {
				for j := range repeated.Columns {
					repeated.Columns[j].Values = append(repeated.Columns[j].Values, table.Columns[j].Values[i])
				}
				target = append(target, y[i])
			}
		}
		for _, c := range []struct {
			name string
			fit  fitter
		}{
			{"boosting", trees.Boosting{Iterations: 10, MinLeaf: 1, Leaves: 8}},
			{"forest", trees.Forest{Trees: 1, NoBootstrap: true, Columns: 3, MaxDepth: 6}},
		} {
			a, err := c.fit.FitValues(t.Context(), weighted, y)
			if err != nil {
				t.Fatal(err)
			}
			b, err := c.fit.FitValues(t.Context(), repeated, target)
			if err != nil {
				t.Fatal(err)
			}
			closeTo(t, c.name, values(t, a, repeated), values(t, b, repeated), 1e-9)
		}
	}
}

func values(t testing.TB, m *trees.Model, table trees.Table) []float64 {
	t.Helper()
	v, err := m.Values(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func closeTo(t *testing.T, what string, have, want []float64, tolerance float64) {
	t.Helper()
	for i := range want {
		if !(math.Abs(have[i]-want[i]) <= tolerance) {
			t.Fatalf("%s: prediction %d is %v, want %v", what, i, have[i], want[i])
		}
	}
}

// A monotone change of a column changes no prediction of a training row.
func TestMonotoneTransforms(t *testing.T) {
	table, y := waves(250, 4, 0, 3)
	changed := trees.Table{Columns: make([]trees.Column, 4)}
	for j, c := range table.Columns {
		for _, v := range c.Values {
			changed.Columns[j].Values = append(changed.Columns[j].Values, math.Exp(3*v)+v)
		}
	}
	for name, fit := range map[string]fitter{
		"boosting": trees.Boosting{}, // 250 values: a bin each
		"forest":   trees.Forest{Trees: 20, Seed: 9, NoBootstrap: true, Columns: 2, MinLeaf: 5},
	} {
		a, err := fit.FitValues(t.Context(), table, y)
		if err != nil {
			t.Fatal(err)
		}
		b, err := fit.FitValues(t.Context(), changed, y)
		if err != nil {
			t.Fatal(err)
		}
		closeTo(t, name, values(t, b, changed), values(t, a, table), 0)
	}
}

// The order of the rows has no part in a tree on all rows: sums of integers are exact.
func TestOrderOfRows(t *testing.T) {
	table, y := waves(300, 4, 0, 4)
	for i := range y {
		y[i] = math.Round(3 * y[i])
	}
	order := rand.New(rand.NewPCG(1, 1)).Perm(len(y))
	shuffled := trees.Table{Columns: make([]trees.Column, 4)}
	var target []float64
	for _, r := range order {
		for j, c := range table.Columns {
			shuffled.Columns[j].Values = append(shuffled.Columns[j].Values, c.Values[r])
		}
		target = append(target, y[r])
	}
	forest := trees.Forest{Trees: 5, NoBootstrap: true, Columns: 2, Seed: 2, MinLeaf: 3}
	a, err := forest.FitValues(t.Context(), table, y)
	if err != nil {
		t.Fatal(err)
	}
	b, err := forest.FitValues(t.Context(), shuffled, target)
	if err != nil {
		t.Fatal(err)
	}
	closeTo(t, "forest", values(t, b, table), values(t, a, table), 1e-12)
}

func TestStopsWhenCancelled(t *testing.T) {
	table, y := waves(20_000, 20, 0, 5)
	labels := thirds(y)
	for _, c := range []struct {
		name string
		fit  fitter
	}{
		{"boosting", trees.Boosting{Iterations: 100_000, Stopping: trees.StopNever}},
		{"forest", trees.Forest{Trees: 100_000, Columns: 20}},
	} {
		for _, wait := range []time.Duration{0, 30 * time.Millisecond} {
			ctx, cancel := context.WithCancel(t.Context())
			var cancelled time.Time
			stop := func() { cancelled = time.Now(); cancel() }
			if wait == 0 {
				stop()
			} else {
				time.AfterFunc(wait, stop)
			}
			_, err := c.fit.FitClasses(ctx, table, labels, 3)
			if late := time.Since(cancelled); !errors.Is(err, context.Canceled) || late > time.Second {
				t.Errorf("%s: error %v, %v after the cancel", c.name, err, late)
			}
		}
	}
	m, err := trees.Boosting{Iterations: 2}.FitValues(t.Context(), table, y)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Values(ctx, table); !errors.Is(err, context.Canceled) {
		t.Errorf("prediction: error %v", err)
	}
}

func TestOneRowIsTheTables(t *testing.T) {
	table, y := waves(600, 5, 7, 6)
	numbers := trees.Table{Columns: table.Columns[:4]}
	holed, _ := waves(600, 5, 7, 6)
	holed = holes(holed)
	for _, c := range []struct {
		name  string
		fit   fitter
		train trees.Table
		probe trees.Table
	}{
		{"boosting, categories", trees.Boosting{Iterations: 20}, table, table},
		{"boosting, missing", trees.Boosting{Iterations: 20}, holed, holed},
		{"boosting, missing in prediction", trees.Boosting{Iterations: 20}, table, holed},
		{"boosting, numbers", trees.Boosting{Iterations: 20}, numbers, numbers},
		{"forest", trees.Forest{Trees: 20}, numbers, numbers},
		{"forest, missing in prediction", trees.Forest{Trees: 20}, table, holed},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := c.fit.FitClasses(t.Context(), c.train, thirds(y), 3)
			if err != nil {
				t.Fatal(err)
			}
			want, err := m.Proba(t.Context(), c.probe)
			if err != nil {
				t.Fatal(err)
			}
			row, out := make([]float64, len(c.probe.Columns)), make([]float64, 3)
			for i := range c.probe.Len() {
				for j := range row {
					row[j] = c.probe.Columns[j].Values[i]
				}
				if err := m.PredictRow(row, out); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(out, want[3*i:3*i+3]) {
					t.Fatalf("row %d: %v, in a table %v", i, out, want[3*i:3*i+3])
				}
			}
			if n := testing.AllocsPerRun(10, func() { _ = m.PredictRow(row, out) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// What was missing or unknown only at prediction goes to the larger child.
func TestMissingOnlyInPrediction(t *testing.T) {
	var x, y []float64
	for i := range 100 {
		x = append(x, float64(i%10))
		if i%10 < 3 {
			y = append(y, 5)
		} else {
			y = append(y, 1)
		}
	}
	probe := []float64{math.NaN(), -1, 77, 2.5}
	for _, c := range []struct {
		name   string
		levels int
		fit    fitter
		want   []float64 // of the first rows of probe
	}{
		{"boosted numbers", 0, trees.Boosting{LearningRate: 1, Iterations: 1}, []float64{1, 5, 1, 5}},
		{"boosted categories", 10, trees.Boosting{LearningRate: 1, Iterations: 1, MinLeaf: 1}, []float64{1, 1, 1, 1}},
		{"forest", 0, trees.Forest{NoBootstrap: true, Trees: 1}, []float64{1, 5, 1, 5}},
	} {
		m, err := c.fit.FitValues(t.Context(), trees.Table{Columns: []trees.Column{{Values: x, Levels: c.levels}}}, y)
		if err != nil {
			t.Fatal(err)
		}
		closeTo(t, c.name, values(t, m, trees.Table{Columns: []trees.Column{{Values: probe}}}), c.want, 1e-9)
	}
}

// Categories beyond the bins are pooled, the rarest together.
func TestManyCategories(t *testing.T) {
	const levels = 2000
	g := rand.New(rand.NewPCG(8, 0))
	var x, y []float64
	for range 6000 {
		c := math.Floor(levels * g.Float64() * g.Float64() * g.Float64())
		x = append(x, c)
		y = append(y, math.Mod(c, 7)+0.1*g.NormFloat64())
	}
	table := trees.Table{Columns: []trees.Column{{Values: x, Levels: levels}}}
	m, err := trees.Boosting{MinLeaf: 5}.FitValues(t.Context(), table, y)
	if err != nil {
		t.Fatal(err)
	}
	bins := m.Ensemble().Columns[0].Bins
	if len(bins) != levels || slices.Max(bins) != 254 {
		t.Fatalf("%d codes, greatest bin %d", len(bins), slices.Max(bins))
	}
	counts := make([]int, levels)
	for _, c := range x {
		counts[int(c)]++
	}
	most, least := 0, math.MaxInt
	for code, b := range bins {
		switch {
		case (b == -1) != (counts[code] == 0):
			t.Fatalf("code %d with %d rows has bin %d", code, counts[code], b)
		case b == 254:
			most = max(most, counts[code])
		case b >= 0:
			least = min(least, counts[code])
		}
	}
	if most > least {
		t.Errorf("a pooled code has %d rows, one with a bin of its own %d", most, least)
	}
	if r2 := determination(values(t, m, table), y); r2 < 0.55 {
		t.Errorf("R² %v", r2)
	}
}

func determination(have, want []float64) float64 {
	mean, left, all := 0.0, 0.0, 0.0
	for _, v := range want {
		mean += v / float64(len(want))
	}
	for i, v := range want {
		left += (v - have[i]) * (v - have[i])
		all += (v - mean) * (v - mean)
	}
	return 1 - left/all
}

func TestEarlyStopping(t *testing.T) {
	table, _ := waves(4000, 3, 0, 9)
	g := rand.New(rand.NewPCG(10, 0))
	noise := make([]float64, 4000)
	labels := make([]int, 4000)
	for i := range noise {
		noise[i] = g.NormFloat64()
		labels[i] = g.IntN(4)
	}
	stopping := trees.Boosting{Stopping: trees.StopAlways, Patience: 3}
	m, err := stopping.FitValues(t.Context(), table, noise)
	if err != nil {
		t.Fatal(err)
	}
	if m.Trees() > 20 {
		t.Errorf("%d trees on noise", m.Trees())
	}
	if m, err = stopping.FitClasses(t.Context(), table, labels, 4); err != nil {
		t.Fatal(err)
	}
	if m.Trees() > 80 || m.Trees()%4 != 0 {
		t.Errorf("%d trees on noise of 4 classes", m.Trees())
	}
	// Below 10,001 rows the default does not stop.
	if m, err = (trees.Boosting{}).FitValues(t.Context(), table, noise); err != nil || m.Trees() != 100 {
		t.Errorf("%d trees, error %v", m.Trees(), err)
	}
	large, y := waves(10_001, 2, 0, 11)
	for i := range y {
		y[i] = g.NormFloat64()
	}
	if m, err = (trees.Boosting{}).FitValues(t.Context(), large, y); err != nil || m.Trees() > 50 {
		t.Errorf("%d trees on 10,001 rows of noise, error %v", m.Trees(), err)
	}
}

// A class without a row gets a small probability, and no tree is needed for it.
func TestAbsentClass(t *testing.T) {
	table, y := waves(300, 3, 0, 12)
	labels := thirds(y)
	for i := range labels {
		labels[i] = []int{0, 3, 4}[labels[i]]
	}
	for name, fit := range map[string]fitter{"boosting": trees.Boosting{Iterations: 20}, "forest": trees.Forest{Trees: 20}} {
		m, err := fit.FitClasses(t.Context(), table, labels, 6)
		if err != nil {
			t.Fatal(err)
		}
		proba, err := m.Proba(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		own := 0.0
		for i, l := range labels {
			row := proba[6*i : 6*i+6]
			if sum := row[0] + row[1] + row[2] + row[3] + row[4] + row[5]; math.Abs(sum-1) > 1e-12 || row[1]+row[2]+row[5] > 0.02 {
				t.Fatalf("%s: row %d: %v", name, i, row)
			}
			own += row[l] / float64(len(labels))
		}
		if own < 0.6 {
			t.Errorf("%s: the rows' classes have probability %v on average", name, own)
		}
	}
}

// The out-of-bag score is near that of fresh rows, and far from that of the training
// rows.
func TestOutOfBag(t *testing.T) {
	table, y := waves(1500, 4, 0, 13)
	fresh, fy := waves(1500, 4, 0, 14)
	forest := trees.Forest{OutOfBag: true, Trees: 60}
	m, err := forest.FitValues(t.Context(), table, y)
	if err != nil {
		t.Fatal(err)
	}
	o, err := m.OutOfBag()
	if err != nil {
		t.Fatal(err)
	}
	if o.Unseen != 1500 || len(o.Values) != 1500 || o.Proba != nil {
		t.Errorf("%d rows unseen, %d values", o.Unseen, len(o.Values))
	}
	seen, unseen := determination(values(t, m, table), y), determination(values(t, m, fresh), fy)
	if math.Abs(o.Score-unseen) > 0.04 || o.Score > seen-0.1 || math.Abs(o.Score-determination(o.Values, y)) > 1e-9 {
		t.Errorf("out of bag %v, fresh rows %v, training rows %v", o.Score, unseen, seen)
	}
	cuts := slices.Sorted(slices.Values(append(slices.Clone(y), fy...)))
	class := func(v []float64) []int {
		labels := make([]int, len(v))
		for i := range v {
			labels[i], _ = slices.BinarySearch([]float64{cuts[1000], cuts[2000]}, v[i])
		}
		return labels
	}
	if m, err = forest.FitClasses(t.Context(), table, class(y), 3); err != nil {
		t.Fatal(err)
	}
	if o, err = m.OutOfBag(); err != nil {
		t.Fatal(err)
	}
	labels, err := m.Labels(t.Context(), fresh)
	if err != nil {
		t.Fatal(err)
	}
	right := 0.0
	for i, c := range class(fy) {
		if labels[i] == c {
			right += 1.0 / 1500
		}
	}
	if math.Abs(o.Score-right) > 0.04 || len(o.Proba) != 4500 {
		t.Errorf("out of bag %v, fresh rows %v", o.Score, right)
	}
	if m, err = (trees.Forest{OutOfBag: true, Trees: 1}).FitValues(t.Context(), table, y); err != nil {
		t.Fatal(err)
	}
	if o, err = m.OutOfBag(); err != nil || o.Unseen < 450 || o.Unseen > 650 { // 1500/e = 552
		t.Errorf("one tree has not seen %d of 1500 rows, error %v", o.Unseen, err)
	}
}

func TestImportanceFindsTheColumn(t *testing.T) {
	table, _ := waves(500, 5, 0, 15)
	y := slices.Clone(table.Columns[3].Values)
	for name, fit := range map[string]fitter{"boosting": trees.Boosting{}, "forest": trees.Forest{Columns: 5}} {
		m, err := fit.FitValues(t.Context(), table, y)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, v := range m.Importance() {
			sum += v
		}
		if v := m.Importance(); v[3] < 0.95 || math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s: %v", name, v)
		}
	}
}

// Targets far from 0, and seconds since 1970, keep their resolution.
func TestLargeNumbers(t *testing.T) {
	const n = 1000
	var x, y []float64
	for i := range n {
		x = append(x, 1.7e9+float64(i))
		y = append(y, 1e9+float64(i%2))
	}
	table := trees.Table{Columns: []trees.Column{{Values: x}}}
	m, err := trees.Forest{Trees: 1, NoBootstrap: true}.FitValues(t.Context(), table, y)
	if err != nil {
		t.Fatal(err)
	}
	closeTo(t, "forest", values(t, m, table), y, 0)
	steps := slices.Clone(y[:250]) // a bin each
	table.Columns[0].Values = x[:250]
	for i := range steps {
		steps[i] = 1e9 + math.Floor(float64(i)/50)
	}
	if m, err = (trees.Boosting{}).FitValues(t.Context(), table, steps); err != nil {
		t.Fatal(err)
	}
	closeTo(t, "boosting", values(t, m, table), steps, 0.01)
}

func TestErrors(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	column := func(v ...float64) trees.Table { return trees.Table{Columns: []trees.Column{{Name: "age", Values: v}}} }
	coded := func(levels int, v ...float64) trees.Table {
		return trees.Table{Columns: []trees.Column{{Name: "city", Values: v, Levels: levels}}}
	}
	weighted := func(w ...float64) trees.Table {
		t := column(1, 2)
		t.Weights = w
		return t
	}
	values := func(f fitter, t trees.Table, y ...float64) func() error {
		return func() error { _, err := f.FitValues(context.Background(), t, y); return err }
	}
	classes := func(f fitter, t trees.Table, k int, labels ...int) func() error {
		return func() error { _, err := f.FitClasses(context.Background(), t, labels, k); return err }
	}
	b, f := trees.Boosting{}, trees.Forest{}
	for _, c := range []struct {
		name string
		do   func() error
		want string
	}{
		{"no columns", values(b, trees.Table{}), "no rows or no columns"},
		{"no rows", values(f, column()), "no rows or no columns"},
		{"ragged", values(b, trees.Table{Columns: []trees.Column{{Values: []float64{1, 2}}, {Name: "b", Values: []float64{1}}}}, 1, 2), "column 1 (b) has 1 values, column 0 has 2"},
		{"infinite", values(b, column(1, inf), 1, 2), "row 1, column 0 (age): +Inf"},
		{"missing in a forest", values(f, column(1, nan), 1, 2), "row 1, column 0 (age): NaN: fill in missing values first"},
		{"code too great", values(b, coded(2, 0, 2), 1, 2), "row 1, column 0 (city): 2: want a code below 2, or -1"},
		{"broken code", values(f, coded(2, 0, 0.5), 1, 2), "row 1, column 0 (city): 0.5"},
		{"negative levels", values(b, coded(-2, 0, 1), 1, 2), "-2 levels"},
		{"huge levels", values(b, coded(math.MaxInt, 0, 1), 1, 2), "levels, want 0 to"},
		{"targets", values(b, column(1, 2), 1), "1 targets for 2 rows"},
		{"NaN target", values(f, column(1, 2), 1, nan), "row 1: target NaN"},
		{"infinite target", values(b, column(1, 2), -inf, 2), "row 0: target -Inf"},
		{"huge target", values(b, column(1, 2), 1e200, 2), "row 0: target 1e+200"},
		{"labels", classes(b, column(1, 2), 2, 1), "1 labels for 2 rows"},
		{"label", classes(f, column(1, 2), 2, 0, 2), "row 1: class 2 is not in [0, 2)"},
		{"negative label", classes(b, column(1, 2), 2, 0, -1), "row 1: class -1"},
		{"no classes", classes(b, column(1, 2), 0, 0, 0), "0 classes, want 2"},
		{"huge classes", classes(f, column(1, 2), math.MaxInt, 0, 0), "classes, want 2 to"},
		{"one class", classes(b, column(1, 2), 3, 1, 1), "all rows are of class 1 of 3"},
		{"one class in a forest", classes(f, column(1, 2), 3, 1, 1), "all rows are of class 1 of 3"},
		{"one class with a weight", classes(b, weighted(1, 0), 2, 0, 1), "all rows are of class 0"},
		{"weights", values(b, weighted(1), 1, 2), "1 weights for 2 rows"},
		{"negative weight", values(f, weighted(1, -1), 1, 2), "row 1: weight -1"},
		{"NaN weight", values(f, weighted(nan, 1), 1, 2), "row 0: weight NaN"},
		{"no weight", values(b, weighted(0, 0), 1, 2), "the weights sum to 0"},
		{"weights that overflow", values(b, weighted(1e308, 1e308), 1, 2), "the weights sum to +Inf"},
		{"iterations", values(trees.Boosting{Iterations: -1}, column(1, 2), 1, 2), "Iterations: have -1, want 1 to"},
		{"huge iterations", values(trees.Boosting{Iterations: math.MaxInt}, column(1, 2), 1, 2), "Iterations"},
		{"leaves", values(trees.Boosting{Leaves: 1}, column(1, 2), 1, 2), "Leaves: have 1, want 2 to"},
		{"depth", values(trees.Boosting{MaxDepth: -1}, column(1, 2), 1, 2), "MaxDepth: have -1"},
		{"min leaf", values(trees.Boosting{MinLeaf: -1}, column(1, 2), 1, 2), "MinLeaf: have -1"},
		{"bins", values(trees.Boosting{Bins: 256}, column(1, 2), 1, 2), "Bins: have 256, want 2 to 255"},
		{"rate", values(trees.Boosting{LearningRate: nan}, column(1, 2), 1, 2), "LearningRate: have NaN"},
		{"L2", values(trees.Boosting{L2: -1}, column(1, 2), 1, 2), "L2: have -1"},
		{"share of columns", values(trees.Boosting{Columns: 2}, column(1, 2), 1, 2), "Columns: have 2"},
		{"validation", values(trees.Boosting{Validation: 1}, column(1, 2), 1, 2), "Validation: have 1"},
		{"tolerance", values(trees.Boosting{Tolerance: inf}, column(1, 2), 1, 2), "Tolerance: have +Inf"},
		{"patience", values(trees.Boosting{Patience: -3}, column(1, 2), 1, 2), "Patience: have -3"},
		{"loss", values(trees.Boosting{Loss: "hinge"}, column(1, 2), 1, 2), "Loss: have hinge"},
		{"stopping", values(trees.Boosting{Stopping: "soon"}, column(1, 2), 1, 2), "Stopping: have soon"},
		{"threads", values(trees.Boosting{Threads: -1}, column(1, 2), 1, 2), "-1 threads"},
		{"huge threads", values(trees.Forest{Threads: math.MaxInt}, column(1, 2), 1, 2), "threads, want 0 to"},
		{"negative count", values(trees.Boosting{Loss: trees.Poisson}, column(1, 2), 1, -2), "row 1: target -2, the Poisson loss wants 0"},
		{"no counts", values(trees.Boosting{Loss: trees.Poisson}, column(1, 2), 0, 0), "all targets are 0"},
		{"trees", values(trees.Forest{Trees: math.MaxInt}, column(1, 2), 1, 2), "Trees: have"},
		{"columns of a split", values(trees.Forest{Columns: -1}, column(1, 2), 1, 2), "Columns: have -1"},
		{"min leaf of a forest", values(trees.Forest{MinLeaf: -1}, column(1, 2), 1, 2), "MinLeaf: have -1"},
		{"depth of a forest", values(trees.Forest{MaxDepth: -1}, column(1, 2), 1, 2), "MaxDepth: have -1"},
		{"no bag", values(trees.Forest{OutOfBag: true, NoBootstrap: true}, column(1, 2), 1, 2), "no row is out of the bag"},
		{"rows", func() error { _, err := trees.FromRows(nil); return err }, "no rows"},
		{"empty rows", func() error { _, err := trees.FromRows([][]float64{{}}); return err }, "no rows"},
		{"ragged rows", func() error { _, err := trees.FromRows([][]float64{{1}, {1, 2}}); return err }, "row 1 has 2 values, row 0 has 1"},
		{"flat", func() error { _, err := trees.FromFlat([]float64{1, 2, 3}, 2); return err }, "no whole number of rows"},
		{"flat without columns", func() error { _, err := trees.FromFlat([]float64{1}, 0); return err }, "no rows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.do(); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "trees: ") {
				t.Errorf("have error %v, want one with %q", err, c.want)
			}
		})
	}
	var cell *trees.CellError
	if err := values(f, column(1, nan), 1, 2)(); !errors.As(err, &cell) || cell.Row != 1 || cell.Column != 0 || cell.Name != "age" {
		t.Errorf("no CellError: %v", err)
	}
}

func TestModelErrors(t *testing.T) {
	ctx := t.Context()
	table, y := waves(100, 2, 0, 16)
	regression, err := trees.Boosting{}.FitValues(ctx, table, y)
	if err != nil {
		t.Fatal(err)
	}
	classes, err := trees.Forest{Trees: 3}.FitClasses(ctx, table, thirds(y), 3)
	if err != nil {
		t.Fatal(err)
	}
	var none *trees.Model
	zero := &trees.Model{}
	for _, c := range []struct {
		name string
		do   func() error
		want string
	}{
		{"proba of values", func() error { _, err := regression.Proba(ctx, table); return err }, "has no probabilities"},
		{"labels of values", func() error { _, err := regression.Labels(ctx, table); return err }, "has no probabilities"},
		{"values of classes", func() error { _, err := classes.Values(ctx, table); return err }, "has no values"},
		{"columns", func() error {
			_, err := classes.Proba(ctx, trees.Table{Columns: table.Columns[:1]})
			return err
		}, "fitted on 2 columns, have 1"},
		{"no rows", func() error {
			_, err := classes.Proba(ctx, trees.Table{Columns: make([]trees.Column, 2)})
			return err
		}, "no rows"},
		{"row", func() error { return classes.PredictRow([]float64{1}, make([]float64, 3)) }, "a row of 1 values and 3 results, want 2 and 3"},
		{"results", func() error { return classes.PredictRow([]float64{1, 2}, nil) }, "want 2 and 3"},
		{"no bag", func() error { _, err := classes.OutOfBag(); return err }, "no out-of-bag"},
		{"nil values", func() error { _, err := none.Values(ctx, table); return err }, "not fitted"},
		{"nil proba", func() error { _, err := none.Proba(ctx, table); return err }, "no probabilities"},
		{"nil row", func() error { return none.PredictRow(nil, nil) }, "not fitted"},
		{"nil bag", func() error { _, err := none.OutOfBag(); return err }, "no out-of-bag"},
		{"nil JSON", func() error { return none.WriteJSON(&bytes.Buffer{}) }, "not fitted"},
		{"zero values", func() error { _, err := zero.Values(ctx, table); return err }, "not fitted"},
		{"zero scores", func() error { _, err := zero.Scores(ctx, table); return err }, "not fitted"},
		{"zero row", func() error { return zero.PredictRow(nil, nil) }, "not fitted"},
		{"zero JSON", func() error { _, err := zero.MarshalJSON(); return err }, "not fitted"},
		{"nil read", func() error { return none.UnmarshalJSON(nil) }, "nil model"},
	} {
		if err := c.do(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have error %v, want one with %q", c.name, err, c.want)
		}
	}
	if none.Trees() != 0 || none.Nodes() != 0 || len(none.Importance()) != 0 || zero.Classes() != 0 {
		t.Error("a model that is not there has trees")
	}
}

// A class of few rows does not send the scores astray: no leaf is beyond 50, which
// without the bound some are, by far.
func TestRareClass(t *testing.T) {
	table, y := waves(3000, 5, 0, 40)
	labels := thirds(y)
	for i := range labels {
		if labels[i] /= 2; i%60 == 7 {
			labels[i] = 2
		}
	}
	m, err := trees.Boosting{LearningRate: 1}.FitClasses(t.Context(), table, labels, 3)
	if err != nil {
		t.Fatal(err)
	}
	most := 0.0
	for _, tree := range m.Ensemble().Trees {
		for _, n := range tree.Nodes {
			if n.Feature < 0 {
				most = max(most, math.Abs(n.Value))
			}
		}
	}
	if most != 50 {
		t.Errorf("the largest leaf is %v", most)
	}
}
