package search

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/describe"
)

// Space is a description with some of its settings left open: the candidates of a search.
// Like everything that can be described, it can be written as JSON and read back.
//
//	space := search.Space{
//		Base: tabular.Estimator{Recipe: tabular.MLP{}},
//		Settings: []search.Setting{
//			{Path: "Recipe.LearningRate", Domain: search.LogUniform{Low: 1e-4, High: 1e-2}},
//			{Path: "Recipe.Net.Dropout", Domain: search.Uniform{High: 0.5}},
//		},
//	}
type Space struct {
	Base     crossval.Estimator // a registered type; as it is, it is the first trial
	Settings []Setting
}

// Setting is one open setting of a Space.
type Setting struct {
	Path   string // of the field below Base: "Recipe.Net.Dropout"; elements of lists by index: "Layers.0.Units"
	Name   string // for tables and conditions; "": Path. Settings may share a path if conditions exclude each other
	Domain Domain
	When   []Condition // all must hold, else the setting keeps the value of Base
}

// Condition holds if another setting, given before, is open and has one of the named values.
type Condition struct {
	Setting string
	Is      []string
}

// Value is a setting with the value that a trial has for it.
type Value struct {
	Setting string `json:"setting"` // its name
	Text    string `json:"value"`   // the value, as tables and conditions show it
}

// name returns the name of a setting.
func (s *Setting) name() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Path
}

// ValueText returns the name of the setting's value at u in [0, 1), as tables and conditions
// show it. Errors are those of the domain.
func (s Setting) ValueText(u float64) (string, error) {
	_, name, err := s.at(u)
	return name, err
}

// Point is a place in a space: one number in [0, 1) for each setting, NaN if the setting
// keeps the value of Base.
type Point []float64

// Candidate returns the estimator at a point, with the values of the settings that are open
// there; the others' numbers in p are replaced by NaN. A point of NaN alone is Base.
//
// It is an error if p has another length than Settings; if Base cannot be described; if a
// path does not lead to a field of the estimator, which conditions on a choice of a type can
// ensure; or if a domain or a condition is wrong.
func (s Space) Candidate(p Point) (crossval.Estimator, []Value, error) {
	return s.candidate(p, nil)
}

// override is a value that a proposer sets on top of a point.
type override struct {
	path  string
	value any
}

func (s Space) candidate(p Point, more []override) (crossval.Estimator, []Value, error) {
	if s.Base == nil {
		return nil, nil, errors.New("search: the space has no base")
	}
	if len(p) != len(s.Settings) {
		return nil, nil, fmt.Errorf("search: a point of %d numbers for %d settings", len(p), len(s.Settings))
	}
	text, err := describe.Marshal(&s.Base)
	if err != nil {
		return nil, nil, fmt.Errorf("search: the base of the space: %w", err)
	}
	tree, err := parse(text)
	if err != nil {
		return nil, nil, fmt.Errorf("search: the base of the space: %w", err)
	}
	var values []Value
	open := map[string]string{}
	for i := range s.Settings {
		set := &s.Settings[i]
		if math.IsNaN(p[i]) {
			continue
		}
		holds, err := s.holds(i, open)
		if err != nil {
			return nil, nil, err
		}
		if !holds {
			p[i] = math.NaN()
			continue
		}
		value, name, err := set.at(p[i])
		if err != nil {
			return nil, nil, err
		}
		if err := put(tree, set.Path, value); err != nil {
			return nil, nil, fmt.Errorf("search: %s: %w", set.name(), err)
		}
		open[set.name()] = name
		values = append(values, Value{set.name(), name})
	}
	for _, m := range more {
		text, err := valueText(m.value)
		if err == nil {
			err = put(tree, m.path, text)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("search: %s: %w", m.path, err)
		}
	}
	text, err = json.Marshal(tree)
	if err != nil {
		return nil, nil, fmt.Errorf("search: %w", err)
	}
	var e crossval.Estimator
	if err := describe.Unmarshal(text, &e); err != nil {
		return nil, nil, fmt.Errorf("search: with %s: %w", inWords(values), err)
	}
	return e, values, nil
}

// at returns the value of a setting as JSON, and its name.
func (s *Setting) at(u float64) (json.RawMessage, string, error) {
	if s.Domain == nil {
		return nil, "", fmt.Errorf("search: %s: no domain", s.name())
	}
	v, err := s.Domain.At(u)
	if err != nil {
		return nil, "", fmt.Errorf("%w (%s)", err, s.name())
	}
	text, err := valueText(v)
	if err != nil {
		return nil, "", fmt.Errorf("search: %s: %w", s.name(), err)
	}
	name, err := nameOf(s.Domain, u, v)
	return text, name, err
}

