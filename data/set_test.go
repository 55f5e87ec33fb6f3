package data_test

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// numbered makes a set whose single column is the row's number.
func numbered(t interface{ Fatal(...any) }, labels []int, classes ...string) *data.Set {
	x := make([][]float64, len(labels))
	for i := range x {
		x[i] = []float64{float64(i)}
	}
	s, err := data.FromLabels("n", x, labels, classes)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEmbeddedSets(t *testing.T) {
	for _, c := range []struct {
		name          string
		rows, columns int
		counts        []int
		sum           float64 // of all cells, by scikit-learn's loaders
	}{
		{"iris", 150, 4, []int{50, 50, 50}, 2078.7},
		{"wine", 178, 13, []int{59, 71, 48}, 159975.295999},
		{"breast-cancer", 569, 30, []int{357, 212}, 1056474.4596356},
		{"digits", 1797, 64, []int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}, 561718},
		{"diabetes", 442, 10, nil, 276404.2336},
	} {
		s, err := data.Load(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
		v, p, err := s.Table()
		if err != nil || s.Len() != c.rows || p != c.columns || s.Name != c.name || s.Source == "" {
			t.Errorf("%s: %d rows of %d columns (%v), want %d of %d", c.name, s.Len(), p, err, c.rows, c.columns)
		}
		sum := 0.0
		for _, x := range v {
			sum += x
		}
		if math.Abs(sum-c.sum) > 1e-9*c.sum {
			t.Errorf("%s: the cells' sum is %.6f, want %v", c.name, sum, c.sum)
		}
		if c.counts == nil {
			if y, err := s.Values(); err != nil || y[0] != 151 || y[441] != 57 {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if n, err := s.ClassCounts(); err != nil || !slices.Equal(n, c.counts) {
			t.Errorf("%s: classes of %v rows (%v), want %v", c.name, n, err, c.counts)
		}
	}
	if _, err := data.Load("mnist"); err == nil || !strings.Contains(err.Error(), "there are iris, wine, breast-cancer, digits, diabetes") {
		t.Errorf("error %v, want a list of the sets", err)
	}
}

func TestRows(t *testing.T) {
	s := numbered(t, []int{0, 1, 0, 1}, "a", "b")
	s.Weights, s.Groups = []float64{1, 2, 3, 4}, []int{5, 6, 7, 8}
	s.Inputs = append(s.Inputs, tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float32{0, 0, 1, 1, 2, 2, 3, 3})))
	out, err := s.Rows([]int{3, 0, 3})
	if err != nil {
		t.Fatal(err)
	}
	labels, _ := out.Labels()
	if !slices.Equal(values(t, out), []float64{3, 0, 3}) || !slices.Equal(labels, []int{1, 0, 1}) || !slices.Equal(out.Weights, []float64{4, 1, 4}) ||
		!slices.Equal(out.Groups, []int{8, 5, 8}) || !slices.Equal(out.Inputs[1].Data().([]float32), []float32{3, 3, 0, 0, 3, 3}) {
		t.Errorf("rows 3, 0, 3 are %v, labels %v, weights %v, groups %v, inputs %v", values(t, out), labels, out.Weights, out.Groups, out.Inputs[1])
	}
	values(t, out)[0] = -1
	if values(t, s)[3] != 3 {
		t.Error("the rows share memory with their set")
	}
	for _, bad := range [][]int{nil, {4}, {-1}} {
		if _, err := s.Rows(bad); err == nil {
			t.Errorf("rows %v were accepted", bad)
		}
	}
	if without := out.Without(); without.Targets != nil || out.Targets == nil {
		t.Error("Without keeps the targets, or takes them from its set")
	}
}

func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.IntRange(1, 4).Draw(t, "classes")
		labels := rapid.SliceOfN(rapid.IntRange(0, classes-1), 2, 60).Draw(t, "labels")
		names := []string{"a", "b", "c", "d"}[:classes]
		fraction := rapid.Float64Range(0.01, 0.99).Draw(t, "fraction")
		seed := rapid.Uint64().Draw(t, "seed")
		s := numbered(t, labels, names...)
		rest, part, err := s.Split(fraction, seed)
		if err != nil {
			t.Fatal(err)
		}
		a, _, _ := rest.Table()
		b, _, _ := part.Table()
		all := append(append([]float64(nil), a...), b...)
		if !sort.Float64sAreSorted(a) || !sort.Float64sAreSorted(b) {
			t.Error("the order of rows is not kept")
		}
		sort.Float64s(all)
		for i := range labels {
			if len(all) != len(labels) || all[i] != float64(i) {
				t.Fatalf("the parts hold rows %v", all)
			}
		}
		if want := min(max(int(math.Round(fraction*float64(len(labels)))), 1), len(labels)-1); len(b) != want {
			t.Errorf("%d rows of %d, want %d", len(b), len(labels), want)
		}
		whole, _ := s.ClassCounts()
		some, _ := part.ClassCounts()
		for k, n := range some {
			if exact := fraction * float64(whole[k]); math.Abs(float64(n)-exact) > 1+1e-9 && len(b) > 1 && len(a) > 1 {
				t.Errorf("%d of the %d rows of class %d, want %v", n, whole[k], k, exact)
			}
		}
		_, again, err := s.Split(fraction, seed)
		if err != nil {
			t.Fatal(err)
		}
		if v, _, _ := again.Table(); !slices.Equal(v, b) {
			t.Error("the same seed gives another split")
		}
	})
	s := numbered(t, []int{0, 0}, "a")
	for _, f := range []float64{0, 1, -0.5, math.NaN()} {
		if _, _, err := s.Split(f, 1); err == nil || !strings.Contains(err.Error(), "is not in (0, 1)") {
			t.Errorf("fraction %v: error %v", f, err)
		}
	}
	if _, _, err := numbered(t, []int{0}, "a").Split(0.5, 1); err == nil || !strings.Contains(err.Error(), "1 rows cannot be split") {
		t.Errorf("one row: error %v", err)
	}
}

