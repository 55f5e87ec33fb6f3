package main

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/plots"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/seed732fc211/aegis/train"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// netFlags is the net of a command and how it is fitted. What is not set is chosen
// by the recipe, from the rows.
type netFlags struct {
	recipe       string
	hidden       string
	dropout      float64
	l1, l2       float64
	epochs       int
	patience     int
	batch        int
	learningRate float64
	classWeight  string
	calibrate    string
	decide       string
	costs        string
	seed         uint64

	units []int
	cost  [][]float64
}

// ofMLP are the flags of the plain perceptron.
var ofMLP = []string{"hidden", "dropout", "l1", "l2", "patience"}

func (n *netFlags) flags(f *pflag.FlagSet) {
	f.StringVar(&n.recipe, "recipe", defaultRecipe, "`RECIPE` of the net: "+strings.Join(tabular.Names(), ", "))
	f.StringVar(&n.hidden, "hidden", "", "`UNITS` of the hidden layers of a plain perceptron (recipe mlp), separated by commas; none: no hidden layers")
	f.Float64Var(&n.dropout, "dropout", 0, "dropout `RATE` behind every hidden layer of recipe mlp")
	f.Float64Var(&n.l1, "l1", 0, "L1 penalty `FACTOR` on the kernels of recipe mlp")
	f.Float64Var(&n.l2, "l2", 0, "L2 penalty `FACTOR` on the kernels of recipe mlp")
	f.IntVar(&n.patience, "patience", 0, "`EPOCHS` without a better validation loss before training of recipe mlp stops")
	f.IntVar(&n.epochs, "epochs", 0, "`NUMBER` of epochs at most")
	f.IntVar(&n.batch, "batch", 0, "`ROWS` in a batch")
	f.Float64Var(&n.learningRate, "learning-rate", 0, "learning `RATE`")
	f.StringVar(&n.classWeight, "class-weight", "", "`HOW` classes weigh in the loss: balanced, all the same; or by their rows, which is the default")
	f.StringVar(&n.calibrate, "calibrate", "", "calibrate probabilities on rows set aside: `HOW`, temperature or isotonic (default: as the recipe has it)")
	f.StringVar(&n.decide, "decide", "", "choose the threshold of the positive class on rows set aside, for a `METRIC`: balanced accuracy, f1 or mcc")
	f.StringVar(&n.costs, "costs", "", "`MATRIX` of what it costs to take a row of one class (row) for another (column), such as \"0,1;5,0\"; classes in their order")
	f.Uint64Var(&n.seed, "seed", 1, "`SEED` of everything random")
}

// check reads the flags; a wrong one is a usageError.
func (n *netFlags) check(c *cobra.Command) error {
	for _, name := range ofMLP {
		if c.Flags().Changed(name) && n.recipe != "mlp" {
			if c.Flags().Changed("recipe") {
				return usage("--%s goes with --recipe mlp", name)
			}
			n.recipe = "mlp"
		}
	}
	if _, err := tabular.ByName(n.recipe); err != nil {
		return usageError{err}
	}
	if err := n.readUnits(); err != nil {
		return err
	}
	switch {
	case !(n.dropout >= 0 && n.dropout < 1):
		return usage("--dropout %v: want a rate in [0, 1)", n.dropout)
	case !(n.l1 >= 0) || !(n.l2 >= 0):
		return usage("--l1 %v --l2 %v: want factors of at least 0", n.l1, n.l2)
	case n.epochs < 0 || n.batch < 0 || n.patience < 0:
		return usage("--epochs %d --batch %d --patience %d: want at least 1 of each", n.epochs, n.batch, n.patience)
	case !(n.learningRate >= 0):
		return usage("--learning-rate %v: want a positive number", n.learningRate)
	case n.classWeight != "" && n.classWeight != "balanced":
		return usage("--class-weight %s: want balanced", n.classWeight)
	case n.calibrate != "" && n.calibrate != string(train.Temperature) && n.calibrate != string(train.Isotonic):
		return usage("--calibrate %s: want temperature or isotonic", n.calibrate)
	case n.decide != "" && n.decide != string(train.ByBalancedAccuracy) && n.decide != string(train.ByF1) && n.decide != string(train.ByMCC):
		return usage("--decide %s: want balanced accuracy, f1 or mcc", n.decide)
	case n.decide != "" && n.costs != "":
		return usage("--decide and --costs exclude each other")
	}
	return n.readCosts()
}

func (n *netFlags) readUnits() error {
	n.units = nil
	if n.hidden == "none" {
		n.units = []int{}
		return nil
	}
	if n.hidden == "" {
		return nil
	}
	for _, part := range strings.Split(n.hidden, ",") {
		u, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || u < 1 || u > 1<<16 {
			return usage("--hidden %s: %q is no number of units from 1 to 65536", n.hidden, part)
		}
		n.units = append(n.units, u)
	}
	return nil
}

