package search

import (
	"fmt"
	"math/bits"
)

// Sobol proposes the points of a Sobol' sequence (Sobol', "On the distribution of points in a
// cube", 1967), which fill the space more evenly than random ones: points n·2^k to (n+1)·2^k − 1
// divide each setting's range into 2^k parts with one point in each. The direction numbers are those
// of Joe & Kuo (2008), "Constructing Sobol sequences with better two-dimensional projections";
// the seed shifts the points digit by digit. At most 32 settings.
type Sobol struct{}

// Propose implements Proposer.
func (Sobol) Propose(h History, number int) (Proposal, error) {
	n := len(h.Settings)
	if n > len(directions) {
		return Proposal{}, fmt.Errorf("search: %d settings: the Sobol' sequence here has %d", n, len(directions))
	}
	if number < 0 || int64(number) >= 1<<32 {
		return Proposal{}, fmt.Errorf("search: trial %d: want 0 to 2^32−1", number)
	}
	shift := source(h.Seed, "shift", 0)
	p := make(Point, n)
	for i := range p {
		p[i] = float64(sobol(uint32(number), i)^shift.Uint32()) / (1 << 32)
	}
	return Proposal{Point: p, Final: true, Of: -1}, nil
}

// sobol returns a coordinate of a point, counted from 0, of the sequence, times 2^32.
func sobol(n uint32, dimension int) uint32 {
	d := directions[dimension]
	gray := n ^ n>>1
	var v [32]uint32
	degree := bits.Len32(d.polynomial) - 1
	var x uint32
	for k := range bits.Len32(gray) {
		switch {
		case dimension == 0:
			v[k] = 1 << (31 - k)
		case k < degree:
			v[k] = d.initial[k] << (31 - k)
		default:
			v[k] = v[k-degree] ^ v[k-degree]>>degree
			for j := 1; j < degree; j++ {
				if d.polynomial>>(degree-j)&1 == 1 {
					v[k] ^= v[k-j]
				}
			}
		}
		if gray>>k&1 == 1 {
			x ^= v[k]
		}
	}
	return x
}

// direction is a primitive polynomial over GF(2), by its coefficients as bits, with the
// initial direction numbers.
type direction struct {
	polynomial uint32
	initial    []uint32
}

// directions are of new-joe-kuo-6, as in SciPy: see testdata/sobol.py.
var directions = []direction{
	{1, []uint32{1}},
	{3, []uint32{1}},
	{7, []uint32{1, 3}},
	{11, []uint32{1, 3, 1}},
	{13, []uint32{1, 1, 1}},
	{19, []uint32{1, 1, 3, 3}},
	{25, []uint32{1, 3, 5, 13}},
	{37, []uint32{1, 1, 5, 5, 17}},
	{41, []uint32{1, 1, 5, 5, 5}},
	{47, []uint32{1, 1, 7, 11, 19}},
	{55, []uint32{1, 1, 5, 1, 1}},
	{59, []uint32{1, 1, 1, 3, 11}},
	{61, []uint32{1, 3, 5, 5, 31}},
	{67, []uint32{1, 3, 3, 9, 7, 49}},
	{91, []uint32{1, 1, 1, 15, 21, 21}},
	{97, []uint32{1, 3, 1, 13, 27, 49}},
	{103, []uint32{1, 1, 1, 15, 7, 5}},
	{109, []uint32{1, 3, 1, 15, 13, 25}},
	{115, []uint32{1, 1, 5, 5, 19, 61}},
	{131, []uint32{1, 3, 7, 11, 23, 15, 103}},
	{137, []uint32{1, 3, 7, 13, 13, 15, 69}},
	{143, []uint32{1, 1, 3, 13, 7, 35, 63}},
	{145, []uint32{1, 3, 5, 9, 1, 25, 53}},
	{157, []uint32{1, 3, 1, 13, 9, 35, 107}},
	{167, []uint32{1, 3, 1, 5, 27, 61, 31}},
	{171, []uint32{1, 1, 5, 11, 19, 41, 61}},
	{185, []uint32{1, 3, 5, 3, 3, 13, 69}},
	{191, []uint32{1, 1, 7, 13, 1, 19, 1}},
	{193, []uint32{1, 3, 7, 5, 13, 19, 59}},
	{203, []uint32{1, 1, 3, 9, 25, 29, 41}},
	{211, []uint32{1, 3, 5, 13, 23, 1, 55}},
	{213, []uint32{1, 3, 7, 3, 13, 59, 17}},
}
