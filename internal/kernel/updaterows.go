package kernel

// Updates of some rows of a parameter. w and the state are those of the whole parameter;
// g holds the gradients of the rows, one after the other. The bits are those of an update
// of the whole parameter, so the tail of a row uses a full register as well.

// rowTail is a register's worth of copies of the tails of rows.
type rowTail[T Float] struct{ w, m, v, g [16]T }

// lanes is the number of elements of a register.
func lanes[T Float]() int {
	if !assembly {
		return 1
	}
	return registerBytes / bytesOf[T]()
}

// AdamRows is Adam for rows of width elements.
func AdamRows[T Float](s *AdamStep[T], w, m, v, g []T, rows []int, width int) {
	var t rowTail[T]
	full := lanes[T]()
	whole := width - width%full
	for i, r := range rows {
		if i+rowsAhead < len(rows) {
			next := rows[i+rowsAhead]
			prefetchRow(w, next, width)
			prefetchRow(m, next, width)
			prefetchRow(v, next, width)
		}
		w, m, v, g := w[r*width:(r+1)*width], m[r*width:(r+1)*width], v[r*width:(r+1)*width], g[i*width:(i+1)*width]
		Adam(s, w[:whole], m[:whole], v[:whole], g[:whole])
		if whole < width {
			copy(t.w[:], w[whole:])
			copy(t.m[:], m[whole:])
			copy(t.v[:], v[whole:])
			copy(t.g[:], g[whole:])
			Adam(s, t.w[:full], t.m[:full], t.v[:full], t.g[:full])
			copy(w[whole:], t.w[:])
			copy(m[whole:], t.m[:])
			copy(v[whole:], t.v[:])
		}
	}
}

// RootRows is Root without velocity for rows of width elements.
func RootRows[T Float](s *RootStep[T], w, v, g []T, rows []int, width int) {
	var t rowTail[T]
	full := lanes[T]()
	whole := width - width%full
	for i, r := range rows {
		if i+rowsAhead < len(rows) {
			next := rows[i+rowsAhead]
			prefetchRow(w, next, width)
			prefetchRow(v, next, width)
		}
		w, v, g := w[r*width:(r+1)*width], v[r*width:(r+1)*width], g[i*width:(i+1)*width]
		Root(s, w[:whole], v[:whole], nil, g[:whole])
		if whole < width {
			copy(t.w[:], w[whole:])
			copy(t.v[:], v[whole:])
			copy(t.g[:], g[whole:])
			Root(s, t.w[:full], t.v[:full], nil, t.g[:full])
			copy(w[whole:], t.w[:])
			copy(v[whole:], t.v[:])
		}
	}
}

// AxpyRows adds alpha·g to rows of width elements.
func AxpyRows[T Float](alpha T, g, w []T, rows []int, width int) {
	var t rowTail[T]
	full := lanes[T]()
	whole := width - width%full
	for i, r := range rows {
		if i+rowsAhead < len(rows) {
			prefetchRow(w, rows[i+rowsAhead], width)
		}
		w, g := w[r*width:(r+1)*width], g[i*width:(i+1)*width]
		Axpy(alpha, g[:whole], w[:whole])
		if whole < width {
			copy(t.w[:], w[whole:])
			copy(t.g[:], g[whole:])
			Axpy(alpha, t.g[:full], t.w[:full])
			copy(w[whole:], t.w[:])
		}
	}
}
