package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// Objective is what a fit minimises: Σ Weight·mean of the row losses over its terms. The
// simplest has one loss per output ([Outputs]); others compare outputs with each other
// (contrastive losses), with another model's predictions (distillation), or with inputs.
type Objective interface {
	Terms(b *graph.Builder, x Batch) []Term
}

// ObjectiveFunc adapts a function to Objective. It cannot be written to JSON.
type ObjectiveFunc func(b *graph.Builder, x Batch) []Term

// Terms calls f.
func (f ObjectiveFunc) Terms(b *graph.Builder, x Batch) []Term {
	if f == nil {
		b.Fail("the objective's function is nil")
		return nil
	}
	return f(b, x)
}

// Batch holds the nodes of one batch: the model's inputs and outputs, and the targets.
// Other nodes are found by name with graph.Builder.Node.
type Batch struct {
	Inputs, Outputs, Targets []*graph.Node
}

// Term is one summand of an objective.
type Term struct {
	Name   string      // of its curve "loss NAME", recorded if the objective has several terms
	Rows   *graph.Node // (batch): the loss of each row
	Weight float64     // 0: 1
	Watch  bool        // only record the curve; the term is not minimised
}

// Outputs is the objective with one loss per output of the model, computed against the
// target at the same position.
type Outputs struct {
	Losses  []losses.Loss
	Weights []float64 // nil: all 1; a weight of 0 only records the output's curve
	Names   []string  // of the curves; nil: "0", "1" and so on
}

// Terms implements Objective.
func (o Outputs) Terms(b *graph.Builder, x Batch) []Term {
	n := len(x.Outputs)
	if len(o.Losses) != n || o.Weights != nil && len(o.Weights) != n || o.Names != nil && len(o.Names) != n {
		b.Fail("%d losses, %d weights and %d names for %d outputs", len(o.Losses), len(o.Weights), len(o.Names), n)
		return nil
	}
	if len(x.Targets) != n {
		b.Fail("%d targets for %d outputs", len(x.Targets), n)
		return nil
	}
	terms := make([]Term, n)
	for i := range terms {
		if o.Losses[i] == nil {
			b.Fail("the loss is nil")
			return nil
		}
		terms[i] = Term{Name: fmt.Sprint(i), Rows: o.Losses[i].Loss(b, x.Outputs[i], x.Targets[i])}
		if o.Names != nil {
			terms[i].Name = o.Names[i]
		}
		if o.Weights != nil {
			terms[i].Weight, terms[i].Watch = o.Weights[i], o.Weights[i] == 0
		}
	}
	return terms
}

func init() { builtin.Register(Outputs{}) }

// minimise adds the weighted sum of an objective's terms to a graph. If there are several
// terms, means holds their individual losses.
func minimise(b *graph.Builder, o Objective, x Batch, weights *graph.Node) (total *graph.Node, names []string, means []*graph.Node) {
	terms := termsOf(b, o, x)
	if b.Err() == nil && len(terms) == 0 {
		b.Fail("the objective has no terms")
	}
	seen := map[string]bool{}
	for _, t := range terms {
		if b.Err() != nil {
			return nil, nil, nil
		}
		switch rows := x.Outputs[0].Shape()[0]; {
		case t.Rows == nil || len(t.Rows.Shape()) != 1 || t.Rows.Shape()[0] != rows:
			b.Fail("the loss gives %v, want one number for each of %d rows", t.Rows, rows)
		case !(t.Weight >= 0) || math.IsInf(t.Weight, 0):
			b.Fail("the term %q has the weight %v", t.Name, t.Weight)
		case len(terms) > 1 && (t.Name == "" || seen[t.Name]):
			b.Fail("the term %q has no name or one that is taken", t.Name)
		}
		seen[t.Name] = true
		mean := losses.Mean(b, t.Rows, weights)
		if len(terms) > 1 {
			names, means = append(names, t.Name), append(means, mean)
		}
		if t.Watch {
			continue
		}
		if t.Weight != 0 && t.Weight != 1 {
			mean = b.Scale(mean, t.Weight)
		}
		if total == nil {
			total = mean
		} else {
			total = b.Add(total, mean)
		}
	}
	if b.Err() == nil && total == nil {
		b.Fail("all terms of the objective are only watched")
	}
	return total, names, means
}

// termsOf calls an objective's Terms, turning a panic in user code into an error.
func termsOf(b *graph.Builder, o Objective, x Batch) (terms []Term) {
	defer func() {
		if r := recover(); r != nil {
			b.Fail("panic: %v", r)
		}
	}()
	return o.Terms(b, x)
}

// OutputMetric scores one output of a multi-output model after every epoch, as the curves
// NAME and "val_NAME". Score receives the target and output of all rows, shape (rows, ...),
// or, if there is one per step, of all steps, row after row. The output has the model's
// float type.
type OutputMetric struct {
	Name    string
	Output  int
	Target  int
	Greater bool // greater is better; used by EarlyStopping and Checkpoint
	Score   func(want, got *tensor.Dense) (float64, error)
}

// checkOutputs checks the output metrics against the model.
func checkOutputs(list []OutputMetric, m *models.Model) error {
	for i, o := range list {
		switch {
		case o.Name == "" || o.Score == nil:
			return fmt.Errorf("train: the metric %d of outputs has no name or no function", i)
		case o.Output < 0 || o.Output >= len(m.OutputShapes()):
			return fmt.Errorf("train: metric %s: there is no output %d", o.Name, o.Output)
		case o.Target < 0:
			return fmt.Errorf("train: metric %s: there is no target %d", o.Name, o.Target)
		}
	}
	return nil
}

// score returns the metric over all rows.
func (o OutputMetric) score(targets []*tensor.Dense, out *tensor.Dense) (v float64, err error) {
	defer func() {
		if r := recover(); r != nil { // from the user's function
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if o.Target >= len(targets) {
		return 0, fmt.Errorf("there is no target %d", o.Target)
	}
	if out == nil {
		return 0, errors.New("there is no output")
	}
	return o.Score(targets[o.Target], out)
}