func (n *netFlags) readCosts() error {
	n.cost = nil
	if n.costs == "" {
		return nil
	}
	for _, row := range strings.Split(n.costs, ";") {
		var list []float64
		for _, cell := range strings.Split(row, ",") {
			v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
			if err != nil || !(v >= 0) {
				return usage("--costs %s: %q is no number of at least 0", n.costs, cell)
			}
			list = append(list, v)
		}
		n.cost = append(n.cost, list)
	}
	for _, row := range n.cost {
		if len(row) != len(n.cost) {
			return usage("--costs %s: want as many columns as rows", n.costs)
		}
	}
	return nil
}

// fits checks the flags against the rows.
func (n *netFlags) fits(set *data.Set) error {
	rules, err := set.Rules()
	if err != nil {
		return err
	}
	if !rules.Choice {
		for _, flag := range [][2]string{{"class-weight", n.classWeight}, {"calibrate", n.calibrate}, {"decide", n.decide}, {"costs", n.costs}} {
			if flag[1] != "" {
				if set.As == nil {
					return usage("--%s is for classifications; the target %q is a number", flag[0], set.Target)
				}
				return usage("--%s is for classifications; the task is %s", flag[0], data.TaskName(set.Task()))
			}
		}
		return nil
	}
	if n.cost != nil && len(n.cost) != len(set.Classes) {
		return usage("--costs %s: %d rows for the %d classes %s", n.costs, len(n.cost), len(set.Classes), short(set.Classes))
	}
	if n.decide != "" && len(set.Classes) != 2 {
		return usage("--decide is for two classes, there are %d; use --costs", len(set.Classes))
	}
	return nil
}

// short writes a list, no more of it than a person reads.
func short(list []string) string {
	const most = 8
	if len(list) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}

// defaultRecipe is the net of the commands.
const defaultRecipe = "default"

// estimator returns the net with what the flags say.
func (n *netFlags) estimator() (tabular.Estimator, error) {
	recipe, err := tabular.ByName(n.recipe)
	if err != nil {
		return tabular.Estimator{}, usageError{err}
	}
	if m, ok := recipe.(tabular.MLP); ok {
		m.Net.Hidden, m.Net.Dropout, m.Net.L1, m.Net.L2, m.Patience = n.units, n.dropout, n.l1, n.l2, n.patience
		recipe = m
	}
	if n.epochs > 0 || n.batch > 0 || n.learningRate > 0 {
		if n.recipe == "auto" {
			return tabular.Estimator{}, usage("--epochs, --batch and --learning-rate do not go with --recipe auto, which chooses them")
		}
		recipe = tabular.Tuned{Recipe: recipe, Epochs: n.epochs, Batch: n.batch, LearningRate: n.learningRate}
	}
	return tabular.Estimator{
		Recipe: recipe, Seed: n.seed, Balanced: n.classWeight == "balanced",
		Calibrate: train.Calibration(n.calibrate), Costs: n.cost, Decide: train.Decision(n.decide),
	}, nil
}

// facts are the net's parameters for reports.
func (n *netFlags) facts(e tabular.Estimator, set *data.Set) []plots.Fact {
	out := []plots.Fact{{Name: "recipe", Value: n.recipe}}
	if n.recipe == "auto" {
		return out
	}
	p, err := e.Plan(set)
	if err != nil {
		return out
	}
	how := fmt.Sprintf("at most %d epochs, batches of %d, %.0f%% of the training rows set aside to stop", p.Config.Epochs, p.Config.BatchSize, 100*p.Config.ValidationFraction)
	if p.Folds > 1 {
		how = fmt.Sprintf("mean of %d fits of at most %d epochs, batches of %d, each with another %.0f%% of the training rows set aside to stop", p.Folds, p.Config.Epochs, p.Config.BatchSize, 100/float64(p.Folds))
	}
	out = append(out, plots.Fact{Name: "training", Value: how})
	if n.hidden != "" {
		out = append(out, plots.Fact{Name: "hidden units", Value: n.hidden})
	}
	for _, x := range []struct{ name, value string }{{"class weights", n.classWeight}, {"calibration", string(p.Calibrate)}, {"threshold", n.decide}, {"costs", n.costs}} {
		if x.value != "" {
			out = append(out, plots.Fact{Name: x.name, Value: x.value})
		}
	}
	return out
}

func versionFacts() []plots.Fact {
	return []plots.Fact{{Name: "versions", Value: fmt.Sprintf("aegis %s, %s %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)}}
}
