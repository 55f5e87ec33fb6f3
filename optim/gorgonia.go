package optim

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/gorgonia"
)

// Gorgonia makes a solver of Gorgonia's an Optimizer. Its learning rate is the
// solver's own: schedules do not reach it, and its state cannot be saved. Of
// gorgonia v0.9.18, NewAdamW never changes the weights and NewAdaGradSolver
// ignores the learning rate; use AdamW and Adagrad instead.
type Gorgonia struct{ Solver gorgonia.Solver }

// Rule implements Optimizer.
func (o Gorgonia) Rule() (Rule, error) {
	if o.Solver == nil {
		return Rule{}, errors.New("gorgonia: no solver")
	}
	return Rule{
		Name: fmt.Sprintf("%T", o.Solver), Rate: 1,
		All: func(params []*graph.Param, grads []gorgonia.Value) (err error) {
			defer func() {
				if r := recover(); r != nil {
					err = fmt.Errorf("panic: %v", r)
				}
			}()
			model := make([]gorgonia.ValueGrad, len(params))
			for i, p := range params {
				model[i] = valueGrad{p.Tensor(), grads[i]}
			}
			return o.Solver.Step(model)
		},
	}, nil
}

type valueGrad struct{ value, grad gorgonia.Value }

func (v valueGrad) Value() gorgonia.Value         { return v.value }
func (v valueGrad) Grad() (gorgonia.Value, error) { return v.grad, nil }
