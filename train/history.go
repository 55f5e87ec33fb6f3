package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// History records a fit: one number per epoch for every curve.
type History struct {
	Curves    []data.Curve    `json:"curves"`
	Times     []time.Duration `json:"times"`      // per epoch
	BestEpoch int             `json:"best_epoch"` // counted from 1; 0: no callback recorded one
	Stopped   string          `json:"stopped"`    // why the fit ended before its last epoch; "": it did not
	Duration  time.Duration   `json:"duration"`   // of the fit, with all epochs and callbacks
	Notes     []string        `json:"notes,omitempty"`
}

// note adds a note unless it is already there.
func (h *History) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(h.Notes, text) {
		h.Notes = append(h.Notes, text)
	}
}

// clone returns a copy that shares no memory with h.
func (h *History) clone() *History {
	out := *h
	out.Curves, out.Times, out.Notes = slices.Clone(h.Curves), slices.Clone(h.Times), slices.Clone(h.Notes)
	for i := range out.Curves {
		out.Curves[i].Values = slices.Clone(out.Curves[i].Values)
	}
	return &out
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
	if h == nil {
		return nil
	}
	for i := range h.Curves {
		if h.Curves[i].Name == name {
			return &h.Curves[i]
		}
	}
	return nil
}

// Epochs returns the number of completed epochs.
func (h *History) Epochs() int {
	if h == nil {
		return 0
	}
	return len(h.Times)
}

// Names returns the names of the curves: "loss" first, then "penalty" if there is one, the
// metrics, and the same again with the prefix "val_" if there is validation.
func (h *History) Names() []string {
	if h == nil {
		return nil
	}
	names := make([]string, len(h.Curves))
	for i, c := range h.Curves {
		names[i] = c.Name
	}
	return names
}

// Get returns a curve's values, or nil if there is no such curve.
func (h *History) Get(name string) []float64 {
	if c := h.curve(name); c != nil {
		return c.Values
	}
	return nil
}

// Last returns the last value of a curve, or NaN if there is none.
func (h *History) Last(name string) float64 {
	v := h.Get(name)
	if len(v) == 0 {
		return math.NaN()
	}
	return v[len(v)-1]
}

// At returns a curve's value at an epoch, counted from 1, or NaN if there is none.
func (h *History) At(name string, epoch int) float64 {
	v := h.Get(name)
	if epoch < 1 || epoch > len(v) {
		return math.NaN()
	}
	return v[epoch-1]
}

// String formats the last epoch as one line.
func (h *History) String() string {
	parts := []string{fmt.Sprintf("epoch %d", h.Epochs())}
	for _, name := range h.Names() {
		parts = append(parts, fmt.Sprintf("%s %.4g", name, h.Last(name)))
	}
	return strings.Join(parts, "  ")
}

// JSON returns the history as JSON. A value that is NaN, such as the precision of an epoch
// without a positive prediction, is null; infinite values are the strings "+Inf" and "-Inf".
func (h *History) JSON() ([]byte, error) { return json.MarshalIndent(h, "", "  ") }

// historyFields is a History without its methods.
type historyFields History

type historyJSON struct {
	Curves []curveJSON `json:"curves"`
	*historyFields
}

type curveJSON struct {
	Name   string
	Values []jsonNumber
}

// MarshalJSON implements json.Marshaler; see JSON.
func (h History) MarshalJSON() ([]byte, error) {
	j := historyJSON{historyFields: (*historyFields)(&h), Curves: make([]curveJSON, len(h.Curves))}
	for i, c := range h.Curves {
		j.Curves[i] = curveJSON{c.Name, make([]jsonNumber, len(c.Values))}
		for k, v := range c.Values {
			j.Curves[i].Values[k] = jsonNumber(v)
		}
	}
	return json.Marshal(j)
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *History) UnmarshalJSON(text []byte) error {
	if h == nil {
		return errors.New("train: unmarshal into a nil history")
	}
	j := historyJSON{historyFields: (*historyFields)(h)}
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	h.Curves = nil
	for _, c := range j.Curves {
		values := make([]float64, len(c.Values))
		for k, v := range c.Values {
			values[k] = float64(v)
		}
		h.Curves = append(h.Curves, data.Curve{Name: c.Name, Values: values})
	}
	return nil
}

// jsonNumber is a float64 that may be NaN (null in JSON) or infinite (a string).
type jsonNumber float64

func (n jsonNumber) MarshalJSON() ([]byte, error) {
	switch v := float64(n); {
	case math.IsNaN(v):
		return []byte("null"), nil
	case math.IsInf(v, 0):
		return json.Marshal(fmt.Sprint(v))
	default:
		return json.Marshal(v)
	}
}

func (n *jsonNumber) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "null":
		*n = jsonNumber(math.NaN())
	case `"+Inf"`:
		*n = jsonNumber(math.Inf(1))
	case `"-Inf"`:
		*n = jsonNumber(math.Inf(-1))
	default:
		return json.Unmarshal(text, (*float64)(n))
	}
	return nil
}
