package parquet

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"

	"github.com/parquet-go/parquet-go"
	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// list is a column of lists of numbers.
type list struct {
	column
	full byte // definition level of a value; one less: a null within a list, if null is set
	null bool // lists may hold nulls
}

// asList adds a list for the column whose schema begins at element at.
func (o *file) asList(name string, c *parquet.Column, at int) error {
	leaf := c
	for !leaf.Leaf() {
		if len(leaf.Columns()) != 1 {
			return o.fail(name, "it is not a list of numbers: %d columns within", len(leaf.Columns()))
		}
		leaf = leaf.Columns()[0]
		at++
	}
	if leaf.MaxRepetitionLevel() != 1 {
		return o.fail(name, "it is not a list of numbers: it repeats %d times", leaf.MaxRepetitionLevel())
	}
	l := &list{column: column{file: o, node: leaf, leaf: leaf.Index()}, full: byte(leaf.MaxDefinitionLevel()), null: leaf.Optional()}
	l.Name = name
	l.classify(&o.pf.Metadata().Schema[at])
	if l.kind != signed && l.kind != unsigned && l.kind != floating && l.kind != decimal {
		return o.fail(name, "it is not a list of numbers")
	}
	if err := l.findLists(); err != nil {
		return err
	}
	o.lists = append(o.lists, l)
	return nil
}

// findLists finds the pages and their rows, which requires reading the pages once.
func (l *list) findLists() error {
	o := l.file
	values := make([]int, len(o.groups)-1) // by row group, including nulls and empty lists
	for k := range values {
		n := o.pf.Metadata().RowGroups[k].Columns[l.leaf].MetaData.NumValues
		if n < int64(o.groups[k+1]-o.groups[k]) || n > mostRows {
			return o.fail(l.Name, "the file is damaged: row group %d of %d values", k+1, n)
		}
		values[k] = int(n)
	}
	if err := l.findPagesOf(values); err != nil {
		return err
	}
	r := &listReader{list: l, reader: reader{c: &l.column, group: -1}}
	defer r.close()
	for k := range l.chunks {
		if err := r.count(k); err != nil {
			return o.fail(l.Name, "row group %d: %w", k+1, err)
		}
	}
	return nil
}

// listReader reads a list column.
type listReader struct {
	reader
	list   *list
	of     parquet.Page // the page of levels and firsts
	levels []int        // index of each row's first level
	firsts []int        // index of each row's first value
}

// count records the first row of every page of a row group.
func (r *listReader) count(group int) (err error) {
	defer r.c.file.guard(r.c.Name, &err)
	if err := r.open(group); err != nil {
		return err
	}
	pages := r.c.chunks[group].pages
	row := 0
	for k := range pages {
		p, err := r.pageAt(k)
		if err != nil {
			return err
		}
		levels := p.RepetitionLevels()
		if len(levels) == 0 || levels[0] != 0 {
			parquet.Release(p)
			return errors.New("a row spans two pages, which is not supported; write the file with data pages of version 2")
		}
		pages[k].row = row
		row += int(p.NumRows())
		parquet.Release(p)
	}
	if groups := r.c.file.groups; row != groups[group+1]-groups[group] {
		return fmt.Errorf("%w: lists of %d rows", errDamaged, row)
	}
	return nil
}

// begin finds the beginnings of rows on the current page.
func (r *listReader) begin() error {
	if r.of == r.page {
		return nil
	}
	repeats, defined := r.page.RepetitionLevels(), r.page.DefinitionLevels()
	if len(repeats) != len(defined) {
		return errDamaged
	}
	r.of, r.levels, r.firsts = r.page, r.levels[:0], r.firsts[:0]
	n := 0
	for i, l := range repeats {
		if l == 0 {
			r.levels, r.firsts = append(r.levels, i), append(r.firsts, n)
		}
		if defined[i] == r.list.full {
			n++
		}
	}
	r.levels, r.firsts = append(r.levels, len(repeats)), append(r.firsts, n)
	if len(r.levels) != r.to-r.from+1 {
		return errDamaged
	}
	return nil
}