// TestSplitKeepsGroupsWhole: no group is in both parts, whatever the classes of its rows.
func TestSplitKeepsGroupsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.SliceOfN(rapid.IntRange(0, 9), 2, 60).Draw(t, "groups")
		labels := rapid.SliceOfN(rapid.IntRange(0, 2), len(groups), len(groups)).Draw(t, "labels")
		groups[0], groups[1] = 10, 11 // two at least
		s := numbered(t, labels, "a", "b", "c")
		s.Groups = groups
		rest, part, err := s.Split(rapid.Float64Range(0.01, 0.99).Draw(t, "fraction"), rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		if rest.Len() == 0 || part.Len() == 0 || rest.Len()+part.Len() != len(groups) {
			t.Fatalf("%d and %d rows of %d", rest.Len(), part.Len(), len(groups))
		}
		for _, half := range []*data.Set{rest, part} {
			rows, _, _ := half.Table()
			for i, g := range half.Groups {
				if g != groups[int(rows[i])] {
					t.Fatalf("row %v has group %d, want %d", rows[i], g, groups[int(rows[i])])
				}
			}
		}
		for _, g := range part.Groups {
			if slices.Contains(rest.Groups, g) {
				t.Fatalf("group %d is in both parts: %v and %v", g, rest.Groups, part.Groups)
			}
		}
	})
}

func TestBatches(t *testing.T) {
	epoch := func(b *data.Batches, e int) (rows []int, sizes []int) {
		b.Epoch(e)
		for r := b.Next(); r != nil; r = b.Next() {
			rows, sizes = append(rows, r...), append(sizes, len(r))
		}
		return rows, sizes
	}
	b, err := data.NewBatches(10, 4, true, 7)
	if err != nil {
		t.Fatal(err)
	}
	if b.Next() != nil {
		t.Error("there is a batch before the first epoch")
	}
	first, sizes := epoch(b, 3)
	if !slices.Equal(sizes, []int{4, 4, 2}) {
		t.Errorf("batches of %v rows, want 4, 4 and 2", sizes)
	}
	sorted := slices.Clone(first)
	sort.Ints(sorted)
	if !slices.Equal(sorted, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) || slices.Equal(first, sorted) {
		t.Errorf("an epoch of rows %v", first)
	}
	second, _ := epoch(b, 4)
	if slices.Equal(first, second) {
		t.Error("two epochs in the same order")
	}
	if again, _ := epoch(b, 3); !slices.Equal(again, first) {
		t.Errorf("epoch 3 again: %v, was %v", again, first)
	}
	other, _ := data.NewBatches(10, 4, true, 8)
	if rows, _ := epoch(other, 3); slices.Equal(rows, first) {
		t.Error("two seeds give one order")
	}
	plain, _ := data.NewBatches(3, 8, false, 7)
	if rows, _ := epoch(plain, 5); !slices.Equal(rows, []int{0, 1, 2}) {
		t.Errorf("without shuffling: %v", rows)
	}
	if n := testing.AllocsPerRun(10, func() {
		for b.Epoch(1); b.Next() != nil; {
		}
	}); n > 1 { // the epoch's generator
		t.Errorf("%v allocations an epoch", n)
	}
	for _, bad := range [][2]int{{0, 1}, {1, 0}, {-1, 2}} {
		if _, err := data.NewBatches(bad[0], bad[1], true, 1); err == nil {
			t.Errorf("%d rows in batches of %d were accepted", bad[0], bad[1])
		}
	}
}

