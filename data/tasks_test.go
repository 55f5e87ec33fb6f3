package data_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// numbers returns a set with targets of some columns.
func targets(t testing.TB, task data.Task, columns []string, y ...float64) *data.Set {
	t.Helper()
	n := len(y) / len(columns)
	x := make([][]float64, n)
	for i := range x {
		x[i] = []float64{float64(i)}
	}
	s, err := data.NewTable("made up", []data.Feature{{Name: "x"}}, x)
	if err != nil {
		t.Fatal(err)
	}
	shape := []int{n, len(columns)}
	if len(columns) == 1 {
		shape, s.Target = shape[:1], columns[0]
	} else {
		s.TargetColumns = columns
	}
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(shape...), tensor.WithBacking(y))}
	s.As = task
	return s
}

func TestTasksRefuse(t *testing.T) {
	one, two := []string{"y"}, []string{"a", "b"}
	graded := labelled(t, "low", "high")
	for _, c := range []struct {
		name string
		set  *data.Set
		want string
	}{
		{"a negative count", targets(t, data.Count{}, one, 1, 2, -3), `row 2, target "y": -3 is not a count`},
		{"half a count", targets(t, data.Count{}, one, 1, 2.5), `row 1, target "y": 2.5 is not a count`},
		{"counts of two things", targets(t, data.Count{}, two, 1, 2, 3, 4), `want one target column, there are 2: "a", "b"`},
		{"a label of 2", targets(t, data.MultiLabel{}, two, 0, 1, 1, 2), `row 1, target "b": 2 is not a label`},
		{"too few thresholds", targets(t, data.MultiLabel{Thresholds: []float64{0.5}}, two, 0, 1), "1 thresholds for 2 labels"},
		{"a threshold of 2", targets(t, data.MultiLabel{Thresholds: []float64{0.5, 2}}, two, 0, 1), `threshold of label "b" is 2`},
		{"levels that fall", targets(t, data.Quantile{Levels: []float64{0.9, 0.1}}, one, 0, 1), "levels [0.9 0.1]"},
		{"no levels", targets(t, data.Quantile{Levels: []float64{}}, one, 0, 1), "no levels"},
		{"quantiles of two things", targets(t, data.Quantile{}, two, 0, 1), "want one target column"},
		{"an order of numbers", targets(t, data.Ordinal{}, one, 0, 1), "at least two classes in their order, there are 0"},
		{"classes of numbers", targets(t, data.Classify{}, one, 0, 1), "at least two classes, there are 0"},
		{"counts of classes", posed(graded, data.Count{}), `target "class" has classes ("low", "high"), want numbers`},
		{"labels of classes", posed(graded, data.MultiLabel{}), "want numbers"},
		{"quantiles of classes", posed(graded, data.Quantile{}), "want numbers"},
		{"a regression of classes", posed(graded, data.Regress{}), "want numbers"},
		{"names of other columns", func() *data.Set {
			s := targets(t, data.Regress{}, two, 0, 1, 2, 3)
			s.TargetColumns = []string{"a", "b", "c"}
			return s
		}(), `2 target columns named ["a" "b" "c"]`},
		{"a class beyond the classes", func() *data.Set {
			s := posed(graded, data.Sequence{})
			s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(6, 2), tensor.WithBacking([]int{0, 1, 1, -1, 0, 2, 0, 0, 0, 0, 0, 0}))}
			return s
		}(), `row 2, target "class 2": class 2 is not in [0, 2), nor −1 for padding`},
		{"a sequence of numbers", targets(t, data.Sequence{}, two, 0, 1), "at least two classes, there are 0"},
		{"ranks without groups", targets(t, data.Rank{}, one, 0, 1), "0 groups for 2 rows"},
		{"a negative relevance", func() *data.Set {
			s := targets(t, data.Rank{}, one, 0, -1)
			s.Groups = []int{1, 1}
			return s
		}(), `row 1, target "y": -1 is not a relevance`},
		{"NDCG of the first -1", targets(t, data.Rank{At: -1}, one, 0, 1), "NDCG of the first -1"},
		{"no task", targets(t, broken{}, one, 0, 1), "its Rules lack Units"},
		{"a task that returns nothing", targets(t, broken{nothing: true}, one, 0, 1), "its Rules returned nothing"},
	} {
		if err := c.set.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %s", c.name, err, c.want)
		}
	}
}

// broken is a task whose rules are not complete.
type broken struct{ nothing bool }

func (b broken) Rules(data.Targets) (*data.Rules, error) {
	if b.nothing {
		return nil, nil
	}
	return &data.Rules{Values: 1}, nil
}

