package plots

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

func TestShortNames(t *testing.T) {
	for _, c := range []struct {
		name     string
		in, want []string
	}{
		{"short", []string{"a", "b"}, []string{"a", "b"}},
		{"cut at the end", []string{"chronic disease", "other"}, []string{"chronic d…", "other"}},
		{"what all share is left out", []string{"species number 1", "species number 2"}, []string{"…1", "…2"}},
		{"line breaks", []string{"a\nb", "c"}, []string{"a b", "c"}},
		{"equal", []string{"same", "same"}, []string{"same", "sa…2"}},
		{"one inside the other", []string{"measurement", "measurement two"}, []string{"measureme…", "measurem…2"}},
		{"none", nil, []string{}},
	} {
		if got := shortNames(c.in, 10); !slices.Equal(got, c.want) {
			t.Errorf("%s: have %q, want %q", c.name, got, c.want)
		}
	}
}

func TestShortNamesDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringMatching(`(ab|measurement of )?[a-c]{0,20}`), 1, 60).Draw(t, "names")
		n := rapid.IntRange(6, 30).Draw(t, "n")
		short := shortNames(names, n)
		seen := map[string]bool{}
		for _, s := range short {
			if len([]rune(s)) > n+3 {
				t.Fatalf("%q is longer than %d", s, n)
			}
			if seen[s] {
				t.Fatalf("%q stands twice in %q", s, short)
			}
			seen[s] = true
		}
	})
}

