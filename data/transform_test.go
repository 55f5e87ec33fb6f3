package data_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
)

type table [][]*float64

func (x table) set(t *testing.T, levels []string) *data.Set {
	t.Helper()
	features := make([]data.Feature, len(x[0]))
	for j := range features {
		features[j] = data.Feature{Name: fmt.Sprint("c", j), Levels: levels}
	}
	rows := make([][]float64, len(x))
	for i, r := range x {
		for _, v := range r {
			if v == nil {
				rows[i] = append(rows[i], math.NaN())
			} else {
				rows[i] = append(rows[i], *v)
			}
		}
	}
	s, err := data.NewTable("t", features, rows)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func values(t *testing.T, s *data.Set) []float64 {
	t.Helper()
	v, _, err := s.Table()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The numbers are scikit-learn's, by testdata/make.py.
func TestTransformsAgainstScikitLearn(t *testing.T) {
	text, err := os.ReadFile("testdata/sklearn.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref map[string]table
	if err := json.Unmarshal(text, &ref); err != nil {
		t.Fatal(err)
	}
	train, other, gaps := ref["train"].set(t, nil), ref["other"].set(t, nil), ref["gaps"].set(t, nil)
	codes := ref["codes"].set(t, []string{"a", "b", "c"})
	for _, c := range []struct {
		name      string
		transform data.Transform
		fit, to   *data.Set
	}{
		{"standardize", data.Standardize{}, train, other},
		{"minmax", data.MinMax{}, train, other},
		{"minmax -1 2", data.MinMax{Low: -1, High: 2}, train, other},
		{"robust", data.RobustScale{}, train, other},
		{"clip", data.Clip{Low: 0.1, High: 0.8}, train, other},
		{"median", data.Impute{}, gaps, gaps},
		{"mean", data.Impute{Strategy: data.Mean}, gaps, gaps},
		{"most frequent", data.Impute{Strategy: data.MostFrequent}, gaps, gaps},
		{"constant", data.Impute{Strategy: data.Constant, Value: -3}, gaps, gaps},
		{"onehot", data.OneHot{}, codes, codes},
		{"onehot first", data.OneHot{DropFirst: true}, codes, codes},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := append([]float64(nil), values(t, c.to)...)
			f, err := c.transform.Fit(c.fit)
			if err != nil {
				t.Fatal(err)
			}
			stored, err := describe.Marshal(data.FittedPipeline{f})
			if err != nil {
				t.Fatal(err)
			}
			var again data.Fitted
			err = describe.Unmarshal(stored, &again)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range []data.Fitted{f, again} {
				s, err := f.Apply(c.to)
				if err != nil {
					t.Fatal(err)
				}
				got, want := values(t, s), values(t, ref[c.name].set(t, nil))
				if len(got) != len(want) {
					t.Fatalf("%d values, want %d", len(got), len(want))
				}
				for i, w := range want {
					if !(math.Abs(got[i]-w) <= 1e-9*math.Max(1, math.Abs(w))) {
						t.Fatalf("value %d is %v, want %v", i, got[i], w)
					}
				}
			}
			for i, v := range values(t, c.to) {
				if v != before[i] && !math.IsNaN(before[i]) {
					t.Fatalf("value %d of the argument was changed", i)
				}
			}
		})
	}
}

func one(t *testing.T, name string, levels []string, v ...float64) *data.Set {
	t.Helper()
	rows := make([][]float64, len(v))
	for i := range v {
		rows[i] = []float64{v[i]}
	}
	s, err := data.NewTable("t", []data.Feature{{Name: name, Levels: levels}}, rows)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCategoriesPassTheScalers(t *testing.T) {
	s := one(t, "colour", []string{"red", "blue"}, 0, 1, 1)
	for _, tr := range []data.Transform{data.Standardize{}, data.MinMax{}, data.RobustScale{}, data.Clip{}} {
		f, err := tr.Fit(s)
		if err != nil {
			t.Fatal(err)
		}
		out, err := f.Apply(s)
		if err != nil {
			t.Fatal(err)
		}
		if v := values(t, out); v[0] != 0 || v[1] != 1 {
			t.Errorf("%T changed codes to %v", tr, v)
		}
	}
}

func TestPipelineFitsOnWhatCameBefore(t *testing.T) {
	nan := math.NaN()
	p := data.Pipeline{data.Impute{}, data.Standardize{}, data.TransformFunc(func(s *data.Set) (data.Fitted, error) {
		for _, v := range values(t, s) {
			if math.IsNaN(v) || math.Abs(v) > 2 {
				t.Errorf("the third transform is fitted on %v", v)
			}
		}
		return data.FittedPipeline{}, nil
	})}
	if _, err := p.Fit(one(t, "x", nil, 1, nan, 3, 100)); err != nil {
		t.Fatal(err)
	}
}

func TestTransformsReject(t *testing.T) {
	good := one(t, "x", nil, 1, 2, 3)
	for _, c := range []struct {
		transform data.Transform
		fit, to   *data.Set
		want      string
	}{
		{data.Impute{Strategy: "guess"}, good, nil, `there is no strategy "guess"`},
		{data.MinMax{Low: 2, High: 1}, good, nil, "low 2 is not below high 1"},
		{data.Clip{Low: 0.5, High: 1.5}, good, nil, "quantiles 0.5 and 1.5"},
		{data.Pipeline{nil}, good, nil, "transform 0 of the pipeline is nil"},
		{data.Standardize{}, good, one(t, "y", nil, 1), `column 0 is "y", it was fitted on "x"`},
		{data.OneHot{}, one(t, "x", []string{"a", "b"}, 0), one(t, "x", []string{"b", "a"}, 0), `column x has the levels ["b" "a"], it was fitted on ["a" "b"]`},
		{data.OneHot{}, one(t, "x", []string{"a"}, 0), one(t, "x", []string{"a"}, 3), "row 0, column x: 3 is no code of its 1 levels"},
		{data.OneHot{DropFirst: true}, one(t, "x", []string{"a"}, 0), one(t, "x", []string{"a"}, 0), "no columns are left"},
	} {
		f, err := c.transform.Fit(c.fit)
		if err == nil && c.to != nil {
			_, err = f.Apply(c.to)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T: error %v, want one with %q", c.transform, err, c.want)
		}
	}
}

// TestColumnWithoutValues: a column whose training rows have no value counts as
// constant, and that is noted.
func TestColumnWithoutValues(t *testing.T) {
	nan := math.NaN()
	train, test := one(t, "x", nil, nan, nan), one(t, "x", nil, 7, nan)
	f, err := data.Pipeline{data.Impute{}, data.Standardize{}, data.MinMax{}}.Fit(train)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Apply(test)
	if err != nil {
		t.Fatal(err)
	}
	if v, _, _ := got.Table(); v[0] != 7 || v[1] != 0 {
		t.Errorf("have %v, want 7 as it is and 0 for the missing value", v)
	}
	if notes := data.Notes(f); len(notes) != 1 || !strings.Contains(notes[0], "column x has no value in the training rows") {
		t.Errorf("notes %q", notes)
	}
}

// TestSpreadBeyondFloat64: statistics of the largest numbers are finite, or the
// error names the column.
func TestSpreadBeyondFloat64(t *testing.T) {
	huge := one(t, "x", nil, -1.797e308, 1, 2, 3, 1.7e308)
	f, err := data.Standardize{}.Fit(huge)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Apply(huge)
	if err != nil {
		t.Fatal(err)
	}
	// By Python, with fractions.
	if v, _, _ := got.Table(); math.Abs(v[0]+1.6070825614460036) > 1e-12 || math.Abs(v[4]-1.5544654343779583) > 1e-12 {
		t.Errorf("have %v", v)
	}
	if _, err := (data.MinMax{}).Fit(huge); err == nil || !strings.Contains(err.Error(), "column x of t goes from -1.797e+308 to 1.7e+308") {
		t.Errorf("error %v, want one that names the column", err)
	}
}

type private struct{}

func (private) Apply(s *data.Set) (*data.Set, error) { return s, nil }

func TestStoredTransformsReject(t *testing.T) {
	var mine data.Fitted = private{}
	if _, err := describe.Marshal(&mine); err == nil || !strings.Contains(err.Error(), "is not registered") {
		t.Errorf("error %v, want one about registration", err)
	}
	deep := strings.Repeat(`{"kind":"data.FittedPipeline","config":[`, 60) + strings.Repeat("]}", 60)
	for text, want := range map[string]string{
		"":                             "EOF",
		`{"kind":"magic","config":{}}`: `the kind "magic" is not known here`,
		`{"kind":"data.FittedScale","config":{"Features":[{"Name":"x"}],"Center":[0],"Scale":[0]}}`: "column x: scale 0",
		`{"kind":"data.FittedScale","config":{"Features":[{"Name":"x"}],"Center":[],"Scale":[1]}}`:  "0 centers and 1 scales for 1 columns",
		`{"kind":"data.FittedScale","config":{"hat":1}}`:                                            `has no field "hat"`,
		`{"kind":"data.FittedImpute","config":{}}`:                                                  "0 values for 0 columns",
		`{"kind":"data.FittedClip"}`:                                                                "0 and 0 bounds",
		`{"kind":"data.FittedOneHot"}`:                                                              "no columns",
		`{"kind":"data.FittedPipeline","config":{}}`:                                                "cannot unmarshal object",
		`{"kind":"data.FittedPipeline","config":[null]}`:                                            "transform 0 of the pipeline is nil",
		`{"kind":"data.FittedColumns"}`:                                                             "no columns are left",
		deep:                                                                                        "nested more than",
	} {
		var f data.Fitted
		if err := describe.Unmarshal([]byte(text), &f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.70s: error %v, want one with %q", text, err, want)
		}
	}
}

func TestFittedIsSafeForGoroutines(t *testing.T) {
	s, err := data.Iris()
	if err != nil {
		t.Fatal(err)
	}
	f, err := data.Pipeline{data.Impute{}, data.Standardize{}, data.OneHot{}}.Fit(s)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := f.Apply(s); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func FuzzUnmarshalFitted(f *testing.F) {
	f.Add([]byte(`{"kind":"data.FittedPipeline","config":[{"kind":"data.FittedImpute","config":{"Features":[{"Name":"x"}],"Fill":[1]}},{"kind":"data.FittedOneHot","config":{"Features":[{"Name":"x"}],"Columns":[{}]}}]}`))
	f.Add([]byte(`{"kind":"data.FittedScale","config":{"Features":[{"Name":"x"}],"Center":[0],"Scale":[2],"Offset":1}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var fitted data.Fitted
		err := describe.Unmarshal(text, &fitted)
		if err != nil {
			return
		}
		if s, err := fitted.Apply(one(t, "x", nil, 1, 2, math.NaN())); err == nil {
			values(t, s)
		}
		if _, err := describe.Marshal(fitted); err != nil {
			t.Fatal(err)
		}
	})
}