func labelled(t testing.TB, classes ...string) *data.Set {
	t.Helper()
	x, labels := [][]float64{}, []int{}
	for i := range 6 {
		x, labels = append(x, []float64{float64(i)}), append(labels, i%len(classes))
	}
	s, err := data.FromLabels("made up", x, labels, classes)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func posed(s *data.Set, t data.Task) *data.Set {
	out := *s
	out.As = t
	return &out
}

func TestPosing(t *testing.T) {
	set, err := data.NewTable("flats", []data.Feature{{Name: "rooms"}, {Name: "area"}, {Name: "city", Levels: []string{"Rome", "Oslo"}}, {Name: "rent"}}, [][]float64{{2, 50, 0, 7}, {3, math.NaN(), 1, 8}})
	if err != nil {
		t.Fatal(err)
	}
	set.Target = "price"
	set.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{100, 200}))}
	two, err := set.Posing(data.Regress{}, "rent")
	if err != nil {
		t.Fatal(err)
	}
	y, columns, err := two.TargetTable()
	if err != nil || columns != 2 || !slices.Equal(y, []float64{100, 7, 200, 8}) || !slices.Equal(two.TargetColumns, []string{"price", "rent"}) {
		t.Errorf("%v, %d columns %q (%v)", y, columns, two.TargetColumns, err)
	}
	if len(two.Features) != 3 || two.Inputs[0].Shape()[1] != 3 || len(set.Features) != 4 || set.As != nil {
		t.Errorf("%v of %v, and the set itself %v", two.Features, two.Inputs[0].Shape(), set.Features)
	}
	for _, c := range []struct{ name, column, want string }{
		{"a gap", "area", `row 1, column "area": the target is missing`},
		{"a category", "city", `the target "city" is one of several, and no number`},
		{"nothing", "height", `there is no column "height" to predict`},
	} {
		if _, err := set.Posing(data.Regress{}, c.column); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %s", c.name, err, c.want)
		}
	}
	if _, err := set.Posing(data.Regress{}, "rent", "rent"); err == nil || !strings.Contains(err.Error(), "named twice") {
		t.Errorf("error %v", err)
	}
	if _, err := set.Posing(data.Regress{}, "rooms", "area", "rent"); err == nil {
		t.Error("a gap was predicted")
	}
}

