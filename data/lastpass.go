package data

import (
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"slices"
	"sort"

	"gorgonia.org/tensor"
)

// lastPass holds the findings of the last pass over all rows.
type lastPass struct {
	f         *FileSource
	low, high []float64 // range of each feature
	blank     []int
	hashes    []uint64
	columns   []int // numbers of the hashed columns
	sample    *loader
	every     int // distance between sampled rows
	targets   [2]float64
	seen      int // number of kept rows so far
	err       error
}

// last makes the last pass over all rows. It finds the range of every feature, checks that
// every cell is what was found about its column, counts duplicate rows, and checks on a
// sample of rows whether a column leaks the target.
func (f *FileSource) last(s *Set) error {
	p, n, width := f.p, f.rows(), len(f.plans)
	l := &lastPass{f: f, low: slices.Repeat([]float64{math.Inf(1)}, width), high: slices.Repeat([]float64{math.Inf(-1)}, width), blank: make([]int, width), targets: [2]float64{math.Inf(1), math.Inf(-1)}}
	l.every = (n + leakRows - 1) / leakRows
	some := (n + l.every - 1) / l.every
	l.sample = &loader{f: f, n: some, inputs: make([]float64, some*width)}
	if s.Target != "" && s.Classes != nil {
		l.sample.labels = make([]int, some)
	} else if s.Target != "" {
		l.sample.values = make([]float64, some)
	}
	var needed []int
	for j := range p.plans {
		switch q := &p.plans[j]; {
		case q.role == roleFeature, q.role == roleTarget, q.isText():
			l.columns = append(l.columns, j)
			fallthrough
		case q.role == roleWeight:
			needed = append(needed, j)
		}
	}
	p.t.each(needed, func(first int, part *table) {
		if l.err == nil {
			l.err = l.part(first, part)
		}
		if l.err != nil {
			p.t.err = l.err
		}
	})
	if p.t.err != nil {
		return p.t.err
	}
	if l.hashes != nil {
		slices.Sort(l.hashes)
		for i := 1; i < len(l.hashes); i++ {
			if l.hashes[i] == l.hashes[i-1] {
				p.report.Duplicates++
			}
		}
	}
	if n > mostHashed {
		p.warn(-1, -1, "there are too many rows to count duplicates")
	}
	for k, q := range f.plans {
		if q.scan.over > 0 {
			q.blank = l.blank[k]
		}
		s.Features = append(s.Features, p.feature(q, l.low[k], l.high[k]))
	}
	if width > 0 {
		s.Inputs = []*tensor.Dense{tensor.New(tensor.WithShape(some, width), tensor.WithBacking(l.sample.inputs))}
	}
	if l.sample.labels != nil {
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(some), tensor.WithBacking(l.sample.labels))}
	} else if l.sample.values != nil {
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(some), tensor.WithBacking(l.sample.values))}
	}
	p.report.fill(p, s)
	for k := range p.report.Columns {
		if c := &p.report.Columns[k]; c.Role == roleTarget && p.report.Task == (Regress{}) {
			c.span2(l.targets[0], l.targets[1])
		}
	}
	f.like = s
	return nil
}

// part processes the rows of a part.
func (l *lastPass) part(first int, part *table) error {
	f, p, width := l.f, l.f.p, len(l.f.plans)
	var stay []int // the kept rows of the part
	at := sort.SearchInts(f.dropped, first)
	for i := range part.rows {
		if at < len(f.dropped) && f.dropped[at] == first+i {
			at++
			continue
		}
		stay = append(stay, i)
	}
	column := make([]float64, part.rows)
	for k, q := range f.plans {
		plain := q.plainly(p.t)
		if !plain {
			p.convert(part, q, func(i int, v float64) { column[i] = v })
			if err := f.wrong(part, q.j); err != nil {
				return err
			}
			for _, v := range column {
				if v != v {
					l.blank[k]++
				}
			}
			for _, i := range stay {
				if v := column[i]; v == v {
					l.low[k], l.high[k] = min(l.low[k], v), max(l.high[k], v)
				}
			}
		}
		l.sampled(stay, func(to, i int) {
			v := column[i]
			if plain {
				v = part.values[i*part.width()+q.j]
			}
			l.sample.inputs[to*width+k] = v
		})
	}
	for j := range p.plans {
		if err := l.beside(first, part, &p.plans[j], stay, column); err != nil {
			return err
		}
	}
	if f.rows() <= mostHashed && f.lists == nil { // rows may differ in their sequences alone
		hashed := part.hashes(l.columns)
		for _, i := range stay {
			l.hashes = append(l.hashes, hashed(i))
		}
	}
	l.seen += len(stay)
	return nil
}

// sampled calls f for the kept rows of a part that are in the sample, with their place in
// it.
func (l *lastPass) sampled(stay []int, f func(to, row int)) {
	for to := (l.seen + l.every - 1) / l.every; to*l.every < l.seen+len(stay); to++ {
		f(to, stay[to*l.every-l.seen])
	}
}

// beside processes a column that is not a feature.
func (l *lastPass) beside(first int, part *table, q *plan, stay []int, column []float64) error {
	f, p := l.f, l.f.p
	switch {
	case q.role == roleWeight:
		p.convert(part, q, func(i int, v float64) { column[i] = v })
		for i, w := range column {
			if !(w >= 0) {
				return p.t.at(first+i, q.j, fmt.Errorf("%s is not a weight: want a number of at least 0", short(part.text(i, q.j))))
			}
		}
	case q.role == roleTarget && l.sample.labels != nil:
		part.recode(q.j, func(text string) float64 { return q.label(text, part) }, func(i int, v float64) { column[i] = v })
		l.sampled(stay, func(to, i int) { l.sample.labels[to] = int(column[i]) })
	case q.role == roleTarget:
		p.convert(part, q, func(i int, v float64) { column[i] = v })
		for _, i := range stay {
			l.targets = [2]float64{min(l.targets[0], column[i]), max(l.targets[1], column[i])}
		}
		l.sampled(stay, func(to, i int) { l.sample.values[to] = column[i] })
	default:
		return nil
	}
	return f.wrong(part, q.j)
}

// hashes returns a function that hashes a row of a part, which has its own texts.
func (t *table) hashes(columns []int) func(row int) uint64 {
	byText := make([][]uint64, t.width())
	for _, j := range columns {
		byText[j] = make([]uint64, len(t.texts[j]))
		for k, text := range t.texts[j] {
			h := fnv.New64a()
			_, _ = io.WriteString(h, text)
			byText[j][k] = h.Sum64()
		}
	}
	return func(row int) uint64 {
		at := row * t.width()
		h := uint64(len(columns))
		for _, j := range columns {
			bits := math.Float64bits(t.values[at+j])
			if t.forms[at+j] == formText {
				bits = ^byText[j][int(t.values[at+j])]
			}
			h = (h ^ bits) * 0x9e3779b97f4a7c15
			h ^= h >> 29
		}
		return h
	}
}
