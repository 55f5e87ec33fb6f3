package data

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sort"
	"sync"
)

// FileSource is a source of rows that are read from a file when needed; [CSV.Open] and
// package data/parquet return one. The types of its columns were determined from all of
// its rows. Of the rows themselves, only targets, groups and weights stay in memory.
type FileSource struct {
	p       *planner // without rows
	file    *os.File
	was     os.FileInfo
	report  *Report
	like    *Set
	dropped []int // ascending numbers of the rows without a target
	plans   []*plan

	lock  sync.Mutex
	known *Set // answers, once requested
	open  func() (rowReader, error)
	lists func() func(rows []int) ([]Sequences, error) // nil: no sequences
}

// rowReader reads some columns of rows, given in ascending order. It calls f with parts
// that have all of these columns or one of them; the first row of a part is rows[from]. It
// may call f from several goroutines.
type rowReader func(rows, columns []int, f func(part *table, from int) error) error

// mostTexts is the number of distinct texts kept per column while a file is scanned.
const mostTexts = 1 << 18

// Report returns what was found when the file was scanned.
func (f *FileSource) Report() *Report {
	if f == nil {
		return nil
	}
	return f.report
}

// Close closes the file. Streams of the source can no longer be read.
func (f *FileSource) Close() error {
	if f == nil || f.file == nil {
		return nil
	}
	return f.file.Close()
}

// Stream opens the source. It fails if the file has changed since it was scanned, judging
// by size and modification time.
func (f *FileSource) Stream() (*Stream, error) {
	if f == nil || f.open == nil {
		return nil, ErrEmpty
	}
	if f.file != nil {
		now, err := f.file.Stat()
		if err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
		if now.Size() != f.was.Size() || !now.ModTime().Equal(f.was.ModTime()) {
			return nil, &CSVError{File: f.p.t.file, Err: errors.New("the file has changed since it was scanned")}
		}
	}
	read, err := f.open()
	if err != nil {
		return nil, err
	}
	lists := f.openLists()
	return &Stream{Rows: f.rows(), Like: f.like, Load: func(rows []int, into *Set) error {
		return f.load(read, lists, rows, into, true)
	}}, nil
}

func (f *FileSource) rows() int { return f.p.t.rows - len(f.dropped) }

// answers returns targets, weights and groups of all rows, reading them only once.
func (f *FileSource) answers() (*Set, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.known == nil {
		known, err := f.readAnswers()
		if err != nil {
			return nil, err
		}
		f.known = known
	}
	return f.known, nil
}

