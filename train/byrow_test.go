package train_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// oneByOne returns small images as rows that are read one by one, and the most that were
// read at once. Row bad cannot be read; 0: all can.
func oneByOne(t *testing.T, set *data.Set, bad int) (data.Indexed, *atomic.Int64) {
	t.Helper()
	most := &atomic.Int64{}
	like, err := set.Rows([]int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	answers, inputs := *set, &data.Set{Inputs: set.Inputs}
	answers.Inputs = nil
	return data.Indexed{Like: like, Answers: &answers, Load: func(rows []int, into *data.Set) error {
		most.Store(max(most.Load(), int64(len(rows))))
		for _, r := range rows {
			if bad > 0 && r == bad {
				return errors.New("the file is gone")
			}
		}
		part, err := inputs.Rows(rows)
		if err == nil {
			into.Inputs = part.Inputs
		}
		return err
	}}, most
}

func smallImages(n int) *data.Set {
	r := rand.New(rand.NewPCG(1, 2))
	pix, labels := make([]float32, n*4*4), make([]int, n)
	for i := range labels {
		labels[i] = r.IntN(2)
		for k := range 16 {
			pix[i*16+k] = r.Float32() + float32(labels[i]*(k%2))
		}
	}
	return &data.Set{
		Name:   "squares",
		Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(n, 4, 4, 1), tensor.WithBacking(pix))}, Classes: []string{"a", "b"},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(labels))},
	}
}

type squaresNet struct{}

func (squaresNet) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	m, err := models.Sequential(models.Config{Seed: seed}, models.Input("x", 4, 4, 1), layers.Conv2D{Filters: 3, Size: [2]int{3, 3}}, layers.Relu, layers.Flatten{}, layers.Dense{Units: 2})
	if err == nil {
		m.Info.OfSet(rows)
	}
	return m, err
}

// TestRowsOneByOne: rows that are read one by one are trained on as rows in memory are, one
// batch at a time.
func TestRowsOneByOne(t *testing.T) {
	set := smallImages(75)
	for name, c := range map[string]train.Config{
		"batches":     {BatchSize: 8},
		"drop last":   {BatchSize: 16, DropLast: true},
		"in order":    {BatchSize: 20, NoShuffle: true},
		"augmented":   {BatchSize: 9, Augment: data.ImageAugment{Shift: 1, Flip: 0.5}},
		"accumulated": {BatchSize: 7, Accumulate: 3},
		"set aside":   {BatchSize: 8, ValidationFraction: 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			c.Epochs = 3
			read, most := oneByOne(t, set, 0)
			var said []string
			for _, rows := range []data.Source{set, read} {
				m, err := squaresNet{}.Build(set, 4)
				if err != nil {
					t.Fatal(err)
				}
				h, err := train.Fit(context.Background(), m, rows, c)
				if err != nil {
					t.Fatal(err)
				}
				said = append(said, fmt.Sprint(h.Curves, m.Params().Snapshot()))
			}
			if said[0] != said[1] {
				t.Errorf("in memory\n%.400s\nread\n%.400s", said[0], said[1])
			}
			if n := int(most.Load()); n > max(c.BatchSize, 15) { // 15 validation rows are one batch
				t.Errorf("%d rows were read at once", n)
			}
		})
	}
	var said []string
	read, _ := oneByOne(t, set, 0)
	for _, rows := range []data.Source{set, read} {
		m, _, err := train.Estimator{Net: squaresNet{}, Config: train.Config{Epochs: 2, ValidationFraction: 0.2}}.Train(context.Background(), rows)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.PredictRows(context.Background(), rows)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, fmt.Sprint(m.Params().Snapshot(), p.Proba))
	}
	if said[0] != said[1] {
		t.Errorf("an estimator: in memory\n%.400s\nread\n%.400s", said[0], said[1])
	}

	broken, _ := oneByOne(t, set, 41)
	m, err := squaresNet{}.Build(set, 4)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Fit(context.Background(), m, broken, train.Config{BatchSize: 8, Epochs: 2}); err == nil || !strings.Contains(err.Error(), "the file is gone") {
		t.Errorf("error %v", err)
	}
	if _, err := (data.Indexed{}).Stream(); !errors.Is(err, data.ErrEmpty) {
		t.Errorf("error %v", err)
	}
}
