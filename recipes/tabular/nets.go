package tabular

import (
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/losses"
	nets "github.com/seed732fc211/aegis/models/tabular"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

// Prepare returns the preprocessing of the recipes: times become cyclic numbers;
// numbers have their gaps filled with the median and noted, are standardised and clipped
// smoothly, and stand there once more by their normal scores, which neither tails nor
// gaps disturb; categories become indicators, those that fewer than least training rows
// have pooled, at most 100 of a column.
func Prepare(least int) data.Transform {
	return prepare(least, false, data.Standardize{}, data.SmoothClip{}, data.NormalScores{Beside: true})
}

// prepare makes the preprocessing of tables with the steps for numbers that follow
// imputation. signed gives categories of two levels one column of −1 and 1.
func prepare(least int, signed bool, steps ...data.Transform) data.Transform {
	numbers := append(data.Pipeline{data.Impute{Indicate: true}}, steps...)
	return data.Columns{
		Numbers:    numbers,
		Categories: data.OneHot{Least: least, Most: 100, Signed: signed},
		Times:      append(data.Pipeline{data.ExpandTimes{Cyclic: true}}, numbers...),
	}
}

// validation returns the share of the rows that is set aside to stop and to choose
// by.
func validation(rows int) float64 {
	if rows < 2000 {
		return 0.2
	}
	return 0.1
}

// MLP is a perceptron with dropout, whose size, batch and patience
// follow from the number of rows.
type MLP struct {
	Net          nets.MLP // zero fields are chosen by the rows
	LearningRate float64  // 0: chosen by the rows
	Epochs       int      // at most; 0: chosen by the rows
	Batch        int      // 0: chosen by the rows
	Patience     int      // epochs; 0: chosen by the rows
	Piecewise    int      // numbers also as so many parts between quantiles (data.PiecewiseLinear); 0: as normal scores
}

// Plan implements Recipe.
func (c MLP) Plan(rows *data.Set, seed uint64) (Plan, error) {
	n := rows.Len()
	if c.Net.Hidden == nil {
		switch {
		case n < 1000:
			c.Net.Hidden = []int{128, 64}
		case n < 20000:
			c.Net.Hidden = []int{256, 128}
		default:
			c.Net.Hidden = []int{256, 256}
		}
	}
	if c.Net.Dropout == 0 {
		c.Net.Dropout = 0.2
		if n < 1000 {
			c.Net.Dropout = 0.3
		}
	}
	if c.Batch == 0 {
		switch {
		case n < 2000:
			c.Batch = 32
		case n < 20000:
			c.Batch = 128
		default:
			c.Batch = 512
		}
	}
	ready := Prepare(leastRows(n))
	if c.Piecewise != 0 {
		ready = prepare(leastRows(n), false, data.Standardize{}, data.SmoothClip{}, data.PiecewiseLinear{Bins: c.Piecewise, Beside: true})
	}
	return Plan{Estimator: train.Estimator{
		Net: c.Net, Preprocess: ready, ScaleTarget: true, LogTarget: true, BoundTarget: true, Seed: seed,
		Config: train.Config{
			Optimizer: optim.AdamW{LearningRate: orDefault(c.LearningRate, 0.003), WeightDecay: 0.01}, Groups: []optim.Group{{Match: "bias", NoDecay: true}},
			Schedule: optim.CosineDecay{Floor: 0.05},
			Epochs:   orDefault(c.Epochs, 200), BatchSize: c.Batch, ValidationFraction: validation(n),
			Callbacks: []train.Callback{train.EarlyStopping{Patience: orDefault(c.Patience, 25)}},
		},
	}}, nil
}

// leastRows is how many training rows a level needs for an indicator of its own.
func leastRows(n int) int { return min(max(2, n/1000), 10) }

// RealMLP is the recipe of Holzmüller et al. (2024), arXiv:2407.04491: the network
// models/tabular.RealMLP with AdamW (β₂ 0.95, weight decay 0.02), the schedule
// "coslog4", dropout and decay that end at 0, label smoothing 0.1, 256 epochs of
// batches of 256, and the weights of the last epoch that was best on the rows set
// aside. The learning rate is 0.04, of a regression 0.2; of the Simple network 0.04
// and 0.07 without weight decay.
type RealMLP struct {
	Net          nets.RealMLP
	Simple       bool    // RealMLP-TD-S
	Epochs       int     // 0: 256
	Batch        int     // 0: 256
	LearningRate float64 // 0: as above
}

// Plan implements Recipe.
func (c RealMLP) Plan(rows *data.Set, seed uint64) (Plan, error) {
	net := c.Net
	net.Simple = net.Simple || c.Simple
	o := optim.AdamW{LearningRate: orDefault(c.LearningRate, c.rate(rows)), Beta2: 0.95, WeightDecay: 0.02}
	if net.Simple {
		o.WeightDecay = -1
	}
	n := rows.Len()
	config := train.Config{
		Optimizer: o, Groups: net.Groups(), Schedule: optim.CosineLog{},
		DecaySchedule: optim.FlatCosine{}, NoiseSchedule: optim.FlatCosine{},
		Epochs: orDefault(c.Epochs, 256), BatchSize: orDefault(c.Batch, 256), DropLast: true, ValidationFraction: validation(n),
	}
	config.Callbacks = []train.Callback{train.EarlyStopping{Patience: config.Epochs, Latest: true}}
	if logits(rows) {
		config.Loss = losses.SoftmaxCrossEntropy{Smoothing: 0.1}
	}
	return Plan{Estimator: train.Estimator{Net: net, Preprocess: prepare(leastRows(n), true, data.RobustScale{}, data.SmoothClip{}), ScaleTarget: true, LogTarget: true, BoundTarget: true, Seed: seed, Config: config, Calibrate: calibration(rows)}}, nil
}

// logits reports whether a network learns the logits of classes, whose targets may be smoothed.
func logits(rows *data.Set) bool {
	r, err := rows.Rules()
	return err == nil && r.Logits
}

// rate is the learning rate for batches of 256.
func (c RealMLP) rate(rows *data.Set) float64 {
	scaled := false
	if r, err := rows.Rules(); err == nil {
		scaled = r.Scaled
	}
	switch simple := c.Simple || c.Net.Simple; {
	case simple && scaled:
		return 0.07
	case scaled:
		return 0.2
	}
	return 0.04
}

// calibration of a classifier that was trained with smoothed labels, which are less
// sure than the data.
func calibration(rows *data.Set) train.Calibration {
	if logits(rows) {
		return train.Temperature
	}
	return ""
}

// TabM is the recipe of Gorishniy et al. (2024), arXiv:2410.24210: the network
// models/tabular.TabM, narrower than theirs below 20,000 rows (128 units up to
// 2,000, then 256), with AdamW (learning rate 0.002, weight decay 3e-4), batches
// of 256, gradients held to a norm of 1, and early stopping with patience 16.
type TabM struct {
	Net          nets.TabM
	Epochs       int     // at most; 0: 200
	Batch        int     // 0: 256, and fewer so that an epoch has at least 10
	LearningRate float64 // 0: 0.002
	Patience     int     // 0: 16
}

// Plan implements Recipe.
func (c TabM) Plan(rows *data.Set, seed uint64) (Plan, error) {
	if n := rows.Len(); c.Net.Units == 0 && n < 20000 {
		c.Net.Units = 256
		if n < 2000 {
			c.Net.Units = 128
		}
	}
	p := patient(rows, seed, c.Epochs, c.Batch, c.Patience)
	p.Net, p.Config.Clip = c.Net, optim.Clip{Norm: 1}
	p.Config.Optimizer = optim.AdamW{LearningRate: orDefault(c.LearningRate, 0.002), WeightDecay: 3e-4}
	var err error
	p.Config.Loss, err = c.Net.Loss(rows)
	return p, err
}

// patient is what the recipes TabM and ResNet share: everything but the network and
// the optimizer.
func patient(rows *data.Set, seed uint64, epochs, batch, patience int) Plan {
	n := rows.Len()
	return Plan{Estimator: train.Estimator{
		Preprocess: Prepare(leastRows(n)), ScaleTarget: true, LogTarget: true, BoundTarget: true, Seed: seed,
		Config: train.Config{
			Groups: []optim.Group{{Match: "bias", NoDecay: true}},
			Epochs: orDefault(epochs, 200), BatchSize: orDefault(batch, min(256, max(16, n/10))), ValidationFraction: validation(n),
			Callbacks: []train.Callback{train.EarlyStopping{Patience: orDefault(patience, 16)}},
		},
	}}
}

// ResNet is the recipe of Gorishniy et al. (2021), arXiv:2106.11959: the network
// models/tabular.ResNet with AdamW (learning rate 1e-3, weight decay 1e-5), batches
// of 256, and early stopping with patience 16.
type ResNet struct {
	Net          nets.ResNet
	Epochs       int     // at most; 0: 200
	Batch        int     // 0: 256, and fewer so that an epoch has at least 10
	LearningRate float64 // 0: 0.001
	Patience     int     // 0: 16
}

// Plan implements Recipe.
func (c ResNet) Plan(rows *data.Set, seed uint64) (Plan, error) {
	p := patient(rows, seed, c.Epochs, c.Batch, c.Patience)
	p.Net, p.Config.DropLast = c.Net, true
	p.Config.Optimizer = optim.AdamW{LearningRate: orDefault(c.LearningRate, 0.001), WeightDecay: 1e-5}
	return p, nil
}

func orDefault[T int | float64](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}
