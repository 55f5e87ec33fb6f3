package train

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// TestReadingOfRates against NumPy: testdata/make_rates.py.
func TestReadingOfRates(t *testing.T) {
	text, err := os.ReadFile("testdata/rates.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Beta                    float64
		Rates, Losses, Smoothed []float64
		Suggestion              float64
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	var c RateCurve
	for i, v := range want.Losses {
		c.add(want.Rates[i], v, want.Beta)
	}
	for i, v := range want.Smoothed {
		if math.Abs(c.Smoothed[i]-v) > 1e-12 {
			t.Errorf("smoothed loss %d: %v, want %v", i, c.Smoothed[i], v)
		}
	}
	if c.suggest(len(c.Rates) / 10); c.Suggestion != want.Suggestion {
		t.Errorf("suggestion %v, want %v", c.Suggestion, want.Suggestion)
	}
	rising := RateCurve{Rates: want.Rates[:3], Smoothed: []float64{1, 2, 3}}
	if rising.suggest(0); rising.Suggestion != 0 {
		t.Errorf("suggestion %v where the loss only grows", rising.Suggestion)
	}
}