func (f *FileSource) readAnswers() (*Set, error) {
	st, err := f.Stream()
	if err != nil {
		return nil, err
	}
	read, err := f.open()
	if err != nil {
		return nil, err
	}
	out, part, lists := &Set{}, &Set{}, f.openLists()
	for first := 0; first < st.Rows; first += BlockRows {
		if err := f.load(read, lists, numbered(first, min(first+BlockRows, st.Rows)), part, false); err != nil {
			return nil, err
		}
		if len(part.Targets) == 0 {
			return part, nil
		}
		if err := out.put(part, first, st.Rows); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// fileRow returns the number in the file of the given row among those with a target.
func (f *FileSource) fileRow(row int) int {
	if len(f.dropped) == 0 {
		return row
	}
	// The k-th dropped row is preceded by dropped[k]-k rows that are kept.
	return row + sort.Search(len(f.dropped), func(k int) bool { return f.dropped[k]-k > row })
}

// inOrder returns the numbers of rows in the file in ascending order, and for each its
// place in rows; nil: the same place. Ascending runs, such as blocks of rows, are moved as
// a whole.
func (f *FileSource) inOrder(rows []int) (sorted, places []int) {
	type run struct{ from, to int }
	var runs []run
	sorted = make([]int, len(rows))
	for i, r := range rows {
		sorted[i] = f.fileRow(r)
		if i == 0 || sorted[i] < sorted[i-1] {
			runs = append(runs, run{from: i})
		}
		runs[len(runs)-1].to = i + 1
	}
	if len(runs) == 1 {
		return sorted, nil
	}
	places = numbered(0, len(rows))
	slices.SortFunc(runs, func(a, b run) int { return cmp.Compare(sorted[a.from], sorted[b.from]) })
	apart := true
	for k := 1; k < len(runs) && apart; k++ {
		apart = sorted[runs[k].from] >= sorted[runs[k-1].to-1]
	}
	of := slices.Clone(sorted)
	if apart {
		at := 0
		for _, r := range runs {
			for i := r.from; i < r.to; i++ {
				sorted[at], places[at] = of[i], i
				at++
			}
		}
		return sorted, places
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(of[a], of[b]) })
	for at, i := range places {
		sorted[at] = of[i]
	}
	return sorted, places
}

// openLists returns a function that reads sequences, nil if there are none.
func (f *FileSource) openLists() func(rows []int) ([]Sequences, error) {
	if f.lists == nil {
		return nil
	}
	return f.lists()
}

// sequences reads the sequences of sorted rows and puts them in their places.
func (f *FileSource) sequences(read func(rows []int) ([]Sequences, error), sorted, places []int, into *Set, inputs bool) error {
	into.Sequences = nil
	if read == nil {
		return nil
	}
	list, err := read(sorted)
	if err != nil {
		return err
	}
	if !inputs {
		list = lengthsOnly(list)
	}
	if places != nil {
		from := make([]int, len(places)) // position of each row among the sorted ones
		for i, place := range places {
			from[place] = i
		}
		if list, err = takeSequences(list, from, len(sorted)); err != nil {
			return err
		}
	}
	into.Sequences = list
	return nil
}

// load fills a set with rows, with or without their inputs.
func (f *FileSource) load(read rowReader, lists func(rows []int) ([]Sequences, error), rows []int, into *Set, inputs bool) error {
	switch {
	case into == nil:
		return errors.New("data: there is no set to load rows into")
	case len(rows) == 0:
		return ErrEmpty
	}
	if err := within(rows, f.rows()); err != nil {
		return err
	}
	sorted, places := f.inOrder(rows)
	old := *into
	*into = *f.like
	l := loader{f: f, n: len(rows), places: places}
	if err := f.sequences(lists, sorted, places, into, inputs); err != nil {
		return err
	}
	columns := l.room(&old, into, inputs)
	if len(columns) == 0 {
		return nil
	}
	return read(sorted, columns, l.take)
}

// loader is a set being filled.
type loader struct {
	f       *FileSource
	n       int
	places  []int
	inputs  []float64
	labels  []int
	values  []float64
	weights []float64
	groups  []int
	texts   map[int][]string
}

// room allocates a set for n rows, reusing the memory of an old one where it fits, and
// returns the columns of the file that are needed.
func (l *loader) room(old, into *Set, inputs bool) []int {
	f, n := l.f, l.n
	var columns []int
	l.texts = map[int][]string{}
	into.Inputs, into.Targets, into.Texts, into.Groups, into.Weights = nil, nil, nil, nil, nil
	if inputs && f.like.Inputs != nil {
		into.Inputs = roomFor(old.Inputs, f.like.Inputs, n)
		l.inputs = into.Inputs[0].Data().([]float64)
	}
	if f.like.Targets != nil {
		into.Targets = roomFor(old.Targets, f.like.Targets, n)
		l.labels, _ = into.Targets[0].Data().([]int)
		l.values, _ = into.Targets[0].Data().([]float64)
	}
	for j := range f.p.plans {
		q := &f.p.plans[j]
		switch {
		case q.role == roleFeature && inputs, q.role == roleTarget:
		case q.role == roleWeight:
			into.Weights = room(old.Weights, []float64{}, n)
			l.weights = into.Weights
		case q.role == roleGroup:
			into.Groups = room(old.Groups, []int{}, n)
			l.groups = into.Groups
		case q.role == roleText && inputs:
			cells := make([]string, n)
			into.Texts = append(into.Texts, TextColumn{f.p.t.names[j], cells})
			l.texts[j] = cells
		default:
			continue
		}
		columns = append(columns, j)
	}
	return columns
}

// take puts the rows of a part in their places; its first row is number from of the
// requested ones.
func (l *loader) take(part *table, from int) error {
	place := func(i int) int { return from + i }
	if l.places != nil {
		place = func(i int) int { return l.places[from+i] }
	}
	f, width := l.f, len(l.f.plans)
	if l.inputs != nil {
		for k, q := range f.plans {
			if !part.has(q.j) {
				continue
			}
			if part.forms == nil && q.plainly(f.p.t) {
				if l.places == nil {
					for i, v := range part.values {
						l.inputs[(from+i)*width+k] = v
					}
				} else {
					for i, v := range part.values {
						l.inputs[l.places[from+i]*width+k] = v
					}
				}
				return nil
			}
			f.p.convert(part, part.plan(q), func(i int, v float64) { l.inputs[place(i)*width+k] = v })
			if err := f.wrong(part, q.j); err != nil {
				return err
			}
		}
	}
	for j := range f.p.plans {
		q := &f.p.plans[j]
		if !part.has(j) {
			continue
		}
		here := part.plan(q)
		switch q.role {
		case roleTarget:
			if l.labels != nil {
				part.recode(here.j, func(text string) float64 { return q.label(text, part) }, func(i int, v float64) { l.labels[place(i)] = int(v) })
			} else {
				f.p.convert(part, here, func(i int, v float64) { l.values[place(i)] = v })
			}
		case roleWeight:
			f.p.convert(part, here, func(i int, v float64) { l.weights[place(i)] = v })
		case roleGroup:
			for i := range part.rows {
				l.groups[place(i)] = q.groups[part.text(i, here.j)]
			}
		case roleText:
			if cells := l.texts[j]; cells != nil {
				for i := range part.rows {
					cells[place(i)] = part.text(i, here.j)
				}
			}
		default:
			continue
		}
		if err := f.wrong(part, j); err != nil {
			return err
		}
	}
	return nil
}

// has reports whether a part contains the cells of a column.
func (t *table) has(j int) bool { return !t.single || t.column0 == j }

// plan returns a plan for the column at its place in the part.
func (t *table) plan(q *plan) *plan {
	if !t.single {
		return q
	}
	if t.forms == nil {
		t.form()
	}
	here := *q
	here.j = 0
	return &here
}

// form determines the forms of numbers.
func (t *table) form() {
	t.forms = make([]uint8, t.rows)
	for i, v := range t.values {
		t.forms[i] = formOf(v, t.typed[0].Type)
	}
}

func formOf(v float64, kind ColumnType) uint8 {
	switch {
	case v != v:
		return formEmpty
	case kind == DateTime:
		return formTime
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return 0
	}
	return formNumber
}

// wrong returns an error about a cell that contradicts what was found about its column.
func (f *FileSource) wrong(part *table, j int) error {
	odd := part.oddText
	if odd == nil {
		return nil
	}
	part.oddText = nil
	at := j
	if part.single {
		at = 0
	}
	for i := range part.rows {
		if part.text(i, at) == odd.text {
			return &CSVError{File: f.p.t.file, Row: part.lineOf(i), Column: f.p.t.names[j], Err: fmt.Errorf("%s: %w", short(odd.text), odd.err)}
		}
	}
	return &CSVError{File: f.p.t.file, Column: f.p.t.names[j], Err: fmt.Errorf("%s: %w", short(odd.text), odd.err)}
}

// scanAgain is scan for a file that is read part by part.
func (t *table) scanAgain(scans []columnScan) {
	const group = 8
	width := t.width()
	for j := range scans {
		scans[j] = newColumnScan()
	}
	ids := make([]map[string]uint32, width)
	t.texts = make([][]string, width)
	t.each(nil, func(first int, part *table) {
		parallel((width+group-1)/group, func(k int) {
			for j := k * group; j < min(k*group+group, width); j++ {
				if ids[j] == nil {
					ids[j] = map[string]uint32{}
				}
				index := make([]float64, len(part.texts[j]))
				for k, text := range part.texts[j] {
					id, ok := ids[j][text]
					if !ok && (len(t.texts[j]) == mostTexts || t.prose[j]) {
						index[k] = textOver
						continue
					}
					if !ok {
						id = uint32(len(t.texts[j]))
						ids[j][text] = id
						t.texts[j] = append(t.texts[j], text)
					}
					index[k] = float64(id)
				}
				if len(index) == 0 {
					continue
				}
				for at := j; at < len(part.values); at += width {
					if part.forms[at] == formText {
						part.values[at] = index[int(part.values[at])]
					}
				}
			}
			t.scanPart(part, scans, first, k*group, min(k*group+group, width))
		})
		t.rows = first + part.rows
	})
	for j := range scans {
		scans[j].end()
	}
}

// source scans a table that is read part by part.
func (c CSV) source(t *table, name string, lists func() func(rows []int) ([]Sequences, error)) (*FileSource, error) {
	t.prose = make([]bool, t.width())
	for j, n := range t.names {
		t.prose[j] = c.Types[n] == Text
	}
	p := &planner{c: c, t: t, report: &Report{Name: name, Dialect: t.dialect}}
	if err := p.decide(); err != nil || t.err != nil {
		return nil, cmp.Or(t.err, err)
	}
	p.report.Rows, p.report.Warnings = t.rows, append(slices.Clone(t.notes), p.report.Warnings...)
	f := &FileSource{p: p, report: p.report, lists: lists}
	s := &Set{Name: name}
	kept, err := p.target(s)
	if err != nil || t.err != nil {
		return nil, cmp.Or(t.err, err)
	}
	f.drop(kept)
	p.prune(kept)
	for j := range p.plans {
		q := &p.plans[j]
		switch q.role {
		case roleFeature:
			f.plans = append(f.plans, q)
			if q.kind == Categorical {
				q.numberLevels()
			}
		case roleGroup:
			if q.groups, err = p.groupNumbers(q); err != nil {
				return nil, cmp.Or(t.err, err)
			}
		}
	}
	if t.err != nil {
		return nil, t.err
	}
	if len(f.plans) == 0 && lists == nil && !p.hasText() {
		return nil, p.noColumns()
	}
	return f, f.last(s)
}

// begin opens the source for the first time, to load the example rows of Stream.Like.
func (f *FileSource) begin(file *os.File, open func() (rowReader, error)) (err error) {
	f.file, f.open = file, open
	if file != nil {
		if f.was, err = file.Stat(); err != nil {
			return fmt.Errorf("data: %w", err)
		}
	}
	read, err := open()
	if err != nil {
		return err
	}
	like := &Set{}
	if err := f.load(read, f.openLists(), numbered(0, min(likeRows, f.rows())), like, true); err != nil {
		return err
	}
	f.like = like
	return nil
}

// likeRows is the number of example rows.
const likeRows = 1 << 10

// drop records the rows without a target.
func (f *FileSource) drop(kept []int) {
	if kept == nil {
		return
	}
	at := 0
	for i := range f.p.t.rows {
		if at < len(kept) && kept[at] == i {
			at++
		} else {
			f.dropped = append(f.dropped, i)
		}
	}
}

// mostHashed is the number of rows among which duplicates are counted.
const mostHashed = 1 << 23