// close sets the numbers of a point to NaN where conditions do not hold.
func (s *Space) close(p Point) error {
	open := map[string]string{}
	for i := range s.Settings {
		holds, err := s.holds(i, open)
		if err != nil {
			return err
		}
		if !holds || math.IsNaN(p[i]) {
			p[i] = math.NaN()
			continue
		}
		name := s.Settings[i].name()
		if !slices.ContainsFunc(s.Settings[i+1:], func(o Setting) bool {
			return slices.ContainsFunc(o.When, func(c Condition) bool { return c.Setting == name })
		}) {
			continue // its value does not matter
		}
		if _, open[name], err = s.Settings[i].at(p[i]); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether the conditions of setting i hold, given the settings that are open.
func (s Space) holds(i int, open map[string]string) (bool, error) {
	for _, c := range s.Settings[i].When {
		if !slices.ContainsFunc(s.Settings[:i], func(o Setting) bool { return o.name() == c.Setting }) {
			return false, fmt.Errorf("search: %s: its condition is on %q, which is no setting before it", s.Settings[i].name(), c.Setting)
		}
		if value, ok := open[c.Setting]; !ok || !slices.Contains(c.Is, value) {
			return false, nil
		}
	}
	return true, nil
}

// check tries each setting at both ends, and each value of a choice, in the middle of the
// other settings, so that a wrong path is an error before the first fit.
func (s Space) check() error {
	base := make(Point, len(s.Settings))
	for i := range base {
		base[i] = math.NaN()
	}
	if _, _, err := s.Candidate(base); err != nil {
		return err
	}
	if len(s.Settings) == 0 {
		return errors.New("search: the space has no settings")
	}
	named := map[string]bool{}
	for i := range s.Settings {
		set := &s.Settings[i]
		if set.Path == "" || named[set.name()] {
			return fmt.Errorf("search: setting %d: a path of %q, and want a name of its own, not %q", i, set.Path, set.name())
		}
		named[set.name()] = true
		for _, u := range positions(set.Domain) {
			p := make(Point, len(s.Settings))
			for j := range p {
				p[j] = 0.5
			}
			p[i] = u
			if err := s.enable(p, i); err != nil {
				return err
			}
			if _, _, err := s.Candidate(p); err != nil {
				return err
			}
			if math.IsNaN(p[i]) {
				return fmt.Errorf("search: %s: its conditions can never hold", set.name())
			}
		}
	}
	return nil
}

// enable moves a point to where the conditions of setting i hold.
func (s Space) enable(p Point, i int) error {
	for _, c := range s.Settings[i].When {
		at := slices.IndexFunc(s.Settings[:i], func(o Setting) bool { return o.name() == c.Setting })
		if at < 0 {
			return fmt.Errorf("search: %s: its condition is on %q, which is no setting before it", s.Settings[i].name(), c.Setting)
		}
		found := false
		for _, u := range append([]float64{p[at]}, places(s.Settings[at].Domain)...) { // what it has may do
			_, name, err := s.Settings[at].at(u)
			if err != nil {
				return err
			}
			if slices.Contains(c.Is, name) {
				p[at], found = u, true
				break
			}
		}
		if !found {
			return fmt.Errorf("search: %s: %s is never one of %q", s.Settings[i].name(), c.Setting, c.Is)
		}
		if err := s.enable(p, at); err != nil {
			return err
		}
	}
	return nil
}

// positions returns the positions at which a domain is tried: its ends, or the middle of each
// value's part.
func positions(d Domain) []float64 {
	n := cells(d)
	if i, ok := d.(Int); ok && !i.Log && i.High-i.Low < 64 {
		n = i.High - i.Low + 1
	}
	if n <= 0 {
		return []float64{0, math.Nextafter(1, 0)}
	}
	var out []float64
	for k := range n {
		out = append(out, (float64(k)+0.5)/float64(n))
	}
	return out
}

// places returns positions of many values of a domain, of all if there are few.
func places(d Domain) []float64 {
	out := positions(d)
	if cells(d) == 0 {
		const many = 4096
		for k := range many {
			out = append(out, (float64(k)+0.5)/many)
		}
	}
	return out
}

// parse reads JSON without rounding its numbers.
func parse(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// put sets a field of a description, given by its path. Values that are written with their
// kind keep their fields below "config"; fields that are missing are made, as zero ones are
// not written.
func put(tree any, path string, value json.RawMessage) error {
	v, err := parse(value)
	if err != nil {
		return err
	}
	steps := strings.Split(path, ".")
	for i, step := range steps {
		last := i == len(steps)-1
		switch node := tree.(type) {
		case map[string]any:
			node = fieldsOf(node)
			if last {
				node[step] = v
				return nil
			}
			if node[step] == nil {
				node[step] = map[string]any{}
			}
			tree = node[step]
		case []any:
			at, err := strconv.Atoi(step)
			if err != nil || at < 0 || at >= len(node) {
				return fmt.Errorf("%s: want an index below %d, have %q", strings.Join(steps[:i], "."), len(node), step)
			}
			if last {
				node[at] = v
				return nil
			}
			tree = node[at]
		default:
			return fmt.Errorf("%s has no fields", strings.Join(steps[:i], "."))
		}
	}
	return nil
}

// fieldsOf returns the fields of an object, which lie below "config" if it has a kind.
func fieldsOf(node map[string]any) map[string]any {
	if _, tagged := node["kind"].(string); !tagged {
		return node
	}
	config, ok := node["config"].(map[string]any)
	if !ok {
		config = map[string]any{}
		node["config"] = config
	}
	return config
}

// inWords lists values: "a = 1, b = 2".
func inWords(values []Value) string {
	if len(values) == 0 {
		return "its defaults"
	}
	var parts []string
	for _, v := range values {
		parts = append(parts, v.Setting+" = "+v.Text)
	}
	return strings.Join(parts, ", ")
}
