package metrics_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/seed732fc211/aegis/metrics"
)

// TestSums: the score of the sums of all rows is the metric itself, and that of some rows that of
// these alone.
func TestSums(t *testing.T) {
	relevance := []float64{1, 0, 2, 0, 1, 0, 0, 0}
	scores := []float64{0.9, 0.8, 0.1, 0.5, 0.5, 0.5, 1, 2}
	groups := []int{1, 1, 1, 2, 2, 2, 3, 3}
	ranks, err := metrics.ReciprocalRanks(relevance, scores, groups)
	if err != nil || fmt.Sprint(ranks) != "[1 0.3333333333333333 0]" { // in the second group both others come first
		t.Errorf("%v, %v", ranks, err)
	}
	recalls, err := metrics.RecallsAt(relevance, scores, groups, 2)
	if err != nil || fmt.Sprint(recalls) != "[0.5 0.6666666666666666 0]" {
		t.Errorf("%v, %v", recalls, err)
	}
	texts := []string{"light", "日本"}
	for name, c := range map[string]struct {
		sums func() (metrics.Sums, error)
		all  func() (float64, error)
		one  func() (float64, error) // of row 0
	}{
		"BLEU": {func() (metrics.Sums, error) { return metrics.BLEUSums(translated, references) }, func() (float64, error) { return metrics.BLEU(translated, references) },
			func() (float64, error) { return metrics.BLEU(translated[:1], references[:1]) }},
		"chrF": {func() (metrics.Sums, error) { return metrics.ChrFSums(translated, references) }, func() (float64, error) { return metrics.ChrF(translated, references) },
			func() (float64, error) { return metrics.ChrF(translated[:1], references[:1]) }},
		"perplexity": {func() (metrics.Sums, error) { return metrics.PerplexitySums([]float64{3, 8}, []int{2, 3}) }, func() (float64, error) { return metrics.Perplexity(11, 5) },
			func() (float64, error) { return metrics.Perplexity(3, 2) }},
		"bits": {func() (metrics.Sums, error) { return metrics.BitsPerCharacterSums([]float64{3, 8}, texts) }, func() (float64, error) { return metrics.BitsPerCharacter(11, "light日本") },
			func() (float64, error) { return metrics.BitsPerCharacter(3, "light") }},
		"MRR": {func() (metrics.Sums, error) { return metrics.MeanSums(ranks) }, func() (float64, error) { return metrics.MRR(relevance, scores, groups) },
			func() (float64, error) { return metrics.MRR(relevance[:3], scores[:3], groups[:3]) }},
		"recall": {func() (metrics.Sums, error) { return metrics.MeanSums(recalls) }, func() (float64, error) { return metrics.RecallAt(relevance, scores, groups, 2) },
			func() (float64, error) { return metrics.RecallAt(relevance[:3], scores[:3], groups[:3], 2) }},
	} {
		s, err := c.sums()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all, err := c.all()
		if err != nil || math.Abs(s.Total()-all) > 1e-12*all || !(all > 0) {
			t.Errorf("%s: %v of sums, %v, %v", name, s.Total(), all, err)
		}
		one, err := c.one()
		if have := s.Score(s.Rows[0]); err != nil || math.Abs(have-one) > 1e-12*one {
			t.Errorf("%s of row 0: %v of sums, %v, %v", name, have, one, err)
		}
		if v := s.Score(s.Rows[0][1:]); !math.IsNaN(v) {
			t.Errorf("%s of a number less: %v", name, v)
		}
	}
}

func TestSumsRefuse(t *testing.T) {
	nan := math.NaN()
	first := func(_ metrics.Sums, err error) error { return err }
	_, noGroups := metrics.RecallsAt([]float64{1}, []float64{1}, nil, 1)
	_, noPlaces := metrics.RecallsAt([]float64{1}, []float64{1}, []int{1}, 0)
	_, negative := metrics.ReciprocalRanks([]float64{-1}, []float64{1}, []int{1})
	for name, err := range map[string]error{
		"BLEU: none": first(metrics.BLEUSums(nil, nil)), "BLEU: lengths": first(metrics.BLEUSums([]string{"a"}, nil)), "BLEU: no reference": first(metrics.BLEUSums([]string{"a"}, [][]string{nil})),
		"chrF: none": first(metrics.ChrFSums(nil, nil)), "chrF: no reference": first(metrics.ChrFSums([]string{"a"}, [][]string{nil})),
		"perplexity: none": first(metrics.PerplexitySums(nil, nil)), "perplexity: lengths": first(metrics.PerplexitySums([]float64{1}, nil)), "perplexity: loss": first(metrics.PerplexitySums([]float64{-1}, []int{1})),
		"perplexity: NaN": first(metrics.PerplexitySums([]float64{nan}, []int{1})), "perplexity: tokens": first(metrics.PerplexitySums([]float64{1, 1}, []int{1, -1})), "perplexity: no token": first(metrics.PerplexitySums([]float64{0}, []int{0})),
		"bits: no character": first(metrics.BitsPerCharacterSums([]float64{0}, []string{""})), "bits: lengths": first(metrics.BitsPerCharacterSums([]float64{0}, nil)),
		"mean: none": first(metrics.MeanSums(nil)), "mean: NaN": first(metrics.MeanSums([]float64{1, nan})),
		"recalls: groups": noGroups, "recalls: places": noPlaces, "ranks: relevance": negative,
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, s := range map[string]metrics.Sums{"none": {}, "ragged": {Rows: [][]float64{{1, 2}, {1}}, Score: func([]float64) float64 { return 1 }}} {
		if v := s.Total(); !math.IsNaN(v) {
			t.Errorf("%s: total %v", name, v)
		}
	}
}

func ExampleBLEUSums() {
	s, err := metrics.BLEUSums(translated, references)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.2f of %d sentences, %v of the first\n", s.Total(), len(s.Rows), s.Rows[0])
	// Output: 48.53 of 3 sentences, [6 5 4 3 6 5 4 3 6 6] of the first
}

func ExampleMeanSums() {
	// Two queries: the first relevant row of one is in place 1, that of the other in place 2.
	ranks, err := metrics.ReciprocalRanks([]float64{1, 0, 0, 1}, []float64{9, 8, 9, 8}, []int{1, 1, 2, 2})
	if err != nil {
		panic(err)
	}
	s, err := metrics.MeanSums(ranks)
	fmt.Println(s.Rows, s.Total(), err)
	// Output: [[1 1] [0.5 1]] 0.75 <nil>
}

func ExamplePerplexitySums() {
	s, err := metrics.PerplexitySums([]float64{2 * math.Log(8), 4 * math.Log(8)}, []int{2, 4})
	fmt.Printf("%.1f %v\n", s.Total(), err)
	// Output: 8.0 <nil>
}
