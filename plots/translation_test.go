package plots_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/plots"
)

// attended is what a translation looks at, with a word that is split and a swap.
func attended() plots.Attention {
	return plots.Attention{
		Source: []string{"data", "files", "for", "Calligra", "Gemini", "(end)"}, Target: []string{"fichiers", "de", "données", "pour", "Calligra", "Gemini", "(end)"},
		Weights: [][]float64{{0.2, 0.7, 0.1, 0, 0, 0}, {0.4, 0.4, 0.1, 0, 0, 0.1}, {0.9, 0.1, 0, 0, 0, 0}, {0, 0.05, 0.9, 0.05, 0, 0}, {0, 0, 0, 0.95, 0.05, 0}, {0, 0, 0, 0.3, 0.7, 0}, {0, 0, 0, 0, 0.1, 0.9}},
	}
}

func translated() plots.TranslationReport {
	a := attended()
	return plots.TranslationReport{
		Title: "Translation from en to fr", BestEpoch: 3,
		Curves: []data.Curve{{Name: "loss", Values: []float64{6.1, 4.8, 4.0}}, {Name: "val_loss", Values: []float64{5.2, 4.4, 4.1}}},
		Times:  []time.Duration{4 * time.Minute, 8 * time.Minute, 12 * time.Minute}, BLEU: []float64{2.5, math.NaN(), 14},
		Lines: []plots.TranslationLine{
			{Name: "transformer", BLEU: stats.Test{Estimate: 24.1, Low: 22.5, High: 25.8}, ChrF: stats.Test{Estimate: 51, Low: 49.8, High: 52.3}, Time: 92 * time.Second},
			{Name: "word by word", BLEU: stats.Test{Estimate: 14.3, Low: 12.9, High: 16.4}, ChrF: stats.Test{Estimate: 53.4, Low: 52, High: 54.9}, Time: 72 * time.Millisecond},
		},
		Attention: &a, Examples: []string{"en: data files", "fr: fichiers de données"}, Notes: []string{"transformer is better"}, Facts: []plots.Fact{{Name: "seed", Value: "1"}},
	}
}

func translationFigures(must func(*plots.Figure, error) *plots.Figure) map[string]*plots.Figure {
	return map[string]*plots.Figure{"attention": must(plots.AttentionMap(attended())), "translation": must(plots.Translation(translated()))}
}

func TestAttentionMapRefuses(t *testing.T) {
	for want, change := range map[string]func(a *plots.Attention){
		"0 rows for 7 target":              func(a *plots.Attention) { a.Weights = nil },
		"for 0 target":                     func(a *plots.Attention) { a.Target, a.Weights = nil, nil },
		"row 1 of the attention map has 1": func(a *plots.Attention) { a.Weights[1] = a.Weights[1][:1] },
		"holds NaN at row 0, column 2":     func(a *plots.Attention) { a.Weights[0][2] = math.NaN() },
		"holds -0.1 at row 3, column 0":    func(a *plots.Attention) { a.Weights[3][0] = -0.1 },
		"holds 1.5 at row 6, column 5":     func(a *plots.Attention) { a.Weights[6][5] = 1.5 },
		"0 source tokens: want 1 to 200":   func(a *plots.Attention) { a.Source = nil },
	} {
		a := attended()
		change(&a)
		if _, err := plots.AttentionMap(a); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	r := translated()
	r.BLEU = r.BLEU[:1]
	if _, err := plots.Translation(r); err == nil {
		t.Error("three times of one score")
	}
	r = translated()
	r.Curves = nil
	if _, err := plots.Translation(r); err == nil {
		t.Error("a page without a loss")
	}
}

// What a translation looks at: like testdata/attention.png.
func ExampleAttentionMap() {
	show(plots.AttentionMap(plots.Attention{Source: []string{"blue", "door"}, Target: []string{"porte", "bleue"}, Weights: [][]float64{{0.1, 0.9}, {0.8, 0.2}}}))
	// Output: figure, 4.6 x 4.0 inches
}

// A page about a translation model: like testdata/translation.png.
func ExampleTranslation() {
	show(plots.Translation(plots.TranslationReport{
		Title: "A toy", Curves: []data.Curve{{Name: "loss", Values: []float64{2, 1}}}, Lines: []plots.TranslationLine{{Name: "rnn", BLEU: stats.Test{Estimate: 20, Low: 18, High: 22}}},
	}))
	// Output: figure, 14.0 x 6.5 inches
}
