package text

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

// Language is the recipe of a language model.
type Language struct {
	Net          models.Architecture // nil: nets.LSTMLanguage
	LearningRate float64             // at its highest; 0: 0.002
	Epochs       int                 // at most; 0: 20
	Batch        int                 // windows; 0: 32
	Patience     int                 // epochs without a better validation loss; 0: 3
	Smoothing    float64             // of labels
	Decay        float64             // of weights; 0: 0.01
	TimeLimit    time.Duration       // the fit stops after the epoch in which it has passed; 0: none
	Callbacks    []train.Callback
}

// Train fits a language model to windows of a text, as corpus.Windows makes them, and keeps the
// weights that are best on those of another.
func (r Language) Train(ctx context.Context, windows, validation data.Source, seed uint64) (*nets.Language, *train.History, error) {
	if windows == nil || validation == nil {
		return nil, nil, data.ErrEmpty
	}
	if r.LearningRate < 0 || r.Epochs < 0 || r.Batch < 0 || r.Patience < 0 || r.TimeLimit < 0 {
		return nil, nil, fmt.Errorf("text: language model: a learning rate of %v, %d epochs, batches of %d, a patience of %d, %v: want none below 0", r.LearningRate, r.Epochs, r.Batch, r.Patience, r.TimeLimit)
	}
	like, err := data.Head(windows, 1)
	if err != nil {
		return nil, nil, err
	}
	if len(like.Sequences) != 1 || len(like.Steps) != 1 {
		return nil, nil, errors.New("text: language model: the rows are no windows of a text, as corpus.Windows makes them")
	}
	if r.Net == nil {
		r.Net = nets.LSTMLanguage{}
	}
	m, err := r.Net.Build(like, seed)
	if err != nil {
		return nil, nil, err
	}
	c := train.Config{
		Loss: losses.SequenceCrossEntropy{Smoothing: r.Smoothing}, Metrics: []data.Metric{},
		Optimizer: optim.AdamW{LearningRate: or(r.LearningRate, 0.002), WeightDecay: or(r.Decay, 0.01)},
		Groups:    []optim.Group{{Match: "bias", NoDecay: true}, {Match: "embeddings", NoDecay: true}},
		Schedule:  optim.WarmUp{Epochs: 0.5, After: optim.CosineDecay{Floor: 0.05}}, Clip: optim.Clip{Norm: 1},
		Epochs: or(r.Epochs, 20), BatchSize: or(r.Batch, 32), Seed: seed, Validation: validation,
		Callbacks: append([]train.Callback{train.EarlyStopping{Patience: or(r.Patience, 3)}}, r.Callbacks...),
	}
	if r.TimeLimit > 0 {
		c.Callbacks = append(c.Callbacks, within(r.TimeLimit))
	}
	h, err := train.Fit(ctx, m, windows, c)
	if err != nil {
		return nil, h, err
	}
	return &nets.Language{Net: r.Net, Model: m, Steps: like.Sequences[0].Len(0), Vocab: like.Sequences[0].Size}, h, nil
}

// within ends a fit after a time.
func within(limit time.Duration) train.Callback {
	begin := time.Now()
	return train.OnEpoch(func(*train.Event) error {
		if time.Since(begin) > limit {
			return train.ErrStop
		}
		return nil
	})
}
