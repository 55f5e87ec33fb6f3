package recommend

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/losses"
	aegis "github.com/seed732fc211/aegis/models"
	models "github.com/seed732fc211/aegis/models/recommend"
	"github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// Sequential trains SASRec, which recommends what follows the last items of a user: it is for histories in order of
// time. Of a twentieth of the users the loss is watched; the weights that are best there are kept.
type Sequential struct {
	Net          models.SASRec
	LearningRate float64 // at its highest; 0: 0.003
	Epochs       int     // at most; 0: 60
	Batch        int     // users; 0: 64
	Patience     int     // epochs without a better loss of the users that are watched; 0: 5
}

// mostLogits bounds the logits of a batch.
const mostLogits = 1 << 26

// Fit implements models.Learner. Logits of a batch that would be more than 2²⁶ are an error with the cause models.ErrTooLarge: batch,
// steps and items multiply.
func (r Sequential) Fit(ctx context.Context, seen *data.Histories, seed uint64) (models.Scorer, error) {
	if r.LearningRate < 0 || r.Epochs < 0 || r.Batch < 0 || r.Patience < 0 {
		return nil, fmt.Errorf("recommend: sequential: a learning rate of %v, %d epochs, batches of %d, a patience of %d: want none below 0", r.LearningRate, r.Epochs, r.Batch, r.Patience)
	}
	steps, batch := or(r.Net.Steps, 50), or(r.Batch, 64)
	rows, err := models.NextItems(seen, steps)
	if err != nil {
		return nil, err
	}
	if n := int64(batch) * int64(slices.Max(rows.Lengths())) * int64(seen.Items); n > mostLogits {
		return nil, fmt.Errorf("%w: sequential: %d logits a batch: want at most %d: take fewer steps or smaller batches", models.ErrTooLarge, n, mostLogits)
	}
	fit, watched, err := apart(rows, seed)
	if err != nil {
		return nil, err
	}
	m, err := r.Net.Build(fit, seed)
	if err != nil {
		return nil, err
	}
	_, err = train.Fit(ctx, m, fit, train.Config{
		Loss: losses.SequenceCrossEntropy{}, Metrics: []data.Metric{}, Optimizer: optim.Adam{LearningRate: or(r.LearningRate, 0.003)},
		Schedule: optim.WarmUp{Epochs: 1}, Clip: optim.Clip{Norm: 1},
		Epochs: or(r.Epochs, 60), BatchSize: batch, Seed: seed, Validation: watched, Callbacks: []train.Callback{train.EarlyStopping{Patience: or(r.Patience, 5)}},
	})
	if err != nil {
		return nil, fmt.Errorf("recommend: sequential: %w", err)
	}
	return models.NewSequential(m, seen.Users(), steps)
}

// or returns a value, or another if it is 0.
func or[T int | float64](v, other T) T {
	if v == 0 {
		return other
	}
	return v
}

// apart divides rows at random: a twentieth of them, at least one, is watched.
func apart(rows *data.Set, seed uint64) (fit, watched *data.Set, err error) {
	n := rows.Len()
	if n < 2 {
		return nil, nil, fmt.Errorf("recommend: %d rows to train: want at least 2", n)
	}
	order := rand.New(rand.NewPCG(seed, 0x6170617274)).Perm(n)
	some := order[:max(1, n/20)]
	slices.Sort(some)
	rest := order[len(some):]
	slices.Sort(rest)
	if fit, err = rows.Rows(rest); err != nil {
		return nil, nil, err
	}
	watched, err = rows.Rows(some)
	return fit, watched, err
}

// TwoTower trains two networks, one that reads the items of a user and one that reads an item and its features, by which
// items that few users have are known, too: Yi et al. (2019), "Sampling-bias-corrected neural modeling for large corpus item
// recommendations". Both are means of embeddings of one length. Each item of a user is in turn the one to recommend, from the others; the items of
// other rows of the batch are the wrong ones (train.Contrastive, one-sided). As items are wrong ones as often as they occur, the
// network learns log p(item given user) − log p(item), and the score adds the logarithm of the item's share of all pairs, smoothed by one.
type TwoTower struct {
	Dim          int     // 0: 64
	Features     [][]int // of each item, numbered from 0, such as its kind and its maker; nil: none
	Longest      int     // items of a user that are read at most, the last ones; 0: 50
	LearningRate float64 // at its highest; 0: 0.005
	Epochs       int     // at most; 0: 20
	Batch        int     // pairs; 0: 512
	Patience     int     // epochs without a better loss of the pairs that are watched; 0: 3
}

// mostTokens bounds the items and features of a TwoTower, and its pairs with what is read for them.
const mostTokens = 1 << 26

