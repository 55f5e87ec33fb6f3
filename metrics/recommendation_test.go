package metrics_test

import (
	"encoding/json"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/metrics"
)

// TestScoreListReference: NumPy 1.24 and scikit-learn 1.2.1 by testdata/recommendation.py.
func TestScoreListReference(t *testing.T) {
	raw, err := os.ReadFile("testdata/recommendation.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		List, Relevant                              []int
		K                                           int
		Recall, Precision, NDCG, AP, RR, Hit, Whole float64
	}
	if err := json.Unmarshal(raw, &cases); err != nil || len(cases) < 40 {
		t.Fatal(len(cases), err)
	}
	for i, c := range cases {
		got, err := metrics.ScoreList(c.List, c.Relevant, c.K)
		if err != nil {
			t.Fatal(i, err)
		}
		for name, v := range map[string][2]float64{
			"recall": {got.Recall, c.Recall}, "precision": {got.Precision, c.Precision}, "NDCG": {got.NDCG, c.NDCG}, "AP": {got.AP, c.AP},
			"RR": {got.RR, c.RR}, "hit": {got.Hit, c.Hit}, "NDCG of scikit-learn": {got.NDCG, c.Whole},
		} {
			if math.Abs(v[0]-v[1]) > 1e-12 {
				t.Errorf("case %d: %s is %v, want %v", i, name, v[0], v[1])
			}
		}
	}
}

// TestScoreListByHand has the cases of which the scores are seen at a glance.
func TestScoreListByHand(t *testing.T) {
	third, twoThirds := 1/math.Log2(4), 2./3
	for _, c := range []struct {
		name           string
		list, relevant []int
		k              int
		want           metrics.ListScores
	}{
		{"all found", []int{4, 7}, []int{7, 4}, 2, metrics.ListScores{1, 1, 1, 1, 1, 1}},
		{"nothing found", []int{1, 2, 3}, []int{9}, 3, metrics.ListScores{}},
		{"third of three", []int{1, 2, 3}, []int{3}, 3, metrics.ListScores{1, 1. / 3, third, 1. / 3, 1. / 3, 1}},
		{"beyond k", []int{1, 2, 3}, []int{3}, 2, metrics.ListScores{}},
		{"more relevant than places", []int{1, 2}, []int{1, 2, 3, 4}, 2, metrics.ListScores{0.5, 1, 1, 1, 1, 1}},
		{"a list shorter than k", []int{1}, []int{1, 2}, 4, metrics.ListScores{0.5, 0.25, 1 / (1 + 1/math.Log2(3)), 0.5, 1, 1}},
		{"an empty list", nil, []int{1}, 5, metrics.ListScores{}},
		{"first and third", []int{5, 6, 7, 8}, []int{5, 7}, 4, metrics.ListScores{1, 0.5, (1 + third) / (1 + 1/math.Log2(3)), (1 + twoThirds) / 2, 1, 1}},
	} {
		got, err := metrics.ScoreList(c.list, c.relevant, c.k)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v, want %+v", c.name, got, err, c.want)
		}
	}
}

// TestScoreListProperties: scores are within [0, 1], do not fall if a relevant item moves up, and are
// those of any order of the relevant items.
func TestScoreListProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	moved := 0
	for range 500 {
		items := 2 + r.IntN(20)
		list := r.Perm(items)
		relevant := r.Perm(items)[:1+r.IntN(items)]
		k := 1 + r.IntN(items+3)
		was, err := metrics.ScoreList(list, relevant, k)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []float64{was.Recall, was.Precision, was.NDCG, was.AP, was.RR, was.Hit} {
			if !(v >= 0 && v <= 1+1e-15) {
				t.Fatalf("%+v", was)
			}
		}
		slices.Reverse(relevant)
		if again, _ := metrics.ScoreList(list, relevant, k); again != was {
			t.Fatalf("%+v with the relevant ones in another order, %+v", again, was)
		}
		at := 1 + r.IntN(items-1)
		if slices.Contains(relevant, list[at]) && !slices.Contains(relevant, list[at-1]) {
			moved++
			list[at], list[at-1] = list[at-1], list[at]
			now, err := metrics.ScoreList(list, relevant, k)
			if err != nil || now.NDCG < was.NDCG || now.AP < was.AP-1e-15 || now.RR < was.RR || now.Recall < was.Recall || at < k && !(now.NDCG > was.NDCG) {
				t.Fatalf("%+v, %v after a relevant item moved up from place %d of %d, %+v before", now, err, at+1, k, was)
			}
		}
	}
	if moved < 50 {
		t.Errorf("moved an item %d times only", moved)
	}
}

func TestCatalogueCoverage(t *testing.T) {
	lists := [][]int{{0, 1, 2}, {1, 2}, {}, {3, 4, 0}}
	for _, c := range []struct {
		k    int
		want float64
	}{{1, 0.3}, {2, 0.5}, {3, 0.5}, {9, 0.5}} {
		if got, err := metrics.CatalogueCoverage(lists, c.k, 10); err != nil || got != c.want {
			t.Errorf("first %d: %v, %v, want %v", c.k, got, err, c.want)
		}
	}
}

func TestRecommendationMistakes(t *testing.T) {
	for want, f := range map[string]func() error{
		"first 0 items":          func() error { _, err := metrics.ScoreList([]int{1}, []int{1}, 0); return err },
		"no item is relevant":    func() error { _, err := metrics.ScoreList([]int{1}, nil, 1); return err },
		"item 4 is relevant":     func() error { _, err := metrics.ScoreList([]int{1}, []int{4, 4}, 1); return err },
		"place 3 of a list":      func() error { _, err := metrics.ScoreList([]int{1, 2, 1}, []int{4}, 3); return err },
		"no rows":                func() error { _, err := metrics.CatalogueCoverage(nil, 1, 1); return err },
		"by the first 0":         func() error { _, err := metrics.CatalogueCoverage([][]int{{0}}, 0, 1); return err },
		"of 0 items":             func() error { _, err := metrics.CatalogueCoverage([][]int{{0}}, 1, 0); return err },
		"item 7 of a catalogue":  func() error { _, err := metrics.CatalogueCoverage([][]int{{0}, {7}}, 1, 7); return err },
		"item -1 of a catalogue": func() error { _, err := metrics.CatalogueCoverage([][]int{{-1}}, 1, 7); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func ExampleScoreList() {
	list, heldOut := []int{12, 5, 8, 31}, []int{8, 12}
	s, err := metrics.ScoreList(list, heldOut, 3)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("recall %.2f, NDCG %.2f, AP %.2f, RR %.2f\n", s.Recall, s.NDCG, s.AP, s.RR)
	// Output: recall 1.00, NDCG 0.92, AP 0.83, RR 1.00
}

func ExampleCatalogueCoverage() {
	show(metrics.CatalogueCoverage([][]int{{0, 3}, {3, 1}}, 2, 10))
	// Output: 0.3000
}
