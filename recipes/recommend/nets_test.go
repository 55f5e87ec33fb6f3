package recommend_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/kernel"
	models "github.com/seed732fc211/aegis/models/recommend"
	"github.com/seed732fc211/aegis/recipes/recommend"
)

// sequences are rows in which most items follow from the one before.
func sequences(t *testing.T) (*data.Interactions, models.Scorer) {
	t.Helper()
	x, truth, err := models.Made{Users: 400, Items: 40, Length: 10, Follow: 0.8}.Make(6)
	if err != nil {
		t.Fatal(err)
	}
	return x, truth
}

var quickSequential = recommend.Sequential{Net: models.SASRec{Dim: 24, Depth: 1, Steps: 10}, Epochs: 25, LearningRate: 0.01}

// TestSequentialLearnsOrder: SASRec finds most of what the truth finds, where models that do not see the order find little; the same
// bits with other numbers of workers.
func TestSequentialLearnsOrder(t *testing.T) {
	x, truth := sequences(t)
	s := &recommend.Study{Rows: x, K: 5, Seed: 3}
	best, err := s.ScoreOf(context.Background(), "truth", truth)
	if err != nil {
		t.Fatal(err)
	}
	got := scored(t, s, []recommend.Candidate{{Name: "sasrec", Learners: []models.Learner{quickSequential}}, {Name: "item-knn", Learners: []models.Learner{models.ItemKNN{}}}})
	if a, b, c := got[0].NDCG.Estimate, got[1].NDCG.Estimate, best.NDCG.Estimate; !(a > 0.75*c) || !(b < 0.6*c) {
		t.Errorf("sasrec has an NDCG of %v, item-knn %v, the truth %v", a, b, c)
	}
}

// TestNetsWorkers: the same scores with one worker and with three, and after a file.
func TestNetsWorkers(t *testing.T) {
	x, _ := sequences(t)
	features := make([][]int, len(x.Items))
	for i := range features {
		features[i] = []int{i % 5, 5 + i%3}
	}
	defer kernel.SetThreads(kernel.Threads())
	for name, l := range map[string]models.Learner{
		"sasrec": recommend.Sequential{Net: models.SASRec{Dim: 8, Depth: 1, Steps: 10}, Epochs: 2}, "two-tower": recommend.TwoTower{Dim: 8, Features: features, Epochs: 2, Batch: 128},
	} {
		var lists [3][]models.Recommendation
		for k, threads := range []int{1, 3} {
			kernel.SetThreads(threads)
			r, err := models.Fit(context.Background(), l, x, 5)
			if err != nil {
				t.Fatal(err)
			}
			if lists[k], err = r.ForUser("user 0000011", 8); err != nil || len(lists[k]) != 8 {
				t.Fatal(lists[k], err)
			}
			if k == 0 {
				continue
			}
			path := filepath.Join(t.TempDir(), "model.safetensors")
			if err := r.Save(path); err != nil {
				t.Fatal(err)
			}
			again, err := models.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(again.Learner, l) {
				t.Errorf("%s: read %+v, want %+v", name, again.Learner, l)
			}
			if lists[2], err = again.ForUser("user 0000011", 8); err != nil {
				t.Fatal(err)
			}
			items := []string{"item 0000001", "item 0000002"}
			want, err := r.ForItems(items, 4)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := again.ForItems(items, 4); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %v, %v, want %v", name, got, err, want)
			}
		}
		if !slices.Equal(lists[0], lists[1]) || !slices.Equal(lists[0], lists[2]) {
			t.Errorf("%s: %v with one worker, %v with three, %v read", name, lists[0], lists[1], lists[2])
		}
	}
}

// TestTwoTowerFeatures: users like items of one of six kinds. Of the kinds a network learns more than of the items
// alone, of which each has few users.
func TestTwoTowerFeatures(t *testing.T) {
	const users, items, kinds = 150, 300, 6
	h := &data.Histories{Items: items, Start: []int{0}}
	features := make([][]int, items)
	for i := range features {
		features[i] = []int{i % kinds}
	}
	for u := range users {
		for k := range 6 {
			h.Item, h.Weight = append(h.Item, (u*7+k*11)%(items/kinds)*kinds+u%kinds), append(h.Weight, 1)
		}
		h.Start = append(h.Start, len(h.Item))
	}
	all, err := models.UsersOf(h)
	if err != nil {
		t.Fatal(err)
	}
	var share [2]float64
	for k, f := range [][][]int{nil, features} {
		s, err := (recommend.TwoTower{Dim: 16, Features: f, Epochs: 4, Batch: 64, LearningRate: 0.01}).Fit(context.Background(), h, 1)
		if err != nil {
			t.Fatal(err)
		}
		hits, err := models.TopK(context.Background(), s, all, items, 10)
		if err != nil {
			t.Fatal(err)
		}
		for u, list := range hits {
			for _, hit := range list {
				if hit.Item%kinds == u%kinds {
					share[k] += 1. / 10 / users
				}
			}
		}
	}
	if !(share[1] > share[0]+0.1) || share[1] < 0.8 {
		t.Errorf("%v of the first items are of the user's kind with features, %v without", share[1], share[0])
	}
}