func TestValidate(t *testing.T) {
	floats := func(v ...float64) *tensor.Dense {
		return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v))
	}
	for _, c := range []struct {
		name, want string
		spoil      func(s *data.Set)
	}{
		{"good", "", func(*data.Set) {}},
		{"missing value", "", func(s *data.Set) { s.Inputs[0].Data().([]float64)[1] = math.NaN() }},
		{"no rows", "no rows", func(s *data.Set) { s.Inputs = nil }},
		{"infinite", "n: row 1, column x0: +Inf is not finite", func(s *data.Set) { s.Inputs[0].Data().([]float64)[1] = math.Inf(1) }},
		{"label", "row 2: class 2 is not in [0, 2)", func(s *data.Set) { s.Targets[0].Data().([]int)[2] = 2 }},
		{"real labels", "want int class labels", func(s *data.Set) { s.Targets[0] = floats(1, 2, 3) }},
		{"rows of the target", "target 0 has 2 rows, the first input has 3", func(s *data.Set) { s.Targets[0] = floats(1, 2) }},
		{"rows of an input", "input 1 has 2 rows, the first input has 3", func(s *data.Set) { s.Inputs = append(s.Inputs, floats(1, 2)) }},
		{"NaN target", "target 0, row 1, value 0: NaN is not finite", func(s *data.Set) { s.Classes, s.Targets[0] = nil, floats(1, math.NaN(), 2) }},
		{"type", "want float64, float32 or int", func(s *data.Set) {
			s.Inputs = append(s.Inputs, tensor.New(tensor.WithShape(3), tensor.WithBacking([]string{"a", "b", "c"})))
		}},
		{"features", "2 features for an input of shape (3, 1)", func(s *data.Set) { s.Features = make([]data.Feature, 2) }},
		{"code", "row 2, column x0: 2 is no code of its 2 levels", func(s *data.Set) { s.Features[0].Levels = []string{"a", "b"} }},
		{"count of weights", "2 weights for 3 rows", func(s *data.Set) { s.Weights = []float64{1, 2} }},
		{"weight", "row 1: weight -1", func(s *data.Set) { s.Weights = []float64{1, -1, 1} }},
		{"weights", "all weights are 0", func(s *data.Set) { s.Weights = make([]float64, 3) }},
		{"groups", "1 groups for 3 rows", func(s *data.Set) { s.Groups = []int{1} }},
	} {
		s := numbered(t, []int{0, 1, 0}, "a", "b")
		c.spoil(s)
		err := s.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestFromRowsRejects(t *testing.T) {
	for want, f := range map[string]func() error{
		"no rows": func() error { _, err := data.FromRows("r", nil, nil); return err },
		"row 1":   func() error { _, err := data.FromRows("r", [][]float64{{1, 2}, {3}}, []float64{1, 2}); return err },
		"not finite": func() error {
			_, err := data.FromRows("r", [][]float64{{1}}, []float64{math.NaN()})
			return err
		},
		"target 0 has 2 rows": func() error { _, err := data.FromRows("r", [][]float64{{1}}, []float64{1, 2}); return err },
		"no class names":      func() error { _, err := data.FromLabels("r", [][]float64{{1}}, []int{0}, nil); return err },
		"no labels":           func() error { _, err := data.FromLabels("r", [][]float64{{1}}, nil, []string{"a"}); return err },
		"class -1":            func() error { _, err := data.FromLabels("r", [][]float64{{1}}, []int{-1}, []string{"a"}); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func ExampleCSV_Read() {
	file := strings.NewReader("age,colour,ill\n31,red,no\n?,blue,yes\n54,red,no\n")
	set, report, err := data.CSV{Target: "ill"}.Read(file, "patients.csv")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report)
	fmt.Println(set.Classes)
	// Output:
	// patients: 3 rows, 3 columns
	// file: UTF-8, separated by commas, header
	// target: ill, to classify (its cells are texts)
	//
	// column  type         missing  distinct  range or most frequent  used as
	// age     numeric      1 (33%)  2         31 to 54                feature
	// colour  categorical  -        2         red 2, blue 1           feature
	// ill     boolean      -        2         no 2, yes 1             target
	//
	// [no yes]
}

// Rows to predict are read as the training file was: 1,137 is a number there too.
// A city that did not occur in training is the code -1, and a warning.
func ExampleCSV_ReadRows() {
	file := "income,city,ill\n\"1,100\",Oslo,no\n\"12,350\",Rome,yes\n\"7,400\",Oslo,no\n"
	set, _, err := data.CSV{}.Read(strings.NewReader(file), "patients.csv")
	if err != nil {
		fmt.Println(err)
		return
	}
	rows, report, err := data.CSV{}.ReadRows(strings.NewReader("city;income\nKyiv;1,137\n"), "new.csv", set.Schema())
	if err != nil {
		fmt.Println(err)
		return
	}
	table, _, _ := rows.Table()
	fmt.Println(table)
	fmt.Println(report)
	// Output:
	// [1137 -1]
	// 1 row, UTF-8, separated by semicolons, header
	// row 2, column city: 1 row has a level that did not occur in training: "Kyiv"
}

func ExamplePipeline() {
	train, _ := data.FromRows("train", [][]float64{{1}, {2}, {6}}, []float64{0, 0, 1})
	fitted, err := data.Pipeline{data.Impute{}, data.MinMax{}}.Fit(train)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, _ := fitted.Apply(train)
	table, _, _ := out.Table()
	fmt.Println(table)
	// Output: [0 0.2 1]
}

// TestFault36EmptyRowsAndScalars: sets without columns, and inputs that are
// scalars or nil, were panics.
func TestFault36EmptyRowsAndScalars(t *testing.T) {
	if _, err := data.FromRows("n", [][]float64{{}}, []float64{1}); err == nil || !strings.Contains(err.Error(), "n: a table without columns") {
		t.Errorf("rows without values: error %v", err)
	}
	if _, err := data.FromLabels("n", [][]float64{{}}, []int{0}, []string{"a"}); err == nil || !strings.Contains(err.Error(), "without columns") {
		t.Errorf("labelled rows without values: error %v", err)
	}
	if _, err := data.FromRows("n", [][]float64{{1}}, nil); err == nil || !strings.Contains(err.Error(), "no targets") {
		t.Errorf("no targets: error %v", err)
	}
	for name, s := range map[string]*data.Set{
		"scalar":       {Inputs: []*tensor.Dense{tensor.New(tensor.FromScalar(1.0))}},
		"nil input":    {Inputs: []*tensor.Dense{nil}},
		"no input":     {},
		"scalar label": {Inputs: numbered(t, []int{0}, "a").Inputs, Targets: []*tensor.Dense{tensor.New(tensor.FromScalar(1))}},
	} {
		if err := s.Validate(); err == nil {
			t.Errorf("%s: valid", name)
		}
		_, _ = s.Rows([]int{0}) // an error or not, but no panic
		_ = s.String()
	}
}

func TestTextsFollowTheirRows(t *testing.T) {
	s := numbered(t, []int{0, 1, 0, 1}, "a", "b")
	s.Texts = []data.TextColumn{{Name: "id", Cells: []string{"p", "q", "r", "s"}}}
	out, err := s.Rows([]int{3, 0, 3})
	if err != nil || !slices.Equal(out.Texts[0].Cells, []string{"s", "p", "s"}) || out.Texts[0].Name != "id" {
		t.Errorf("texts %v, %v", out.Texts, err)
	}
	rest, part, err := s.Split(0.5, 1)
	if err != nil || len(rest.Texts[0].Cells) != 2 || len(part.Texts[0].Cells) != 2 {
		t.Errorf("split: %v %v, %v", rest.Texts, part.Texts, err)
	}
	s.Texts[0].Cells = s.Texts[0].Cells[:3]
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "text column id has 3 cells for 4 rows") {
		t.Errorf("error %v, want one about the texts", err)
	}
	if _, err := s.Rows([]int{3}); err == nil {
		t.Error("rows of a set with too few texts were taken")
	}
}

func TestUnknownLevelIsValid(t *testing.T) {
	for code, valid := range map[float64]bool{-1: true, 0: true, 1: true, 2: false, -2: false, 0.5: false} {
		s, err := data.NewTable("n", []data.Feature{{Name: "c", Levels: []string{"u", "v"}}}, [][]float64{{code}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(); (err == nil) != valid {
			t.Errorf("code %v: %v", code, err)
		}
	}
}
