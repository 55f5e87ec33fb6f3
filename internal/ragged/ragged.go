// Package ragged pads sequences of different lengths.
package ragged

// Number is a value of a sequence's step.
type Number interface{ float32 | float64 | int }

// Pad writes rows into dst, (len(rows), steps, width), each padded to steps. The steps of row i
// are src[offsets[i]*width : offsets[i+1]*width]; none of the rows is longer than steps.
//
// Padding is 0, or with repeat the last step of the row: indices then never name a row of an
// embedding that the batch does not have. A row without steps is padded with the first step of
// the batch.
func Pad[To, From Number](dst []To, src []From, offsets, rows []int, steps, width int, repeat bool) {
	var first []From
	for k := 0; repeat && first == nil && k < len(rows); k++ {
		if r := rows[k]; offsets[r+1] > offsets[r] {
			first = src[offsets[r]*width : (offsets[r]+1)*width]
		}
	}
	for k, r := range rows {
		from, to := offsets[r]*width, offsets[r+1]*width
		row := dst[k*steps*width : (k+1)*steps*width]
		for i, v := range src[from:to] {
			row[i] = To(v)
		}
		rest := row[to-from:]
		last := first
		if to > from {
			last = src[to-width : to]
		}
		if !repeat || last == nil {
			clear(rest)
			continue
		}
		for i := range rest {
			rest[i] = To(last[i%width])
		}
	}
}

// Fill is Pad with one value as padding.
func Fill(dst, src []int, offsets, rows []int, steps, value int) {
	for k, r := range rows {
		row := dst[k*steps : (k+1)*steps]
		n := copy(row, src[offsets[r]:offsets[r+1]])
		for i := n; i < steps; i++ {
			row[i] = value
		}
	}
}

// Gather writes the steps of rows, without their padding, from src, (len(rows), steps, width),
// to where offsets has them in dst.
func Gather[T Number](dst, src []T, offsets, rows []int, steps, width int) {
	for k, r := range rows {
		n := (offsets[r+1] - offsets[r]) * width
		copy(dst[offsets[r]*width:], src[k*steps*width:k*steps*width+n])
	}
}
