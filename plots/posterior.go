package plots

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/stats"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Difference is the input of Posterior: what is believed of the difference of two models,
// first minus second.
type Difference struct {
	Title         string // "": the two names
	First, Second string
	Metric        string
	Greater       bool // greater is better
	Belief        stats.Belief
}

// Posterior draws a belief about a difference, with the probabilities that one model is
// better, that both are practically equal, and that the other is better.
//
// Of stats.BayesCorrelatedT it draws the density of the mean difference, with the region of
// practical equivalence as a band. Of stats.BayesSignedRank it draws the draws of the
// posterior in a triangle whose corners stand for the three outcomes: Benavoli, Corani, Demsar
// & Zaffalon, "Time for a Change" (Journal of Machine Learning Research 18, 2017). Lines
// divide the triangle into the parts where each is the most probable; the shares of draws in
// them are the three probabilities.
//
// It is an error if the posterior is a point, as all differences are equal, or if a number
// is not finite or a probability not in [0, 1].
func Posterior(d Difference) (*Figure, error) {
	b, err := d.block()
	if err != nil {
		return nil, err
	}
	return b.figure(5.6 * vg.Inch), nil
}

// differenceOf makes the input of Posterior from a comparison; false: it has no posterior.
func differenceOf(c *crossval.Comparison) (Difference, bool) {
	if c.Belief == nil || c.Belief.Constant {
		return Difference{}, false
	}
	return Difference{First: c.Reference, Second: c.Other, Metric: c.Metric, Greater: c.Greater, Belief: *c.Belief}, true
}

func (d Difference) block() (*drawing, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	first, second := d.names(22)
	if d.Title == "" {
		d.Title = fmt.Sprintf("%s or %s", first, second)
	}
	if d.Belief.Samples != nil {
		return &drawing{title: d.Title, high: 4.6 * vg.Inch, paint: d.triangle}, nil
	}
	p, curve := d.density()
	return &drawing{title: d.Title, high: 3.4 * vg.Inch, paint: func(c draw.Canvas) {
		in := draw.Crop(c, 0, 0, 0, -labelRoom)
		p.Draw(in)
		area := p.DataCanvas(in)
		x, _ := p.Transforms(&area)
		curve.label(area, c.Max.Y, x(0))
	}}, nil
}

func (d Difference) names(n int) (first, second string) {
	names := shortNames([]string{d.First, d.Second}, n)
	return names[0], names[1]
}

func (d Difference) check() error {
	b := &d.Belief
	if b.Constant {
		return errors.New("plots: all differences are equal: the posterior is a point")
	}
	for _, p := range []float64{b.Less, b.Same, b.Greater} {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("plots: probabilities %v, %v and %v: want numbers from 0 to 1", b.Less, b.Same, b.Greater)
		}
	}
	if !(b.Region >= 0) || math.IsInf(b.Region, 0) {
		return fmt.Errorf("plots: a region of %v: want a finite number of at least 0", b.Region)
	}
	if b.Samples != nil {
		for i, s := range b.Samples {
			for _, v := range s {
				if !(v >= -1e-9 && v <= 1+1e-9) {
					return fmt.Errorf("plots: draw %d of the posterior holds %v: want numbers from 0 to 1", i, v)
				}
			}
			if sum := s[0] + s[1] + s[2]; math.Abs(sum-1) > 1e-6 {
				return fmt.Errorf("plots: draw %d of the posterior sums to %v", i, sum)
			}
		}
		if len(b.Samples) == 0 {
			return errNothing
		}
		return nil
	}
	if t := b.Mean; !(t.DF > 0) || !(t.Scale > 0) || !isFinite(t.Location, t.Scale) {
		return fmt.Errorf("plots: a posterior at %v with scale %v and %v degrees of freedom", t.Location, t.Scale, t.DF)
	}
	return nil
}

// labelRoom is the height of the three probabilities above a density.
const labelRoom = vg.Length(40)

// outcome is one of the three parts of a posterior.
type outcome struct {
	probability float64
	text        string
	colour      color.RGBA
}

// outcomes returns what is believed below, within and above the region.
func (d Difference) outcomes() [3]outcome {
	first, second := d.names(18)
	better, worse := outcome{d.Belief.Greater, first + " better", blue}, outcome{d.Belief.Less, second + " better", orange}
	if !d.Greater {
		better.probability, worse.probability = worse.probability, better.probability
		return [3]outcome{better, {d.Belief.Same, "practically equal", dark}, worse}
	}
	return [3]outcome{worse, {d.Belief.Same, "practically equal", dark}, better}
}

// reach is how far, in scales, the density is drawn at most: with one degree of freedom its
// tails never end.
const reach = 6.0