// TestTwoTowerScore: the score is s times the cosine and the logarithm of the item's smoothed share.
func TestTwoTowerScore(t *testing.T) {
	h := &data.Histories{Items: 3, Start: []int{0, 2, 4, 6}, Item: []int{0, 1, 1, 0, 1, 0}, Weight: []float64{1, 1, 1, 1, 1, 1}}
	s, err := (recommend.TwoTower{Dim: 4, Epochs: 1, Batch: 2}).Fit(context.Background(), h, 1)
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]float32, 3)
	if err := s.Scores([]models.User{{Number: -1}}, scores); err != nil { // of nobody the shares alone are known
		t.Fatal(err)
	}
	for i, n := range []float64{4, 4, 1} {
		if want := math.Log(n / 9); math.Abs(float64(scores[i])-want) > 1e-6 {
			t.Errorf("item %d has the score %v, want %v", i, scores[i], want)
		}
	}
}

func TestNetsMistakes(t *testing.T) {
	h := &data.Histories{Items: 3, Start: []int{0, 2, 4}, Item: []int{0, 1, 1, 2}, Weight: []float64{1, 1, 1, 1}}
	wide := &data.Histories{Items: 1 << 22, Start: h.Start, Item: h.Item, Weight: h.Weight}
	lone := &data.Histories{Items: 3, Start: []int{0, 1}, Item: []int{0}, Weight: []float64{1}}
	for _, c := range []struct {
		want string
		l    models.Learner
		h    *data.Histories
	}{
		{"a patience of -1", recommend.Sequential{Patience: -1}, h},
		{"histories of no users", recommend.Sequential{}, nil},
		{"a dimension, number of blocks", recommend.Sequential{Net: models.SASRec{Dim: -1}}, h},
		{"268435456 logits a batch", recommend.Sequential{}, wide},
		{"none of 1 users has two items", recommend.Sequential{}, lone},
		{"-1 dimensions", recommend.TwoTower{Dim: -1}, h},
		{"histories of no users", recommend.TwoTower{}, nil},
		{"no user has two items", recommend.TwoTower{}, lone},
		{"features of 1 items", recommend.TwoTower{Features: [][]int{{1}}}, h},
		{"item 1 has the feature -1", recommend.TwoTower{Features: [][]int{{1}, {-1}, {}}}, h},
	} {
		_, err := c.l.Fit(context.Background(), c.h, 1)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
		if got := errors.Is(err, models.ErrTooLarge); got != (c.h == wide) {
			t.Errorf("%v: ErrTooLarge %v", err, got)
		}
	}
}

// What follows the last items of a user.
func ExampleSequential() {
	x, _, err := models.Made{Users: 100, Items: 20, Length: 8}.Make(1)
	if err != nil {
		log.Fatal(err)
	}
	r, err := models.Fit(context.Background(), recommend.Sequential{Net: models.SASRec{Dim: 16, Depth: 1}, Epochs: 2}, x, 1)
	if err != nil {
		log.Fatal(err)
	}
	list, err := r.ForItems([]string{"item 0000003", "item 0000011"}, 3)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(list))
	// Output: 3
}

// Items by what they are, too: here of two kinds.
func ExampleTwoTower() {
	x, _, err := models.Made{Users: 100, Items: 20, Length: 8}.Make(1)
	if err != nil {
		log.Fatal(err)
	}
	kinds := make([][]int, len(x.Items))
	for i := range kinds {
		kinds[i] = []int{i % 2}
	}
	r, err := models.Fit(context.Background(), recommend.TwoTower{Dim: 16, Features: kinds, Epochs: 2}, x, 1)
	if err != nil {
		log.Fatal(err)
	}
	list, err := r.ForUser("user 0000042", 3)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(list))
	// Output: 3
}

// Pairs and negatives through a network.
func ExampleNeural() {
	x, _, err := models.Made{Users: 60, Items: 20, Length: 8}.Make(1)
	if err != nil {
		log.Fatal(err)
	}
	r, err := models.Fit(context.Background(), recommend.Neural{Net: models.NeuralCF{Dim: 8, Hidden: []int{8}}, Epochs: 1}, x, 1)
	if err != nil {
		log.Fatal(err)
	}
	list, err := r.ForUser("user 0000042", 3)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(list))
	// Output: 3
}
