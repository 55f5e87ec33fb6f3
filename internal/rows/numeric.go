package rows

import (
	"fmt"
	"math"
	"sort"
)

// Impute fills in missing values.
type Impute struct {
	Fill     []float64 // one for each column
	Keep     []bool    `json:",omitempty"` // columns that stay as they are; nil: none
	Indicate []bool    `json:",omitempty"` // columns with an indicator after all columns; nil: none
}

// Width implements Transform.
func (t *Impute) Width(in int) (int, error) {
	err := lengths(in, len(t.Fill))
	if err == nil && t.Keep != nil {
		err = lengths(in, len(t.Keep))
	}
	if err == nil && t.Indicate != nil {
		err = lengths(in, len(t.Indicate))
	}
	for _, indicates := range t.Indicate {
		in += int(truth(indicates))
	}
	return in, err
}

// Bind implements Transform.
func (t *Impute) Bind(int) func(dst, src []float64) error {
	return func(dst, src []float64) error {
		k := len(src)
		for j, x := range src {
			missing := math.IsNaN(x)
			if missing && (t.Keep == nil || !t.Keep[j]) {
				x = t.Fill[j]
			}
			dst[j] = x
			if t.Indicate != nil && t.Indicate[j] {
				dst[k] = truth(missing)
				k++
			}
		}
		return nil
	}
}

// Scale subtracts Center and divides by Scale.
type Scale struct {
	Keep   []bool // columns that stay as they are
	Center []float64
	Scale  []float64
	Offset float64 // added afterwards
}

// Width implements Transform.
func (t *Scale) Width(in int) (int, error) {
	for j, v := range t.Scale {
		if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("column %d: scale %v", j, v)
		}
	}
	return in, lengths(in, len(t.Keep), len(t.Center), len(t.Scale))
}

// Bind implements Transform.
func (t *Scale) Bind(int) func(dst, src []float64) error {
	return func(dst, src []float64) error {
		for j, x := range src {
			if !t.Keep[j] {
				x = Scaled(x, t.Center[j], t.Scale[j]) + t.Offset
			}
			dst[j] = x
		}
		return nil
	}
}

// Scaled returns (x − center)/scale, also where x − center is beyond the largest float64.
func Scaled(x, center, scale float64) float64 {
	if d := x - center; !math.IsInf(d, 0) {
		return d / scale
	}
	return (x/2 - center/2) / (scale / 2)
}

// Clip holds columns to a range.
type Clip struct{ Low, High []float64 }

// Width implements Transform.
func (t *Clip) Width(in int) (int, error) { return in, lengths(in, len(t.Low), len(t.High)) }

// Bind implements Transform.
func (t *Clip) Bind(int) func(dst, src []float64) error {
	return func(dst, src []float64) error {
		for j, x := range src {
			if !math.IsNaN(x) {
				x = min(max(x, t.Low[j]), t.High[j])
			}
			dst[j] = x
		}
		return nil
	}
}

// SmoothClip maps x to x/√(1 + (x/Bound)²).
type SmoothClip struct {
	Keep  []bool // columns that stay as they are
	Bound float64
}

// Width implements Transform.
func (t *SmoothClip) Width(in int) (int, error) {
	if !(t.Bound > 0) || math.IsInf(t.Bound, 0) {
		return 0, fmt.Errorf("bound %v: want a positive number", t.Bound)
	}
	return in, lengths(in, len(t.Keep))
}

// Bind implements Transform.
func (t *SmoothClip) Bind(int) func(dst, src []float64) error {
	return func(dst, src []float64) error {
		for j, x := range src {
			if !t.Keep[j] {
				x = x / math.Hypot(1, x/t.Bound)
			}
			dst[j] = x
		}
		return nil
	}
}

// LogTails maps x to asinh((x − Center)/Scale).
type LogTails struct {
	Center []float64
	Scale  []float64 // 0: the column stays as it is
}

// Width implements Transform.
func (t *LogTails) Width(in int) (int, error) {
	for j, s := range t.Scale {
		if !(s >= 0) || math.IsInf(s, 0) {
			return 0, fmt.Errorf("column %d: scale %v", j, s)
		}
	}
	return in, lengths(in, len(t.Center), len(t.Scale))
}