func (d Difference) density() (*plot.Plot, *densities) {
	t, region := d.Belief.Mean, d.Belief.Region
	half := t.Scale * math.Min(reach, stats.StudentT{DF: t.DF}.Quantile(0.9995))
	low, high := math.Min(t.Location-half, -1.25*region), math.Max(t.Location+half, 1.25*region)
	label := fmt.Sprintf("%s of %s − %s", d.Metric, shorten(oneLine(d.First), 22), shorten(oneLine(d.Second), 22))
	if region > 0 {
		label += fmt.Sprintf(" (grey: ±%.4g)", region)
	}
	p := newPlot("", label, "density")
	x := []float64{low, high, -region, region, t.Location}
	for i := 1; i < 400; i++ {
		x = append(x, low+(high-low)*float64(i)/400, t.Quantile(float64(i)/400))
	}
	x = slices.DeleteFunc(x, func(v float64) bool { return !(v >= low && v <= high) })
	slices.Sort(x)
	curve := make(plotter.XYs, len(x))
	for i, v := range x {
		curve[i] = plotter.XY{X: v, Y: t.Density(v)}
	}
	p.X.Min, p.X.Max = low, high
	p.Y.Min, p.Y.Max = 0, 1.08*t.Density(t.Location)
	p.Y.Tick.Marker = plot.ConstantTicks{}
	p.Y.Tick.Length, p.Y.LineStyle.Width = 0, 0
	s := &densities{curve: curve, region: region, parts: d.outcomes()}
	p.Add(s)
	return p, s
}

type densities struct {
	curve  plotter.XYs
	region float64
	parts  [3]outcome
}

// Plot implements plot.Plotter.
func (s *densities) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	if s.region > 0 {
		box(c, regionGrey, x(-s.region), c.Min.Y, x(s.region), c.Max.Y)
	}
	bounds := []float64{math.Inf(-1), -s.region, s.region, math.Inf(1)}
	for i, part := range s.parts {
		var poly []vg.Point
		for _, v := range s.curve {
			if v.X >= bounds[i] && v.X <= bounds[i+1] {
				poly = append(poly, vg.Point{X: x(v.X), Y: y(v.Y)})
			}
		}
		if len(poly) < 2 {
			continue
		}
		poly = append(poly, vg.Point{X: poly[len(poly)-1].X, Y: c.Min.Y}, vg.Point{X: poly[0].X, Y: c.Min.Y})
		c.FillPolygon(pale(part.colour, 0.45), poly)
	}
	line2 := make([]vg.Point, len(s.curve))
	for i, v := range s.curve {
		line2[i] = vg.Point{X: x(v.X), Y: y(v.Y)}
	}
	c.StrokeLines(line(1.5, ink), line2)
	c.StrokeLine2(line(0.75, ink), x(0), c.Min.Y, x(0), c.Max.Y)
}

// label writes the probabilities above the density: at the left and right end, and above the
// region, moved aside where they would meet.
func (s *densities) label(c draw.Canvas, top, zero vg.Length) {
	big, small := boldStyle(13, ink), textStyle(tickSize, ink)
	width := func(i int) vg.Length {
		return max(big.Width(probably(s.parts[i].probability)), small.Width(s.parts[i].text))
	}
	const gap = vg.Length(10)
	var at [3]vg.Length // left edges
	at[0], at[2] = c.Min.X+2, c.Max.X-2-width(2)
	at[1] = min(max(zero-width(1)/2, at[0]+width(0)+gap), at[2]-gap-width(1))
	if s.region > 0 {
		middle := at[1] + width(1)/2
		c.StrokeLines(line(0.75, faint), []vg.Point{{X: zero, Y: c.Max.Y}, {X: zero, Y: c.Max.Y + 2}, {X: middle, Y: top - labelRoom + 7}, {X: middle, Y: top - labelRoom + 10}})
	}
	for i, part := range s.parts {
		if i == 1 && s.region == 0 {
			continue
		}
		middle := at[i] + width(i)/2
		strong := big
		strong.Color, strong.XAlign, strong.YAlign = part.colour, text.XCenter, text.YTop
		c.FillText(strong, vg.Point{X: middle, Y: top - 1}, probably(part.probability))
		weak := small
		weak.Color, weak.XAlign, weak.YAlign = part.colour, text.XCenter, text.YTop
		c.FillText(weak, vg.Point{X: middle, Y: top - 16}, part.text)
	}
}

// probably formats a probability as Comparison.Practical does.
func probably(p float64) string { return fmt.Sprintf("%.2f", p) }

