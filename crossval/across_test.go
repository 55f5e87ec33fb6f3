package crossval_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
)

// named returns a result of three candidates with the given mean scores on a set of a name.
func named(t *testing.T, name string, greater bool, scores ...float64) *crossval.Result {
	t.Helper()
	r := scored(t, greater, map[string][]float64{"a": {scores[0], scores[0]}, "b": {scores[1], scores[1]}, "c": {scores[2], scores[2]}}, "a", "b", "c")
	r.Data.Name = name
	return r
}

// The scores are those of the reference of package stats, "friedman.no_ties", made by R:
// χ² 8.333333, p 0.0155; Iman and Davenport's F 11.36, p 0.00266; mean ranks 2, 1.167, 2.833.
var demsar = [][]float64{{0.8, 0.82, 0.79}, {0.75, 0.78, 0.7}, {0.9, 0.91, 0.89}, {0.6, 0.66, 0.61}, {0.71, 0.7, 0.69}, {0.88, 0.9, 0.84}}

func TestCompareSets(t *testing.T) {
	for _, greater := range []bool{true, false} {
		var results []*crossval.Result
		for i, row := range demsar {
			s := row
			if !greater {
				s = []float64{1 - row[0], 1 - row[1], 1 - row[2]}
			}
			results = append(results, named(t, string(rune('A'+i)), greater, s...))
		}
		a, err := crossval.CompareSets(results, "", 0.01)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(a.Friedman.Statistic-25./3) > 1e-9 || math.Abs(a.Friedman.P-0.0155038535990093) > 1e-9 || math.Abs(a.ImanDavenport.P-0.00266348908851123) > 1e-9 {
			t.Errorf("%v\n%v", a.Friedman, a.ImanDavenport)
		}
		for j, want := range []float64{2, 7. / 6, 17. / 6} {
			if math.Abs(a.Ranking.Mean[j]-want) > 1e-9 {
				t.Errorf("mean rank of %s: %v, want %v", a.Models[j], a.Ranking.Mean[j], want)
			}
		}
		if len(a.Pairs) != 3 || a.Pairs[2].First != "b" || a.Pairs[2].Second != "c" || a.Pairs[2].P != 2./64 || math.Abs(a.Pairs[2].PHolm-6./64) > 1e-12 {
			t.Errorf("pairs %+v", a.Pairs)
		}
		if p := a.Pairs[2].Belief; p.Greater < 0.9 {
			t.Errorf("b is better than c with probability %v", p.Greater)
		}
		table := a.Table()
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.Pairs {
			if v := a.Verdict(i); !strings.Contains(table, v) || !strings.Contains(string(text), strings.ReplaceAll(strings.ReplaceAll(v, "<", `\u003c`), ">", `\u003e`)) {
				t.Errorf("table and file do not say %q", v)
			}
		}
		t.Log(table)
	}
}

func TestCompareSetsRefuses(t *testing.T) {
	one, two := named(t, "A", true, 0.1, 0.2, 0.3), named(t, "B", true, 0.1, 0.2, 0.3)
	broken := named(t, "C", true, 0.1, 0.2, 0.3)
	broken.Runs = broken.Runs[:1]
	for _, c := range []struct {
		want    string
		results []*crossval.Result
		metric  string
		region  float64
	}{
		{"want 2 or more", []*crossval.Result{one}, "", 0},
		{"none that is nil", []*crossval.Result{one, nil}, "", 0},
		{"no metric", []*crossval.Result{one, two}, "luck", 0},
		{"of the data set", []*crossval.Result{one, one}, "", 0},
		{"candidates have all folds", []*crossval.Result{one, broken}, "", 0},
		{"region of NaN", []*crossval.Result{one, two}, "", math.NaN()},
	} {
		if _, err := crossval.CompareSets(c.results, c.metric, c.region); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
