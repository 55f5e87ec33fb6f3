package tabular

import (
	"math"

	"github.com/seed732fc211/aegis/data"
	nets "github.com/seed732fc211/aegis/models/tabular"
)

// Default is the recipe of the commands. Below 2,000 rows it is a bag of five fits of
// the simple RealMLP, each stopped by another fifth of the rows; with more rows, whose
// fits differ less, one fit of the whole RealMLP. Its numbers were chosen on tables of
// R's packages mlbench, kernlab, modeldata and ggplot2 that are not among those of
// docs/tables.md.
type Default struct{}

// Plan implements Recipe.
func (Default) Plan(rows *data.Set, seed uint64) (Plan, error) {
	if rows == nil {
		return Plan{}, data.ErrEmpty
	}
	n := rows.Len()
	p, err := Adaptive{Simple: n < manyRows}.Plan(rows, seed)
	if n >= 30 && n < manyRows && (rows.Groups == nil || distinct(rows.Groups) >= bagFolds) {
		p.Folds = bagFolds
	}
	return p, err
}

const bagFolds = 5

// manyRows is from how many rows the default is one fit.
const manyRows = 2000

func distinct(groups []int) int {
	seen := map[int]bool{}
	for _, g := range groups {
		seen[g] = true
	}
	return len(seen)
}

// Adaptive is RealMLP in a size that follows from the rows and the columns, so that a
// cross-validation of a small table takes seconds: 128 units below 2,000 rows, else
// 256; batches of an eighth of the rows, 32 to 256; 100 epochs, fewer from 20,000 rows
// on; no embeddings of numbers beyond 100 columns.
type Adaptive struct {
	Simple bool // RealMLP-TD-S: without embeddings, gates, dropout and decay; a third of the time
}

// Plan implements Recipe.
func (a Adaptive) Plan(rows *data.Set, seed uint64) (Plan, error) {
	if rows == nil {
		return Plan{}, data.ErrEmpty
	}
	n := rows.Len()
	r := RealMLP{Simple: a.Simple, Batch: min(256, max(32, n/8)), Epochs: 100}
	units := 128
	if n >= manyRows {
		units = 256
	}
	if n >= 20000 {
		r.Epochs = max(10, 100*20000/n)
	}
	// Smaller batches have noisier gradients: their rate goes with the root of the batch.
	r.LearningRate = r.rate(rows.Task()) * math.Sqrt(float64(r.Batch)/256)
	r.Net = nets.RealMLP{Hidden: []int{units, units, units}, NoEmbeddings: len(rows.Features) > mostEmbedded}
	return r.Plan(rows, seed)
}

// mostEmbedded is up to how many columns numbers get periodic embeddings, which
// quadruple the width of the first layer.
const mostEmbedded = 100
