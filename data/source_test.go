package data_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"pgregory.net/rapid"
)

// readable is a set that is read like a file.
type readable struct{ s *data.Set }

func (r readable) Stream() (*data.Stream, error) {
	st, err := r.s.Stream()
	if err != nil {
		return nil, err
	}
	st.InMemory = false
	return st, nil
}

func contents(t testing.TB, src data.Source) string {
	t.Helper()
	s, err := data.Collect(src)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(s.Weights, s.Groups, s.Features, s.Classes, s.Texts)
	for _, x := range append(slices.Clone(s.Inputs), s.Targets...) {
		text += fmt.Sprint(x.Shape(), x.Data())
	}
	return text
}

func manyParts(t testing.TB, n int) *data.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	x, labels := make([][]float64, n), make([]int, n)
	cells := make([]string, n)
	s := &data.Set{}
	for i := range x {
		x[i], labels[i], cells[i] = []float64{r.NormFloat64(), float64(r.IntN(3)), r.NormFloat64()}, r.IntN(2), fmt.Sprint("row", i)
	}
	s, err := data.FromLabels("parts", x, labels, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	s.Features[1].Levels = []string{"p", "q", "r"}
	for i := range n {
		s.Weights, s.Groups = append(s.Weights, r.Float64()), append(s.Groups, i/4)
	}
	s.Texts = []data.TextColumn{{Name: "id", Cells: cells}}
	return s
}

// TestViews: views, views of views and transformed views hold what copies would, in memory
// and not.
func TestViews(t *testing.T) {
	set := manyParts(t, 40)
	fitted, err := data.Columns{Numbers: data.Standardize{}, Categories: data.OneHot{}}.Fit(set)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.SliceOfN(rapid.IntRange(0, 39), 1, 30).Draw(rt, "rows")
		inner := rapid.SliceOfN(rapid.IntRange(0, len(rows)-1), 1, 20).Draw(rt, "inner")
		var chosen []int
		for _, i := range inner {
			chosen = append(chosen, rows[i])
		}
		want, err := set.Rows(chosen)
		if err != nil {
			rt.Fatal(err)
		}
		ready, err := fitted.Apply(want)
		if err != nil {
			rt.Fatal(err)
		}
		for name, src := range map[string]data.Source{"memory": set, "file": readable{set}} {
			v := data.View(data.View(src, rows), inner)
			if got := contents(t, v); got != contents(t, want) {
				rt.Errorf("%s: a view of a view differs", name)
			}
			if got := contents(t, data.Transformed(v, fitted)); got != contents(t, ready) {
				rt.Errorf("%s: transformed rows differ", name)
			}
			if got := contents(t, data.View(data.Transformed(data.View(src, rows), fitted), inner)); got != contents(t, ready) {
				rt.Errorf("%s: a view of transformed rows differs", name)
			}
			answers, err := data.Answers(v)
			if err != nil || answers.Inputs != nil || answers.Len() != len(chosen) || !reflect.DeepEqual(answers.Targets[0].Data(), want.Targets[0].Data()) || !slices.Equal(answers.Groups, want.Groups) {
				rt.Errorf("%s: answers %+v, %v", name, answers, err)
			}
			blind, err := data.Collect(data.Blind(v))
			if err != nil || blind.Targets != nil || !reflect.DeepEqual(blind.Inputs[0].Data(), want.Inputs[0].Data()) {
				rt.Errorf("%s: blind rows %v", name, err)
			}
		}
	})
	if contents(t, set) != contents(t, manyParts(t, 40)) {
		t.Error("the set has changed")
	}
}