// Bind implements Transform.
func (t *LogTails) Bind(int) func(dst, src []float64) error {
	return func(dst, src []float64) error {
		for j, x := range src {
			if s := t.Scale[j]; s != 0 {
				x = math.Asinh(Scaled(x, t.Center[j], s))
			}
			dst[j] = x
		}
		return nil
	}
}

// Piecewise encodes columns by how far they reach into each interval between edges.
type Piecewise struct {
	Edges  [][]float64 // of each column, ascending; fewer than 2: it stays as it is
	Beside bool        // columns keep their values, and the parts come after all of them
}

// Width implements Transform.
func (t *Piecewise) Width(in int) (int, error) {
	if err := lengths(in, len(t.Edges)); err != nil {
		return 0, err
	}
	out := 0
	if t.Beside {
		out = in
	}
	for j, edges := range t.Edges {
		if err := ascending(j, edges); err != nil {
			return 0, err
		}
		switch {
		case len(edges) > 1:
			out += len(edges) - 1
		case !t.Beside:
			out++
		}
	}
	return out, nil
}

// ascending checks that values are finite and rise.
func ascending(column int, list []float64) error {
	for i, b := range list {
		if math.IsNaN(b) || math.IsInf(b, 0) || i > 0 && !(b > list[i-1]) {
			return fmt.Errorf("column %d: %v after %v", column, b, list[max(0, i-1)])
		}
	}
	return nil
}

// Bind implements Transform.
func (t *Piecewise) Bind(int) func(dst, src []float64) error {
	return func(dst, src []float64) error {
		k := 0
		if t.Beside {
			k = copy(dst, src)
		}
		for j, x := range src {
			edges := t.Edges[j]
			if len(edges) < 2 {
				if !t.Beside {
					dst[k] = x
					k++
				}
				continue
			}
			last := len(edges) - 1
			for i := 1; i <= last; i++ {
				y := (x - edges[i-1]) / (edges[i] - edges[i-1])
				if i > 1 && y < 0 {
					y = 0
				}
				if i < last && y > 1 {
					y = 1
				}
				dst[k] = y
				k++
			}
		}
		return nil
	}
}

// NormalScores maps values to scores, linearly between those that are known.
type NormalScores struct {
	Values [][]float64 // of each column, ascending; fewer than 2: it stays as it is
	Scores [][]float64 // of the values
	Beside bool        // columns keep their values, and the scores come after all of them
}

// Width implements Transform.
func (t *NormalScores) Width(in int) (int, error) {
	if err := lengths(in, len(t.Values), len(t.Scores)); err != nil {
		return 0, err
	}
	out := in
	for j, values := range t.Values {
		if len(t.Scores[j]) != len(values) {
			return 0, fmt.Errorf("column %d: %d scores of %d values", j, len(t.Scores[j]), len(values))
		}
		for _, list := range [][]float64{values, t.Scores[j]} {
			if err := ascending(j, list); err != nil {
				return 0, err
			}
		}
		if t.Beside && len(values) > 1 {
			out++
		}
	}
	return out, nil
}

// Bind implements Transform.
func (t *NormalScores) Bind(int) func(dst, src []float64) error {
	return func(dst, src []float64) error {
		k := len(src)
		for j, x := range src {
			dst[j] = x
			if len(t.Values[j]) < 2 {
				continue
			}
			y := between(t.Values[j], t.Scores[j], x)
			if t.Beside {
				dst[k] = y
				k++
			} else {
				dst[j] = y
			}
		}
		return nil
	}
}

// between interpolates linearly between points; beyond them it keeps the last.
func between(xs, ys []float64, x float64) float64 {
	switch i := sort.SearchFloat64s(xs, x); {
	case math.IsNaN(x):
		return x
	case i == 0:
		return ys[0]
	case i == len(xs):
		return ys[i-1]
	case xs[i] == x:
		return ys[i]
	default:
		// Halves, as the distance of two finite values may be infinite.
		share := (x/2 - xs[i-1]/2) / (xs[i]/2 - xs[i-1]/2)
		return ys[i-1] + share*(ys[i]-ys[i-1])
	}
}
