package main

import (
	"fmt"
	"math"
	"runtime"

	deep "github.com/patrikeh/go-deep"
	"github.com/patrikeh/go-deep/training"
	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/models"
)

// godeepNet builds W4's network with the first weights of Aegis.
func godeepNet(w workload.Workload) (*deep.Neural, error) {
	m, err := w.Model()
	if err != nil {
		return nil, err
	}
	return godeepLike(m), nil
}

// godeepLike builds W4's network with a model's weights.
func godeepLike(m *models.Model) *deep.Neural {
	units := []int{16, 8, 1}
	n := deep.NewNeural(&deep.Config{
		Inputs: 30, Layout: units, Activation: deep.ActivationReLU, Mode: deep.ModeBinary,
		Loss: deep.LossBinaryCrossEntropy, Weight: deep.NewUniform(0.5, 0), Bias: true,
	})
	for l, layer := range n.Layers {
		kernel := m.Params().Get(fmt.Sprintf("%d.Dense/kernel", l)).Values()
		bias := m.Params().Get(fmt.Sprintf("%d.Dense/bias", l)).Values()
		for k, neuron := range layer.Neurons {
			for i, s := range neuron.In {
				if s.IsBias {
					s.Weight = bias[k]
				} else {
					s.Weight = kernel[i*units[l]+k]
				}
			}
		}
	}
	return n
}

func godeepExamples(set rows) training.Examples {
	list := make(training.Examples, len(set.labels))
	for i, label := range set.labels {
		input := make([]float64, set.width)
		for k := range input {
			input[k] = float64(set.x[i*set.width+k])
		}
		list[i] = training.Example{Input: input, Response: []float64{float64(label)}}
	}
	return list
}

// godeepSolver is SGD with the learning rate of W4; batches sum their gradients.
func godeepSolver(w workload.Workload) training.Solver {
	return training.NewSGD(0.01/float64(w.Batch), 0, 0, false)
}

func godeepTrainer(w workload.Workload) training.Trainer {
	return training.NewBatchTrainer(godeepSolver(w), 0, w.Batch, runtime.GOMAXPROCS(0))
}

// openGoDeep makes a session of W4; go-deep computes in float64 and has neither
// convolutions nor recurrent layers.
func openGoDeep(r request, w workload.Workload) (*session, error) {
	if !w.Table {
		return nil, fmt.Errorf("go-deep has no %s", w.Title)
	}
	set, err := rowsOf(w, r.Kind == "training")
	if err != nil {
		return nil, err
	}
	n, err := godeepNet(w)
	if err != nil {
		return nil, err
	}
	examples := godeepExamples(set)
	at := 0
	if r.Kind == "inference" {
		return &session{every: 64, close: nothing, step: func() (int, error) {
			at = (at + 1) % len(examples)
			if y := n.Predict(examples[at].Input); math.IsNaN(y[0]) {
				return 0, fmt.Errorf("go-deep predicts %v", y)
			}
			return 1, nil
		}}, nil
	}
	var trainer training.Trainer
	switch r.Variant {
	case "batches":
		trainer = godeepTrainer(w)
	case "rows one by one":
		trainer = training.NewTrainer(godeepSolver(w), 0)
	default:
		return nil, fmt.Errorf("go-deep: no way %q", r.Variant)
	}
	// Epochs of one call, so that what a call sets up weighs little.
	const epochs = 8
	return &session{close: nothing, step: func() (int, error) {
		trainer.Train(n, examples, nil, epochs)
		return epochs * len(examples), nil
	}}, nil
}

func nothing() error { return nil }
