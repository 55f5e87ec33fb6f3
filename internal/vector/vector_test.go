package vector_test

import (
	"math"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/internal/vector"
)

func TestArgmax(t *testing.T) {
	for _, c := range []struct {
		v    []float64
		want int
	}{{[]float64{3}, 0}, {[]float64{1, 2, 2}, 1}, {[]float64{-1, -3}, 0}, {[]float64{0, math.NaN(), 1}, 2}} {
		if got := vector.Argmax(c.v); got != c.want {
			t.Errorf("%v: %d", c.v, got)
		}
	}
}

func TestSoftmax(t *testing.T) {
	z := []float64{1000, 1000 + math.Log(3)}
	vector.Softmax(z, z)
	if math.Abs(z[0]-0.25) > 1e-12 || math.Abs(z[1]-0.75) > 1e-12 {
		t.Error(z)
	}
}

func TestColumn(t *testing.T) {
	v := []float64{1, 2, 3, 4, 5, 6}
	if got := vector.Column(v, 1, 3); !slices.Equal(got, []float64{2, 5}) {
		t.Error(got)
	}
	if got := vector.Column(v, 0, 1); &got[0] != &v[0] {
		t.Error("the only column was copied")
	}
}
