package train

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// History is what a fit recorded: one number an epoch for every curve.
type History struct {
	Curves    []data.Curve    `json:"curves"`
	Times     []time.Duration `json:"times"`      // of the epochs
	BestEpoch int             `json:"best_epoch"` // from 1; 0: no callback kept one
	Stopped   string          `json:"stopped"`    // why the fit ended before its last epoch; empty: it did not
	Duration  time.Duration   `json:"duration"`   // of the fit, all epochs and callbacks
}

func (h *History) add(logs []entry, d time.Duration) {
	for _, l := range logs {
		c := h.curve(l.name)
		if c == nil {
			h.Curves = append(h.Curves, data.Curve{Name: l.name})
			c = &h.Curves[len(h.Curves)-1]
		}
		c.Values = append(c.Values, l.value)
	}
	h.Times = append(h.Times, d)
}

func (h *History) curve(name string) *data.Curve {
	for i := range h.Curves {
		if h.Curves[i].Name == name {
			return &h.Curves[i]
		}
	}
	return nil
}

// Epochs returns the number of epochs done.
func (h *History) Epochs() int { return len(h.Times) }

// Names returns the names of the curves: "loss" first, then "penalty" if there
// is one, the metrics, and all that again with "val_" if there is a validation.
func (h *History) Names() []string {
	names := make([]string, len(h.Curves))
	for i, c := range h.Curves {
		names[i] = c.Name
	}
	return names
}

// Get returns a curve's values, nil if there is none of that name.
func (h *History) Get(name string) []float64 {
	if c := h.curve(name); c != nil {
		return c.Values
	}
	return nil
}

// Last returns the last value of a curve, NaN if there is none.
func (h *History) Last(name string) float64 {
	v := h.Get(name)
	if len(v) == 0 {
		return math.NaN()
	}
	return v[len(v)-1]
}

// At returns a curve's value at an epoch, counted from 1, NaN if there is none.
func (h *History) At(name string, epoch int) float64 {
	v := h.Get(name)
	if epoch < 1 || epoch > len(v) {
		return math.NaN()
	}
	return v[epoch-1]
}

// String returns the last epoch in one line.
func (h *History) String() string {
	parts := []string{fmt.Sprintf("epoch %d", h.Epochs())}
	for _, c := range h.Curves {
		parts = append(parts, fmt.Sprintf("%s %.4g", c.Name, h.Last(c.Name)))
	}
	return strings.Join(parts, "  ")
}

// JSON returns the history as JSON.
func (h *History) JSON() ([]byte, error) { return json.MarshalIndent(h, "", "  ") }
