package recommend

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/losses"
	models "github.com/seed732fc211/aegis/models/recommend"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// Neural trains NeuralCF by the binary cross-entropy of pairs that are there and of Negatives that are not, drawn
// uniformly for each pair in each epoch anew (He et al. 2017, arXiv:1708.05031).
type Neural struct {
	Net          models.NeuralCF
	Negatives    int     // of each pair; 0: 4
	LearningRate float64 // 0: 0.001
	Epochs       int     // 0: 20
	Batch        int     // pairs and negatives; 0: 512
}

// Fit implements models.Learner.
func (r Neural) Fit(ctx context.Context, seen *data.Histories, seed uint64) (models.Scorer, error) {
	if r.Negatives < 0 || r.LearningRate < 0 || r.Epochs < 0 || r.Batch < 0 {
		return nil, fmt.Errorf("recommend: neural: %d negatives, a learning rate of %v, %d epochs, batches of %d: want none below 0", r.Negatives, r.LearningRate, r.Epochs, r.Batch)
	}
	rows, err := newSampled(seen, or(r.Negatives, 4), or(r.Epochs, 20), seed)
	if err != nil {
		return nil, err
	}
	r.Net.Users, r.Net.Items = seen.Users(), seen.Items
	like := &data.Set{}
	if err := rows.load([]int{0}, like); err != nil {
		return nil, err
	}
	m, err := r.Net.Build(like, seed)
	if err != nil {
		return nil, err
	}
	// All epochs are one pass over rows, which are made as they are read.
	_, err = train.Fit(ctx, m, rows, train.Config{
		Loss: losses.BinaryCrossEntropy{}, Metrics: []data.Metric{}, Optimizer: optim.Adam{LearningRate: or(r.LearningRate, 0.001)},
		Epochs: 1, BatchSize: or(r.Batch, 512), NoShuffle: true, Seed: seed,
	})
	if err != nil {
		return nil, fmt.Errorf("recommend: neural: %w", err)
	}
	return models.NewPairwise(m, seen.Users(), seen.Items)
}

// sampled is a source of pairs of users and items, each followed by negatives: row r is a function of r and the seed. An epoch has
// each pair once, in random order.
type sampled struct {
	seen      *data.Histories
	user      []int   // of each pair
	has       [][]int // items of each user, in ascending order
	negatives int
	epochs    int
	seed      uint64

	epoch int   // that order is of
	order []int // of the pairs
}

// mostSampled bounds the rows of all epochs.
const mostSampled = 1 << 30

func newSampled(seen *data.Histories, negatives, epochs int, seed uint64) (*sampled, error) {
	if err := seen.Check(); err != nil {
		return nil, fmt.Errorf("recommend: neural: %w", err)
	}
	s := &sampled{seen: seen, has: make([][]int, seen.Users()), negatives: negatives, epochs: epochs, seed: seed, epoch: -1}
	for u := range s.has {
		items, _ := seen.Of(u)
		if len(items) == seen.Items {
			return nil, fmt.Errorf("recommend: neural: user %d has all %d items: there is no negative", u, seen.Items)
		}
		s.has[u] = slices.Sorted(slices.Values(items))
		for range items {
			s.user = append(s.user, u)
		}
	}
	if len(s.user) == 0 {
		return nil, fmt.Errorf("recommend: neural: the histories are empty")
	}
	if int64(len(s.user)) > mostSampled/int64(1+negatives)/int64(epochs) {
		return nil, fmt.Errorf("recommend: neural: %d pairs with %d negatives in %d epochs: want at most %d rows", len(s.user), negatives, epochs, mostSampled)
	}
	return s, nil
}

// Stream implements data.Source.
func (s *sampled) Stream() (*data.Stream, error) {
	own := *s
	own.epoch, own.order = -1, nil
	like := &data.Set{}
	if err := own.load([]int{0, 1}, like); err != nil {
		return nil, err
	}
	return &data.Stream{Rows: len(s.user) * (1 + s.negatives) * s.epochs, Like: like, Load: own.load}, nil
}

// load fills a set with rows.
func (s *sampled) load(rows []int, into *data.Set) error {
	users, items, targets := make([]int, len(rows)), make([]int, len(rows)), make([]float64, len(rows))
	for k, r := range rows {
		group := r / (1 + s.negatives)
		if e := group / len(s.user); e != s.epoch {
			s.epoch, s.order = e, rand.New(rand.NewPCG(s.seed, 0x6e6372+uint64(e))).Perm(len(s.user))
		}
		pair := s.order[group%len(s.user)]
		users[k] = s.user[pair]
		if r%(1+s.negatives) == 0 {
			items[k], targets[k] = s.seen.Item[pair], 1
			continue
		}
		for g := rand.New(rand.NewPCG(s.seed^0x6e6567, uint64(r))); ; {
			items[k] = g.IntN(s.seen.Items)
			if _, found := slices.BinarySearch(s.has[users[k]], items[k]); !found {
				break
			}
		}
	}
	vector := func(list any) *tensor.Dense { return tensor.New(tensor.WithShape(len(rows)), tensor.WithBacking(list)) }
	*into = data.Set{Name: "pairs", Target: "has", Inputs: []*tensor.Dense{vector(users), vector(items)}, Targets: []*tensor.Dense{vector(targets)}}
	return nil
}

func init() { builtin.Register(Neural{}) }
