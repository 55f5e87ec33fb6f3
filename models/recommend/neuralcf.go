package recommend

import (
	"context"
	"fmt"
	"sync"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// NeuralCF gives the logit that a user has an item by the product of two vectors, element by element, and a perceptron on
// two others, which a last layer weighs together: NeuMF of He et al. (2017), arXiv:1708.05031. recipes/recommend.Neural
// trains it on pairs and sampled negatives.
//
// Rows have the number of the user and that of the item as two Int inputs. Every item is scored by the whole network, which is
// slow: thousands of operations an item where a product of vectors takes tens.
type NeuralCF struct {
	Dim          int   // of each vector; 0: 32
	Hidden       []int // units of the perceptron (ReLU); nil: 64, 32, 16
	Users, Items int   // 0: the largest number of the rows, and one
	Type         graph.Dtype
}

// Build implements models.Architecture.
func (c NeuralCF) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	if c.Dim == 0 {
		c.Dim = 32
	}
	if c.Hidden == nil {
		c.Hidden = []int{64, 32, 16}
	}
	for _, n := range append([]int{c.Dim}, c.Hidden...) {
		if n < 1 || n > mostSize {
			return nil, fmt.Errorf("recommend: neural cf: a dimension or number of units of %d: want 1 to %d", n, mostSize)
		}
	}
	if rows.Len() == 0 {
		return nil, data.ErrEmpty
	}
	if len(rows.Inputs) != 2 {
		return nil, fmt.Errorf("recommend: neural cf: it takes the numbers of users and items, the set has %d inputs", len(rows.Inputs))
	}
	for k, size := range []*int{&c.Users, &c.Items} {
		x := rows.Inputs[k]
		if x == nil || x.Dtype() != graph.Int || x.Dims() != 1 {
			return nil, fmt.Errorf("recommend: neural cf: input %d is no list of numbers of type int", k)
		}
		if *size == 0 {
			for _, v := range x.Data().([]int) {
				*size = max(*size, v+1)
			}
		}
		if *size < 1 || *size > mostNumbers/c.Dim {
			return nil, fmt.Errorf("recommend: neural cf: %d users or items with vectors of %d numbers: want at least 1, and fewer than 2³¹ numbers", *size, c.Dim)
		}
	}
	user, item := models.InputInt("user"), models.InputInt("item")
	vector := func(x *models.Tensor, size int) *models.Tensor {
		return x.Then(layers.Embedding{Size: size, Dim: c.Dim, Weight: graph.Weight{Init: graph.Normal{Std: 0.05}}, Sparse: true})
	}
	product := models.Join(layers.Multiply{}, vector(user, c.Users), vector(item, c.Items))
	y := models.Join(layers.Concat{}, vector(user, c.Users), vector(item, c.Items))
	for _, units := range c.Hidden {
		y = y.Then(layers.Dense{Units: units, Activation: layers.Relu, Kernel: graph.Weight{Init: graph.HeUniform{}}})
	}
	y = models.Join(layers.Concat{}, product, y).Then(layers.Dense{Units: 1})
	return models.New(models.Config{Name: "neural cf", Seed: seed, Type: c.Type}, []*models.Tensor{user, item}, []*models.Tensor{y})
}

// pairwise is a fitted NeuralCF.
type pairwise struct {
	trained, items int
	model          *models.Model

	mu        sync.Mutex
	predictor *models.Predictor
}

// pairRows is the number of items that are scored at once.
const pairRows = 2048

// NewPairwise returns the scorer of a fitted [NeuralCF]; the score of an item is its logit. A user that was not trained on is an
// error.
func NewPairwise(m *models.Model, users, items int) (Scorer, error) {
	if users < 1 || items < 1 || items > mostItems {
		return nil, fmt.Errorf("recommend: neural cf: %d users and %d items: want at least 1, and at most %d items", users, items, mostItems)
	}
	p, err := m.Predictor(min(items, pairRows))
	if err != nil {
		return nil, fmt.Errorf("recommend: neural cf: %w", err)
	}
	if len(p.Inputs()) != 2 || len(p.Outputs()) != 1 || p.Inputs()[0].Dtype() != graph.Int || p.Inputs()[1].Dtype() != graph.Int || p.Outputs()[0].Dtype() != graph.Float32 || p.Outputs()[0].DataSize() != min(items, pairRows) {
		return nil, fmt.Errorf("recommend: neural cf: the model takes %q: want one number of float32 by a user and an item", m.InputNames())
	}
	return &pairwise{trained: users, items: items, model: m, predictor: p}, nil
}

// Scores implements Scorer.
func (x *pairwise) Scores(users []User, scores []float32) error {
	if err := checkUsers("neural cf", users, scores, x.trained, x.items); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	in, at := x.predictor.Inputs()[0].Data().([]int), x.predictor.Inputs()[1].Data().([]int)
	for k, u := range users {
		if u.Number < 0 {
			return fmt.Errorf("recommend: neural cf: user %d was not trained on, and this model knows others by nothing", k)
		}
		for from := 0; from < x.items; from += len(at) {
			for i := range at {
				in[i], at[i] = u.Number, min(from+i, x.items-1)
			}
			if err := x.predictor.Run(context.Background()); err != nil {
				return fmt.Errorf("recommend: neural cf: %w", err)
			}
			copy(scores[k*x.items+from:(k+1)*x.items], x.predictor.Outputs()[0].Data().([]float32))
		}
	}
	return nil
}

func init() { builtin.Register(NeuralCF{}) }
