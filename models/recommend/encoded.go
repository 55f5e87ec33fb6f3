package recommend

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/models"
)

// encoded is a scorer by the vectors of users, which a network reads from their items, and of items.
type encoded struct {
	name    string
	model   *models.Model // as it was trained
	output  string        // that has the vector of a user, or of each step, the last of which counts
	trained int
	longest int // last items of a user that are read
	dim     int
	items   []float32
	bias    []float32 // of each item; nil: none

	part     *models.Model // the model up to the output
	mu       sync.Mutex
	programs map[[2]int]*models.Predictor // by rows and steps
}

func newEncoded(name string, part, whole *models.Model, output string, trained, longest, dim int, items, bias []float32) (*encoded, error) {
	shape := part.OutputShapes()[0]
	switch {
	case longest < 1 || longest > mostSize || trained < 0:
		return nil, fmt.Errorf("recommend: %s: %d users, sequences of %d items: want at least 0, and 1 to %d", name, trained, longest, mostSize)
	case dim < 1 || len(items) == 0 || len(items)%dim != 0 || bias != nil && len(bias) != len(items)/dim:
		return nil, fmt.Errorf("recommend: %s: %d numbers of items in %d dimensions, %d biases", name, len(items), dim, len(bias))
	case !part.IsSequence(0) || part.Params().Dtype() != graph.Float32 || len(shape) < 1 || shape[len(shape)-1] != dim:
		return nil, fmt.Errorf("recommend: %s: the model's output %s is %v of %v by %q: want vectors of %d numbers of float32 by the items of users", name, output, part.Params().Dtype(), shape, part.InputNames(), dim)
	}
	return &encoded{name: name, model: whole, output: output, trained: trained, longest: longest, dim: dim, items: items, bias: bias, part: part, programs: map[[2]int]*models.Predictor{}}, nil
}

// NewTwoTower returns the scorer of two networks: the model's output user is the vector of a user, which it reads from the last
// items, up to longest, as a sequence of their numbers; items has the vectors of the items, row by row, of as many numbers. The score is
// the product of both, and the item's bias is added; nil: none. trained is the number of users that were trained on.
func NewTwoTower(m *models.Model, user string, trained, longest int, items, bias []float32) (Scorer, error) {
	part, err := m.WithOutputs(user)
	if err != nil {
		return nil, fmt.Errorf("recommend: two-tower: %w", err)
	}
	shape := part.OutputShapes()[0]
	if len(shape) != 1 || len(part.InputNames()) < 1 {
		return nil, fmt.Errorf("recommend: two-tower: the model's output %s is %v: want a vector", user, shape)
	}
	for i, v := range items {
		if v-v != 0 {
			return nil, fmt.Errorf("recommend: two-tower: number %d of the items is %v", i, v)
		}
	}
	return newEncoded("two-tower", part, m, user, trained, longest, shape[0], slices.Clone(items), slices.Clone(bias))
}

// Scores implements Scorer.
func (e *encoded) Scores(users []User, scores []float32) error {
	n := len(e.items) / e.dim
	if err := checkUsers(e.name, users, scores, e.trained, n); err != nil {
		return err
	}
	x, err := e.vectors(users)
	if err != nil {
		return fmt.Errorf("recommend: %s: %w", e.name, err)
	}
	kernel.Enter()
	defer kernel.Leave()
	kernel.Gemm(false, true, len(users), n, e.dim, x, e.items, 0, scores)
	if e.bias != nil {
		kernel.AddRows(scores, e.bias)
	}
	return nil
}

// vectors returns the vectors of users, zeros of those without items.
func (e *encoded) vectors(users []User) ([]float32, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := make([]float32, len(users)*e.dim)
	byRoom := map[int][]int{} // users by the steps that their items are padded to
	for i, u := range users {
		if n := min(len(u.Items), e.longest); n > 0 {
			byRoom[data.PaddedSteps(n)] = append(byRoom[data.PaddedSteps(n)], i)
		}
	}
	for room, list := range byRoom {
		for from := 0; from < len(list); from += batchUsers {
			if err := e.encode(users, list[from:min(from+batchUsers, len(list))], room, x); err != nil {
				return nil, err
			}
		}
	}
	return x, nil
}

// encode sets the vectors of some users.
func (e *encoded) encode(users []User, some []int, room int, x []float32) error {
	rows := batchUsers
	if len(some) == 1 {
		rows = 1
	}
	p := e.programs[[2]int{rows, room}]
	if p == nil {
		var err error
		if p, err = e.part.SequencePredictor(rows, room); err != nil {
			return err
		}
		e.programs[[2]int{rows, room}] = p
	}
	items, lengths := p.Inputs()[0].Data().([]int), p.Inputs()[1].Data().([]int)
	clear(items)
	clear(lengths)
	for k, i := range some {
		u := users[i].Items
		lengths[k] = copy(items[k*room:(k+1)*room], u[max(0, len(u)-e.longest):])
	}
	if err := p.Run(context.Background()); err != nil {
		return err
	}
	y := p.Outputs()[0].Data().([]float32)
	steps := len(y) / (rows * e.dim)
	for k, i := range some {
		at := k * steps
		if steps > 1 {
			at += lengths[k] - 1
		}
		copy(x[i*e.dim:(i+1)*e.dim], y[at*e.dim:])
	}
	return nil
}