// triangle draws the draws of a posterior in barycentric coordinates.
func (d Difference) triangle(c draw.Canvas) {
	parts := d.outcomes()
	small := textStyle(bodySize, faint)
	small.XAlign, small.YAlign = text.XCenter, text.YBottom
	note := fmt.Sprintf("%d draws of the posterior; the darker, the more of them. A difference of ±%.4g %s makes no practical difference.", len(d.Belief.Samples), d.Belief.Region, oneLine(d.Metric))
	lines := wrap(small, note, c.Max.X-c.Min.X)
	for i, l := range lines {
		c.FillText(small, vg.Point{X: (c.Min.X + c.Max.X) / 2, Y: c.Min.Y + bodyStep*vg.Length(len(lines)-1-i)}, l)
	}
	const corner, foot = vg.Length(32), vg.Length(64)
	side := min(c.Max.X-c.Min.X-vg.Points(80), (c.Max.Y-c.Min.Y-corner-foot)*2/vg.Length(math.Sqrt(3)))
	high := side * vg.Length(math.Sqrt(3)/2)
	left := vg.Point{X: (c.Min.X+c.Max.X)/2 - side/2, Y: c.Min.Y + foot}
	at := func(s [3]float64) vg.Point {
		return vg.Point{X: left.X + side*vg.Length(s[2]+s[1]/2), Y: left.Y + high*vg.Length(s[1])}
	}
	ends := []vg.Point{at([3]float64{1, 0, 0}), at([3]float64{0, 1, 0}), at([3]float64{0, 0, 1})}
	hexagons(c, d.Belief.Samples, at, side)
	for i, from := range ends { // hexagons end at the edges
		to := ends[(i+2)%3]
		out := to.Sub(from).Scale(10 / side)
		out.X, out.Y = out.Y, -out.X
		c.FillPolygon(paper, []vg.Point{from, to, to.Add(out), from.Add(out)})
	}
	centre := at([3]float64{1. / 3, 1. / 3, 1. / 3})
	for _, m := range [][3]float64{{0.5, 0.5, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}} {
		c.StrokeLines(line(1, faint), []vg.Point{centre, at(m)})
	}
	c.StrokeLines(line(1.25, ink), []vg.Point{ends[0], ends[1], ends[2], ends[0]})
	for i, part := range parts {
		strong, weak := boldStyle(13, part.colour), textStyle(tickSize, part.colour)
		strong.XAlign, weak.XAlign, strong.YAlign, weak.YAlign = text.XCenter, text.XCenter, text.YTop, text.YTop
		where := ends[i]
		where.Y -= 4
		if i == 1 {
			where.Y += 34
		}
		half := max(weak.Width(part.text), strong.Width(probably(part.probability))) / 2
		where.X = min(max(where.X, c.Min.X+half), c.Max.X-half)
		c.FillText(strong, where, probably(part.probability))
		where.Y -= 15
		c.FillText(weak, where, part.text)
	}
}

// hexagons draws how many draws fall into each hexagon of a lattice.
func hexagons(c draw.Canvas, samples [][3]float64, at func([3]float64) vg.Point, side vg.Length) {
	const across = 48
	radius := float64(side) / across / math.Sqrt(3) // from the centre to a corner
	counts := map[[2]int]int{}
	most := 0
	for _, s := range samples {
		p := at(s)
		q := (math.Sqrt(3)/3*float64(p.X) - float64(p.Y)/3) / radius // axial coordinates
		r := 2. / 3 * float64(p.Y) / radius
		x, z := math.Round(q), math.Round(r)
		y := math.Round(-q - r)
		switch dx, dy, dz := math.Abs(x-q), math.Abs(y+q+r), math.Abs(z-r); {
		case dx > dy && dx > dz:
			x = -y - z
		case dy <= dz:
			z = -x - y
		}
		k := [2]int{int(x), int(z)}
		counts[k]++
		most = max(most, counts[k])
	}
	places := make([][2]int, 0, len(counts))
	for k := range counts {
		places = append(places, k)
	}
	slices.SortFunc(places, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	for _, k := range places {
		middle := vg.Point{X: vg.Length(radius * math.Sqrt(3) * (float64(k[0]) + float64(k[1])/2)), Y: vg.Length(radius * 1.5 * float64(k[1]))}
		poly := make([]vg.Point, 6)
		for i := range poly {
			sin, cos := math.Sincos(math.Pi/6 + float64(i)*math.Pi/3)
			poly[i] = vg.Point{X: middle.X + vg.Length(radius*cos), Y: middle.Y + vg.Length(radius*sin)}
		}
		c.FillPolygon(pale(blue, 0.12+0.88*math.Sqrt(float64(counts[k])/float64(most))), poly)
	}
}
