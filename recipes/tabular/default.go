package tabular

import (
	"math"

	"github.com/seed732fc211/aegis/data"
	nets "github.com/seed732fc211/aegis/models/tabular"
)

// Default is the recipe of the commands: a bag of five fits of Adaptive, each stopped by
// another fifth of the rows, in its simple form below 2,000 rows; one fit where there are
// fewer than 30 rows or five groups, or 50,000 rows and more. Its numbers were chosen on
// tables of R's packages mlbench, kernlab, modeldata and ggplot2 that are not among
// those of docs/tables.md.
type Default struct{}

// Plan implements Recipe.
func (Default) Plan(rows *data.Set, seed uint64) (Plan, error) {
	n := rows.Len()
	p, err := Adaptive{Simple: n < 2000}.Plan(rows, seed)
	if err == nil && n >= 30 && n < 50000 && (rows.Groups == nil || distinct(rows.Groups) >= bagFolds) {
		p.Folds = bagFolds
	}
	return p, err
}

const bagFolds = 5

func distinct(groups []int) int {
	seen := map[int]bool{}
	for _, g := range groups {
		seen[g] = true
	}
	return len(seen)
}

// Adaptive is RealMLP in a size that follows from the rows and the columns, so that a
// cross-validation of a small table takes seconds: two hidden layers of 128 units, 256
// from 10,000 rows on; batches of an eighth of the rows, 32 to 256; 60 epochs, fewer from
// 20,000 rows on. The simple form takes numbers as Prepare has them; the other gives them
// embeddings in place of normal scores, up to 100 columns.
type Adaptive struct {
	Net    nets.RealMLP // Hidden and NoEmbeddings are chosen by the rows where they are zero
	Simple bool         // RealMLP-TD-S: without embeddings, gates, dropout and decay
}

// Plan implements Recipe.
func (a Adaptive) Plan(rows *data.Set, seed uint64) (Plan, error) {
	if rows == nil {
		return Plan{}, data.ErrEmpty
	}
	n := rows.Len()
	r := RealMLP{Net: a.Net, Simple: a.Simple, Batch: min(256, max(32, n/8)), Epochs: 60}
	units := 128
	if n >= 10000 {
		units = 256
	}
	if n >= 20000 {
		r.Epochs = max(10, 60*20000/n)
	}
	// Smaller batches have noisier gradients: their rate goes with the root of the batch.
	r.LearningRate = r.rate(rows) * math.Sqrt(float64(r.Batch)/256)
	if r.Net.Hidden == nil {
		r.Net.Hidden = []int{units, units}
	}
	r.Net.NoEmbeddings = r.Net.NoEmbeddings || len(rows.Features) > mostEmbedded
	p, err := r.Plan(rows, seed)
	steps := []data.Transform{data.Standardize{}, data.SmoothClip{}}
	if a.Simple || a.Net.Simple {
		steps = append(steps, data.NormalScores{Beside: true})
	}
	p.Preprocess = prepare(leastRows(n), true, steps...)
	return p, err
}

// mostEmbedded is up to how many columns numbers get periodic embeddings, which
// quadruple the width of the first layer.
const mostEmbedded = 100
