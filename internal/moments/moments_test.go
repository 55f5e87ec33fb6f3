package moments

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"
)

// TestMeanStd holds extremes to exact values, computed with Python's fractions.
func TestMeanStd(t *testing.T) {
	nodata := make([]float64, 120)
	for i := range nodata {
		nodata[i] = float64(i % 7)
	}
	nodata[17] = -1.797e308
	huge := make([]float64, 0, 9)
	for i := range 9 {
		huge = append(huge, float64(i+1)*1e200)
	}
	lowest, cycle := make([]float64, 120), make([]float64, 120)
	for i := range lowest {
		lowest[i], cycle[i] = float64(i*37%101), float64(i%9+1)*1e200
	}
	lowest[13] = -math.MaxFloat64
	for _, c := range []struct {
		name      string
		v         []float64
		mean, std float64
	}{
		{"none", nil, 0, 0},
		{"one", []float64{3}, 3, 0},
		{"0.1 thrice", []float64{0.1, 0.1, 0.1}, 0.1, 0},
		{"a third ten times", []float64{1. / 3, 1. / 3, 1. / 3, 1. / 3, 1. / 3, 1. / 3, 1. / 3, 1. / 3, 1. / 3, 1. / 3}, 1. / 3, 0},
		{"1e200 to 9e200", huge, 5e200, 2.581988897471611e200},
		{"no data as -1.797e308", nodata, -1.4975e306, 1.6335796391666982e307},
		{"no data as the lowest float64", lowest, -1.4980776123852632e306, 1.6342097398891666e307},
		{"1e200 to 9e200, 120 of them", cycle, 4.925e200, 2.595388538671362e200},
		{"the smallest", []float64{5e-324, 1.5e-323}, 1e-323, 5e-324},
	} {
		t.Run(c.name, func(t *testing.T) {
			mean, std := MeanStd(c.v)
			if math.Abs(mean-c.mean) > 1e-12*math.Abs(c.mean) || math.Abs(std-c.std) > 1e-12*c.std {
				t.Errorf("mean %v, std %v; want %v, %v", mean, std, c.mean, c.std)
			}
		})
	}
}

func TestAsGonum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 50).Draw(t, "v")
		mean, std := MeanStd(v)
		m, s := stat.PopMeanStdDev(v, nil)
		if math.Abs(mean-m) > 1e-9*1e6 || math.Abs(std-s) > 1e-6*(1+s) {
			t.Errorf("%v, %v; gonum %v, %v", mean, std, m, s)
		}
	})
}

// TestSpread: numbers of numpy.quantile and scipy.stats.skew 1.10.
func TestSpread(t *testing.T) {
	mostlyZero := []float64{0, 0, 0, 0, 0, 0, 1, 2, 5, 40}
	powers := []float64{1, 2, 4, 8, 16, 32, 64}
	for _, c := range []struct {
		name                  string
		v                     []float64
		median, near, between float64
		ninth, skewness       float64
	}{
		{"mostly 0", mostlyZero, 0, 3.5, 3.5, 8.5, 2.589324509274426}, // 3.5: the median of 1, 2, 5, 40
		{"powers of 2", powers, 8, 5, 21, 44.8, 1.2823115434980534},
		{"one", []float64{3}, 3, 0, 0, 3, 0},
		{"equal", []float64{0.1, 0.1, 0.1}, 0.1, 0, 0, 0.1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			median, near, between := Spread(c.v)
			ninth, skewness := Quantile(c.v, 0.9), Skewness(c.v)
			for i, d := range []float64{median - c.median, near - c.near, between - c.between, ninth - c.ninth, skewness - c.skewness} {
				if math.Abs(d) > 1e-12 {
					t.Errorf("number %d is off by %v", i, d)
				}
			}
		})
	}
}