// Fit implements models.Learner.
func (r TwoTower) Fit(ctx context.Context, seen *data.Histories, seed uint64) (models.Scorer, error) {
	if r.Dim < 0 || r.Longest < 0 || r.LearningRate < 0 || r.Epochs < 0 || r.Batch < 0 || r.Patience < 0 {
		return nil, fmt.Errorf("recommend: two-tower: %d dimensions, %d items, a learning rate of %v, %d epochs, batches of %d, a patience of %d: want none below 0", r.Dim, r.Longest, r.LearningRate, r.Epochs, r.Batch, r.Patience)
	}
	r.Longest = or(r.Longest, 50)
	if err := seen.Check(); err != nil {
		return nil, fmt.Errorf("recommend: two-tower: %w", err)
	}
	tokens, size, err := r.tokens(seen.Items)
	if err != nil {
		return nil, err
	}
	rows, err := r.pairs(seen, tokens, size)
	if err != nil {
		return nil, err
	}
	fit, watched, err := apart(rows, seed)
	if err != nil {
		return nil, err
	}
	net := text.DualEncoder{Net: text.Bag{Dim: or(r.Dim, 64), Mean: true, Sparse: true}, Separate: true, Question: r.Longest}
	m, err := net.Build(fit, seed)
	if err != nil {
		return nil, fmt.Errorf("recommend: two-tower: %w", err)
	}
	_, err = train.Fit(ctx, m, fit, train.Config{
		Objective: train.Contrastive{OneSided: true}, Metrics: []data.Metric{}, Optimizer: optim.Adam{LearningRate: or(r.LearningRate, 0.005)},
		Epochs: or(r.Epochs, 20), BatchSize: or(r.Batch, 512), DropLast: true, Seed: seed, Validation: watched,
		Callbacks: []train.Callback{train.EarlyStopping{Patience: or(r.Patience, 3)}},
	})
	if err != nil {
		return nil, fmt.Errorf("recommend: two-tower: %w", err)
	}
	items, err := itemVectors(ctx, m, tokens)
	if err != nil {
		return nil, fmt.Errorf("recommend: two-tower: %w", err)
	}
	return models.NewTwoTower(m, "question", seen.Users(), r.Longest, items, logShares(seen))
}

// tokens returns what stands for each item: its number, and its features, numbered after the items. size is that
// of the vocabulary.
func (r TwoTower) tokens(items int) (tokens [][]int, size int, err error) {
	if r.Features != nil && len(r.Features) != items {
		return nil, 0, fmt.Errorf("recommend: two-tower: features of %d items: there are %d", len(r.Features), items)
	}
	size = items
	tokens = make([][]int, items)
	for i := range tokens {
		tokens[i] = []int{i}
		if r.Features == nil {
			continue
		}
		for _, f := range r.Features[i] {
			if f < 0 || f >= mostTokens {
				return nil, 0, fmt.Errorf("recommend: two-tower: item %d has the feature %d: want 0 to %d", i, f, mostTokens-1)
			}
			tokens[i] = append(tokens[i], items+f)
			size = max(size, items+f+1)
		}
	}
	return tokens, size, nil
}

// pairs returns a row of each pair of a user with two items or more: the other items, and what stands for this one.
func (r TwoTower) pairs(seen *data.Histories, tokens [][]int, size int) (*data.Set, error) {
	var users, items [][]int
	var numbers []int
	read := 0
	for u := range seen.Users() {
		has, _ := seen.Of(u)
		if len(has) < 2 {
			continue
		}
		for k, item := range has {
			others := append(slices.Clone(has[:k]), has[k+1:]...)
			others = others[max(0, len(others)-r.Longest):]
			if read += len(others); read > mostTokens {
				return nil, fmt.Errorf("%w: two-tower: the items that are read for all pairs are more than %d: want a smaller Longest", models.ErrTooLarge, mostTokens)
			}
			users, items, numbers = append(users, others), append(items, tokens[item]), append(numbers, item)
		}
	}
	if len(users) == 0 {
		return nil, errors.New("recommend: two-tower: no user has two items")
	}
	s := &data.Set{Name: "pairs", Target: "item", Targets: []*tensor.Dense{tensor.New(tensor.WithShape(len(numbers)), tensor.WithBacking(numbers))}}
	for _, q := range []struct {
		name string
		list [][]int
	}{{"user", users}, {"item", items}} {
		x, err := data.NewIntSequences(q.name, q.list)
		if err != nil {
			return nil, err
		}
		x.Size = size
		s.Sequences = append(s.Sequences, x)
	}
	return s, nil
}

// itemVectors returns the vectors of items by the second network.
func itemVectors(ctx context.Context, m *aegis.Model, tokens [][]int) ([]float32, error) {
	part, err := m.WithOutputs("answer")
	if err != nil {
		return nil, err
	}
	longest := 0
	for _, t := range tokens {
		longest = max(longest, len(t))
	}
	const rows = 64
	steps := data.PaddedSteps(longest)
	p, err := part.SequencePredictor(rows, steps)
	if err != nil {
		return nil, err
	}
	var out []float32
	for from := 0; from < len(tokens); from += rows {
		x, lengths := p.Inputs()[0].Data().([]int), p.Inputs()[1].Data().([]int)
		clear(x)
		clear(lengths)
		some := tokens[from:min(from+rows, len(tokens))]
		for k, t := range some {
			lengths[k] = copy(x[k*steps:(k+1)*steps], t)
		}
		if err := p.Run(ctx); err != nil {
			return nil, err
		}
		v := p.Outputs()[0]
		out = append(out, v.Data().([]float32)[:len(some)*v.Shape()[1]]...)
	}
	return out, nil
}

// logShares returns the logarithm of the share of the pairs that each item has, smoothed by one.
func logShares(seen *data.Histories) []float32 {
	counts := make([]float64, seen.Items)
	for _, v := range seen.Item {
		counts[v]++
	}
	out := make([]float32, seen.Items)
	for i, n := range counts {
		out[i] = float32(math.Log((n + 1) / float64(len(seen.Item)+seen.Items)))
	}
	return out
}

func init() { builtin.Register(Sequential{}, TwoTower{}) }
