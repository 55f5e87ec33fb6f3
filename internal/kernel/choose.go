package kernel

import "math"

// Where sets dst to a where cond is not 0, and to b elsewhere. dst may be a or b.
func Where[T Float, E Float | int](dst []E, cond []T, a, b []E) {
	cond, a, b = cond[:len(dst)], a[:len(dst)], b[:len(dst)]
	for i, c := range cond {
		v := b[i]
		if c != 0 {
			v = a[i]
		}
		dst[i] = v
	}
}

// Keep sets dst to x where (cond != 0) == where, and to 0 elsewhere, even where x is NaN.
// dst may be x.
func Keep[T Float](dst, cond, x []T, where bool) {
	cond, x = cond[:len(dst)], x[:len(dst)]
	for i, c := range cond {
		v := T(0)
		if (c != 0) == where {
			v = x[i]
		}
		dst[i] = v
	}
}

// Floats sets dst to x, rounded to the nearest.
func Floats[T Float](dst []T, x []int) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = T(x[i])
	}
}

// Ints sets dst to x, truncated towards 0. It returns the position of the
// first element outside the range of int, or −1.
func Ints[T Float](dst []int, x []T) int {
	const least = float64(math.MinInt) // exact; the largest int is not
	x = x[:len(dst)]
	for i := range dst {
		v := math.Trunc(float64(x[i]))
		if !(v >= least && v < -least) {
			return i
		}
		dst[i] = int(v)
	}
	return -1
}

// Take sets dst (outer, picks, inner) to the elements of x (outer, n, inner) that index,
// which has dst's shape, names along the middle axis. It returns the position of
// the first index outside [0, n), or −1.
func Take[E Float | int](dst, x []E, index []int, n, picks, inner int) int {
	i := 0
	for base := 0; i < len(index); base += n * inner {
		for range picks {
			for at := range inner {
				k := index[i]
				if k < 0 || k >= n {
					return i
				}
				dst[i] = x[base+k*inner+at]
				i++
			}
		}
	}
	return -1
}

// AddTaken adds every element of g (outer, picks, inner) to the element of dst (outer, n,
// inner) that Take reads for it.
func AddTaken[T Float](dst, g []T, index []int, n, picks, inner int) {
	i := 0
	for base := 0; i < len(index); base += n * inner {
		for range picks {
			for at := range inner {
				dst[base+index[i]*inner+at] += g[i]
				i++
			}
		}
	}
}
