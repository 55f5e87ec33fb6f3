package data

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"gorgonia.org/tensor"
)

// columns makes the features of a table the set's input, reusing the memory of the table's
// values.
func (p *planner) columns(s *Set, kept []int) error {
	var features []*plan
	for j := range p.plans {
		if p.plans[j].role == roleFeature {
			features = append(features, &p.plans[j])
		}
	}
	if len(features) == 0 && !p.hasText() {
		return p.noColumns()
	}
	p.report.Duplicates = p.duplicates(kept)
	if len(features) == 0 {
		return nil
	}
	parallel(len(features), func(k int) {
		if q := features[k]; q.kind != Numeric || len(p.t.texts[q.j]) > 0 || q.regrouped(p.t) {
			p.convert(p.t, q, func(i int, v float64) { p.t.values[i*p.t.width()+q.j] = v })
		} // other plain numbers are already correct
	})
	p.t.forms = nil
	n := p.t.rows
	if kept != nil {
		n = len(kept)
	}
	values := p.t.compact(features, kept)
	for k, q := range features {
		low, high := math.Inf(1), math.Inf(-1)
		for i := k; !q.plainly(p.t) && i < len(values); i += len(features) {
			if v := values[i]; v == v {
				low, high = min(low, v), max(high, v)
			}
		}
		s.Features = append(s.Features, p.feature(q, low, high))
	}
	s.Inputs = []*tensor.Dense{tensor.New(tensor.WithShape(n, len(features)), tensor.WithBacking(values))}
	return nil
}

// isText reports whether a column of texts is an input, not an identifier.
func (q *plan) isText() bool { return q.role == roleText && q.forced }

func (p *planner) hasText() bool {
	return slices.ContainsFunc(p.plans, func(q plan) bool { return q.isText() })
}

func (p *planner) noColumns() error {
	if len(p.t.names) == 1 && p.t.dialect.Format == formatCSV {
		return &CSVError{File: p.t.file, Err: fmt.Errorf("no columns besides the target: cells are taken to be separated by %s; give the separator (--delimiter)", separatorName(p.t.dialect.Comma))}
	}
	for j := range p.plans {
		if q := &p.plans[j]; q.role == roleOut {
			return &CSVError{File: p.t.file, Err: fmt.Errorf("no columns are left besides the target: %s was left out (%s)", short(p.t.names[j]), q.why)}
		}
	}
	return &CSVError{File: p.t.file, Err: errors.New("no columns besides the target")}
}

// regrouped reports whether plain numbers have to be read differently from how they were
// parsed, because their decimal mark turned out to be a thousands separator.
func (q *plan) regrouped(t *table) bool {
	return q.number.Thousands != "" && q.number.Thousands == string(t.dialect.Decimal)
}

// parallel calls f for every number below n, concurrently.
func parallel(n int, f func(k int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		all.Go(func() {
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				f(k)
			}
		})
	}
	all.Wait()
}

// compact moves the values of the features together, row by row.
func (t *table) compact(features []*plan, kept []int) []float64 {
	width, p := t.width(), len(features)
	type run struct{ from, n int } // adjacent columns are copied together
	var runs []run
	for _, q := range features {
		if k := len(runs) - 1; k >= 0 && runs[k].from+runs[k].n == q.j {
			runs[k].n++
		} else {
			runs = append(runs, run{q.j, 1})
		}
	}
	n := t.rows
	if kept != nil {
		n = len(kept)
	}
	out := t.values
	if len(out) > 2*n*p { // most of the memory would be wasted
		out = make([]float64, n*p)
	}
	for i := range n {
		row := i
		if kept != nil {
			row = kept[i]
		}
		to := i * p
		for _, r := range runs {
			from := row*width + r.from
			to += copy(out[to:to+r.n], t.values[from:from+r.n])
		}
	}
	t.values = nil
	return out[: n*p : n*p]
}

// plainly reports whether the values of a column are the plain numbers or times as
// scanned.
func (q *plan) plainly(t *table) bool {
	return len(q.texts) == 0 && q.scan.over == 0 && (q.kind == Numeric || q.kind == DateTime) && !q.regrouped(t)
}

// feature describes a column of the set. Values that differ from the scanned ones lie
// between low and high.
func (p *planner) feature(q *plan, low, high float64) Feature {
	f := Feature{Name: p.t.names[q.j], Levels: q.levels, Number: q.number, Missing: p.c.Missing}
	f.Seen = Seen{Rows: p.t.rows, Missing: float64(q.blank) / float64(p.t.rows)}
	if q.kind == DateTime {
		f.Time = q.layout
	}
	if q.kind == Categorical {
		if f.Levels == nil {
			f.Levels = []string{}
		}
		return f
	}
	if q.plainly(p.t) {
		low, high = q.scan.low, q.scan.high // of all rows, those without a target too
	}
	if low <= high {
		f.Seen.Low, f.Seen.High = low, high
	}
	return f
}

