package search_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/trees"
	"pgregory.net/rapid"
)

// TestDomainsKeepTheirBounds: any position gives a value within the bounds.
func TestDomainsKeepTheirBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.Float64Range(0, math.Nextafter(1, 0)).Draw(t, "u")
		low := rapid.Float64Range(-1e6, 1e6).Draw(t, "low")
		high := low + rapid.Float64Range(0, 1e6).Draw(t, "width")
		if v, err := (search.Uniform{Low: low, High: high}).At(u); err != nil || v.(float64) < low || v.(float64) > high {
			t.Errorf("%v, %v", v, err)
		}
		least := rapid.Float64Range(1e-300, 1e300).Draw(t, "least")
		most := least * rapid.Float64Range(1, 1e5).Draw(t, "factor")
		if v, err := (search.LogUniform{Low: least, High: most}).At(u); err != nil || v.(float64) < least || v.(float64) > most {
			t.Errorf("%v, %v", v, err)
		}
		for _, log := range []bool{false, true} {
			d := search.Int{Low: rapid.IntRange(1, 1000).Draw(t, "n"), Log: log}
			d.High = d.Low + rapid.IntRange(0, 1000).Draw(t, "more")
			if v, err := d.At(u); err != nil || v.(int) < d.Low || v.(int) > d.High {
				t.Errorf("%+v: %v, %v", d, v, err)
			}
		}
	})
}

// TestIntIsEven: every whole number is reached, equally often, or in proportion to 1/n.
func TestIntIsEven(t *testing.T) {
	const n = 100000
	for _, log := range []bool{false, true} {
		count := map[int]float64{}
		for i := range n {
			v, err := search.Int{Low: 1, High: 8, Log: log}.At((float64(i) + 0.5) / n)
			if err != nil {
				t.Fatal(err)
			}
			count[v.(int)] += 1. / n
		}
		for k := 1; k <= 8; k++ {
			want := 1. / 8
			if log {
				want = math.Log((float64(k)+0.5)/(float64(k)-0.5)) / math.Log(8.5/0.5)
			}
			if math.Abs(count[k]-want) > 1e-4 {
				t.Errorf("log %v: %d has %v, want %v", log, k, count[k], want)
			}
		}
	}
}

// conditional is a space of two kinds of models.
func conditional() search.Space {
	return search.Space{
		Base: crossval.Preprocessed{Estimator: baselines.KNN{K: 3}},
		Settings: []search.Setting{
			{Path: "Estimator", Name: "model", Domain: search.Choice{Values: []any{baselines.KNN{}, baselines.BoostedTrees{Settings: trees.Boosting{Iterations: 7}}}}},
			{Path: "Estimator.K", Domain: search.Int{Low: 1, High: 9}, When: []search.Condition{{Setting: "model", Is: []string{"crossval/baselines.KNN"}}}},
			{Path: "Estimator.Settings.L2", Domain: search.LogUniform{Low: 0.1, High: 10}, When: []search.Condition{{Setting: "model", Is: []string{`crossval/baselines.BoostedTrees{"Settings":{"Iterations":7}}`}}}},
		},
	}
}

// TestConditionsThatCanHold: values in the middle of a logarithmic scale, and those that another
// condition has set already, are found.
func TestConditionsThatCanHold(t *testing.T) {
	is := func(setting string, values ...string) search.Condition {
		return search.Condition{Setting: setting, Is: values}
	}
	for _, settings := range [][]search.Setting{
		{
			{Path: "K", Domain: search.Int{Low: 1, High: 8, Log: true}},
			{Path: "K", Name: "again", Domain: search.Int{Low: 4, High: 4}, When: []search.Condition{is("K", "4")}},
		},
		{
			{Path: "K", Name: "a", Domain: search.Choice{Values: []any{1, 2}, Names: []string{"x", "y"}}},
			{Path: "K", Name: "b", Domain: search.Choice{Values: []any{3, 4}, Names: []string{"z", "w"}}, When: []search.Condition{is("a", "y")}},
			{Path: "K", Name: "c", Domain: search.Int{Low: 5, High: 6}, When: []search.Condition{is("b", "z"), is("a", "x", "y")}},
		},
	} {
		s := search.Search{Space: search.Space{Base: baselines.KNN{K: 1}, Settings: settings}, Trials: 2, Folds: 2}
		if _, err := s.Run(t.Context(), table(t, data.Iris)); err != nil {
			t.Error(err)
		}
	}
}

// TestNullIsNoValue: null in a space would become a 0 that nobody wrote.
func TestNullIsNoValue(t *testing.T) {
	for _, values := range []string{"[null]", "[1, [2, null]]", "[[[null]]]"} {
		var c search.Choice
		if err := c.UnmarshalText([]byte(`{"values":` + values + `}`)); err == nil || !strings.Contains(err.Error(), "null") {
			t.Errorf("%s: %v, %v", values, c, err)
		}
	}
}