// read returns the values of rows, given in ascending order, and their offsets.
func (r *listReader) read(rows []int) (values []float64, offsets []int, err error) {
	o := r.c.file
	defer func() {
		if err != nil {
			r.close()
			r.of = nil
		}
	}()
	defer o.guard(r.c.Name, &err)
	offsets = append(make([]int, 0, len(rows)+1), 0)
	for _, row := range rows {
		group := sort.SearchInts(o.groups, row+1) - 1
		if err := r.open(group); err != nil {
			return nil, nil, err
		}
		at := row - o.groups[group]
		err := r.turnTo(at)
		if err == nil {
			err = r.begin()
		}
		if err != nil {
			return nil, nil, o.fail(r.c.Name, "row group %d: %w", group+1, err)
		}
		at -= r.from
		if r.list.null {
			if step := slices.Index(r.page.DefinitionLevels()[r.levels[at]:r.levels[at+1]], r.list.full-1); step >= 0 {
				return nil, nil, &data.CSVError{File: o.name, Row: row + 1, Column: r.c.Name, Err: fmt.Errorf("step %d is null", step)}
			}
		}
		from, n := len(values), r.firsts[at+1]-r.firsts[at]
		values = slices.Grow(values, n)[:from+n]
		if n > 0 {
			if err := r.numbers(values[from:], r.firsts[at]); err != nil {
				return nil, nil, o.fail(r.c.Name, "row group %d: %w", group+1, err)
			}
		}
		offsets = append(offsets, len(values))
	}
	return values, offsets, nil
}

// sequences reads the sequences of rows, given in ascending order.
func (r *listReader) sequences(rows []int) (data.Sequences, error) {
	values, offsets, err := r.read(rows)
	if err != nil {
		return data.Sequences{}, err
	}
	out := data.Sequences{Name: r.c.Name, Offsets: offsets}
	if len(values) == 0 {
		values = []float64{0} // a tensor cannot be empty; this step belongs to no row
	}
	if !r.c.Integer {
		out.Values = tensor.New(tensor.WithShape(len(values), 1), tensor.WithBacking(values))
		return out, nil
	}
	whole := make([]int, len(values))
	for i, v := range values {
		if math.Abs(v) > 1<<53 {
			row, _ := slices.BinarySearch(offsets, i+1)
			return data.Sequences{}, &data.CSVError{File: r.c.file.name, Row: rows[row-1] + 1, Column: r.c.Name, Err: fmt.Errorf("%v is beyond the integers that are read exactly", v)}
		}
		whole[i] = int(v)
	}
	out.Values = tensor.New(tensor.WithShape(len(whole)), tensor.WithBacking(whole))
	return out, nil
}

// openLists returns a function that reads the lists of rows, given in ascending order.
func (o *file) openLists() func(rows []int) ([]data.Sequences, error) {
	readers := make([]*listReader, len(o.lists))
	for k, l := range o.lists {
		readers[k] = &listReader{list: l, reader: reader{c: &l.column, group: -1}}
	}
	return func(rows []int) ([]data.Sequences, error) {
		out := make([]data.Sequences, len(readers))
		for k, r := range readers {
			var err error
			if out[k], err = r.sequences(rows); err != nil {
				return nil, err
			}
			if r.page != nil && r.page.Size() > keptPages/int64(len(readers)) {
				r.close()
				r.of = nil
			}
		}
		return out, nil
	}
}

// pageAt reads a page of the row group.
func (r *reader) pageAt(k int) (parquet.Page, error) {
	ch := &r.c.chunks[r.group]
	r.at.shift = ch.pages[k].at - ch.data
	if err := r.pages.SeekToRow(0); err != nil {
		return nil, err
	}
	p, err := r.pages.ReadPage()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("the file is damaged: %w", err)
	}
	return p, nil
}
