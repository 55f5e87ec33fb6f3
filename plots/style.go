package plots

import (
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The colours are those of Okabe & Ito (2008), which are distinguishable with red-green
// colour blindness.
var (
	ink    = color.RGBA{0x22, 0x22, 0x22, 0xff}
	faint  = color.RGBA{0x88, 0x88, 0x88, 0xff}
	grid   = color.RGBA{0xe6, 0xe6, 0xe6, 0xff}
	paper  = color.RGBA{0xff, 0xff, 0xff, 0xff}
	blue   = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	orange = color.RGBA{0xd5, 0x5e, 0x00, 0xff}

	palette = []color.RGBA{
		blue, orange, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff}, {0xe6, 0x9f, 0x00, 0xff},
		{0x56, 0xb4, 0xe9, 0xff}, {0x6b, 0x6b, 0x6b, 0xff}, {0x8c, 0x5a, 0x2b, 0xff}, {0x44, 0x2a, 0x8c, 0xff}, {0xb8, 0xa8, 0x00, 0xff},
	}
)

// pale mixes a colour with white; share is the proportion of the colour that remains.
func pale(c color.RGBA, share float64) color.RGBA {
	mix := func(v uint8) uint8 { return uint8(255 - share*(255-float64(v))) }
	return color.RGBA{mix(c.R), mix(c.G), mix(c.B), 0xff}
}

// Text sizes, chosen to be readable at half the page's size.
const (
	titleSize = vg.Length(12)
	labelSize = vg.Length(10)
	tickSize  = vg.Length(9)
)

var sans = font.Font{Typeface: "Liberation", Variant: "Sans"}

func textStyle(size vg.Length, c color.Color) text.Style {
	f := sans
	f.Size = size
	return text.Style{Color: c, Font: f, Handler: house}
}

func boldStyle(size vg.Length, c color.Color) text.Style {
	s := textStyle(size, c)
	s.Font.Weight = 3 // bold
	return s
}

// newPlot returns an empty plot in the house style.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = paper
	p.Title.Text = title
	p.Title.TextStyle = boldStyle(titleSize, ink)
	p.Title.TextStyle.XAlign, p.Title.TextStyle.YAlign = text.XCenter, text.YTop
	p.Title.Padding = vg.Points(6)
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		xa, ya, rot := a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign, a.Label.TextStyle.Rotation
		a.Label.TextStyle = textStyle(labelSize, ink)
		a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign, a.Label.TextStyle.Rotation = xa, ya, rot
		xa, ya = a.Tick.Label.XAlign, a.Tick.Label.YAlign
		a.Tick.Label = textStyle(tickSize, ink)
		a.Tick.Label.XAlign, a.Tick.Label.YAlign = xa, ya
		a.LineStyle.Color, a.LineStyle.Width = faint, vg.Points(0.75)
		a.Tick.LineStyle.Color, a.Tick.LineStyle.Width = faint, vg.Points(0.5)
		a.Padding = vg.Points(3)
		a.Tick.Marker = steps{}
	}
	p.Legend.TextStyle = textStyle(tickSize, ink)
	p.Legend.Padding = vg.Points(2)
	p.Legend.ThumbnailWidth = vg.Points(18)
	return p
}

// backing is a background behind the legend that keeps it readable where curves pass. It
// must be added after them.
type backing struct{}

// Plot implements plot.Plotter.
func (backing) Plot(c draw.Canvas, p *plot.Plot) {
	r := p.Legend.Rectangle(c)
	// Rectangle swaps left and right (gonum/plot 0.17).
	if width := r.Max.X - r.Min.X; p.Legend.Left {
		r.Min.X, r.Max.X = c.Min.X, c.Min.X+width
	} else {
		r.Min.X, r.Max.X = c.Max.X-width, c.Max.X
	}
	r.Min, r.Max = r.Min.Add(vg.Point{X: p.Legend.XOffs - 2, Y: p.Legend.YOffs}), r.Max.Add(vg.Point{X: p.Legend.XOffs, Y: p.Legend.YOffs})
	c.FillPolygon(color.NRGBA{0xff, 0xff, 0xff, 0xd0}, []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}})
}

// steps puts about six ticks at round numbers.
type steps struct{}

// Ticks implements plot.Ticker.
func (steps) Ticks(low, high float64) []plot.Tick {
	if !(high > low) {
		return []plot.Tick{{Value: low, Label: strconv.FormatFloat(low, 'g', 4, 64)}}
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/5)))
	for _, k := range []float64{1, 2, 5, 10} {
		if (high-low)/(k*step) <= 7 {
			step *= k
			break
		}
	}
	places := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var out []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9*step; i++ {
		out = append(out, plot.Tick{Value: i * step, Label: strconv.FormatFloat(i*step+0, 'f', places, 64)})
	}
	return out
}

func addGrid(p *plot.Plot) {
	g := plotter.NewGrid()
	g.Vertical = draw.LineStyle{Color: grid, Width: vg.Points(0.75)}
	g.Horizontal = g.Vertical
	p.Add(g)
}

// figure makes a Figure of a plot.
func figure(p *plot.Plot, width, height vg.Length) *Figure {
	return &Figure{width: width, height: height, paint: func(c draw.Canvas) { p.Draw(draw.Crop(c, vg.Points(8), -vg.Points(12), vg.Points(8), -vg.Points(8))) }}
}

func line(width float64, c color.Color) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: vg.Points(width)}
}
