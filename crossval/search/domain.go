package search

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/seed732fc211/aegis/describe"
)

// Domain is the set of values that a setting may take. At maps a number u in [0, 1) to a
// value: a number, a text, a truth value, a list of these, or a value of a type that is
// registered with package describe. A uniform u gives the distribution of a random search;
// settings that are near in u should be near in effect.
type Domain interface {
	At(u float64) (any, error)
}

// Uniform is the interval of numbers from Low to High, all equally likely.
type Uniform struct{ Low, High float64 }

// At returns Low + u·(High−Low). It is an error if Low and High are not finite or in order.
func (d Uniform) At(u float64) (any, error) {
	if err := interval(u, d.Low, d.High); err != nil {
		return nil, err
	}
	return clip(d.Low+u*(d.High-d.Low), d.Low, d.High), nil
}

// LogUniform is the interval of positive numbers from Low to High, whose logarithms are all
// equally likely: for learning rates and penalties.
type LogUniform struct{ Low, High float64 }

// At returns Low·(High/Low)^u. It is an error if Low and High are not finite, positive and in
// order.
func (d LogUniform) At(u float64) (any, error) {
	if err := interval(u, d.Low, d.High); err != nil {
		return nil, err
	}
	if d.Low <= 0 {
		return nil, fmt.Errorf("search: a logarithmic scale from %v: want a positive number", d.Low)
	}
	return clip(math.Exp(math.Log(d.Low)+u*(math.Log(d.High)-math.Log(d.Low))), d.Low, d.High), nil
}

// Int is the whole numbers from Low to High, both included.
type Int struct {
	Low, High int
	Log       bool // numbers are likely in proportion to 1/n, and Low is 1 or more
}

// At divides [0, 1) among the numbers: in equal parts or, with Log, number n gets the part of
// the logarithms from n−½ to n+½.
func (d Int) At(u float64) (any, error) {
	if err := interval(u, float64(d.Low), float64(d.High)); err != nil {
		return nil, err
	}
	if d.High-d.Low < 0 || float64(d.High)-float64(d.Low) > 1<<53 {
		return nil, fmt.Errorf("search: whole numbers from %d to %d: there are more than 2^53", d.Low, d.High)
	}
	if !d.Log {
		return min(d.High, d.Low+int(u*(float64(d.High-d.Low)+1))), nil
	}
	if d.Low < 1 {
		return nil, fmt.Errorf("search: a logarithmic scale from %d: want a positive number", d.Low)
	}
	low, high := math.Log(float64(d.Low)-0.5), math.Log(float64(d.High)+0.5)
	return min(d.High, max(d.Low, int(math.Round(math.Exp(low+u*(high-low)))))), nil
}

// Choice is a list of values without an order: numbers, texts, truth values, lists of these,
// or values of registered types such as recipes and layers, as long as the setting can hold
// them.
type Choice struct {
	Values []any
	Names  []string // for tables and conditions; nil: a kind, or the value as JSON
}

// At returns one of the values, each with an equal part of [0, 1).
func (d Choice) At(u float64) (any, error) {
	if err := interval(u, 0, 1); err != nil {
		return nil, err
	}
	if len(d.Values) == 0 {
		return nil, errors.New("search: a choice of no values")
	}
	if d.Names != nil && len(d.Names) != len(d.Values) {
		return nil, fmt.Errorf("search: a choice of %d values with %d names", len(d.Values), len(d.Names))
	}
	return d.Values[d.index(u)], nil
}

func (d Choice) index(u float64) int { return min(len(d.Values)-1, int(u*float64(len(d.Values)))) }

// choiceText is a Choice in a description.
type choiceText struct {
	Values []json.RawMessage `json:"values"`
	Names  []string          `json:"names,omitempty"`
}

// MarshalText writes the values as JSON. It is an error if one cannot be described.
func (d Choice) MarshalText() ([]byte, error) {
	out := choiceText{Names: d.Names, Values: []json.RawMessage{}}
	for i, v := range d.Values {
		text, err := valueText(v)
		if err != nil {
			return nil, fmt.Errorf("search: value %d of a choice: %w", i, err)
		}
		out.Values = append(out.Values, text)
	}
	return json.Marshal(out)
}

