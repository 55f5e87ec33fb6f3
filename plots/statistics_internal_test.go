package plots

import (
	"math"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/crossval/search"
	"pgregory.net/rapid"
)

// TestDemsarGroups: the mean ranks of C4.5 and its variants on 14 data sets, and the groups at
// levels of 0.05 and 0.10: Demsar (2006), section 3.2.2.
func TestDemsarGroups(t *testing.T) {
	ranks := []float64{1.964, 2.000, 2.893, 3.143} // C4.5+m+cf, C4.5+m, C4.5+cf, C4.5
	for _, c := range []struct {
		critical float64
		want     [][2]int
	}{
		{1.25, [][2]int{{0, 3}}},
		{1.12, [][2]int{{0, 2}, {2, 3}}},
		{0, nil},
	} {
		if got := groupsWithin(ranks, c.critical); !slices.Equal(got, c.want) {
			t.Errorf("critical difference %v: have %v, want %v", c.critical, got, c.want)
		}
	}
}

// TestGroupsWithin: two models share a bar if and only if they do not differ.
func TestGroupsWithin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ranks := rapid.SliceOfN(rapid.Map(rapid.IntRange(2, 40), func(v int) float64 { return float64(v) / 2 }), 2, 20).Draw(t, "ranks")
		slices.Sort(ranks)
		critical := float64(rapid.IntRange(0, 12).Draw(t, "critical")) / 2
		groups := groupsWithin(ranks, critical)
		for i := range ranks {
			for j := i + 1; j < len(ranks); j++ {
				joined := slices.ContainsFunc(groups, func(g [2]int) bool { return g[0] <= i && j <= g[1] })
				if same := ranks[j]-ranks[i] <= critical; joined != same {
					t.Fatalf("%v and %v of %v, critical difference %v: joined %v", ranks[i], ranks[j], ranks, critical, joined)
				}
			}
		}
	})
}

// TestAxesOfSettings: the label of a tick is the value that the domain has there.
func TestAxesOfSettings(t *testing.T) {
	for _, c := range []struct {
		name   string
		domain search.Domain
		want   []string
	}{
		{"uniform", search.Uniform{Low: 0, High: 0.4}, []string{"0.0", "0.1", "0.2", "0.3", "0.4"}},
		{"log", search.LogUniform{Low: 1e-3, High: 10}, []string{"0.001", "0.01", "0.1", "1", "10"}},
		{"log, short", search.LogUniform{Low: 0.02, High: 0.3}, []string{"0.03", "0.1", "0.3"}},
		{"int", search.Int{Low: 1, High: 9}, []string{"2", "4", "6", "8"}},
		{"int, log", search.Int{Low: 1, High: 100, Log: true}, []string{"1", "10", "100"}},
		{"one value", search.Int{Low: 3, High: 3}, []string{"3"}},
		{"choice", search.Choice{Values: []any{1, 5, []int{64, 64}}}, []string{"1", "5", "[64,64]"}},
		{"names", search.Choice{Values: []any{1, 5}, Names: []string{"one", "five"}}, []string{"one", "five"}},
	} {
		a, err := axisOf(search.Setting{Path: "x", Domain: c.domain}, 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, k := range a.ticks {
			got = append(got, k.text)
			if k.u < -1e-9 || k.u > 1+1e-9 {
				t.Errorf("%s: a tick at %v", c.name, k.u)
			}
			if _, ok := c.domain.(search.Choice); !ok && c.name != "uniform" {
				at, err := search.Setting{Path: "x", Domain: c.domain}.ValueText(min(max(k.u, 0), math.Nextafter(1, 0)))
				if err != nil || at != k.text {
					t.Errorf("%s: the value at the tick %s is %s (%v)", c.name, k.text, at, err)
				}
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: have %q, want %q", c.name, got, c.want)
		}
	}
}

// TestPlacedOn: a value of a choice or a whole number is drawn nearest to its own tick.
func TestPlacedOn(t *testing.T) {
	for _, d := range []search.Domain{search.Choice{Values: []any{"a", "b", "c"}}, search.Int{Low: 1, High: 7}, search.Int{Low: 1, High: 20, Log: true}} {
		for k := range 1000 {
			u := (float64(k) + 0.5) / 1000
			moved := placedOn(d, u)
			before, err := d.At(u)
			after, err2 := d.At(moved)
			if err != nil || err2 != nil || before != after {
				t.Fatalf("%T: %v at %v is drawn at %v, where %v is", d, before, u, moved, after)
			}
		}
	}
	if placedOn(search.Uniform{High: 1}, 0.123) != 0.123 {
		t.Error("a number is moved")
	}
}

// TestScoreWindow: bad scores are left out, the best ones never.
func TestScoreWindow(t *testing.T) {
	for _, c := range []struct {
		name      string
		scores    []float64
		greater   bool
		low, high float64
	}{
		{"accuracy", []float64{0.9, 0.8, 0.7, 0.1}, true, 0.6, 0.9},
		{"RMSE", []float64{1, 2, 3, 100}, false, 1, 7},
		{"most are the best", []float64{1, 1, 1, 0.5}, true, 0.5, 1},
		{"one", []float64{2}, true, 1.9, 2.1},
	} {
		low, high := scoreWindow(c.scores, c.greater)
		if math.Abs(low-c.low) > 1e-9 || math.Abs(high-c.high) > 1e-9 {
			t.Errorf("%s: %v to %v, want %v to %v", c.name, low, high, c.low, c.high)
		}
	}
}