func TestWrapKeepsAll(t *testing.T) {
	s := textStyle(bodySize, ink)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-zé苹]{0,40} ?){0,8}`).Draw(t, "text")
		width := vg.Length(rapid.Float64Range(12, 300).Draw(t, "width"))
		lines := wrap(s, text, width)
		for _, l := range lines {
			if len([]rune(l)) > 1 && s.Width(l) > width {
				t.Fatalf("%q is wider than %v", l, width)
			}
		}
		squeeze := func(v string) string { return strings.ReplaceAll(v, " ", "") }
		if squeeze(strings.Join(lines, "")) != squeeze(text) {
			t.Fatalf("%q became %q", text, lines)
		}
	})
}

// TestTableFits: no cell of a table lies on another or outside.
func TestTableFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "columns")
		b := &tableBlock{}
		for range n {
			b.head = append(b.head, column{name: rapid.StringMatching(`[a-z ]{0,30}`).Draw(t, "head")})
		}
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			row := make([]entry, n)
			for i := range row {
				row[i] = word(rapid.StringMatching(`[a-z ]{0,90}`).Draw(t, "cell"))
			}
			b.rows = append(b.rows, row)
		}
		width := vg.Length(rapid.Float64Range(150, 900).Draw(t, "width"))
		sum := vg.Length(0)
		for _, w := range b.columns(width) {
			if w <= 0 {
				t.Fatalf("a column of %v", w)
			}
			sum += w
		}
		if sum > width+1e-6 {
			t.Fatalf("columns of %v in %v", sum, width)
		}
	})
}

func TestCurveNotes(t *testing.T) {
	fall := func(n int, from, to float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = from + (to-from)*float64(i)/float64(n-1)
		}
		return out
	}
	fits := func(train, val []float64) [][]data.Curve {
		return [][]data.Curve{{{Name: "loss", Values: train}, {Name: "val_loss", Values: val}}}
	}
	flat := append(fall(20, 1, 0.5), fall(20, 0.5, 0.5)...)
	for _, c := range []struct {
		name   string
		curves Curves
		want   []string
	}{
		{"no validation", Curves{Fits: [][]data.Curve{{{Name: "loss", Values: flat}}}}, nil},
		{"nothing to say", Curves{Fits: fits(flat, flat), BestEpochs: []int{25}}, nil},
		{"underfitting", Curves{Fits: fits(fall(40, 2, 1), flat), BestEpochs: []int{20}}, []string{"Training loss (1.51) above validation (0.5) at the best epoch (epoch 20): a larger net"}},
		{"overfitting", Curves{Fits: fits(fall(40, 1, 0.1), flat), BestEpochs: []int{30}}, []string{"Validation loss (0.5) is 1.5 times the training loss (0.331) at the best epoch (epoch 30): more rows"}},
		{"rising", Curves{Fits: fits(flat, append(fall(20, 1, 0.5), fall(20, 0.5, 0.75)...)), BestEpochs: []int{20}}, []string{"Validation loss rises after epoch 20 (by 50% until the end)"}},
		{"falling at the end", Curves{Fits: fits(fall(40, 1, 0.5), fall(40, 1, 0.5)), BestEpochs: []int{40}}, []string{"in the last of 40 epochs: more epochs may help"}},
		{"the best epoch is found", Curves{Fits: fits(fall(40, 1, 0.5), fall(40, 1, 0.5))}, []string{"in the last of 40 epochs"}},
		{"NaN", Curves{Fits: fits([]float64{math.NaN()}, []float64{math.NaN()})}, nil},
		{"a validation curve longer than that of training", Curves{Fits: fits([]float64{1}, fall(9, 2, 1))}, nil},
		{"folds", Curves{Fits: append(fits(flat, flat), fits(flat[:30], flat[:30])...), BestEpochs: []int{25, 25}}, []string{"The 2 folds stopped at epochs 30 to 40"}},
	} {
		got := CurveNotes(c.curves)
		if len(got) != len(c.want) {
			t.Errorf("%s: have %q, want %q", c.name, got, c.want)
			continue
		}
		for i := range got {
			if !strings.Contains(got[i], c.want[i]) {
				t.Errorf("%s: have %q, want %q", c.name, got[i], c.want[i])
			}
		}
	}
}

// TestWilson: scipy.stats.binomtest(k, n).proportion_ci(method="wilson"), SciPy 1.10.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		right, rows int
		low, high   float64
	}{
		{0, 10, 0, 0.2775327998628892}, {5, 10, 0.2365930905125640, 0.7634069094874360}, {10, 10, 0.7224672001371106, 1},
	} {
		low, high := wilson(c.right, c.rows)
		if math.Abs(low-c.low) > 1e-9 || math.Abs(high-c.high) > 1e-9 {
			t.Errorf("%d of %d: have %v to %v", c.right, c.rows, low, high)
		}
	}
}

func TestMacroCurves(t *testing.T) {
	roc := macroROC([]Rates{{FPR: []float64{0, 0, 1}, TPR: []float64{0, 1, 1}, AUC: 1}, {FPR: []float64{0, 1}, TPR: []float64{0, 1}, AUC: 0.5}})
	area := 0.0
	for i := 1; i < len(roc.FPR); i++ {
		area += (roc.FPR[i] - roc.FPR[i-1]) * (roc.TPR[i] + roc.TPR[i-1]) / 2
	}
	if roc.AUC != 0.75 || math.Abs(area-roc.AUC) > 1e-9 {
		t.Errorf("area %v, AUC %v, want 0.75", area, roc.AUC)
	}
	pr := macroPR([]PrecisionRecalls{{Recall: []float64{1, 0.5, 0}, Precision: []float64{0.5, 1, 1}, AveragePrecision: 0.75}, {Recall: []float64{1, 0}, Precision: []float64{0.25, 1}, AveragePrecision: 0.25}})
	if pr.AveragePrecision != 0.5 || pr.Precision[0] != 0.375 || pr.Recall[0] != 1 {
		t.Errorf("have %v at recall %v, mean %v", pr.Precision[0], pr.Recall[0], pr.AveragePrecision)
	}
}

func TestUnbalanced(t *testing.T) {
	for _, c := range []struct {
		name   string
		counts []int
		want   bool
	}{
		{"even", []int{50, 50}, false}, {"a fifth", []int{20, 80}, false}, {"less", []int{19, 81}, true},
		{"sixty even classes", slices.Repeat([]int{5}, 60), false}, {"a class without rows", []int{5, 5, 0}, true},
	} {
		var labels []int
		for k, n := range c.counts {
			labels = append(labels, slices.Repeat([]int{k}, n)...)
		}
		if got := unbalanced(labels, len(c.counts)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestTokenNames: tokens of an attention map may repeat, and are cut like other names.
func TestTokenNames(t *testing.T) {
	if have := tokenNames([]string{"the", "ray\n", "the", "incomprehensibilities"}); have[0] != "the" || have[2] != "the" || len([]rune(have[3])) != maxToken {
		t.Errorf("names %q", have)
	}
}
