package models_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/metrics"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// calibrated applies a calibration as a model does that gives probabilities.
func calibrated(t *testing.T, c *models.Calibration, proba []float64, classes int) []float64 {
	t.Helper()
	info := models.Info{Task: data.Classify{}, Probabilities: true, Calibration: c}
	for k := range classes {
		info.Classes = append(info.Classes, string(rune('a'+k)))
	}
	p, err := info.Read(tensor.New(tensor.WithShape(len(proba)/classes, classes), tensor.WithBacking(slices.Clone(proba))))
	if err != nil {
		t.Fatal(err)
	}
	return p.Proba
}

// TestTemperature: probabilities that were made too sure by a temperature of 1/3
// are put right, and the log loss falls.
func TestTemperature(t *testing.T) {
	const n, classes = 20000, 3
	r := rand.New(rand.NewPCG(1, 2))
	proba, labels := make([]float64, 0, n*classes), make([]int, n)
	for i := range labels {
		p := make([]float64, classes)
		sum := 0.0
		for k := range p {
			p[k] = math.Exp(r.NormFloat64())
			sum += p[k]
		}
		u := r.Float64() * sum
		for u -= p[0]; u > 0 && labels[i] < classes-1; u -= p[labels[i]] {
			labels[i]++
		}
		cubes := 0.0
		for k := range p {
			p[k] = math.Pow(p[k]/sum, 3)
			cubes += p[k]
		}
		for k := range p {
			proba = append(proba, p[k]/cubes)
		}
	}
	c, err := models.FitTemperature(proba, labels, classes)
	if err != nil || math.Abs(c.Temperature-3) > 0.1 {
		t.Fatalf("temperature %v (%v), want 3", c.Temperature, err)
	}
	before, err := metrics.LogLoss(labels, proba, classes)
	if err != nil {
		t.Fatal(err)
	}
	after, err := metrics.LogLoss(labels, calibrated(t, c, proba, classes), classes)
	if err != nil || after > before-0.1 {
		t.Errorf("log loss %v, %v before (%v)", after, before, err)
	}
}

// TestTemperatureOfFewRows: rows that are all right do not make a model sure
// without bound.
func TestTemperatureOfFewRows(t *testing.T) {
	proba, labels := []float64{}, []int{}
	for i := range 20 {
		labels = append(labels, i%2)
		if i%2 == 0 {
			proba = append(proba, 0.7, 0.3)
		} else {
			proba = append(proba, 0.3, 0.7)
		}
	}
	c, err := models.FitTemperature(proba, labels, 2)
	if err != nil {
		t.Fatal(err)
	}
	// (20 + 1)/(20 + 2) of each row is for its class.
	if p := calibrated(t, c, []float64{0.7, 0.3}, 2)[0]; math.Abs(p-21./22) > 1e-4 {
		t.Errorf("probability %v, want 21/22", p)
	}
}

// TestIsotonicAgainstScikitLearn: values of testdata/isotonic.json.
func TestIsotonicAgainstScikitLearn(t *testing.T) {
	text, err := os.ReadFile("testdata/isotonic.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		P, X, Want []float64
		Y          []int
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		var proba []float64
		for _, p := range c.P {
			proba = append(proba, 1-p, p)
		}
		fit, err := models.FitIsotonic(proba, c.Y, 2)
		if err != nil {
			t.Fatal(err)
		}
		one := &models.Calibration{Steps: []models.Isotonic{{X: []float64{0}, Y: []float64{1}}, fit.Steps[1]}}
		for i, x := range c.X {
			// A first class that is always 1 leaves f/(1 + f) to the second.
			q := calibrated(t, one, []float64{1 - x, x}, 2)[1]
			if got := q / (1 - q); math.Abs(got-c.Want[i]) > 1e-9 {
				t.Errorf("%d rows: %v at %v, want %v", len(c.P), got, x, c.Want[i])
			}
		}
	}
}

func TestCalibrationRejects(t *testing.T) {
	for want, f := range map[string]func() error{
		"3 probabilities for 2 rows": func() error { _, err := models.FitTemperature(make([]float64, 3), []int{0, 1}, 2); return err },
		"class 2 is not in [0, 2)":   func() error { _, err := models.FitIsotonic([]float64{1, 0}, []int{2}, 2); return err },
		"probability NaN":            func() error { _, err := models.FitTemperature([]float64{math.NaN(), 0}, []int{0}, 2); return err },
		"temperature -1": func() error {
			return models.Info{Classes: []string{"a", "b"}, Calibration: &models.Calibration{Temperature: -1}}.Check()
		},
		"1 isotonic functions for 2 classes": func() error {
			return models.Info{Classes: []string{"a", "b"}, Calibration: &models.Calibration{Steps: make([]models.Isotonic, 1)}}.Check()
		},
		"falls or leaves [0, 1]": func() error {
			f := models.Isotonic{X: []float64{0, 1}, Y: []float64{1, 0}}
			return models.Info{Classes: []string{"a", "b"}, Calibration: &models.Calibration{Steps: []models.Isotonic{f, f}}}.Check()
		},
		"costs of 1 classes, want 2": func() error {
			return models.Info{Classes: []string{"a", "b"}, Costs: [][]float64{{0, 1}}}.Check()
		},
		"taking class 0 for 1 is NaN": func() error {
			return models.Info{Classes: []string{"a", "b"}, Costs: [][]float64{{0, math.NaN()}, {1, 0}}}.Check()
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
