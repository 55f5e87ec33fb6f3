package kernel

// Resize is a separable interpolation of images (N, H, W, C): output row r is
// (1 − f)·row Low[r] + f·row High[r], and so for the columns.
type Resize struct {
	N, H, W, C    int
	Rows, Columns []Blend
}

// Blend mixes two inputs.
type Blend struct {
	Low, High int
	Fraction  float64
}

// each calls f for every input and output pixel that are connected, with the offsets of
// their first channels and the weight.
func (z *Resize) each(f func(in, out int, weight float64)) {
	out := 0
	for n := range z.N {
		for _, r := range z.Rows {
			for _, q := range z.Columns {
				for _, v := range [2]struct {
					at     int
					weight float64
				}{{r.Low, 1 - r.Fraction}, {r.High, r.Fraction}} {
					for _, h := range [2]struct {
						at     int
						weight float64
					}{{q.Low, 1 - q.Fraction}, {q.High, q.Fraction}} {
						if w := v.weight * h.weight; w != 0 {
							f(((n*z.H+v.at)*z.W+h.at)*z.C, out, w)
						}
					}
				}
				out += z.C
			}
		}
	}
}

// ResizeForward computes y (N, Rows, Columns, C).
func ResizeForward[T Float](z *Resize, x, y []T) {
	clear(y)
	z.each(func(in, out int, w float64) { Axpy(T(w), x[in:in+z.C], y[out:out+z.C]) })
}

// ResizeGrad computes the gradient dx of x.
func ResizeGrad[T Float](z *Resize, dy, dx []T) {
	clear(dx)
	z.each(func(in, out int, w float64) { Axpy(T(w), dy[out:out+z.C], dx[in:in+z.C]) })
}

// Regions are the windows of an adaptive pooling of images (N, H, W, C): output
// (r, q) sees rows Rows[r][0] to Rows[r][1] and so for the columns.
type Regions struct {
	N, H, W, C    int
	Rows, Columns [][2]int
}

// each calls f for every output and each input of its region, with their offsets, the
// size of the region, and whether the input is the first.
func (z *Regions) each(f func(in, out, count int, first bool)) {
	out := 0
	for n := range z.N {
		for _, r := range z.Rows {
			for _, q := range z.Columns {
				count := (r[1] - r[0]) * (q[1] - q[0])
				for h := r[0]; h < r[1]; h++ {
					for w := q[0]; w < q[1]; w++ {
						f(((n*z.H+h)*z.W+w)*z.C, out, count, h == r[0] && w == q[0])
					}
				}
				out += z.C
			}
		}
	}
}

// RegionMean computes the mean of every region.
func RegionMean[T Float](z *Regions, x, y []T) {
	clear(y)
	z.each(func(in, out, count int, _ bool) { Axpy(1/T(count), x[in:in+z.C], y[out:out+z.C]) })
}

// RegionMeanGrad computes the gradient dx of x.
func RegionMeanGrad[T Float](z *Regions, dy, dx []T) {
	clear(dx)
	z.each(func(in, out, count int, _ bool) { Axpy(1/T(count), dy[out:out+z.C], dx[in:in+z.C]) })
}

// RegionMax computes the maximum of every region.
func RegionMax[T Float](z *Regions, x, y []T) {
	z.each(func(in, out, _ int, first bool) {
		if first {
			copy(y[out:out+z.C], x[in:])
			return
		}
		eachPixel(pixelMax, 1, z.C, lane[T]{y[out:], 0}, lane[T]{x[in:], 0})
	})
}

// RegionMaxGrad computes the gradient dx of x: dy goes to the first largest
// element of its region.
func RegionMaxGrad[T Float](z *Regions, x, y, dy, dx []T) {
	clear(dx)
	s := getScratch[T]()
	taken := grown(&s.columns, z.C)
	z.each(func(in, out, _ int, first bool) {
		if first {
			clear(taken)
		}
		eachPixel(pixelRoute, 1, z.C, lane[T]{dx[in:], 0}, lane[T]{x[in:], 0}, lane[T]{y[out:], 0}, lane[T]{dy[out:], 0}, lane[T]{taken, 0})
	})
	s.put()
}