// UnmarshalText reads what MarshalText wrote. Whole numbers become ints, and lists of one kind
// []int, []float64 or []string; what else is not registered stays JSON, which settings take too.
func (d *Choice) UnmarshalText(text []byte) error {
	if d == nil {
		return errors.New("search: the choice is nil")
	}
	var in choiceText
	if err := json.Unmarshal(text, &in); err != nil {
		return fmt.Errorf("search: a choice: %w", err)
	}
	*d = Choice{Names: in.Names}
	for i, text := range in.Values {
		v, err := readValue(text)
		if err != nil {
			return fmt.Errorf("search: value %d of a choice: %w", i, err)
		}
		d.Values = append(d.Values, v)
	}
	return nil
}

// readValue reads what valueText wrote.
func readValue(text json.RawMessage) (any, error) {
	var tagged struct {
		Kind string `json:"kind"`
	}
	if json.Unmarshal(text, &tagged) == nil && tagged.Kind != "" {
		var v any
		err := describe.Unmarshal(text, &v)
		return v, err
	}
	var (
		n       int
		f       float64
		s       string
		b       bool
		ints    []int
		floats  []float64
		strings []string
	)
	switch {
	case nulls(text):
		return nil, errors.New("null is no value")
	case json.Unmarshal(text, &n) == nil:
		return n, nil
	case json.Unmarshal(text, &f) == nil:
		return f, nil
	case json.Unmarshal(text, &s) == nil:
		return s, nil
	case json.Unmarshal(text, &b) == nil:
		return b, nil
	case json.Unmarshal(text, &ints) == nil:
		return ints, nil
	case json.Unmarshal(text, &floats) == nil:
		return floats, nil
	case json.Unmarshal(text, &strings) == nil:
		return strings, nil
	}
	return text, nil
}

// nulls reports whether a value is null or a list that has one, which would be read as 0.
func nulls(text json.RawMessage) bool {
	if string(bytes.TrimSpace(text)) == "null" {
		return true
	}
	var list []json.RawMessage
	return json.Unmarshal(text, &list) == nil && slices.ContainsFunc(list, nulls)
}

// valueText writes a value of a domain as JSON: a registered type with its kind.
func valueText(v any) (json.RawMessage, error) {
	switch x := v.(type) {
	case nil:
		return nil, errors.New("nil is no value")
	case json.RawMessage:
		if !json.Valid(x) {
			return nil, fmt.Errorf("not JSON: %.40q", x)
		}
		return x, nil
	}
	return describe.Marshal(v)
}

// nameOf returns the name of a value for tables and conditions.
func nameOf(d Domain, u float64, v any) (string, error) {
	if c, ok := d.(Choice); ok && c.Names != nil {
		return c.Names[c.index(u)], nil
	}
	switch x := v.(type) {
	case float64:
		return strconv.FormatFloat(x, 'g', 4, 64), nil
	case string:
		return x, nil
	}
	text, err := valueText(v)
	if err != nil {
		return "", err
	}
	var kind struct {
		Kind   string          `json:"kind"`
		Config json.RawMessage `json:"config"`
	}
	if json.Unmarshal(text, &kind) == nil && kind.Kind != "" {
		if kind.Config == nil {
			return kind.Kind, nil
		}
		return kind.Kind + string(kind.Config), nil
	}
	var s string
	if json.Unmarshal(text, &s) == nil {
		return s, nil
	}
	return string(text), nil
}

// cells returns the number of values of a domain without an order; 0: it has one.
func cells(d Domain) int {
	if c, ok := d.(Choice); ok {
		return len(c.Values)
	}
	return 0
}

// interval checks the bounds of a domain, and a position in it.
func interval(u, low, high float64) error {
	switch {
	case !(u >= 0 && u < 1):
		return fmt.Errorf("search: a position of %v: want [0, 1)", u)
	case math.IsInf(low, 0) || math.IsInf(high, 0) || math.IsInf(high-low, 0) || !(low <= high):
		return fmt.Errorf("search: values from %v to %v: want finite bounds in order", low, high)
	}
	return nil
}

// clip undoes rounding errors beyond the bounds.
func clip(v, low, high float64) float64 { return min(high, max(low, v)) }
