package main

import (
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/losses"
	nets "github.com/seed732fc211/aegis/models/tabular"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/seed732fc211/aegis/train"
)

// part is a recipe with one thing changed, for measuring what that thing is worth.
type part struct {
	name   string
	recipe tabular.Recipe
	change func(p *tabular.Plan) // nil: none
}

// Plan implements tabular.Recipe.
func (c part) Plan(rows *data.Set, seed uint64) (tabular.Plan, error) {
	p, err := c.recipe.Plan(rows, seed)
	if err == nil && c.change != nil {
		c.change(&p)
	}
	return p, err
}

// whole is the default's bag with the whole RealMLP in it.
type whole struct{ net nets.RealMLP }

// Plan implements tabular.Recipe.
func (w whole) Plan(rows *data.Set, seed uint64) (tabular.Plan, error) {
	bag, err := tabular.Default{}.Plan(rows, seed)
	if err != nil {
		return bag, err
	}
	p, err := tabular.Adaptive{Net: w.net}.Plan(rows, seed)
	p.Folds = bag.Folds
	return p, err
}

// parts are what -models ablation fits. The first is what the others are held against.
func parts() []part {
	return []part{
		{"default", tabular.Default{}, nil},
		{"one fit in place of five", tabular.Default{}, func(p *tabular.Plan) { p.Folds = 0 }},
		{"without normal scores", tabular.Default{}, numbers(func(t data.Transform) bool { _, ok := t.(data.NormalScores); return ok })},
		{"normal scores alone", tabular.Default{}, func(p *tabular.Plan) {
			setNumbers(p, data.Pipeline{data.Impute{Indicate: true}, data.NormalScores{}})
		}},
		{"quartiles in place of both", tabular.Default{}, func(p *tabular.Plan) {
			setNumbers(p, data.Pipeline{data.Impute{Indicate: true}, data.RobustScale{}, data.SmoothClip{}})
		}},
		{"without smooth clipping", tabular.Default{}, numbers(func(t data.Transform) bool { _, ok := t.(data.SmoothClip); return ok })},
		{"without missing indicators", tabular.Default{}, func(p *tabular.Plan) {
			setNumbers(p, data.Pipeline{data.Impute{}, data.Standardize{}, data.SmoothClip{}, data.NormalScores{Beside: true}})
		}},
		{"without pooling of rare levels", tabular.Default{}, func(p *tabular.Plan) {
			c := p.Preprocess.(data.Columns)
			c.Categories = data.OneHot{Signed: true}
			p.Preprocess = c
		}},
		{"a constant learning rate", tabular.Default{}, func(p *tabular.Plan) { p.Config.Schedule = nil }},
		{"without label smoothing", tabular.Default{}, func(p *tabular.Plan) {
			if p.Config.Loss != nil {
				p.Config.Loss = losses.SoftmaxCrossEntropy{}
			}
		}},
		{"weights of the last epoch", tabular.Default{}, func(p *tabular.Plan) { p.Config.Callbacks = nil }},
		{"without a temperature", tabular.Default{}, func(p *tabular.Plan) { p.Calibrate = train.Calibration("") }},
		{"targets as they are", tabular.Default{}, func(p *tabular.Plan) { p.LogTarget = false }},
		{"the whole RealMLP", whole{}, nil},
		{"the whole without embeddings", whole{nets.RealMLP{NoEmbeddings: true}}, nil},
		{"the whole without gates", whole{nets.RealMLP{NoGates: true}}, nil},
		{"the whole without dropout", whole{nets.RealMLP{Dropout: -1}}, nil},
	}
}

func partNames() []string {
	var out []string
	for _, p := range parts() {
		out = append(out, p.name)
	}
	return out
}

// numbers takes steps out of the preprocessing of numbers.
func numbers(out func(data.Transform) bool) func(*tabular.Plan) {
	return func(p *tabular.Plan) {
		setNumbers(p, slices.DeleteFunc(slices.Clone(p.Preprocess.(data.Columns).Numbers.(data.Pipeline)), out))
	}
}

func setNumbers(p *tabular.Plan, steps data.Pipeline) {
	c := p.Preprocess.(data.Columns)
	c.Numbers, c.Times = steps, append(data.Pipeline{data.ExpandTimes{Cyclic: true}}, steps...)
	p.Preprocess = c
}
