package main

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/plots"
	"github.com/seed732fc211/aegis/train"
	"github.com/spf13/pflag"
)

// netFlags is the net of a command and how it is fitted.
type netFlags struct {
	hidden       string
	dropout      float64
	l1, l2       float64
	epochs       int
	patience     int
	batch        int
	learningRate float64
	seed         uint64

	units []int
}

func (n *netFlags) flags(f *pflag.FlagSet) {
	f.StringVar(&n.hidden, "hidden", "32", "`UNITS` of the hidden layers, separated by commas; empty: none")
	f.Float64Var(&n.dropout, "dropout", 0.2, "dropout `RATE` behind every hidden layer")
	f.Float64Var(&n.l1, "l1", 0, "L1 penalty `FACTOR` on the kernels")
	f.Float64Var(&n.l2, "l2", 1e-3, "L2 penalty `FACTOR` on the kernels")
	f.IntVar(&n.epochs, "epochs", 300, "`NUMBER` of epochs at most")
	f.IntVar(&n.patience, "patience", 30, "`EPOCHS` without a better validation loss before training stops")
	f.IntVar(&n.batch, "batch", 32, "`ROWS` in a batch")
	f.Float64Var(&n.learningRate, "learning-rate", 0.005, "learning `RATE` of Adam")
	f.Uint64Var(&n.seed, "seed", 1, "`SEED` of everything random")
}

// check reads the flags; a wrong one is a usageError.
func (n *netFlags) check() error {
	n.units = nil
	for _, part := range strings.Split(n.hidden, ",") {
		part = strings.TrimSpace(part)
		if part == "" && n.hidden == "" {
			continue
		}
		u, err := strconv.Atoi(part)
		if err != nil || u < 1 || u > 1<<16 {
			return usage("--hidden %s: %q is no number of units from 1 to 65536", n.hidden, part)
		}
		n.units = append(n.units, u)
	}
	switch {
	case !(n.dropout >= 0 && n.dropout < 1):
		return usage("--dropout %v: want a rate in [0, 1)", n.dropout)
	case !(n.l1 >= 0) || !(n.l2 >= 0):
		return usage("--l1 %v --l2 %v: want factors of at least 0", n.l1, n.l2)
	case n.epochs < 1 || n.batch < 1 || n.patience < 1:
		return usage("--epochs %d --batch %d --patience %d: want at least 1 of each", n.epochs, n.batch, n.patience)
	case !(n.learningRate > 0):
		return usage("--learning-rate %v: want a positive number", n.learningRate)
	}
	return nil
}

// validationShare of the training rows is set aside for early stopping.
const validationShare = 0.1

func (n *netFlags) estimator(units []int, seed uint64) train.Estimator {
	return train.Estimator{
		Build:       models.MLP{Hidden: units, Dropout: n.dropout, L1: n.l1, L2: n.l2}.Build,
		Preprocess:  preprocess(),
		ScaleTarget: true,
		Seed:        seed,
		Config: train.Config{
			Optimizer:          optim.Adam{LearningRate: n.learningRate},
			Epochs:             n.epochs,
			BatchSize:          n.batch,
			ValidationFraction: validationShare,
			Callbacks:          []train.Callback{train.EarlyStopping{Patience: n.patience}},
		},
	}
}

func (n *netFlags) factory(units []int) crossval.Factory {
	return func(seed uint64) (crossval.Estimator, error) { return n.estimator(units, seed), nil }
}

// facts are the net's parameters for reports.
func (n *netFlags) facts() []plots.Fact {
	hidden := n.hidden
	if hidden == "" {
		hidden = "none"
	}
	return []plots.Fact{
		{Name: "hidden units", Value: hidden + ", ReLU"},
		{Name: "regularisation", Value: fmt.Sprintf("dropout %g, L1 %g, L2 %g", n.dropout, n.l1, n.l2)},
		{Name: "optimizer", Value: fmt.Sprintf("Adam %g, batch %d", n.learningRate, n.batch)},
		{Name: "stopping", Value: fmt.Sprintf("at most %d epochs, patience %d on %.0f%% of the training rows", n.epochs, n.patience, 100*validationShare)},
	}
}

func versionFacts() []plots.Fact {
	return []plots.Fact{{Name: "versions", Value: fmt.Sprintf("aegis %s, %s %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)}}
}
