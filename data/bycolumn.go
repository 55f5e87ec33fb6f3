package data

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/seed732fc211/aegis/internal/rows"
)

// Columns applies different transforms to different columns: the one under a column's name
// in By, otherwise the one for its kind. Each transform is fitted on its columns alone.
// The results are joined in the order numbers, categories, times, then the names of By in
// the order of the table. A column whose transform is nil is left unchanged; with the
// transform Drop in By it is left out.
//
//	data.Columns{
//		Numbers:    data.Pipeline{data.Impute{}, data.RobustScale{}},
//		Categories: data.OneHot{Least: 5},
//		By:         map[string]data.Transform{"notes": data.Drop{}},
//	}
type Columns struct {
	Numbers    Transform            // for columns without levels or times
	Categories Transform            // for columns with levels
	Times      Transform            // for columns of times
	By         map[string]Transform // by column name, instead of the one for its kind
}

// Drop leaves columns out; see Columns.
type Drop struct{}

// Fit implements Transform. It always fails: Drop is only for Columns.By.
func (Drop) Fit(Source) (Fitted, error) {
	return nil, errors.New("data: drop: it leaves no columns; use it in Columns.By")
}

// FittedColumns is a fitted Columns.
type FittedColumns struct {
	Features []Feature
	Parts    []FittedPart
}

// FittedPart is a transform fitted on some columns.
type FittedPart struct {
	Columns []int  // column numbers, ascending
	Fitted  Fitted // nil: the columns are left unchanged
}

// Fit implements Transform.
func (t Columns) Fit(train Source) (Fitted, error) {
	features, err := columnsOf("columns", train)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(t.By)) {
		if !slices.ContainsFunc(features, func(f Feature) bool { return f.Name == name }) {
			return nil, fmt.Errorf("data: columns: there is no column %q", name)
		}
	}
	var numbers, categories, times []int
	var single []FittedPart
	for j, c := range features {
		by, ok := t.By[c.Name]
		switch {
		case ok:
			if _, drop := by.(Drop); !drop {
				part, err := fitPart(train, features, by, []int{j})
				if err != nil {
					return nil, err
				}
				single = append(single, part)
			}
		case c.Levels != nil:
			categories = append(categories, j)
		case c.Time != "":
			times = append(times, j)
		default:
			numbers = append(numbers, j)
		}
	}
	out := FittedColumns{Features: features}
	for _, kind := range []struct {
		columns []int
		by      Transform
	}{{numbers, t.Numbers}, {categories, t.Categories}, {times, t.Times}} {
		if len(kind.columns) == 0 {
			continue
		}
		part, err := fitPart(train, features, kind.by, kind.columns)
		if err != nil {
			return nil, err
		}
		out.Parts = append(out.Parts, part)
	}
	out.Parts = append(out.Parts, single...)
	if len(out.Parts) == 0 {
		return nil, errors.New("data: columns: no columns are left")
	}
	return out, nil
}

func fitPart(train Source, features []Feature, t Transform, columns []int) (FittedPart, error) {
	part := FittedPart{Columns: columns}
	if t == nil {
		return part, nil
	}
	// FittedColumns without transforms selects the columns.
	sub, err := Applied(train, FittedColumns{Features: features, Parts: []FittedPart{{Columns: columns}}})
	if err != nil {
		return part, err
	}
	part.Fitted, err = t.Fit(sub)
	if err == nil && part.Fitted == nil {
		err = fmt.Errorf("data: columns: %T.Fit returned nothing", t)
	}
	return part, err
}

// columns returns the set with some of the table's columns.
func (s *Set) columns(which []int) (*Set, error) {
	v, p, err := s.Table()
	if err != nil {
		return nil, err
	}
	features := s.featuresOf(p)
	out := make([]float64, 0, s.Len()*len(which))
	chosen := make([]Feature, len(which))
	for k, j := range which {
		chosen[k] = features[j]
	}
	for i := range s.Len() {
		for _, j := range which {
			out = append(out, v[i*p+j])
		}
	}
	return s.withTable(out, chosen), nil
}

// check verifies what Fit guarantees about the parts.
func (f FittedColumns) check() error {
	if len(f.Parts) == 0 {
		return errors.New("data: columns: no columns are left")
	}
	for k, p := range f.Parts {
		if len(p.Columns) == 0 {
			return fmt.Errorf("data: columns: part %d has no columns", k)
		}
		for i, j := range p.Columns {
			if j < 0 || j >= len(f.Features) || i > 0 && j <= p.Columns[i-1] {
				return fmt.Errorf("data: columns: part %d: column %d of %d is out of range or out of order", k, j, len(f.Features))
			}
		}
	}
	return nil
}

// Apply implements Fitted.
func (f FittedColumns) Apply(s *Set) (*Set, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	_, p, err := s.Table()
	if err != nil {
		return nil, fmt.Errorf("data: columns: %w", err)
	}
	if err := fittedOn("columns", f.Features, s, p); err != nil {
		return nil, err
	}
	tables := make([][]float64, len(f.Parts))
	widths := make([]int, len(f.Parts))
	var features []Feature
	for k, part := range f.Parts {
		sub, err := s.columns(part.Columns)
		if err != nil {
			return nil, err
		}
		if part.Fitted != nil {
			if sub, err = part.Fitted.Apply(sub); err != nil {
				return nil, err
			}
		}
		if tables[k], widths[k], err = sub.Table(); err != nil {
			return nil, err
		}
		features = append(features, sub.featuresOf(widths[k])...)
	}
	out := make([]float64, 0, s.Len()*len(features))
	for i := range s.Len() {
		for k, w := range widths {
			out = append(out, tables[k][i*w:(i+1)*w]...)
		}
	}
	return s.withTable(out, features), nil
}

// lower returns the parts as a step on rows, with the columns before and after it.
func (f FittedColumns) lower() (step rows.Step, in, out []Feature, err error) {
	if err := f.check(); err != nil {
		return step, nil, nil, err
	}
	all := &rows.Columns{Parts: make([]rows.Part, len(f.Parts))}
	for k, part := range f.Parts {
		columns := make([]Feature, len(part.Columns))
		for i, j := range part.Columns {
			columns[i] = f.Features[j]
		}
		inner, from, to, err := lowerRows(part.Fitted, columns)
		if err != nil {
			return step, nil, nil, err
		}
		if len(from) != len(columns) {
			return step, nil, nil, fmt.Errorf("data: columns: part %d takes %d columns, given %d", k, len(from), len(columns))
		}
		all.Parts[k] = rows.Part{Columns: part.Columns, Step: inner}
		out = append(out, to...)
	}
	return rows.Step{Transform: all}, f.Features, out, nil
}