func TestSourceErrors(t *testing.T) {
	set := manyParts(t, 6)
	for want, f := range map[string]func() error{
		"row 6 of 6 rows":               func() error { _, err := data.Collect(data.View(set, []int{0, 6})); return err },
		"row -1 of 6 rows":              func() error { _, err := data.Collect(data.View(set, []int{-1})); return err },
		"row 2 of 2 rows":               func() error { _, err := data.Collect(data.View(data.View(set, []int{1, 2}), []int{2})); return err },
		"the set has no rows":           func() error { _, err := data.Collect(data.View(set, nil)); return err },
		"data: the set has no rows":     func() error { _, err := data.Answers(data.View(nil, []int{0})); return err },
		"parts: the set has no targets": func() error { _, err := data.Answers(set.Without()); return err },
		"data: row 9 of 2 rows": func() error {
			st, err := data.View(set, []int{1, 2}).Stream()
			if err == nil {
				err = st.Load([]int{9}, &data.Set{})
			}
			return err
		},
		"no set to load rows into": func() error {
			st, err := set.Stream()
			if err == nil {
				err = st.Load([]int{0}, nil)
			}
			return err
		},
		"class 7 is not in [0, 2)": func() error { bad := manyParts(t, 3); l, _ := bad.Labels(); l[2] = 7; return data.Check(readable{bad}) },
		"column \"x0\", it was fitted on \"a\"": func() error {
			other, err := data.NewTable("other", []data.Feature{{Name: "a"}}, [][]float64{{1}, {2}})
			if err != nil {
				return err
			}
			fitted, err := data.Standardize{}.Fit(other)
			if err != nil {
				return err
			}
			one, err := data.FromRows("one", [][]float64{{1}}, []float64{1})
			if err != nil {
				return err
			}
			_, err = data.Applied(one, fitted)
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(want, "column ")) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// TestBatchesOfWindows: of more rows than a window each is in one batch of an epoch, a
// window's rows lie in four blocks, and epochs and seeds have orders of their own.
func TestBatchesOfWindows(t *testing.T) {
	n := 2*data.WindowRows + data.BlockRows + 123
	b, err := data.NewBatches(n, 1000, true, 7)
	if err != nil {
		t.Fatal(err)
	}
	var first []int
	for epoch := 1; epoch <= 2; epoch++ {
		b.Epoch(epoch)
		seen := make([]bool, n)
		batches, window := 0, -1
		var lies []int
		for rows := b.Next(); rows != nil; rows = b.Next() {
			if b.Window() != window {
				if window = b.Window(); window >= b.Windows() {
					t.Fatalf("window %d of %d", window, b.Windows())
				}
				lies = b.Rows(lies[:0], window)
				if window == 0 {
					if slices.Equal(rows, first) {
						t.Error("two epochs begin alike")
					}
					first = slices.Clone(rows)
				}
			}
			for k, at := range b.Places(nil, rows) {
				if lies[at] != rows[k] {
					t.Fatalf("row %d is said to lie at %d, where row %d is", rows[k], at, lies[at])
				}
			}
			for _, r := range rows {
				if seen[r] {
					t.Fatalf("row %d twice", r)
				}
				seen[r] = true
			}
			batches++
		}
		if slices.Contains(seen, false) || batches != b.Count(false) || window != b.Windows()-1 {
			t.Errorf("%d batches, want %d, and all rows", batches, b.Count(false))
		}
	}
	// Up to a window the order is that of one shuffle.
	small, err := data.NewBatches(10, 10, true, 7)
	if err != nil {
		t.Fatal(err)
	}
	small.Epoch(3)
	want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	r := rand.New(rand.NewPCG(7, 3))
	r.Shuffle(10, func(i, j int) { want[i], want[j] = want[j], want[i] })
	if got := small.Next(); !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

// TestTransformsOfStreams fits every transform on rows that are read as on rows in memory.
func TestTransformsOfStreams(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	n := data.BlockRows + 500
	x, y := make([][]float64, n), make([]float64, n)
	for i := range x {
		x[i] = []float64{r.NormFloat64(), r.ExpFloat64(), float64(r.IntN(5)), 1.7e9 + 1e6*r.Float64()}
		if r.IntN(9) == 0 {
			x[i][0] = math.NaN()
		}
	}
	set, err := data.FromRows("many", x, y)
	if err != nil {
		t.Fatal(err)
	}
	set.Features[2].Levels = []string{"a", "b", "c", "d", "e"}
	set.Features[3].Time = "2006-01-02"
	for _, tr := range everyTransform {
		a, e1 := tr.Fit(set)
		b, e2 := tr.Fit(readable{set})
		if fmt.Sprint(e1) != fmt.Sprint(e2) || fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) {
			t.Errorf("%T: in memory %.200s %v, read %.200s %v", tr, fmt.Sprintf("%+v", a), e1, fmt.Sprintf("%+v", b), e2)
		}
	}
}
