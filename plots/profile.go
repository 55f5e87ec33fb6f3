package plots

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/internal/profile"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Profile holds the times of a program's operations, as returned by graph.Program.Profile.
type Profile = profile.Profile

// profileRows is the number of operations that a profile shows individually.
const profileRows = 24

// DrawProfile draws the time that each operation takes in a run, longest first, with all
// operations after the 24th combined in one bar. Products are blue, with their rate and its
// share of the machine's measured peak; others are orange, with the rate at which they move
// memory.
func DrawProfile(p *Profile) (*Figure, error) {
	if p == nil || len(p.Ops) == 0 || p.Runs < 1 {
		return nil, errNothing
	}
	bars := timeBars{rows: rowsOf(p)}
	title := p.Title
	if title == "" {
		title = "Profile"
	}
	pl := newPlot(title, "microseconds a run", "")
	bars.longest = bars.rows[0].us
	for _, r := range bars.rows {
		bars.longest = max(bars.longest, r.us)
	}
	if bars.longest <= 0 {
		return nil, fmt.Errorf("plots: no operation of the profile took any time")
	}
	n := len(bars.rows)
	pl.X.Min, pl.X.Max = 0, 1.45*bars.longest // leaves room for the numbers beside the bars
	pl.Y.Min, pl.Y.Max = -0.6, float64(n)-0.4
	ticks := make(plot.ConstantTicks, n)
	for i, r := range bars.rows {
		ticks[i] = plot.Tick{Value: float64(n - 1 - i), Label: shorten(r.name, 48)}
	}
	pl.Y.Tick.Marker = ticks
	pl.Y.Tick.Length = 0
	pl.Y.LineStyle.Width = 0
	g := plotter.NewGrid()
	g.Horizontal.Width, g.Vertical = 0, line(0.75, grid)
	pl.Add(g, bars)
	pl.X.Label.Text = "microseconds a run"
	width, height := 10*vg.Inch, vg.Length(1.5+0.235*float64(n))*vg.Inch
	summary := strings.Split(strings.TrimPrefix(p.Summary(), p.Title+": "), "; ")
	return &Figure{width: width, height: height, paint: func(c draw.Canvas) {
		below := vg.Length(len(summary)) * vg.Points(12)
		pl.Draw(draw.Crop(c, vg.Points(8), -vg.Points(12), vg.Points(12)+below, -vg.Points(8)))
		s := textStyle(tickSize, faint)
		for i, l := range summary {
			c.FillText(s, vg.Point{X: c.Min.X + vg.Points(10), Y: c.Min.Y + vg.Points(8) + below - vg.Points(12)*vg.Length(i+1)}, l)
		}
	}}, nil
}

// timeRow is one bar of a profile.
type timeRow struct {
	name, note string
	us         float64 // per run
	product    bool
}

func rowsOf(p *Profile) []timeRow {
	var rows []timeRow
	var rest time.Duration
	ops := p.ByTime()
	for i, o := range ops {
		if i >= profileRows && len(ops) > profileRows+1 {
			rest += o.Time
			continue
		}
		r := timeRow{name: o.String(), us: perRun(p, o.Time), product: o.FLOP > 0}
		r.note = fmt.Sprintf("%.1f%%", 100*p.Share(o))
		switch {
		case o.Rate() > 0:
			r.note += fmt.Sprintf(", %.3g GFLOP/s, %.0f%% of peak", o.Rate()/1e9, 100*p.OfPeak(o))
		case o.Bandwidth() > 0:
			r.note += fmt.Sprintf(", %.3g GB/s", o.Bandwidth()/1e9)
		}
		rows = append(rows, r)
	}
	if n := len(ops) - len(rows); n > 0 {
		rows = append(rows, timeRow{name: fmt.Sprintf("%d other operations", n), us: perRun(p, rest), note: fmt.Sprintf("%.1f%%", 100*float64(rest)/float64(max(p.Time(), 1)))})
	}
	return rows
}

func perRun(p *Profile, d time.Duration) float64 { return float64(d) / 1e3 / float64(p.Runs) }

type timeBars struct {
	rows    []timeRow
	longest float64
}

// Plot implements plot.Plotter.
func (b timeBars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	half := (y(1) - y(0)) * 0.36
	for i, r := range b.rows {
		at := y(float64(len(b.rows) - 1 - i))
		colour := orange
		if r.product {
			colour = blue
		}
		c.FillPolygon(colour, []vg.Point{{X: x(0), Y: at - half}, {X: x(r.us), Y: at - half}, {X: x(r.us), Y: at + half}, {X: x(0), Y: at + half}})
		s := textStyle(tickSize, ink)
		s.XAlign, s.YAlign = text.XLeft, -0.4
		c.FillText(s, vg.Point{X: x(r.us) + vg.Points(4), Y: at}, r.note)
	}
}