// TestCandidates: points give estimators; a setting whose condition does not hold is not open.
func TestCandidates(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		point, open search.Point
		want        crossval.Estimator
	}{
		{search.Point{nan, nan, nan}, search.Point{nan, nan, nan}, baselines.KNN{K: 3}},
		{search.Point{0.1, 0.99, 0.5}, search.Point{0.1, 0.99, nan}, baselines.KNN{K: 9}},
		{search.Point{0.6, 0.99, 0.5}, search.Point{0.6, nan, 0.5}, baselines.BoostedTrees{Settings: trees.Boosting{Iterations: 7, L2: 1}}},
		{search.Point{nan, 0.99, 0.5}, search.Point{nan, nan, nan}, baselines.KNN{K: 3}},
	} {
		e, values, err := conditional().Candidate(c.point)
		if err != nil {
			t.Fatal(err)
		}
		have := e.(crossval.Preprocessed).Estimator
		if b, ok := have.(baselines.BoostedTrees); ok {
			b.Settings.L2 = math.Round(b.Settings.L2*1e9) / 1e9
			have = b
		}
		if !reflect.DeepEqual(have, c.want) {
			t.Errorf("%+v, want %+v (%v)", have, c.want, values)
		}
		for i := range c.point {
			if c.point[i] != c.open[i] && !(math.IsNaN(c.point[i]) && math.IsNaN(c.open[i])) {
				t.Errorf("open: %v, want %v", c.point, c.open)
			}
		}
	}
}

// TestSpaceIsData: a space is read as it was written.
func TestSpaceIsData(t *testing.T) {
	s := conditional()
	s.Settings = append(s.Settings, search.Setting{Path: "Transform", Domain: search.Choice{Names: []string{"a", "b"}, Values: []any{data.Standardize{}, data.Clip{Low: 1, High: 2}}}})
	text, err := describe.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back search.Space
	if err := describe.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s, back) {
		t.Errorf("%+v\nwas read as\n%+v", s, back)
	}
	list := search.Choice{Values: []any{1, 0.5, "x", true, []int{1, 2}, []float64{0.5}, []string{"y"}, json.RawMessage(`{"a":1}`)}}
	raw, err := list.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var read search.Choice
	if err := read.UnmarshalText(raw); err != nil || !reflect.DeepEqual(list, read) {
		t.Errorf("%+v, %v", read, err)
	}
}

// TestSpaceErrors: what is wrong with a space is said before the first fit.
func TestSpaceErrors(t *testing.T) {
	one := func(s search.Setting) search.Space {
		return search.Space{Base: baselines.KNN{}, Settings: []search.Setting{s}}
	}
	k := search.Int{Low: 1, High: 5}
	for _, c := range []struct {
		name, want string
		space      search.Space
	}{
		{"no base", "no base", search.Space{Settings: []search.Setting{{Path: "K", Domain: k}}}},
		{"no settings", "no settings", search.Space{Base: baselines.KNN{}}},
		{"no domain", "no domain", one(search.Setting{Path: "K"})},
		{"a field that is not there", "Neighbours", one(search.Setting{Path: "Neighbours", Domain: k})},
		{"a field below a number", "K", one(search.Setting{Path: "K.Deep", Domain: k})},
		{"another type", "K", one(search.Setting{Path: "K", Domain: search.Uniform{Low: 0.5, High: 1.5}})},
		{"bounds", "finite bounds in order", one(search.Setting{Path: "K", Domain: search.Int{Low: 5, High: 1}})},
		{"not a number", "finite bounds in order", one(search.Setting{Path: "K", Domain: search.Uniform{High: math.NaN()}})},
		{"logarithm of 0", "positive", one(search.Setting{Path: "K", Domain: search.LogUniform{High: 1}})},
		{"no values", "choice of no values", one(search.Setting{Path: "K", Domain: search.Choice{}})},
		{"names", "2 values with 1 names", one(search.Setting{Path: "K", Domain: search.Choice{Values: []any{1, 2}, Names: []string{"x"}}})},
		{"a value that cannot be described", "*int cannot be saved", one(search.Setting{Path: "K", Domain: search.Choice{Values: []any{new(int)}}})},
		{"twice", "a name of its own", search.Space{Base: baselines.KNN{}, Settings: []search.Setting{{Path: "K", Domain: k}, {Path: "K", Domain: k}}}},
		{"a condition on nothing", "no setting before it", one(search.Setting{Path: "K", Domain: k, When: []search.Condition{{Setting: "x"}}})},
		{"a condition that never holds", "is never one of", search.Space{Base: baselines.KNN{}, Settings: []search.Setting{
			{Path: "K", Domain: k}, {Path: "K", Name: "again", Domain: k, When: []search.Condition{{Setting: "K", Is: []string{"77"}}}},
		}}},
		{"a list's end", "index below 1", search.Space{Base: search.Blend{Members: []search.Member{{Estimator: baselines.KNN{}, Weight: 1}}}, Settings: []search.Setting{{Path: "Members.1.Weight", Domain: k}}}},
	} {
		_, err := search.Search{Space: c.space, Trials: 3}.Run(t.Context(), table(t, data.Iris))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}
