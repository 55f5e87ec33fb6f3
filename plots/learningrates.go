package plots

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// RateSearch is the input of LearningRates: the fields of a train.RateCurve.
type RateSearch struct {
	Title      string    // "": "Loss over the learning rate"
	Rates      []float64 // positive and increasing
	Losses     []float64
	Smoothed   []float64
	Suggestion float64 // 0: none
}

// LearningRates draws the measured and the smoothed losses of a learning-rate search
// against the rate, on a logarithmic axis, and marks the suggestion. The steep rise at
// rates that are too large is cut off: the axis reaches at most as far above the
// smoothed losses before the minimum as the minimum lies below them.
func LearningRates(r RateSearch) (*Figure, error) {
	p, err := r.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 6*vg.Inch, 4*vg.Inch), nil
}

func (r RateSearch) plot() (*plot.Plot, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.Title == "" {
		r.Title = "Loss over the learning rate"
	}
	p := newPlot(r.Title, "learning rate (logarithmic)", "loss")
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, decades{}
	addGrid(p)
	for i, s := range []struct {
		label string
		y     []float64
	}{{"batches", r.Losses}, {"smoothed", r.Smoothed}} {
		xs := make(plotter.XYs, len(r.Rates))
		for k, x := range r.Rates {
			xs[k] = plotter.XY{X: x, Y: s.y[k]}
		}
		l, err := plotter.NewLine(xs)
		if err != nil {
			return nil, fmt.Errorf("plots: %w", err)
		}
		l.LineStyle = line(2, blue)
		if i == 0 {
			l.LineStyle = line(1, pale(blue, 0.45))
		}
		p.Add(l)
		p.Legend.Add(s.label, l)
	}
	before, lowest := r.ends()
	if most := before + (before - lowest); lowest < before && most < p.Y.Max {
		p.Y.Max = most
	}
	p.Legend.Left = true
	if r.Suggestion > 0 {
		m := &bestMark{at: r.Suggestion, low: true}
		p.Add(m)
		p.Legend.Add(fmt.Sprintf("suggestion: %.2g", r.Suggestion), m)
	}
	return p, nil
}

func (r RateSearch) check() error {
	if len(r.Rates) < 2 || len(r.Losses) != len(r.Rates) || len(r.Smoothed) != len(r.Rates) {
		return fmt.Errorf("plots: %d losses, %d smoothed losses and %d rates: want equal numbers, at least 2", len(r.Losses), len(r.Smoothed), len(r.Rates))
	}
	for i, v := range r.Rates {
		if !(v > 0) || math.IsInf(v, 0) || i > 0 && v <= r.Rates[i-1] {
			return fmt.Errorf("plots: rate %d is %v: want positive ones that grow", i, v)
		}
		for _, y := range []float64{r.Losses[i], r.Smoothed[i]} {
			if math.IsNaN(y) || math.IsInf(y, 0) {
				return fmt.Errorf("plots: loss %d is %v", i, y)
			}
		}
	}
	if s := r.Suggestion; s != 0 && !(s >= r.Rates[0] && s <= r.Rates[len(r.Rates)-1]) {
		return fmt.Errorf("plots: the suggestion %v is not among the rates", s)
	}
	return nil
}

// ends returns the lowest smoothed loss and the highest one before it.
func (r RateSearch) ends() (before, lowest float64) {
	at := 0
	for i, v := range r.Smoothed {
		if v < r.Smoothed[at] {
			at = i
		}
	}
	before = r.Smoothed[0]
	for _, v := range r.Smoothed[:at] {
		before = max(before, v)
	}
	return before, r.Smoothed[at]
}

// decades marks a logarithmic axis at powers of ten, about eight of them labelled, with
// unlabelled ticks at the multiples between if the axis is short enough.
type decades struct{}

// Ticks implements plot.Ticker.
func (decades) Ticks(low, high float64) []plot.Tick {
	if !(low > 0 && high >= low) {
		return nil
	}
	from, to := int(math.Floor(math.Log10(low))), int(math.Ceil(math.Log10(high)))
	every := (to-from)/8 + 1
	var out []plot.Tick
	labels := 0
	for k := from; k <= to; k++ {
		for digit := 1; digit < 10; digit++ {
			v, err := strconv.ParseFloat(fmt.Sprintf("%de%d", digit, k), 64) // math.Pow10 is off by one bit
			if err != nil || v < low*(1-1e-9) || v > high*(1+1e-9) {
				continue
			}
			switch {
			case digit > 1 && every > 1:
			case digit == 1 && (k-from)%every == 0:
				out = append(out, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', -1, 64)})
				labels++
			default:
				out = append(out, plot.Tick{Value: v})
			}
		}
	}
	for i := range out {
		if labels < 2 { // the axis is short
			out[i].Label = strconv.FormatFloat(out[i].Value, 'g', -1, 64)
		}
	}
	return out
}