// beside sets what accompanies the table of a set: texts, groups and weights.
func (p *planner) beside(s *Set, kept []int) error {
	for j := range p.plans {
		q := &p.plans[j]
		var err error
		switch q.role {
		case roleText:
			s.Texts = append(s.Texts, TextColumn{p.t.names[j], pick(p.t.cellTexts(j), kept)})
		case roleGroup:
			s.Groups, err = p.groupsOf(q, kept)
		case roleWeight:
			s.Weights, err = p.weights(q, kept)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cellTexts returns the texts of a column, row by row.
func (t *table) cellTexts(j int) []string {
	out := make([]string, t.rows)
	t.each([]int{j}, func(first int, part *table) {
		for i := range part.rows {
			out[first+i] = part.text(i, j)
		}
	})
	return out
}

// pick returns the kept rows; nil: all.
func pick[T any](list []T, kept []int) []T {
	if kept == nil {
		return list
	}
	return take(nil, list, kept, 1)
}

// groupsOf numbers the groups: integers keep their value, other texts are numbered in
// sorted order.
func (p *planner) groupsOf(q *plan, kept []int) ([]int, error) {
	number, err := p.groupNumbers(q)
	if err != nil {
		return nil, err
	}
	out := make([]int, p.t.rows)
	for i := range out {
		out[i] = number[p.t.text(i, q.j)]
	}
	return pick(out, kept), nil
}

func (p *planner) groupNumbers(q *plan) (map[string]int, error) {
	number := map[string]int{}
	integers, missing := true, -1
	p.t.eachText(q.j, func(row int, cell string, _ int) {
		if cell == "" {
			missing = row
			return
		}
		n, err := strconv.Atoi(cell)
		integers = integers && err == nil && strconv.Itoa(n) == cell
		number[cell] = n
	})
	if missing >= 0 {
		return nil, p.t.at(missing, q.j, errors.New("the group is missing"))
	}
	if !integers {
		names := make([]string, 0, len(number))
		for name := range number {
			names = append(names, name)
		}
		slices.Sort(names)
		for k, name := range names {
			number[name] = k
		}
	}
	return number, nil
}

func (p *planner) weights(q *plan, kept []int) ([]float64, error) {
	values := p.values(q)
	for i, v := range values {
		if !(v >= 0) {
			return nil, p.t.at(i, q.j, fmt.Errorf("%s is not a weight: want a number of at least 0", short(p.t.text(i, q.j))))
		}
	}
	return pick(values, kept), nil
}

// codes returns a number for every cell of a column, computed from its text.
func (t *table) codes(j int, of func(text string) float64) []float64 {
	out := make([]float64, t.rows)
	t.each([]int{j}, func(first int, part *table) {
		part.recode(j, of, func(i int, v float64) { out[first+i] = v })
	})
	return out
}

// recode calls put with a number for every cell, computed from its text.
func (t *table) recode(j int, of func(text string) float64, put func(i int, v float64)) {
	byText := make([]float64, len(t.texts[j]))
	for k, text := range t.texts[j] {
		byText[k] = of(text)
	}
	byCell := map[cellKey]float64{}
	empty := of("")
	for i := range t.rows {
		at := i*t.width() + j
		switch form := t.forms[at]; form {
		case formEmpty:
			put(i, empty)
		case formText:
			put(i, byText[int(t.values[at])])
		default:
			key := cellKey{math.Float64bits(t.values[at]), form}
			v, ok := byCell[key]
			if !ok {
				v = of(t.text(i, j))
				byCell[key] = v
			}
			put(i, v)
		}
	}
}

// values returns the values of a column of numbers or times.
func (p *planner) values(q *plan) []float64 {
	out := make([]float64, p.t.rows)
	p.t.each([]int{q.j}, func(first int, part *table) {
		p.convert(part, q, func(i int, v float64) { out[first+i] = v })
	})
	return out
}

func (q *plan) numberLevels() {
	q.code = make(map[string]float64, len(q.levels))
	for k, l := range q.levels {
		q.code[l] = float64(k)
	}
}

var errChanged = errors.New("it was not there when the file was scanned: the file has changed")

// oddCell is a text that contradicts what was found about its column.
type oddCell struct {
	text string
	err  error
}

// odd records the first such text of a part.
func (t *table) odd(text string, err error) {
	if t.oddText == nil {
		t.oddText = &oddCell{text, err}
	}
}

// convert calls put with the value of every cell of a feature or real target in a part of
// the table.
func (p *planner) convert(t *table, q *plan, put func(i int, v float64)) {
	j := q.j
	of := func(text string) float64 {
		if q.missing.has(text) {
			return math.NaN()
		}
		v, err := p.value(q, text)
		if err != nil { // only if the file has changed: every text was parsed when the column was planned
			t.odd(text, err)
			return math.NaN()
		}
		return v
	}
	if q.kind == Categorical {
		if q.code == nil {
			q.numberLevels()
		}
		t.recode(j, func(text string) float64 {
			if q.missing.has(text) {
				return math.NaN()
			}
			code, ok := q.code[text]
			if !ok {
				t.odd(text, errChanged)
			}
			return code
		}, put)
		return
	}
	if q.kind == Numeric && q.regrouped(t) {
		t.recode(j, of, put)
		return
	}
	byText := make([]float64, len(t.texts[j]))
	for k, text := range t.texts[j] {
		byText[k] = of(text)
	}
	width := t.width()
	for i := range t.rows {
		at := i*width + j
		switch t.forms[at] {
		case formText:
			put(i, byText[int(t.values[at])])
		default:
			put(i, t.values[at])
		}
	}
}
