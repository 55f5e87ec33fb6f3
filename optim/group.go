package optim

import (
	"fmt"
	"math"
	"path"
	"strings"

	"github.com/seed732fc211/aegis/graph"
)

// Group gives some parameters settings of their own. A parameter belongs to the
// first group whose pattern its path matches, and to none if no pattern does.
//
//	groups := []optim.Group{
//		{Match: "encoder/**", Frozen: true},
//		{Match: "bias", Rate: 0.1, NoDecay: true},
//		{Match: "output/kernel", Constraint: regularize.NonNeg{}},
//	}
type Group struct {
	// Match is a pattern for paths such as "encoder/2.Dense/kernel". An element of
	// the pattern matches one of the path as in path.Match, and ** matches any
	// number of them. A pattern may match from any element on, so "bias" stands for
	// every path that ends in bias; with a slash in front it matches whole paths.
	Match string

	Rate    float64 // factor of the learning rate; 0: 1
	Decay   float64 // factor of the optimizer's weight decay; 0: 1
	NoDecay bool    // no weight decay
	Frozen  bool    // the parameters are not trained

	Constraint graph.Constraint // applied after every step, in place of the layer's; nil: the layer's

	// Optional says that no trained parameter needs to match; otherwise that is an
	// error, as of a misspelt pattern.
	Optional bool
}

// NoDecay returns groups that exempt biases, and the scale and shift of normalisations,
// from weight decay, as is usual with AdamW; BERT's code does so, Devlin et al. (2018),
// arXiv:1810.04805. They match parameters by name (bias, other_bias, scale, shift), in
// layers of your own, too. A parameter belongs to the first group that it matches, so
// groups that freeze layers or change their rates go before these.
//
//	c := train.Config{Optimizer: optim.AdamW{}, Groups: optim.NoDecay()}
func NoDecay() []Group {
	return []Group{
		{Match: "bias", NoDecay: true, Optional: true}, {Match: "other_bias", NoDecay: true, Optional: true},
		{Match: "scale", NoDecay: true, Optional: true}, {Match: "shift", NoDecay: true, Optional: true},
	}
}

// settings are what a group comes to for a parameter.
type settings struct {
	rate, decay float64 // factors
	constraint  graph.Constraint
}

func (g Group) check() error {
	if g.Match == "" {
		return fmt.Errorf("optim: a group without a pattern")
	}
	for _, element := range strings.Split(g.Match, "/") {
		if _, err := path.Match(element, ""); err != nil {
			return fmt.Errorf("optim: group %q: %w", g.Match, err)
		}
	}
	if !(g.Rate >= 0) || math.IsInf(g.Rate, 0) || !(g.Decay >= 0) || math.IsInf(g.Decay, 0) {
		return fmt.Errorf("optim: group %q: factors %v of the rate and %v of the decay: want finite ones of at least 0", g.Match, g.Rate, g.Decay)
	}
	return nil
}

func (g Group) settings() settings {
	s := settings{orDefault(g.Rate, 1), orDefault(g.Decay, 1), g.Constraint}
	if g.NoDecay {
		s.decay = 0
	}
	return s
}

// Has reports whether the group's pattern matches a parameter's path.
func (g Group) Has(parameter string) bool {
	pattern := strings.Split(g.Match, "/")
	elements := strings.Split(parameter, "/")
	if pattern[0] == "" { // a slash in front
		return matches(pattern[1:], elements)
	}
	return matches(append([]string{"**"}, pattern...), elements)
}

func matches(pattern, elements []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for skip := 0; skip <= len(elements); skip++ {
				if matches(pattern[1:], elements[skip:]) {
					return true
				}
			}
			return false
		}
		if len(elements) == 0 {
			return false
		}
		if ok, err := path.Match(pattern[0], elements[0]); err != nil || !ok {
			return false
		}
		pattern, elements = pattern[1:], elements[1:]
	}
	return len(elements) == 0
}

// Frozen reports whether a parameter belongs to a group that is not trained.
func Frozen(groups []Group, parameter string) bool {
	for _, g := range groups {
		if g.Has(parameter) {
			return g.Frozen
		}
	}
	return false
}

// settingsOf returns the settings of every parameter. A group that no parameter
// belongs to is an error: its pattern is misspelt, or another one comes first.
func settingsOf(groups []Group, params []*graph.Param) ([]settings, error) {
	out := make([]settings, len(params))
	used := make([]bool, len(groups))
	for _, g := range groups {
		if err := g.check(); err != nil {
			return nil, err
		}
	}
	for i, p := range params {
		out[i] = settings{rate: 1, decay: 1}
		for k, g := range groups {
			if g.Has(p.Path) {
				out[i], used[k] = g.settings(), true
				break
			}
		}
	}
	for k, g := range groups {
		if !used[k] && !g.Frozen && !g.Optional {
			paths := make([]string, 0, 8)
			for _, p := range params[:min(len(params), 8)] {
				paths = append(paths, p.Path)
			}
			return nil, fmt.Errorf("optim: no trained parameter is in the group %q; there are %s", g.Match, strings.Join(paths, ", "))
		}
	}
	return out, nil
}
