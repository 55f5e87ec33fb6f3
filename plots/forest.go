package plots

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/crossval"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Differences is the input of Forest.
type Differences struct {
	Title string                // "": made of the metric and the reference
	List  []crossval.Comparison // of one reference in one metric, as crossval.CompareWith returns them
}

// Forest draws comparisons below each other, the strongest other model on top: the difference,
// reference minus other, with its interval, on an axis with 0 and the region that makes no
// practical difference. On the right stand the difference, its interval, the effect size, the
// adjusted p-value and the finding, in the words of [crossval.Comparison.Verdict]. Blue: the
// reference is better; orange: the other is; grey: there is no evidence that they differ. A
// hollow diamond is a difference that is the same in every fold, which allows no test. An arrow
// marks what lies beyond the axis, which leaves out models far worse than the others.
//
// It is an error if there are no comparisons, if they are of different references or metrics,
// or if a difference is not finite.
func Forest(d Differences) (*Figure, error) {
	b, err := d.block()
	if err != nil {
		return nil, err
	}
	return b.figure(9 * vg.Inch), nil
}

func (d Differences) check() error {
	if len(d.List) == 0 {
		return errNothing
	}
	first := &d.List[0]
	for i := range d.List {
		c := &d.List[i]
		if c.Reference != first.Reference || c.Metric != first.Metric || c.Greater != first.Greater {
			return fmt.Errorf("plots: comparison %d is of %s in %s, comparison 0 of %s in %s", i, c.Reference, c.Metric, first.Reference, first.Metric)
		}
		if !isFinite(c.Estimate) || math.IsInf(c.Low, 0) || math.IsInf(c.High, 0) || c.Low > c.High {
			return fmt.Errorf("plots: %s and %s: a difference of %v (%v to %v)", c.Reference, c.Other, c.Estimate, c.Low, c.High)
		}
		if !(c.Region >= 0) || math.IsInf(c.Region, 0) {
			return fmt.Errorf("plots: a region of %v: want a finite number of at least 0", c.Region)
		}
	}
	return nil
}

const forestRow = vg.Length(22)

func (d Differences) block() (*drawing, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	f := newForest(d)
	if d.Title == "" {
		d.Title = fmt.Sprintf("Differences of %s: %s minus each other model", f.rows[0].Metric, shorten(oneLine(f.rows[0].Reference), 24))
	}
	return &drawing{title: d.Title, high: titleRoom + vg.Points(62) + forestRow*vg.Length(len(f.rows)), paint: f.paint}, nil
}

// forest is a forest plot: its rows, the strongest other model first.
type forest struct {
	rows      []crossval.Comparison
	names     []string
	low, high float64
}

