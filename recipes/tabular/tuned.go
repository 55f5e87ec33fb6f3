package tabular

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/optim"
)

// Tuned is a recipe with some of its settings overridden.
type Tuned struct {
	Recipe       Recipe
	Epochs       int     // at most; 0: those of the recipe, as for the fields below
	Batch        int     // rows of a batch
	LearningRate float64 // of AdamW, which all recipes of this package use; another optimizer is an error
}

// Plan implements Recipe.
func (t Tuned) Plan(rows *data.Set, seed uint64) (Plan, error) {
	if _, races := t.Recipe.(Auto); races || t.Recipe == nil {
		return Plan{}, errors.New("tabular: tuned: the recipe is nil or Auto, which chooses these numbers")
	}
	p, err := t.Recipe.Plan(rows, seed)
	if err != nil {
		return p, err
	}
	if t.Epochs < 0 || t.Batch < 0 || !(t.LearningRate >= 0) {
		return p, fmt.Errorf("tabular: tuned: %d epochs, batches of %d, a learning rate of %v: want none below 0", t.Epochs, t.Batch, t.LearningRate)
	}
	p.Config.Epochs, p.Config.BatchSize = orDefault(t.Epochs, p.Config.Epochs), orDefault(t.Batch, p.Config.BatchSize)
	if t.LearningRate > 0 {
		o, ok := p.Config.Optimizer.(optim.AdamW)
		if !ok {
			return p, fmt.Errorf("tabular: tuned: a learning rate for the optimizer %T, want optim.AdamW", p.Config.Optimizer)
		}
		o.LearningRate = t.LearningRate
		p.Config.Optimizer = o
	}
	return p, nil
}
