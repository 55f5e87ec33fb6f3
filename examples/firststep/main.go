// Command firststep works through one training step of a 2-3-1 network by hand
// and by graph, then trains the network on 1000 samples: two features, label 0
// or 1, three hidden units with ReLU, one output, cross-entropy, SGD at 0.01.
//
// It is the worked example of a survey of large models, done right. There the
// inputs stood in for the weights, ReLU(13) became 0, the output was a ReLU
// where a probability needs a sigmoid, and so the loss of y = 1 was infinite and
// every update 0.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// The sample, the learning rate and the first weights of the step.
var (
	x    = [2]float64{2, 3}
	y    = 1.0
	rate = 0.01
	w1   = [2][3]float64{{0.5, -0.4, 0.3}, {0.2, 0.1, -0.6}}
	b1   = [3]float64{0.1, 0, 0.2}
	w2   = [3]float64{0.7, -0.5, 0.4}
	b2   = -0.1
)

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer) error {
	hand := byHand()
	fmt.Fprintln(w, "One step by hand, x = (2, 3), y = 1:")
	fmt.Fprintf(w, "  hidden z    %.4f\n  ReLU(z)     %.4f\n  logit       %.4f, probability %.4f\n", hand.z, hand.h, hand.logit, sigmoid(hand.logit))
	fmt.Fprintf(w, "  loss        %.6f\n  dL/dlogit   %.6f = probability - y\n", hand.loss, hand.delta)
	fmt.Fprintf(w, "  dL/dW2      %.6f = h * dL/dlogit\n  dL/dW1      %.6f = x * dL/dz\n", hand.dw2, hand.dw1)
	fmt.Fprintf(w, "  loss after the step %.6f\n", hand.after)
	byGraph, err := stepByGraph()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "The same step by graph:\n  loss        %.6f\n  dL/dW2      %.6f\n  dL/dW1      %.6f\n  loss after the step %.6f\n",
		byGraph.loss, byGraph.dw2, byGraph.dw1, byGraph.after)
	accuracy, history, err := trainAll()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "1000 samples, SGD 0.01, 60 epochs: loss %.4f -> %.4f, accuracy on 250 held-out samples %.3f\n", history.Get("loss")[0], history.Last("loss"), accuracy)
	return nil
}

// step is the numbers of one training step.
type step struct {
	z, h         [3]float64
	logit, delta float64
	loss, after  float64
	dw1          [2][3]float64
	dw2          [3]float64
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// lossOf is -log p for y = 1, from the logit.
func lossOf(logit float64) float64 { return math.Log1p(math.Exp(-logit)) }

func forward(w1 [2][3]float64, b1, w2 [3]float64, b2 float64) (z, h [3]float64, logit float64) {
	logit = b2
	for j := range 3 {
		z[j] = x[0]*w1[0][j] + x[1]*w1[1][j] + b1[j]
		h[j] = math.Max(z[j], 0)
		logit += h[j] * w2[j]
	}
	return z, h, logit
}

// byHand goes forward, back by the chain rule, and one step down.
func byHand() step {
	var s step
	s.z, s.h, s.logit = forward(w1, b1, w2, b2)
	s.loss = lossOf(s.logit)
	s.delta = sigmoid(s.logit) - y
	v1, c1, v2, c2 := w1, b1, w2, b2
	c2 -= rate * s.delta
	for j := range 3 {
		s.dw2[j] = s.h[j]*s.delta + 0 // no negative zero
		v2[j] -= rate * s.dw2[j]
		dz := 0.0
		if s.z[j] > 0 {
			dz = w2[j] * s.delta
		}
		for i := range 2 {
			s.dw1[i][j] = x[i] * dz
			v1[i][j] -= rate * s.dw1[i][j]
		}
		c1[j] -= rate * dz
	}
	_, _, logit := forward(v1, c1, v2, c2)
	s.after = lossOf(logit)
	return s
}

// stepByGraph does the same step with a graph, its gradients, and SGD.
func stepByGraph() (step, error) {
	var s step
	params := graph.NewParams(graph.Float64, 1)
	b := graph.New(params, graph.Train)
	in, want := b.Input("x", 1, 2), b.Input("y", 1, 1)
	kernel1 := b.Param("w1", graph.Shape{2, 3}, graph.Weight{Init: graph.Values(append(w1[0][:], w1[1][:]...))})
	bias1 := b.Param("b1", graph.Shape{3}, graph.Weight{Init: graph.Values(b1[:])})
	kernel2 := b.Param("w2", graph.Shape{3, 1}, graph.Weight{Init: graph.Values(w2[:])})
	bias2 := b.Param("b2", graph.Shape{1}, graph.Weight{Init: graph.Values{b2}})
	hidden := b.Dense(in, kernel1, bias1, graph.Relu)
	loss := losses.Mean(b, losses.BinaryCrossEntropy{}.Loss(b, b.Dense(hidden, kernel2, bias2, graph.Identity), want), nil)
	trained, nodes := b.Trained(loss)
	grads := b.Gradients(loss, nodes...)
	p, err := graph.Compile(b, append([]*graph.Node{loss}, grads...)...)
	if err != nil {
		return s, err
	}
	for name, v := range map[string]*tensor.Dense{
		"x": tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float64{x[0], x[1]})),
		"y": tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float64{y})),
	} {
		if err := p.SetInput(name, v); err != nil {
			return s, err
		}
	}
	if err := p.Run(context.Background()); err != nil {
		return s, err
	}
	s.loss = p.Float(loss)
	for k, v := range p.Floats64(grads[0]) {
		s.dw1[k/3][k%3] = v
	}
	copy(s.dw2[:], p.Floats64(grads[2]))
	values := make([]graph.Value, len(grads))
	for i, g := range grads {
		values[i] = p.Value(g)
	}
	sgd, err := optim.Start(optim.SGD{LearningRate: rate}, optim.Clip{}, nil, trained, values)
	if err != nil {
		return s, err
	}
	if err := sgd.Step(1, 1); err != nil {
		return s, err
	}
	err = p.Run(context.Background())
	s.after = p.Float(loss)
	return s, err
}

// samples draws points of a normal law; the label is 1 where their sum is positive.
func samples(n int, seed uint64) (*data.Set, error) {
	r := rand.New(rand.NewPCG(seed, 0))
	rows, labels := make([][]float64, n), make([]int, n)
	for i := range rows {
		rows[i] = []float64{r.NormFloat64(), r.NormFloat64()}
		if rows[i][0]+rows[i][1] > 0 {
			labels[i] = 1
		}
	}
	return data.FromLabels("two features", rows, labels, []string{"0", "1"})
}

// trainAll fits the 2-3-1 network to 750 of 1000 samples and scores the others.
func trainAll() (float64, *train.History, error) {
	set, err := samples(1000, 1)
	if err != nil {
		return 0, nil, err
	}
	fit, held, err := set.Split(0.25, 1)
	if err != nil {
		return 0, nil, err
	}
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 2),
		layers.Dense{Units: 3, Activation: layers.Relu},
		layers.Dense{Units: 1})
	if err != nil {
		return 0, nil, err
	}
	m.Info = models.Info{Task: data.Classify{}, Classes: set.Classes}
	history, err := train.Fit(context.Background(), m, fit, train.Config{Optimizer: optim.SGD{LearningRate: rate}, Epochs: 60, BatchSize: 16, Seed: 1})
	if err != nil {
		return 0, nil, err
	}
	pred, err := m.PredictRows(context.Background(), held.Without())
	if err != nil {
		return 0, nil, err
	}
	accuracy, err := data.Accuracy.Score(held, pred)
	return accuracy, history, err
}
