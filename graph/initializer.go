package graph

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/internal/builtin"
	"gonum.org/v1/gonum/mat"
)

// Initializer draws the first values of a parameter, row by row.
type Initializer interface {
	Init(shape Shape, r *rand.Rand) ([]float64, error)
}

// InitializerFunc makes a function an Initializer.
type InitializerFunc func(shape Shape, r *rand.Rand) ([]float64, error)

// Init calls f.
func (f InitializerFunc) Init(shape Shape, r *rand.Rand) ([]float64, error) {
	if f == nil {
		return nil, errors.New("the initializer is nil")
	}
	return f(shape, r)
}

// Fans returns how many inputs and outputs a unit of a kernel is connected to:
// the last two axes of the shape, times the product of all axes before them
// (the receptive field of a convolution). A vector counts as both.
func Fans(shape Shape) (in, out int) {
	n := len(shape)
	switch n {
	case 0:
		return 1, 1
	case 1:
		return shape[0], shape[0]
	}
	field := size(shape[:n-2])
	return field * shape[n-2], field * shape[n-1]
}

// draw returns as many numbers as a shape has elements. A nil source of random
// numbers and a shape beyond MaxElements are errors.
func draw(shape Shape, r *rand.Rand, next func() float64) ([]float64, error) {
	if r == nil {
		return nil, errors.New("the source of random numbers is nil")
	}
	v, err := numbers(shape)
	for i := range v {
		v[i] = next()
	}
	return v, err
}

// numbers returns a zero for each element of a shape.
func numbers(shape Shape) ([]float64, error) {
	if err := checkLeaf(shape); err != nil {
		return nil, err
	}
	return make([]float64, size(shape)), nil
}

func uniform(shape Shape, limit float64, r *rand.Rand) ([]float64, error) {
	return draw(shape, r, func() float64 { return limit * (2*r.Float64() - 1) })
}

func normal(shape Shape, mean, std float64, r *rand.Rand) ([]float64, error) {
	return draw(shape, r, func() float64 { return std*r.NormFloat64() + mean })
}

// GlorotUniform draws from ±sqrt(6/(in+out)): variance 2/(in+out).
// Glorot & Bengio (2010), eq. 16.
type GlorotUniform struct{}

// Init implements Initializer.
func (GlorotUniform) Init(s Shape, r *rand.Rand) ([]float64, error) {
	in, out := Fans(s)
	return uniform(s, math.Sqrt(6/float64(in+out)), r)
}

// GlorotNormal draws normal numbers of variance 2/(in+out).
type GlorotNormal struct{}

// Init implements Initializer.
func (GlorotNormal) Init(s Shape, r *rand.Rand) ([]float64, error) {
	in, out := Fans(s)
	return normal(s, 0, math.Sqrt(2/float64(in+out)), r)
}

// HeUniform draws from ±sqrt(6/in): variance 2/in, for ReLU.
// He et al. (2015), arXiv:1502.01852.
type HeUniform struct{}

// Init implements Initializer.
func (HeUniform) Init(s Shape, r *rand.Rand) ([]float64, error) {
	in, _ := Fans(s)
	return uniform(s, math.Sqrt(6/float64(in)), r)
}

// HeNormal draws normal numbers of variance 2/in, for ReLU.
type HeNormal struct{}

// Init implements Initializer.
func (HeNormal) Init(s Shape, r *rand.Rand) ([]float64, error) {
	in, _ := Fans(s)
	return normal(s, 0, math.Sqrt(2/float64(in)), r)
}

// LeCunUniform draws from ±sqrt(3/in): variance 1/in, for SELU.
// LeCun et al. (1998), "Efficient BackProp".
type LeCunUniform struct{}

// Init implements Initializer.
func (LeCunUniform) Init(s Shape, r *rand.Rand) ([]float64, error) {
	in, _ := Fans(s)
	return uniform(s, math.Sqrt(3/float64(in)), r)
}

// LeCunNormal draws normal numbers of variance 1/in, for SELU.
type LeCunNormal struct{}

// Init implements Initializer.
func (LeCunNormal) Init(s Shape, r *rand.Rand) ([]float64, error) {
	in, _ := Fans(s)
	return normal(s, 0, math.Sqrt(1/float64(in)), r)
}

