package plots

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Speeds is the input of SpeedRatios: contestants on several tasks.
type Speeds struct {
	Title string   // "": "Speed"
	Names []string // of the contestants; the others are compared with the first
	Tasks []SpeedTask
}

// SpeedTask holds the contestants' speeds on one task.
type SpeedTask struct {
	Name   string
	Speeds []float64 // in the order of Speeds.Names, in any unit, more is faster; NaN: none
}

// SpeedRatios draws, task by task, each contestant's speed as a multiple of the fastest of
// those after the first, on a logarithmic axis: bars to the right are faster than it, bars
// to the left slower.
func SpeedRatios(s Speeds) (*Figure, error) {
	if len(s.Tasks) == 0 || len(s.Names) < 2 {
		return nil, errNothing
	}
	if s.Title == "" {
		s.Title = "Speed"
	}
	b := &ratioBars{names: s.Names}
	low, high := 0.0, 0.0
	for _, t := range s.Tasks {
		row, err := s.ratios(t)
		if err != nil {
			return nil, err
		}
		for _, v := range row {
			if !math.IsNaN(v) {
				low, high = math.Min(low, v), math.Max(high, v)
			}
		}
		b.rows = append(b.rows, row)
	}
	p := newPlot(s.Title, "times the fastest other library's speed (logarithmic)", "")
	room := 0.1 * (high - low + 1) // for the numbers beside the bars
	p.X.Min, p.X.Max = low-room, high+room
	p.X.Tick.Marker = powers{}
	bars := b.place()
	ticks := make(plot.ConstantTicks, len(s.Tasks))
	for i, t := range s.Tasks {
		ticks[i] = plot.Tick{Value: b.at[i], Label: shorten(t.Name, 40)}
	}
	p.Y.Min, p.Y.Max = 0, bars+float64(len(s.Names))
	p.Y.Tick.Marker = ticks
	p.Y.Tick.Length = 0
	p.Y.LineStyle.Width = 0
	g := plotter.NewGrid()
	g.Horizontal.Width, g.Vertical = 0, line(0.75, grid)
	p.Add(g, b)
	for i, n := range s.Names {
		p.Legend.Add(n, swatch{draw.LineStyle{Color: palette[i%len(palette)], Width: vg.Points(8)}})
	}
	p.Legend.Top = true
	p.Legend.XOffs = vg.Points(4)
	return figure(p, 9*vg.Inch, vg.Length(1.1+0.19*p.Y.Max)*vg.Inch), nil
}

// ratios returns decimal logarithms of a task's speeds, divided by the fastest of those
// after the first.
func (s Speeds) ratios(t SpeedTask) ([]float64, error) {
	if len(t.Speeds) != len(s.Names) {
		return nil, fmt.Errorf("plots: %s has %d speeds of %d contestants", t.Name, len(t.Speeds), len(s.Names))
	}
	best := 0.0
	for i, v := range t.Speeds {
		if v <= 0 || math.IsInf(v, 0) {
			return nil, fmt.Errorf("plots: %s: the speed of %s is %v", t.Name, s.Names[i], v)
		}
		if i > 0 && v > best {
			best = v
		}
	}
	if best == 0 {
		return nil, fmt.Errorf("plots: %s: no other contestant to compare %s with", t.Name, s.Names[0])
	}
	row := make([]float64, len(t.Speeds))
	for i, v := range t.Speeds {
		row[i] = math.Log10(v / best)
	}
	return row, nil
}

type swatch struct{ draw.LineStyle }

// Thumbnail implements plot.Thumbnailer.
func (s swatch) Thumbnail(c *draw.Canvas) {
	y := c.Center().Y
	c.StrokeLine2(s.LineStyle, c.Min.X, y, c.Max.X, y)
}

// powers puts ticks on an axis of decimal logarithms.
type powers struct{}

// Ticks implements plot.Ticker.
func (powers) Ticks(low, high float64) []plot.Tick {
	var out []plot.Tick
	steps := []float64{1, 2, 5}
	if high-low > 2.5 {
		steps = []float64{1}
	}
	for e := math.Floor(low); e <= high; e++ {
		for _, m := range steps {
			v := e + math.Log10(m)
			if v >= low && v <= high {
				out = append(out, plot.Tick{Value: v, Label: strconv.FormatFloat(m*math.Pow(10, e), 'g', 3, 64)})
			}
		}
	}
	return out
}

type ratioBars struct {
	names []string
	rows  [][]float64 // decimal logarithms of ratios; NaN: none
	at    []float64   // the middle of each row; a bar has height 1
}

// place stacks the rows with gaps between them, and returns the total height.
func (b *ratioBars) place() float64 {
	all := 0.0
	heights := make([]float64, len(b.rows))
	for i, row := range b.rows {
		for _, v := range row {
			if !math.IsNaN(v) {
				heights[i]++
			}
		}
		all += heights[i] + 0.8
	}
	top := all
	for _, h := range heights {
		b.at = append(b.at, top-0.4-h/2)
		top -= h + 0.8
	}
	return all
}

// Plot implements plot.Plotter.
func (b *ratioBars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	bar := y(1) - y(0)
	c.StrokeLine2(line(1, ink), x(0), c.Min.Y, x(0), c.Max.Y)
	for r, row := range b.rows {
		count := 0
		for _, v := range row {
			if !math.IsNaN(v) {
				count++
			}
		}
		up := y(b.at[r]) + bar*vg.Length(count)/2
		for i, v := range row {
			if math.IsNaN(v) {
				continue
			}
			from, to, down := x(0), x(v), up-0.86*bar
			c.FillPolygon(palette[i%len(palette)], []vg.Point{{X: from, Y: up}, {X: to, Y: up}, {X: to, Y: down}, {X: from, Y: down}})
			s := textStyle(min(tickSize, bar), ink)
			s.YAlign = -0.4 // centres digits, which have no descenders
			label := ratioText(math.Pow(10, v))
			if i > 0 && v == 0 {
				label += "  " + b.names[i]
			}
			at := vg.Point{X: max(from, to) + vg.Points(3), Y: (up + down) / 2}
			if v < 0 {
				s.XAlign, at.X = text.XRight, to-vg.Points(3)
			}
			c.FillText(s, at, label)
			up -= bar
		}
	}
}

// ratioText formats a ratio with about three digits.
func ratioText(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
