package search

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// made returns a library of made-up predictions of n rows of two classes.
func made(t *testing.T, labels []int, proba ...[]float64) *library {
	t.Helper()
	rows := make([][]float64, len(labels))
	for i := range rows {
		rows[i] = []float64{0}
	}
	set, err := data.FromLabels("made up", rows, labels, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	rules, err := set.Rules()
	if err != nil {
		t.Fatal(err)
	}
	l := &library{rules: rules, truth: set, width: 2}
	for i, p := range proba {
		one := &data.Prediction{}
		for _, v := range p {
			one.Proba = append(one.Proba, 1-v, v)
			label := 0
			if v > 0.5 {
				label = 1
			}
			one.Labels = append(one.Labels, label)
		}
		l.trials, l.list = append(l.trials, i), append(l.list, one)
	}
	if err := l.judge(data.Accuracy); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestEnsembleSelection: two models that err on different rows are averaged, and the mean of
// every prefix that is worse is not kept: against all combinations of up to six picks.
func TestEnsembleSelection(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	labels := make([]int, 40)
	members := make([][]float64, 4)
	for i := range labels {
		labels[i] = r.IntN(2)
		for m := range members {
			v := float64(labels[i])*0.6 + 0.2 + 0.35*r.NormFloat64()
			members[m] = append(members[m], min(0.99, max(0.01, v)))
		}
	}
	l := made(t, labels, members...)
	all := make([]int, len(labels))
	for i := range all {
		all[i] = i
	}
	brier := func(counts []int) float64 {
		loss, err := l.mean(all, l.blend(all, counts).Proba)
		if err != nil {
			t.Fatal(err)
		}
		return loss
	}
	counts, err := l.selectOn(all, Ensemble{Steps: 6})
	if err != nil {
		t.Fatal(err)
	}
	single, every := math.Inf(1), math.Inf(1)
	for a := range 7 {
		for b := range 7 - a {
			for c := range 7 - a - b {
				for d := range 7 - a - b - c {
					if k := []int{a, b, c, d}; a+b+c+d > 0 {
						v := brier(k)
						every = min(every, v)
						if slices.Max(k) == a+b+c+d {
							single = min(single, v)
						}
					}
				}
			}
		}
	}
	got := brier(counts)
	t.Logf("counts %v: %.4f; best member %.4f, best of all combinations %.4f", counts, got, single, every)
	if got >= single || got > every+0.1*(single-every) {
		t.Errorf("the ensemble has %v, the best member %v, the best combination %v", got, single, every)
	}
	one, err := l.selectOn(all, Ensemble{Steps: 6, Most: 1})
	if err != nil || math.Abs(brier(one)-single) > 1e-12 {
		t.Errorf("one member: %v, %v", one, err)
	}
}

// TestCorrectedIsHonest: 40 models that guess. The best of them looks better than a guess;
// corrected for the choice it does not.
func TestCorrectedIsHonest(t *testing.T) {
	var optimistic, corrected, covered float64
	const sims = 40
	for s := range uint64(sims) {
		r := rand.New(rand.NewPCG(8, s))
		labels := make([]int, 100)
		for i := range labels {
			labels[i] = i % 2
		}
		members := make([][]float64, 40)
		for m := range members {
			for range labels {
				members[m] = append(members[m], r.Float64())
			}
		}
		l := made(t, labels, members...)
		choose, err := l.best(data.Accuracy)
		if err != nil {
			t.Fatal(err)
		}
		all := make([]int, len(labels))
		for i := range all {
			all[i] = i
		}
		counts, err := choose(all)
		if err != nil {
			t.Fatal(err)
		}
		loss, err := l.score(data.Accuracy, all, l.blend(all, counts))
		if err != nil {
			t.Fatal(err)
		}
		e, err := l.corrected(t.Context(), data.Accuracy, s, 200, 0, choose)
		if err != nil {
			t.Fatal(err)
		}
		optimistic -= loss / sims
		corrected += e.Score / sims
		if e.Low <= 0.5 && e.High >= 0.5 {
			covered += 1. / sims
		}
	}
	t.Logf("optimistic %.3f, corrected %.3f, its interval holds 0.5 in %.2f", optimistic, corrected, covered)
	if optimistic < 0.58 || math.Abs(corrected-0.5) > 0.03 || covered < 0.9 {
		t.Errorf("optimistic %.3f, corrected %.3f, covered %.2f", optimistic, corrected, covered)
	}
}

// TestStackWeights: the weights are those of the best point of a grid.
func TestStackWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	want := make([]float64, 200)
	x := make([][]float64, 3)
	for k := range want {
		want[k] = r.NormFloat64()
		x[0] = append(x[0], want[k]+0.5*r.NormFloat64())
		x[1] = append(x[1], want[k]+0.8*r.NormFloat64())
		x[2] = append(x[2], r.NormFloat64())
	}
	loss := func(w []float64) float64 {
		sum := 0.0
		for k := range want {
			d := -want[k]
			for i := range w {
				d += w[i] * x[i][k]
			}
			sum += d * d
		}
		return sum
	}
	w := simplexLeastSquares(x, want)
	least := math.Inf(1)
	for a := 0.0; a <= 1; a += 0.005 {
		for b := 0.0; a+b <= 1; b += 0.005 {
			least = min(least, loss([]float64{a, b, 1 - a - b}))
		}
	}
	if loss(w) > least*(1+1e-6) || math.Abs(w[0]+w[1]+w[2]-1) > 1e-12 || min(w[0], w[1], w[2]) < 0 {
		t.Errorf("weights %v have %v, the grid's best %v", w, loss(w), least)
	}
}
