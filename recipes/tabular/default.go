package tabular

import (
	"github.com/seed732fc211/aegis/data"
	nets "github.com/seed732fc211/aegis/models/tabular"
	"github.com/seed732fc211/aegis/train"
)

// Default is the recipe of the commands: RealMLP in a size that follows from the
// rows and the columns, so that a cross-validation of a small table takes seconds.
// Its numbers were chosen on tables of R's packages mlbench, kernlab, modeldata and
// ggplot2 that are not among those of docs/tables.md.
type Default struct {
	Simple bool // RealMLP-TD-S: without embeddings, gates, dropout and decay; three times as fast
}

// Plan implements Recipe.
func (d Default) Plan(rows *data.Set, seed uint64) (train.Estimator, error) {
	if rows == nil {
		return train.Estimator{}, data.ErrEmpty
	}
	n := rows.Len()
	r := RealMLP{Simple: d.Simple, Batch: min(256, max(32, n/8)), Epochs: 100}
	units := 128
	if n >= 2000 {
		units = 256
	}
	if n >= 20000 {
		r.Epochs = max(10, 100*20000/n)
	}
	r.Net = nets.RealMLP{Hidden: []int{units, units, units}, NoEmbeddings: len(rows.Features) > mostEmbedded}
	return r.Plan(rows, seed)
}

// mostEmbedded is up to how many columns numbers get periodic embeddings, which
// quadruple the width of the first layer.
const mostEmbedded = 100
