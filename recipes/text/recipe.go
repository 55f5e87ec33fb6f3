// Package text holds recipes for texts: a tokenizer that learns its vocabulary from the training
// rows, a network, the optimizer and the schedules that go with it. They are fitted as those for
// tables are:
//
//	e := tabular.Estimator{Recipe: text.Bag{Tokens: corpus.Tokens{Column: "review"}}, Seed: 1}
//	model, history, err := e.Train(ctx, rows)
package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/models"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/seed732fc211/aegis/train"
)

// Fit is how a recipe is fitted; zero fields are chosen by the number of rows.
type Fit struct {
	LearningRate float64
	Epochs       int // at most
	Batch        int
	Patience     int // epochs without a better validation loss before the fit stops
}

// plan returns the plan of a network.
func (f Fit) plan(rows *data.Set, seed uint64, tokens corpus.Tokens, net models.Architecture, rate float64, epochs int) (tabular.Plan, error) {
	n := rows.Len()
	if n == 0 {
		return tabular.Plan{}, data.ErrEmpty
	}
	if f.LearningRate < 0 || f.Epochs < 0 || f.Batch < 0 || f.Patience < 0 {
		return tabular.Plan{}, fmt.Errorf("text: a learning rate of %v, %d epochs, batches of %d, a patience of %d: want none below 0", f.LearningRate, f.Epochs, f.Batch, f.Patience)
	}
	batch := 32
	if n >= 10000 {
		batch = 64
	}
	// A small set has too few steps in these epochs.
	epochs = max(epochs, min(mostEpochs, leastSteps*batch/n))
	set := 0.2
	if n >= 2000 {
		set = 0.1
	}
	return tabular.Plan{Estimator: train.Estimator{
		Net: net, Preprocess: tokens, ScaleTarget: true, Seed: seed,
		Config: train.Config{
			Optimizer: optim.AdamW{LearningRate: or(f.LearningRate, rate), WeightDecay: 0.01}, Groups: []optim.Group{{Match: "bias", NoDecay: true}},
			Schedule: optim.CosineDecay{Floor: 0.05}, Clip: optim.Clip{Norm: 1},
			Epochs: or(f.Epochs, epochs), BatchSize: or(f.Batch, batch), ValidationFraction: set,
			Callbacks: []train.Callback{train.EarlyStopping{Patience: or(f.Patience, max(3, epochs/6))}},
		},
	}}, nil
}

const (
	mostEpochs = 60
	leastSteps = 800
)

func or[T int | float64](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// Bag is the recipe of nets.Bag.
type Bag struct {
	Tokens corpus.Tokens
	Net    nets.Bag // Dropout 0: 0.3
	Fit    Fit
}

// Plan implements tabular.Recipe.
func (r Bag) Plan(rows *data.Set, seed uint64) (tabular.Plan, error) {
	r.Net.Dropout = or(r.Net.Dropout, 0.3)
	return r.Fit.plan(rows, seed, r.Tokens, r.Net, 0.003, 30)
}

// CNN is the recipe of nets.CNN.
type CNN struct {
	Tokens corpus.Tokens
	Net    nets.CNN // Dropout 0: 0.5
	Fit    Fit
}

// Plan implements tabular.Recipe.
func (r CNN) Plan(rows *data.Set, seed uint64) (tabular.Plan, error) {
	r.Net.Dropout = or(r.Net.Dropout, 0.5)
	return r.Fit.plan(rows, seed, r.Tokens, r.Net, 0.001, 15)
}

// LSTM is the recipe of nets.LSTM.
type LSTM struct {
	Tokens corpus.Tokens // Longest 0: 256
	Net    nets.LSTM     // Dropout 0: 0.3
	Fit    Fit
}

// Plan implements tabular.Recipe.
func (r LSTM) Plan(rows *data.Set, seed uint64) (tabular.Plan, error) {
	r.Net.Dropout, r.Tokens.Longest = or(r.Net.Dropout, 0.3), or(r.Tokens.Longest, 256)
	return r.Fit.plan(rows, seed, r.Tokens, r.Net, 0.002, 15)
}

// Transformer is the recipe of nets.Transformer.
type Transformer struct {
	Tokens corpus.Tokens    // Longest 0: 256
	Net    nets.Transformer // Dropout 0: 0.2
	Fit    Fit
}

// Plan implements tabular.Recipe.
func (r Transformer) Plan(rows *data.Set, seed uint64) (tabular.Plan, error) {
	r.Net.Dropout, r.Tokens.Longest = or(r.Net.Dropout, 0.2), or(r.Tokens.Longest, 256)
	return r.Fit.plan(rows, seed, r.Tokens, r.Net, 0.001, 15)
}

// Names returns the names of the recipes, as ByName takes them.
func Names() []string { return []string{"bag", "cnn", "lstm", "transformer"} }

// ByName returns a recipe by its name, for texts as the given tokens have them.
func ByName(name string, tokens corpus.Tokens) (tabular.Recipe, error) {
	switch name {
	case "bag":
		return Bag{Tokens: tokens}, nil
	case "cnn":
		return CNN{Tokens: tokens}, nil
	case "lstm":
		return LSTM{Tokens: tokens}, nil
	case "transformer":
		return Transformer{Tokens: tokens}, nil
	}
	return nil, fmt.Errorf("text: there is no recipe %q; there are %s", name, strings.Join(slices.Clone(Names()), ", "))
}

func init() { builtin.Register(Bag{}, CNN{}, LSTM{}, Transformer{}) }