// TestPosingSequences: columns of classes become steps, with the classes of all, and missing
// cells padding.
func TestPosingSequences(t *testing.T) {
	nan := math.NaN()
	set, err := data.NewTable("words", []data.Feature{{Name: "x"}, {Name: "second", Levels: []string{"noun", "other"}}}, [][]float64{{1, 0}, {2, nan}, {3, 1}})
	if err != nil {
		t.Fatal(err)
	}
	set.Target, set.Classes = "first", []string{"noun", "verb"}
	set.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(3), tensor.WithBacking([]int{1, 0, 0}))}
	s, err := set.Posing(data.Sequence{}, "second")
	if err != nil {
		t.Fatal(err)
	}
	labels, steps, err := s.ClassTable()
	if err != nil || steps != 2 || !slices.Equal(s.Classes, []string{"noun", "other", "verb"}) || !slices.Equal(labels, []int{2, 0, 0, -1, 0, 1}) {
		t.Errorf("classes %q, %v of %d steps (%v)", s.Classes, labels, steps, err)
	}
	if len(s.Features) != 1 || !slices.Equal(s.TargetColumns, []string{"first", "second"}) {
		t.Errorf("%v, targets %q", s.Features, s.TargetColumns)
	}
	for _, wrong := range [][]string{{"third"}, {"second", "second"}, {"second", "x"}} {
		if _, err := set.Posing(data.Sequence{}, wrong...); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

// TestTaskIsWrittenWithItsTable: a file and its schema give back a set with its task.
func TestTaskIsWrittenWithItsTable(t *testing.T) {
	set := targets(t, data.Count{}, []string{"y"}, 1, 2, 0)
	var b strings.Builder
	if err := data.WriteCSV(&b, set); err != nil {
		t.Fatal(err)
	}
	schema := set.Schema()
	again, _, err := data.CSV{Schema: &schema}.Read(strings.NewReader(b.String()), "again")
	if err != nil || !data.SameTask(again.Task(), data.Count{}) {
		t.Errorf("%v (%v)", again, err)
	}
	if err := data.WriteCSV(&b, targets(t, data.Regress{}, []string{"a", "b"}, 1, 2, 0, 3)); err == nil || !strings.Contains(err.Error(), "(3, 2)") && !strings.Contains(err.Error(), "(2, 2)") {
		t.Errorf("error %v", err)
	}
}

func TestOrdered(t *testing.T) {
	set := labelled(t, "good", "poor", "fair")
	s, err := set.Ordered([]string{"poor", "fair", "good"})
	if err != nil {
		t.Fatal(err)
	}
	before, _ := set.Labels()
	after, _ := s.Labels()
	for i := range before {
		if set.Classes[before[i]] != s.Classes[after[i]] {
			t.Fatalf("row %d was %s and is %s", i, set.Classes[before[i]], s.Classes[after[i]])
		}
	}
	for _, wrong := range [][]string{{"poor", "fair"}, {"poor", "fair", "good", "best"}, {"poor", "fair", "bad"}, {"poor", "fair", "good", "fair"}} {
		if _, err := set.Ordered(wrong); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

func TestTaskIsReadAsWritten(t *testing.T) {
	for _, c := range []struct {
		task data.Task
		want string
	}{
		{data.Classify{}, `"classify"`}, {data.Regress{}, `"regress"`}, {data.MultiLabel{}, `"multilabel"`}, {data.Quantile{}, `"quantile"`},
		{data.Rank{At: 3}, `{"kind":"data.Rank","config":{"At":3}}`},
		{data.Quantile{Levels: []float64{0.25, 0.75}}, `{"kind":"data.Quantile","config":{"Levels":[0.25,0.75]}}`},
	} {
		text, err := data.MarshalTask(c.task)
		if err != nil || string(text) != c.want {
			t.Errorf("%v was written as %s (%v), want %s", c.task, text, err, c.want)
		}
		again, err := data.UnmarshalTask(text)
		if err != nil || fmt.Sprintf("%#v", again) != fmt.Sprintf("%#v", c.task) {
			t.Errorf("%s was read as %#v (%v)", text, again, err)
		}
	}
	if _, err := data.MarshalTask(broken{}); err == nil || !strings.Contains(err.Error(), "not registered") {
		t.Errorf("error %v", err)
	}
	for _, wrong := range []string{`"sing"`, `{"kind":"data.Nothing"}`, `{"kind":"data.Accuracy"}`, `null`, `7`} {
		if task, err := data.UnmarshalTask(json.RawMessage(wrong)); err == nil {
			t.Errorf("%s was read as %v", wrong, task)
		}
	}
	if data.SameTask(data.Quantile{}, data.Quantile{Levels: []float64{0.5}}) || !data.SameTask(data.Quantile{Levels: []float64{0.5}}, data.Quantile{Levels: []float64{0.5}}) || data.SameTask(data.Regress{}, data.Count{}) {
		t.Error("tasks are confused")
	}
}

// TestOrdinalIsADistribution: whatever the outputs are, the probabilities of the classes sum
// to 1, read directly or averaged over one member, and the label is the median.
func TestOrdinalIsADistribution(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SliceOfN(rapid.Float64Range(-60, 60), 1, 6).Draw(t, "outputs")
		classes := make([]string, len(z)+1)
		for i := range classes {
			classes[i] = fmt.Sprint(i)
		}
		rules, err := data.RulesOf(data.Ordinal{}, data.Targets{Columns: []string{"y"}, Classes: classes})
		if err != nil {
			t.Fatal(err)
		}
		p := &data.Prediction{}
		rules.Decode(rules.AddRow(p), z, false)
		averaged := slices.Clone(z)
		rules.Average(averaged)
		if !slices.IsSortedFunc(averaged, func(a, b float64) int { return -compare(a, b) }) {
			t.Errorf("P(y > k) rises: %v", averaged)
		}
		rules.Decode(rules.AddRow(p), averaged, true)
		if err := rules.Fits(p, 2, len(classes)); err != nil {
			t.Error(err)
		}
		one, two := rules.Row(p, 0), rules.Row(p, 1)
		below := 0.0
		for k := range one.Proba {
			if math.Abs(one.Proba[k]-two.Proba[k]) > 1e-12 {
				t.Errorf("class %d: %v and %v", k, one.Proba[k], two.Proba[k])
			}
			if k < one.Labels[0] {
				below += one.Proba[k]
			}
		}
		if below > 0.5+1e-12 || below+one.Proba[one.Labels[0]] < 0.5-1e-12 {
			t.Errorf("label %d of %v is not the median", one.Labels[0], one.Proba)
		}
	})
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// TestMetricsOfSeveralTargets: a metric of several columns is the mean of those of each.
func TestMetricsOfSeveralTargets(t *testing.T) {
	s := targets(t, nil, []string{"a", "b"}, 1, 10, 2, 30, 3, 20)
	p := &data.Prediction{Values: []float64{1, 10, 2, 30, 4, 26}}
	for _, m := range []data.Metric{data.RMSE, data.MAE, data.R2, data.MedianAE} {
		sum := 0.0
		for _, c := range []string{"a", "b"} {
			v, err := m.Of(c).Score(s, p)
			if err != nil {
				t.Fatal(err)
			}
			sum += v / 2
		}
		if v, err := m.Score(s, p); err != nil || math.Abs(v-sum) > 1e-15 {
			t.Errorf("%s: %v (%v), want %v", m.Name, v, err, sum)
		}
	}
	// sklearn.metrics.r2_score([[1, 10], [2, 30], [3, 20]], [[1, 10], [2, 30], [4, 26]]) = 0.66
	if v, err := data.R2.Score(s, p); err != nil || math.Abs(v-0.66) > 1e-12 {
		t.Errorf("R2 %v (%v), want 0.66", v, err)
	}
	if _, err := data.RMSE.Of("c").Score(s, p); err == nil {
		t.Error("a column that is not there was scored")
	}
}
