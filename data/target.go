package data

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"
)

// target sets the target of the set and returns the rows that have one; nil: all.
func (p *planner) target(s *Set) (kept []int, err error) {
	at := slices.IndexFunc(p.plans, func(q plan) bool { return q.role == roleTarget })
	if at < 0 {
		return nil, nil
	}
	q := &p.plans[at]
	s.Target, p.report.Target = p.t.names[at], p.t.names[at]
	if q.kind == DateTime {
		return nil, &CSVError{File: p.t.file, Column: s.Target, Err: fmt.Errorf("the target is a time (%s): a model predicts numbers or classes; for classes give its type, %s", layoutName(q.layout), short(s.Target+"=categorical"))}
	}
	if q.kind == "" {
		return nil, &CSVError{File: p.t.file, Column: s.Target, Err: errors.New("the target is missing in every row")}
	}
	p.task(q)
	if p.report.Task == (Regress{}) && q.kind != Numeric {
		return nil, p.notNumber(q)
	}
	if p.report.Task == (Classify{}) {
		return p.classes(q, s)
	}
	return p.realTarget(q, s)
}

// Bounds for taking integers as classes.
const (
	maxClasses   = 20
	rowsPerClass = 2
)

// task chooses between classification and regression.
func (p *planner) task(q *plan) {
	r := p.report
	known := p.t.rows - q.blank
	distinct := q.scan.distinct + len(q.texts)
	switch {
	case p.c.AsTask == "classify":
		r.Task, r.Why = Classify{}, "as asked for"
	case p.c.AsTask == "regress":
		r.Task, r.Why = Regress{}, "as asked for"
	case q.kind == Categorical && q.forced:
		r.Task, r.Why = Classify{}, "its type is categorical, as asked for"
	case q.kind == Categorical && q.why != "":
		r.Task, r.Why = Classify{}, q.why
	case q.kind == Categorical:
		r.Task, r.Why = Classify{}, "its cells are texts"
	case !q.number.plain():
		r.Task, r.Why = Regress{}, "its numbers have "+q.number.String()
	case !q.scan.integers || slices.ContainsFunc(q.texts, func(s string) bool { v, _ := q.number.parse(s); return v != math.Trunc(v) }):
		r.Task, r.Why = Regress{}, "its numbers are not all integers"
	case distinct > maxClasses || distinct*rowsPerClass > known:
		r.Task, r.Why = Regress{}, fmt.Sprintf("its integers have %s different values", countText(distinct))
	default:
		r.Task, r.Why = Classify{}, fmt.Sprintf("its integers have only %d different values", distinct)
	}
}

func countText(n int) string {
	if n > maxDistinct {
		return fmt.Sprintf("more than %d", maxDistinct)
	}
	return fmt.Sprint(n)
}

// plain reports whether numbers are written without units and thousands separators.
func (f NumberFormat) plain() bool {
	return f.Thousands == "" && f.Prefix == "" && f.Suffix == ""
}

// classes puts class labels into the set: the texts of the file, or, with the type
// Numeric, one class per number.
func (p *planner) classes(q *plan, s *Set) ([]int, error) {
	label := func(text string) string { return text }
	if q.forced && q.kind == Numeric {
		label = func(text string) string {
			if v, err := q.number.parse(text); err == nil {
				return numberText(v)
			}
			return text
		}
	}
	if q.kind == Numeric {
		if err := p.categorical(q); err != nil {
			return nil, err
		}
	}
	for k, l := range q.levels {
		s.Classes = append(s.Classes, label(l))
		if k > 0 && label(l) != label(q.levels[k-1]) {
			p.equalNumbers(q, q.levels[k-1], l)
		}
	}
	if !p.t.declares(q.j) {
		sortLevels(s.Classes)
		s.Classes = slices.Compact(s.Classes)
	}
	if err := p.positive(s); err != nil {
		return nil, err
	}
	index := map[string]int{}
	for k, c := range s.Classes {
		index[c] = k
	}
	q.label = func(text string, part *table) float64 {
		if q.missing.has(text) {
			return math.NaN()
		}
		k, ok := index[label(text)]
		if !ok {
			part.odd(text, errChanged)
		}
		return float64(k)
	}
	if p.t.again != nil && q.blank == 0 {
		return nil, nil
	}
	codes := p.t.codes(q.j, func(text string) float64 { return q.label(text, p.t) })
	kept, err := p.known(q, codes)
	if err != nil {
		return nil, err
	}
	labels := make([]int, 0, len(codes))
	for _, v := range codes {
		if v == v {
			labels = append(labels, int(v))
		}
	}
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels))}
	return kept, nil
}

// equalNumbers warns of classes that are the same number written in two ways.
func (p *planner) equalNumbers(q *plan, a, b string) {
	x, okX, errX := parsePlain(a)
	y, okY, errY := parsePlain(b)
	if okX && okY && errX == nil && errY == nil && x == y && math.Abs(x) < 1<<53 {
		p.warn(-1, q.j, "the classes %s and %s are different texts of one number; with the type numeric (--types %s) they are one class", short(a), short(b), short(p.t.names[q.j]+"=numeric"))
	}
}

// positive moves the positive class to index 1.
func (p *planner) positive(s *Set) error {
	if p.c.Positive == "" {
		return nil
	}
	k := slices.Index(s.Classes, p.c.Positive)
	switch {
	case len(s.Classes) != 2:
		return &CSVError{File: p.t.file, Column: s.Target, Err: fmt.Errorf("a positive class is one of two, and there are %d classes", len(s.Classes))}
	case k < 0:
		return &CSVError{File: p.t.file, Column: s.Target, Err: fmt.Errorf("the positive class %s is not there; the classes are %s", short(p.c.Positive), quoteList(s.Classes))}
	case k == 0:
		slices.Reverse(s.Classes)
	}
	return nil
}

func (p *planner) realTarget(q *plan, s *Set) ([]int, error) {
	s.TargetNumber = q.number
	if p.t.again != nil && q.blank == 0 {
		return nil, nil
	}
	values := p.values(q)
	kept, err := p.known(q, values)
	if err != nil {
		return nil, err
	}
	y := make([]float64, 0, len(values))
	for _, v := range values {
		if v == v {
			y = append(y, v)
		}
	}
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(y)), tensor.WithBacking(y))}
	return kept, nil
}

// known returns the rows that have a target, nil if all do, and warns of the others.
func (p *planner) known(q *plan, values []float64) ([]int, error) {
	n, first := 0, -1
	for i, v := range values {
		if v == v {
			n++
		} else if first < 0 {
			first = i
		}
	}
	if n == len(values) {
		return nil, nil
	}
	if n == 0 {
		return nil, &CSVError{File: p.t.file, Column: p.t.names[q.j], Err: errors.New("the target is missing in every row")}
	}
	kept := make([]int, 0, n)
	for i, v := range values {
		if v == v {
			kept = append(kept, i)
		}
	}
	p.report.NoTarget = len(values) - n
	p.warn(first, q.j, "the target is missing in %s left out", plural(len(values)-n, "row, which is", "rows, which are"))
	return kept, nil
}
