package data

import (
	"errors"
	"math"
)

// affine scales a column: (x − center)/scale + offset.
type affine struct{ center, scale, offset float64 }

// Float32Reader returns a function that fills dst with Inputs[0] of the given rows in
// float32, row by row, in one pass over every column from the file to dst. The values are
// those of Load, rounded. It returns false, with dst incomplete, if a value is missing,
// not finite or out of range for float32; Load finds out which.
//
// The function is nil, without an error, unless the source is a table of plain numbers in
// a Parquet file, or a view or scaled rows (Standardize, MinMax, RobustScale) of one. It
// is not safe for concurrent use.
func Float32Reader(src Source) (func(rows []int, dst []float32) (bool, error), error) {
	return float32Reader(src, nil)
}

// float32Reader is Float32Reader for rows to which the given scales are then applied.
func float32Reader(src Source, scales []FittedScale) (func(rows []int, dst []float32) (bool, error), error) {
	switch src := src.(type) {
	case *FileSource:
		return src.float32s(scales)
	case blind:
		return float32Reader(src.of, scales)
	case transformed:
		own, ok := scalesOf(src.by)
		if !ok {
			return nil, nil
		}
		return float32Reader(src.of, append(own, scales...))
	case view:
		read, err := float32Reader(src.of, scales)
		if read == nil {
			return nil, err
		}
		var inner []int
		return func(rows []int, dst []float32) (bool, error) {
			if err := within(rows, len(src.rows)); err != nil {
				return false, err
			}
			inner = inner[:0]
			for _, i := range rows {
				inner = append(inner, src.rows[i])
			}
			return read(inner, dst)
		}, nil
	}
	return nil, nil
}

// scalesOf returns the scales that a transform consists of, and false if it has other
// parts.
func scalesOf(by Fitted) ([]FittedScale, bool) {
	switch by := by.(type) {
	case FittedScale:
		return []FittedScale{by}, true
	case FittedPipeline:
		var list []FittedScale
		for _, part := range by {
			more, ok := scalesOf(part)
			if !ok {
				return nil, false
			}
			list = append(list, more...)
		}
		return list, true
	}
	return nil, false
}

// chains returns the scales of every column, and false if the scales were fitted on other
// columns.
func (f *FileSource) chains(scales []FittedScale) ([][]affine, bool) {
	chains := make([][]affine, len(f.plans))
	for _, s := range scales {
		if s.check() != nil || fittedOn("", s.Features, f.like, len(f.plans)) != nil {
			return nil, false // Apply says what is wrong
		}
		for k, c := range s.Features {
			if c.scaled() {
				chains[k] = append(chains[k], affine{s.Center[k], s.Scale[k], s.Offset})
			}
		}
	}
	return chains, true
}

var errOddValue = errors.New("a value that is missing, not finite or beyond float32")

// float32s implements Float32Reader.
func (f *FileSource) float32s(scales []FittedScale) (func(rows []int, dst []float32) (bool, error), error) {
	if f == nil || f.open == nil || f.p.t.typed == nil || f.lists != nil {
		return nil, nil
	}
	columns, of := make([]int, len(f.plans)), map[int]int{} // in the file, and their numbers in the table
	for k, q := range f.plans {
		if !q.plainly(f.p.t) {
			return nil, nil
		}
		columns[k], of[q.j] = q.j, k
	}
	chains, ok := f.chains(scales)
	if !ok {
		return nil, nil
	}
	if _, err := f.Stream(); err != nil { // for example, the file has changed
		return nil, err
	}
	read, err := f.open()
	if err != nil {
		return nil, err
	}
	width := len(columns)
	return func(rows []int, dst []float32) (bool, error) {
		if err := within(rows, f.rows()); err != nil {
			return false, err
		}
		if len(dst) != len(rows)*width {
			return false, errors.New("data: float32: the size of dst does not match the rows")
		}
		for at := 0; at < len(rows); at += pieceRows { // so that a chunk of dst stays in cache
			sorted, places := f.inOrder(rows[at:min(at+pieceRows, len(rows))])
			piece := dst[at*width:]
			err := read(sorted, columns, func(part *table, from int) error {
				k := of[part.column0]
				if part.forms != nil || !narrow(piece[k:], part.values, chains[k], places, from, width) {
					return errOddValue
				}
				return nil
			})
			if errors.Is(err, errOddValue) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
		}
		return true, nil
	}, nil
}

// narrow scales the values of a column and stores them in the rows of dst. It stops at a
// value that float32 cannot hold.
func narrow(dst []float32, values []float64, chain []affine, places []int, from, width int) bool {
	if len(chain) == 1 && places == nil { // the common case
		c := chain[0]
		at := from * width
		for _, x := range values {
			x = (x-c.center)/c.scale + c.offset
			if !(math.Abs(x) <= math.MaxFloat32) {
				return false
			}
			dst[at] = float32(x)
			at += width
		}
		return true
	}
	for i, x := range values {
		for _, c := range chain {
			x = (x-c.center)/c.scale + c.offset
		}
		if !(math.Abs(x) <= math.MaxFloat32) {
			return false
		}
		at := from + i
		if places != nil {
			at = places[at]
		}
		dst[at*width] = float32(x)
	}
	return true
}
