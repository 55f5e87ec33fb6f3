package train_test

import (
	"context"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// TestNothingToRank: a fit to groups whose rows are all as relevant is an error before it begins.
func TestNothingToRank(t *testing.T) {
	for name, c := range map[string]struct {
		groups []int
		target []float64
		fits   bool
	}{
		"a group to each row":      {[]int{1, 2, 3, 4}, []float64{0, 1, 2, 3}, false},
		"equal within each group":  {[]int{1, 1, 2, 2}, []float64{5, 5, 7, 7}, false},
		"one group with two ranks": {[]int{1, 2, 2, 1}, []float64{5, 7, 7, 4}, true},
	} {
		rows, err := data.NewTable("rows", []data.Feature{{Name: "x"}}, [][]float64{{1}, {2}, {3}, {4}})
		if err != nil {
			t.Fatal(err)
		}
		rows.As, rows.Target, rows.Groups = data.Rank{}, "y", c.groups
		rows.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(4), tensor.WithBacking(c.target))}
		m, err := models.Sequential(models.Config{}, models.Input("x", 1), layers.Dense{Units: 1})
		if err != nil {
			t.Fatal(err)
		}
		m.Info.Task = data.Rank{}
		_, err = train.Fit(context.Background(), m, rows, train.Config{Epochs: 1})
		if c.fits && err != nil || !c.fits && (err == nil || !strings.Contains(err.Error(), "no order to learn")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
