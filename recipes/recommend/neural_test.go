package recommend

import (
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/kernel"
	models "github.com/seed732fc211/aegis/models/recommend"
)

// TestSampled: an epoch has each pair once, and after it negatives that the user does not have; rows are the same in any order of
// reading; epochs differ.
func TestSampled(t *testing.T) {
	h := &data.Histories{Items: 6, Start: []int{0, 2, 3, 6}, Item: []int{5, 0, 3, 1, 2, 4}, Weight: []float64{1, 1, 1, 1, 1, 1}}
	const negatives, epochs = 3, 8
	s, err := newSampled(h, negatives, epochs, 7)
	if err != nil {
		t.Fatal(err)
	}
	st, err := s.Stream()
	if err != nil {
		t.Fatal(err)
	}
	if st.Rows != 6*(1+negatives)*epochs {
		t.Fatalf("%d rows", st.Rows)
	}
	rows := make([]int, st.Rows)
	for i := range rows {
		rows[i] = i
	}
	var all, back data.Set
	if err := st.Load(rows, &all); err != nil {
		t.Fatal(err)
	}
	users, items, targets := all.Inputs[0].Data().([]int), all.Inputs[1].Data().([]int), all.Targets[0].Data().([]float64)
	orders, others := map[string]bool{}, map[int]bool{}
	for e := range epochs {
		pairs := map[[2]int]bool{}
		order := ""
		for k := range 6 * (1 + negatives) {
			i := e*6*(1+negatives) + k
			has, _ := h.Of(users[i])
			if found := slices.Contains(has, items[i]); found != (k%(1+negatives) == 0) || found != (targets[i] == 1) {
				t.Fatalf("row %d: user %d, item %d, target %v", i, users[i], items[i], targets[i])
			}
			if targets[i] == 1 {
				pairs[[2]int{users[i], items[i]}] = true
				order += string(rune('a' + items[i]))
			} else {
				others[users[i]*10+items[i]] = true
				if users[i] != users[i-1] {
					t.Fatalf("row %d: a negative of user %d after user %d", i, users[i], users[i-1])
				}
			}
		}
		orders[order] = true
		if len(pairs) != 6 {
			t.Errorf("epoch %d has the pairs %v", e, pairs)
		}
	}
	if len(orders) < epochs-1 || len(others) != 12 {
		t.Errorf("%d orders, negatives %v", len(orders), others)
	}
	slices.Reverse(rows)
	if err := st.Load(rows, &back); err != nil {
		t.Fatal(err)
	}
	got := back.Inputs[1].Data().([]int)
	slices.Reverse(got)
	if !slices.Equal(got, items) {
		t.Error("rows depend on the order in which they are read")
	}
}

// TestNeural: it learns tastes, has the same bits with other numbers of workers, and is saved and read.
func TestNeural(t *testing.T) {
	x, _, err := models.Made{Users: 200, Items: 50, Length: 10, Follow: -1}.Make(5)
	if err != nil {
		t.Fatal(err)
	}
	l := Neural{Net: models.NeuralCF{Dim: 8, Hidden: []int{16, 8}}, Epochs: 12, LearningRate: 0.01, Batch: 256}
	s := &Study{Rows: x, K: 5, Seed: 2}
	net, err := s.Score(context.Background(), Candidate{"neural", []models.Learner{l}})
	if err != nil {
		t.Fatal(err)
	}
	popular, err := s.Score(context.Background(), Candidate{"popularity", []models.Learner{models.Popularity{}}})
	if err != nil {
		t.Fatal(err)
	}
	if !(net.NDCG.Estimate > 1.2*popular.NDCG.Estimate) {
		t.Errorf("an NDCG of %v, popularity %v", net.NDCG.Estimate, popular.NDCG.Estimate)
	}
	l.Epochs = 1
	defer kernel.SetThreads(kernel.Threads())
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
		path := filepath.Join(t.TempDir(), "model.safetensors")
		if err := r.Save(path); err != nil {
			t.Fatal(err)
		}
		again, err := models.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if lists[2], err = again.ForUser("user 0000011", 8); err != nil || !reflect.DeepEqual(again.Learner, l) {
			t.Fatal(again.Learner, err)
		}
		if _, err := again.ForItems([]string{"item 0000001"}, 3); err == nil || !strings.Contains(err.Error(), "was not trained on") {
			t.Errorf("someone who was not trained on: %v", err)
		}
	}
	if !slices.Equal(lists[0], lists[1]) || !slices.Equal(lists[0], lists[2]) {
		t.Errorf("%v with one worker, %v with three, %v read", lists[0], lists[1], lists[2])
	}
}

func TestNeuralMistakes(t *testing.T) {
	full := &data.Histories{Items: 1, Start: []int{0, 1}, Item: []int{0}, Weight: []float64{1}}
	h := &data.Histories{Items: 3, Start: []int{0, 1}, Item: []int{0}, Weight: []float64{1}}
	for _, c := range []struct {
		want string
		l    Neural
		h    *data.Histories
	}{
		{"-1 negatives", Neural{Negatives: -1}, h},
		{"histories of no users", Neural{}, nil},
		{"user 0 has all 1 items", Neural{}, full},
		{"the histories are empty", Neural{}, &data.Histories{Items: 3, Start: []int{0, 0}}},
		{"want at most 1073741824 rows", Neural{Epochs: 1 << 30}, h},
		{"number of units of -2", Neural{Net: models.NeuralCF{Hidden: []int{-2}}}, h},
	} {
		if _, err := c.l.Fit(context.Background(), c.h, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}