// Orthogonal draws a matrix with orthonormal rows or columns, whichever are
// fewer, times Gain (0: 1). Axes before the last are taken together.
// Saxe et al. (2013), arXiv:1312.6120.
type Orthogonal struct{ Gain float64 }

// Init implements Initializer.
func (o Orthogonal) Init(s Shape, r *rand.Rand) ([]float64, error) {
	if len(s) < 2 {
		return nil, fmt.Errorf("orthogonal: want at least two axes, have %s", dims(s))
	}
	gain := o.Gain
	if gain == 0 {
		gain = 1
	}
	if err := checkLeaf(s); err != nil {
		return nil, err
	}
	cols := s[len(s)-1]
	rows := size(s) / cols
	long, short := max(rows, cols), min(rows, cols)
	random, err := normal(Shape{long, short}, 0, 1, r)
	if err != nil {
		return nil, err
	}
	var qr mat.QR
	qr.Factorize(mat.NewDense(long, short, random))
	var q, rr mat.Dense
	qr.QTo(&q)
	qr.RTo(&rr)
	out := make([]float64, rows*cols)
	for i := range long {
		for j := range short {
			v := gain * q.At(i, j)
			if rr.At(j, j) < 0 { // makes the factorisation, and so the law of Q, unique
				v = -v
			}
			if rows >= cols {
				out[i*cols+j] = v
			} else {
				out[j*cols+i] = v
			}
		}
	}
	return out, nil
}

// Constant sets every value to Value.
type Constant struct{ Value float64 }

// Init implements Initializer.
func (c Constant) Init(s Shape, _ *rand.Rand) ([]float64, error) {
	v, err := numbers(s)
	for i := range v {
		v[i] = c.Value
	}
	return v, err
}

// Zeros sets every value to 0.
type Zeros struct{}

// Init implements Initializer.
func (Zeros) Init(s Shape, _ *rand.Rand) ([]float64, error) { return numbers(s) }

// Ones sets every value to 1.
type Ones struct{}

// Init implements Initializer.
func (Ones) Init(s Shape, r *rand.Rand) ([]float64, error) { return Constant{1}.Init(s, r) }

// Uniform draws from [Low, High).
type Uniform struct{ Low, High float64 }

// Init implements Initializer.
func (u Uniform) Init(s Shape, r *rand.Rand) ([]float64, error) {
	if !(u.Low < u.High) {
		return nil, fmt.Errorf("uniform: low %v is not below high %v", u.Low, u.High)
	}
	return draw(s, r, func() float64 { return u.Low + (u.High-u.Low)*r.Float64() })
}

// Normal draws normal numbers of the given mean and standard deviation.
type Normal struct{ Mean, Std float64 }

// Init implements Initializer.
func (n Normal) Init(s Shape, r *rand.Rand) ([]float64, error) {
	if !(n.Std > 0) {
		return nil, fmt.Errorf("normal: standard deviation %v is not positive", n.Std)
	}
	return normal(s, n.Mean, n.Std, r)
}

// Values sets the parameter to the given numbers, row by row.
type Values []float64

// Init implements Initializer.
func (v Values) Init(s Shape, _ *rand.Rand) ([]float64, error) {
	if len(v) != size(s) {
		return nil, fmt.Errorf("values: %d numbers for shape %s", len(v), dims(s))
	}
	return append([]float64(nil), v...), nil
}

func init() {
	builtin.Register(GlorotUniform{}, GlorotNormal{}, HeUniform{}, HeNormal{}, LeCunUniform{}, LeCunNormal{},
		Orthogonal{}, Constant{}, Zeros{}, Ones{}, Uniform{}, Normal{}, Values{}, Activation{})
	builtin.Text(describe.Text{
		Example: Float32,
		Write: func(v any) (string, error) {
			switch v {
			case Dtype{}:
				return "", nil
			case Float32, Float64, Int:
				return v.(Dtype).Name(), nil
			}
			return "", fmt.Errorf("the type %v cannot be saved", v)
		},
		Read: func(text string) (any, error) {
			for _, t := range []Dtype{Float32, Float64, Int} {
				if t.Name() == text {
					return t, nil
				}
			}
			if text == "" {
				return Dtype{}, nil
			}
			return nil, fmt.Errorf("no type of elements is called %q", text)
		},
	})
}
