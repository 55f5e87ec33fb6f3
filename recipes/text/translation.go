package text

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

// Translation is the recipe of a translation model. The learning rate rises over the first epoch and
// then falls with the inverse root of the epoch (Vaswani et al. 2017, arXiv:1706.03762), and the
// weights are averaged, so that a fit which its time ends is as good as a shorter one. Pairs of similar
// length make a batch.
type Translation struct {
	Net          models.Architecture // nil: nets.TransformerTranslation
	LearningRate float64             // at its highest; 0: 0.001
	Epochs       int                 // at most; 0: 30
	Batch        int                 // pairs; 0: 32
	Patience     int                 // epochs without a better validation loss; 0: 4
	Smoothing    float64             // of labels; 0: 0.1, below 0: none
	Average      float64             // decay of the average of the weights; 0: 0.999, below 0: none
	TimeLimit    time.Duration       // no epoch begins that would not end within it, but for the first; 0: none
	Callbacks    []train.Callback
}

func (r Translation) withDefaults() (Translation, error) {
	if r.LearningRate < 0 || r.Epochs < 0 || r.Batch < 0 || r.Patience < 0 || r.TimeLimit < 0 {
		return r, fmt.Errorf("text: translation: a learning rate of %v, %d epochs, batches of %d, a patience of %d, %v: want none below 0", r.LearningRate, r.Epochs, r.Batch, r.Patience, r.TimeLimit)
	}
	if r.Net == nil {
		r.Net = nets.TransformerTranslation{}
	}
	r.LearningRate, r.Epochs, r.Batch, r.Patience = or(r.LearningRate, 0.001), or(r.Epochs, 30), or(r.Batch, 32), or(r.Patience, 4)
	r.Smoothing, r.Average = max(0, or(r.Smoothing, 0.1)), max(0, or(r.Average, 0.999))
	return r, nil
}

// inverseRoot raises the rate over the first epoch and lets it fall with the inverse root then.
func inverseRoot(epoch, _ float64) float64 {
	if epoch < 1 {
		return epoch
	}
	return 1 / math.Sqrt(epoch)
}

// Train fits a translation model to pairs, as corpus.Pairs makes them with the given end, and keeps
// the weights that are best on others. Longest is how many tokens the texts have at most that it is to
// translate, and its translations.
func (r Translation) Train(ctx context.Context, pairs, validation data.Source, end, longest int, seed uint64) (*nets.Translation, *train.History, error) {
	if pairs == nil || validation == nil {
		return nil, nil, data.ErrEmpty
	}
	r, err := r.withDefaults()
	if err != nil {
		return nil, nil, err
	}
	like, err := data.Head(pairs, 1)
	if err != nil {
		return nil, nil, err
	}
	if len(like.Sequences) != 2 || len(like.Steps) != 1 {
		return nil, nil, errors.New("text: translation: the rows are no pairs of texts, as corpus.Pairs makes them")
	}
	m, err := r.Net.Build(like, seed)
	if err != nil {
		return nil, nil, err
	}
	c := train.Config{
		Loss: losses.SequenceCrossEntropy{Smoothing: r.Smoothing}, Metrics: []data.Metric{},
		Optimizer: optim.Adam{LearningRate: r.LearningRate, Beta2: 0.98}, Schedule: optim.ScheduleFunc(inverseRoot), Clip: optim.Clip{Norm: 1},
		Epochs: r.Epochs, BatchSize: r.Batch, Seed: seed, Validation: validation, Average: r.Average,
		Callbacks: append([]train.Callback{train.EarlyStopping{Patience: r.Patience}}, r.Callbacks...),
	}
	if r.TimeLimit > 0 {
		c.Callbacks = append(c.Callbacks, fitting(r.TimeLimit))
	}
	h, err := train.Fit(ctx, m, pairs, c)
	if err != nil {
		return nil, h, err
	}
	return &nets.Translation{Net: r.Net, Model: m, Vocab: like.Sequences[0].Size, End: end, Longest: longest}, h, nil
}

// fitting ends a fit before the epoch that would pass a limit of time if it took as long as those
// before.
func fitting(limit time.Duration) train.Callback {
	return train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
		begin := time.Now()
		return func(e *train.Event) error {
			if e.Kind != train.EpochEnd {
				return nil
			}
			if spent := time.Since(begin); spent+spent/time.Duration(e.Epoch) > limit {
				return train.ErrStop
			}
			return nil
		}, nil
	})
}

// TranslationNames returns the names of translation models, as TranslationByName takes them.
func TranslationNames() []string { return []string{"transformer", "rnn"} }

// TranslationByName returns the network of a translation model by its name, with embeddings of dim
// dimensions; 0: 128 for fewer than 10,000 training pairs, 256 for more.
func TranslationByName(name string, pairs, dim int) (models.Architecture, error) {
	rate, depth := 0.1, 3
	if pairs < 10_000 {
		rate, depth = 0.2, 2
	}
	if dim == 0 {
		dim = 256
		if pairs < 10_000 {
			dim = 128
		}
	}
	if dim < 8 || dim > 4096 || dim%8 != 0 {
		return nil, fmt.Errorf("text: a translation model of %d dimensions: want a multiple of 8, up to 4096", dim)
	}
	switch name {
	case "transformer":
		return nets.TransformerTranslation{Dim: dim, Depth: depth, Heads: 4, Hidden: 3 * dim, Dropout: rate}, nil
	case "rnn":
		return nets.RNNTranslation{Dim: dim, Units: dim / 4 * 3, Dropout: 2 * rate}, nil
	}
	return nil, fmt.Errorf("text: there is no translation model %q; there are %v", name, TranslationNames())
}