func newForest(d Differences) *forest {
	f := &forest{rows: slices.Clone(d.List)}
	slices.SortStableFunc(f.rows, func(a, b crossval.Comparison) int {
		x, y := a.Estimate, b.Estimate
		if !a.Greater {
			x, y = -x, -y
		}
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	names := make([]string, len(f.rows))
	for i := range f.rows {
		names[i] = f.rows[i].Other
	}
	f.names = shortNames(names, 26)
	f.window()
	return f
}

// window chooses the axis: 0, the region, and the intervals of all but outlying rows.
func (f *forest) window() {
	ends := func(c *crossval.Comparison) (low, high float64) {
		if c.Constant || math.IsNaN(c.Low) || math.IsNaN(c.High) {
			return c.Estimate, c.Estimate
		}
		return c.Low, c.High
	}
	var far []float64
	for i := range f.rows {
		low, high := ends(&f.rows[i])
		far = append(far, math.Max(math.Abs(low), math.Abs(high)))
	}
	sorted := slices.Clone(far)
	slices.Sort(sorted)
	most := 2.5 * sorted[(len(sorted)-1)/2]
	for i := range f.rows {
		c := &f.rows[i]
		f.low, f.high = math.Min(f.low, -c.Region), math.Max(f.high, c.Region)
		if far[i] <= most {
			low, high := ends(c)
			f.low, f.high = math.Min(f.low, low), math.Max(f.high, high)
		}
	}
	if f.low == f.high {
		f.low, f.high = -1, 1
	}
	margin := 0.06 * (f.high - f.low)
	f.low, f.high = f.low-margin, f.high+margin
}

// forestTexts are the texts to the right of a row: difference, interval, effect, p-value and
// finding.
func forestTexts(c *crossval.Comparison) [5]string {
	finding, name := "no evidence", shorten(oneLine(c.Reference), 14)
	switch {
	case c.Constant && c.Estimate == 0:
		finding = "equal in every fold"
	case c.Constant:
		finding = "no test: same in every fold"
	case c.Better() == c.Reference:
		finding = name + " better"
	case c.Better() == c.Other:
		finding = name + " worse"
	}
	return [5]string{c.DifferenceText(), c.IntervalText(), c.EffectText(), c.AdjustedText(), finding}
}

// heads are the headings of the texts.
func (f *forest) heads() [5]string {
	p, interval := "p", "interval"
	for i := range f.rows {
		if c := &f.rows[i]; c.Confidence > 0 {
			interval = fmt.Sprintf("%.4g%% CI", 100*c.Confidence)
		}
	}
	if f.rows[0].Tests > 1 {
		p = "p (Holm)"
	}
	return [5]string{"difference", interval, "effect", p, "finding"}
}

func (f *forest) colour(c *crossval.Comparison) color.RGBA {
	switch c.Better() {
	case "":
		return dark
	case c.Reference:
		return blue
	}
	return orange
}

// columns returns the widths of the texts to the right.
func (f *forest) columns() [5]vg.Length {
	s, bold := textStyle(bodySize, ink), boldStyle(bodySize, ink)
	var out [5]vg.Length
	for k, h := range f.heads() {
		out[k] = bold.Width(h)
	}
	for i := range f.rows {
		t := forestTexts(&f.rows[i])
		if f.rows[i].Constant {
			continue // its finding stands where the others have numbers
		}
		for k := range t {
			out[k] = max(out[k], s.Width(t[k]))
		}
	}
	for i := range f.rows {
		if t := forestTexts(&f.rows[i]); f.rows[i].Constant {
			out[0] = max(out[0], s.Width(t[0]))
			out[4] = max(out[4], s.Width(t[4])-out[1]-out[2]-out[3])
		}
	}
	for k := range out {
		out[k] += vg.Points(11)
	}
	return out
}

func (f *forest) paint(c draw.Canvas) {
	cols := f.columns()
	right := vg.Length(0)
	for _, w := range cols {
		right += w
	}
	first := &f.rows[0]
	label := fmt.Sprintf("%s of %s − other", first.Metric, shorten(oneLine(first.Reference), 20))
	if first.Region > 0 {
		label += fmt.Sprintf(" (grey: ±%.4g)", first.Region)
	}
	p := newPlot("", label, "")
	p.X.Min, p.X.Max = f.low, f.high
	p.Y.Min, p.Y.Max = -0.5, float64(len(f.rows))-0.5
	ticks := make(plot.ConstantTicks, len(f.rows))
	for i, name := range f.names {
		ticks[i] = plot.Tick{Value: float64(len(f.rows) - 1 - i), Label: name}
	}
	p.Y.Tick.Marker, p.Y.Tick.Length, p.Y.LineStyle.Width = ticks, 0, 0
	p.Add(f)
	const head = vg.Length(16)
	in := draw.Crop(c, 0, -right-vg.Points(10), 0, -head)
	p.Draw(in)
	area := p.DataCanvas(in)
	x, y := p.Transforms(&area)
	f.sides(c, area, x(0))
	bold := boldStyle(bodySize, faint)
	bold.YAlign = text.YBottom
	at := c.Max.X - right
	for k, h := range f.heads() {
		c.FillText(bold, vg.Point{X: at, Y: area.Max.Y + 3}, h)
		at += cols[k]
	}
	c.StrokeLine2(line(0.75, grid), c.Max.X-right, area.Max.Y, c.Max.X, area.Max.Y)
	for i := range f.rows {
		s := textStyle(bodySize, ink)
		s.YAlign = text.YCenter
		height, at := y(float64(len(f.rows)-1-i)), c.Max.X-right
		t := forestTexts(&f.rows[i])
		for k := range t {
			where := at
			if k == len(t)-1 {
				s.Color = f.colour(&f.rows[i])
				if f.rows[i].Constant {
					where = c.Max.X - right + cols[0]
				}
			}
			c.FillText(s, vg.Point{X: where, Y: height}, t[k])
			at += cols[k]
		}
	}
}

// sides writes above the axis which side is better for whom.
func (f *forest) sides(c, area draw.Canvas, zero vg.Length) {
	s := textStyle(8, ink)
	s.YAlign = text.YBottom
	name := shorten(oneLine(f.rows[0].Reference), 14) + " better"
	left, right := "← other better", name+" →"
	leftColour, rightColour := orange, blue
	if !f.rows[0].Greater {
		left, right = "← "+name, "other better →"
		leftColour, rightColour = blue, orange
	}
	y := area.Max.Y + 3
	s.Color = leftColour
	c.FillText(s, vg.Point{X: max(zero-5-s.Width(left), c.Min.X), Y: y}, left)
	if s.Color = rightColour; area.Max.X-zero >= s.Width(right)-4 {
		c.FillText(s, vg.Point{X: zero + 5, Y: y}, right)
	}
}

// Plot implements plot.Plotter.
func (f *forest) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	if r := f.rows[0].Region; r > 0 {
		box(c, regionGrey, x(math.Max(-r, f.low)), c.Min.Y, x(math.Min(r, f.high)), c.Max.Y)
	}
	for _, t := range p.X.Tick.Marker.Ticks(f.low, f.high) {
		c.StrokeLine2(line(0.75, grid), x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
	}
	c.StrokeLine2(line(1, ink), x(0), c.Min.Y, x(0), c.Max.Y)
	for i := range f.rows {
		r := &f.rows[i]
		at, colour := y(float64(len(f.rows)-1-i)), f.colour(r)
		if !r.Constant && !math.IsNaN(r.Low) && !math.IsNaN(r.High) {
			f.interval(c, r, at, colour, x)
		}
		switch e := r.Estimate; {
		case e > f.high:
			arrow(c, colour, c.Max.X, at, 1)
		case e < f.low:
			arrow(c, colour, c.Min.X, at, -1)
		case r.Constant:
			m := vg.Point{X: x(e), Y: at}
			diamond := []vg.Point{{X: m.X - 5, Y: m.Y}, {X: m.X, Y: m.Y + 5}, {X: m.X + 5, Y: m.Y}, {X: m.X, Y: m.Y - 5}}
			c.FillPolygon(paper, diamond)
			c.StrokeLines(line(1.25, colour), append(diamond, diamond[0]))
		default:
			c.DrawGlyph(draw.GlyphStyle{Color: colour, Radius: vg.Points(3.6), Shape: draw.BoxGlyph{}}, vg.Point{X: x(e), Y: at})
		}
	}
}

// interval draws a row's interval, with an arrow where it goes beyond the axis.
func (f *forest) interval(c draw.Canvas, r *crossval.Comparison, at vg.Length, colour color.RGBA, x func(float64) vg.Length) {
	low, high := math.Max(r.Low, f.low), math.Min(r.High, f.high)
	if low < high {
		c.StrokeLine2(line(1.75, colour), x(low), at, x(high), at)
	}
	if r.Low < f.low && r.Estimate >= f.low {
		arrow(c, colour, c.Min.X, at, -1)
	}
	if r.High > f.high && r.Estimate <= f.high {
		arrow(c, colour, c.Max.X, at, 1)
	}
}

// arrow draws an arrow head at the edge of an axis.
func arrow(c draw.Canvas, colour color.Color, x, y, direction vg.Length) {
	c.FillPolygon(colour, []vg.Point{{X: x, Y: y}, {X: x - 8*direction, Y: y + 4}, {X: x - 8*direction, Y: y - 4}})
}
