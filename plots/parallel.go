package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"github.com/seed732fc211/aegis/crossval/search"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ParallelCoordinates draws every trial of a search as a line over the settings of its space,
// coloured by its score, the best ones last and strong. An axis has the scale of its domain;
// that of a choice has the names of its values. A setting that is not open in a trial is not
// drawn as a value: the line goes, thin and dashed, below the axis, and comes back where a
// setting is open again. Settings that are open in no trial are left out, as are trials that
// failed, that repeat another, and the first one, which has the base's values and no place in
// the space. Inselberg, "The plane with parallel coordinates" (The Visual Computer 1, 1985).
//
// It is an error if the outcome is nil, or if no trial with a score has an open setting.
func ParallelCoordinates(t Trials) (*Figure, error) {
	b, err := t.parallel()
	if err != nil {
		return nil, err
	}
	return b.figure(10 * vg.Inch), nil
}

// settingAxis is one axis: a setting, and its ticks by position in the domain.
type settingAxis struct {
	at    int // index of the setting
	name  string
	ticks []axisTick
	of    search.Domain
}

type axisTick struct {
	u    float64
	text string
}

// parallelLines is a drawing of ParallelCoordinates.
type parallelLines struct {
	axes   []settingAxis
	trials []*search.Trial // the worst first
	strong int             // how many of the last are strong
	low    float64         // ends of the colours
	high   float64
	metric string
	more   bool // greater is better
	closed bool // some settings are not open
}

func (t Trials) parallel() (*drawing, error) {
	scores, err := t.scores()
	if err != nil {
		return nil, err
	}
	o := t.Outcome
	s := &parallelLines{strong: t.Best, metric: o.Metric.Name, more: o.Metric.Greater}
	if s.strong <= 0 {
		s.strong = 5
	}
	settings := o.Settings()
	for i := range o.Trials {
		trial := &o.Trials[i]
		if k := kindOf(trial); k != complete && k != dropped || len(trial.Point) != len(settings) {
			continue
		}
		if slices.ContainsFunc(trial.Point, func(u float64) bool { return u >= 0 && u < 1 }) {
			s.trials = append(s.trials, trial)
		}
	}
	if len(s.trials) == 0 {
		return nil, errNothing
	}
	slices.SortStableFunc(s.trials, func(a, b *search.Trial) int {
		if x, y := kindOf(a), kindOf(b); x != y {
			return cmp.Compare(y, x) // what was dropped cannot win
		}
		if s.more {
			return cmp.Compare(a.Score, b.Score)
		}
		return cmp.Compare(b.Score, a.Score)
	})
	for i, set := range settings {
		open := slices.ContainsFunc(s.trials, func(t *search.Trial) bool { return !math.IsNaN(t.Point[i]) })
		if !open {
			continue
		}
		a, err := axisOf(set, i)
		if err != nil {
			return nil, err
		}
		s.axes = append(s.axes, a)
		s.closed = s.closed || slices.ContainsFunc(s.trials, func(t *search.Trial) bool { return math.IsNaN(t.Point[i]) })
	}
	names := make([]string, len(s.axes))
	for i, a := range s.axes {
		names[i] = a.name
	}
	for i, name := range lastParts(names) {
		s.axes[i].name = name
	}
	s.low, s.high = scoreWindow(scores, s.more)
	if t.Title == "" {
		t.Title = fmt.Sprintf("Settings of %d trials, coloured by %s", len(s.trials), s.metric)
	}
	return &drawing{title: t.Title, high: 4.6 * vg.Inch, paint: s.paint}, nil
}

// axisOf makes the axis of a setting.
func axisOf(s search.Setting, at int) (settingAxis, error) {
	a := settingAxis{at: at, name: cmp.Or(s.Name, s.Path), of: s.Domain}
	add := func(u float64, text string) { a.ticks = append(a.ticks, axisTick{u, text}) }
	short := func(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
	switch d := s.Domain.(type) {
	case search.Uniform:
		for _, t := range (steps{}).Ticks(d.Low, d.High) {
			if d.High > d.Low {
				add((t.Value-d.Low)/(d.High-d.Low), t.Label)
			}
		}
	case search.LogUniform:
		if d.Low > 0 && d.High > d.Low {
			for _, v := range logTicks(d.Low, d.High) {
				add(math.Log(v/d.Low)/math.Log(d.High/d.Low), short(v))
			}
		}
	case search.Int:
		for _, v := range intTicks(d) {
			add(intPlace(d, v), fmt.Sprint(v))
		}
	case search.Choice:
		for i := range d.Values {
			u := (float64(i) + 0.5) / float64(len(d.Values))
			name, err := s.ValueText(u)
			if err != nil {
				return a, fmt.Errorf("plots: %w", err)
			}
			add(u, name)
		}
	default:
		for _, u := range []float64{0, 0.5, math.Nextafter(1, 0)} {
			name, err := s.ValueText(u)
			if err != nil {
				return a, fmt.Errorf("plots: %w", err)
			}
			add(u, name)
		}
	}
	return a, nil
}

// placedOn returns where a position is drawn: values of a choice, and whole numbers, near their
// tick, with a little of the distance that their positions have within a value's part, so that
// trials with equal values stay apart.
func placedOn(d search.Domain, u float64) float64 {
	const spread = 0.3
	near := func(centre float64) float64 { return centre + spread*(u-centre) }
	switch d := d.(type) {
	case search.Choice:
		n := float64(len(d.Values))
		return near((math.Floor(u*n) + 0.5) / n)
	case search.Int:
		v, err := d.At(u)
		n, ok := v.(int)
		if err != nil || !ok || d.High-d.Low > 63 {
			return u
		}
		return near(intPlace(d, n))
	}
	return u
}

// intPlace returns the middle of a whole number's part of [0, 1).
func intPlace(d search.Int, n int) float64 {
	if !d.Log || d.Low < 1 {
		return (float64(n-d.Low) + 0.5) / (float64(d.High-d.Low) + 1)
	}
	low, high := math.Log(float64(d.Low)-0.5), math.Log(float64(d.High)+0.5)
	return (math.Log(float64(n)) - low) / (high - low)
}

// logTicks returns round numbers between two positive ones: powers of ten or, if these are few,
// those and their multiples by 2 and 5.
func logTicks(low, high float64) []float64 {
	var out []float64
	for _, digits := range [][]float64{{1}, {1, 3}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 6, 8}} {
		out = nil
		for k := math.Floor(math.Log10(low)); k <= math.Ceil(math.Log10(high)); k++ {
			for _, d := range digits {
				if v := d * math.Pow(10, k); v >= low*(1-1e-9) && v <= high*(1+1e-9) {
					out = append(out, v)
				}
			}
		}
		if len(out) >= 3 {
			break
		}
	}
	for len(out) > 8 {
		var half []float64
		for i := 0; i < len(out); i += 2 {
			half = append(half, out[i])
		}
		out = half
	}
	if len(out) < 2 {
		return []float64{low, high}
	}
	return out
}

func intTicks(d search.Int) []int {
	if d.Log && d.Low >= 1 && d.High > d.Low {
		var out []int
		for _, v := range logTicks(float64(d.Low), float64(d.High)) {
			if n := int(math.Round(v)); len(out) == 0 || n > out[len(out)-1] {
				out = append(out, n)
			}
		}
		return out
	}
	if d.High-d.Low <= 0 {
		return []int{d.Low}
	}
	var out []int
	for _, t := range (whole{}).Ticks(float64(d.Low), float64(d.High)) {
		out = append(out, int(t.Value))
	}
	return out
}

// scoreColour goes from pale grey for bad scores by light blue to dark blue for good ones.
func scoreColour(share float64) color.RGBA {
	stops := []color.RGBA{{0xe3, 0xdd, 0xd0, 0xff}, {0x8f, 0xc3, 0xdf, 0xff}, {0x00, 0x72, 0xb2, 0xff}, {0x08, 0x30, 0x6b, 0xff}}
	share = min(1, max(0, share)) * float64(len(stops)-1)
	i := min(int(share), len(stops)-2)
	f := share - float64(i)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-f) + float64(b)*f)) }
	a, b := stops[i], stops[i+1]
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}

func (s *parallelLines) goodness(score float64) float64 {
	g := (score - s.low) / (s.high - s.low)
	if !s.more {
		g = 1 - g
	}
	return min(1, max(0, g))
}

func (s *parallelLines) paint(c draw.Canvas) {
	style := textStyle(tickSize, ink)
	const barRoom, names = vg.Length(78), vg.Length(30)
	lane := vg.Length(0)
	if s.closed {
		lane = 34
	}
	area := draw.Crop(c, 0, -barRoom, vg.Points(6), -names)
	low, high := area.Min.Y+lane+8, area.Max.Y-6
	places, rooms := s.places(area.Min.X, area.Max.X)
	x := func(axis int) vg.Length { return places[axis] }
	y := func(u float64) vg.Length { return low + (high-low)*vg.Length(u) }
	s.lines(c, x, y, area.Min.Y+10)
	for i, a := range s.axes {
		c.StrokeLine2(line(1, ink), x(i), low, x(i), high)
		title := boldStyle(bodySize, ink)
		title.XAlign, title.YAlign = text.XCenter, text.YBottom
		width := 2 * (x(i) - area.Min.X)
		if i > 0 {
			width = x(i) - x(i-1)
		}
		if i+1 < len(s.axes) {
			width = min(width, x(i+1)-x(i))
		}
		width = max(width-4, 20)
		lines := wrap(title, a.name, width)
		for k, l := range lines[:min(2, len(lines))] {
			if k == 1 && len(lines) > 2 {
				l += "…"
			}
			c.FillText(title, vg.Point{X: x(i), Y: area.Max.Y + 4 + bodyStep*vg.Length(min(2, len(lines))-1-k)}, fitted(title, l, width))
		}
		last := math.Inf(-1)
		for _, t := range a.ticks {
			small := textStyle(8, ink)
			small.XAlign, small.YAlign = text.XRight, text.YCenter
			c.StrokeLine2(line(0.75, ink), x(i)-3, y(t.u), x(i), y(t.u))
			if float64(y(t.u))-last < 9 {
				continue
			}
			last = float64(y(t.u))
			label := fitted(small, oneLine(t.text), rooms[i])
			at := vg.Point{X: x(i) - 5, Y: y(t.u)}
			w := small.Width(label)
			box(c, color.NRGBA{0xff, 0xff, 0xff, 0xc8}, at.X-w-1, at.Y-4.5, at.X+1, at.Y+4.5)
			c.FillText(small, at, label)
		}
	}
	if s.closed {
		small := textStyle(8, faint)
		small.YAlign = text.YCenter
		c.FillText(small, vg.Point{X: c.Min.X, Y: area.Min.Y + 10}, "not open")
	}
	s.bar(c, low, high, style)
}

// places returns where the axes stand, and how much room the labels to their left have: as much
// as they need, if the space between axes allows it.
func (s *parallelLines) places(left, right vg.Length) (at, rooms []vg.Length) {
	const most, between = vg.Length(86), vg.Length(8)
	small := textStyle(8, ink)
	sum := vg.Length(0)
	for _, a := range s.axes {
		w := vg.Length(0)
		for _, t := range a.ticks {
			w = max(w, small.Width(oneLine(t.text)))
		}
		rooms = append(rooms, min(w, most))
		sum += rooms[len(rooms)-1]
	}
	n := vg.Length(len(s.axes))
	free := right - left - sum - (n+1)*between
	if free < n*between { // labels are cut
		for i := range rooms {
			rooms[i] *= max(0, (right-left-(2*n+1)*between)/sum)
		}
		free = n * between
	}
	free /= max(1, n-1)
	x := left
	for i := range s.axes {
		x += between + rooms[i]
		if i > 0 {
			x += free
		}
		at = append(at, x)
	}
	return at, rooms
}

// lines draws the trials, the worst first.
func (s *parallelLines) lines(c draw.Canvas, x func(int) vg.Length, y func(float64) vg.Length, lane vg.Length) {
	for k, t := range s.trials {
		colour, width := scoreColour(s.goodness(t.Score)), 0.9
		strong := k >= len(s.trials)-s.strong && kindOf(t) == complete
		if strong {
			width = 2.2
		}
		at := func(i int) (vg.Point, bool) {
			if u := t.Point[s.axes[i].at]; u >= 0 && u < 1 {
				return vg.Point{X: x(i), Y: y(placedOn(s.axes[i].of, u))}, true
			}
			return vg.Point{X: x(i), Y: lane}, false
		}
		for i := range s.axes {
			p, open := at(i)
			if open {
				c.DrawGlyph(draw.GlyphStyle{Color: colour, Radius: vg.Length(1.2 + 0.6*width), Shape: draw.CircleGlyph{}}, p)
			}
			if i == 0 {
				continue
			}
			before, was := at(i - 1)
			l := line(width, colour)
			if !open || !was {
				l.Width, l.Dashes = vg.Length(0.4+0.3*width), []vg.Length{3, 2.5}
			}
			if !open && !was {
				continue // the lane is drawn once, below
			}
			c.StrokeLines(l, []vg.Point{before, p})
		}
	}
	if s.closed {
		l := draw.LineStyle{Color: faint, Width: vg.Points(0.6), Dashes: []vg.Length{3, 2.5}}
		c.StrokeLine2(l, x(0), lane, x(len(s.axes)-1), lane)
	}
}

// bar explains the colours.
func (s *parallelLines) bar(c draw.Canvas, low, high vg.Length, style text.Style) {
	left, right := c.Max.X-vg.Points(46), c.Max.X-vg.Points(36)
	const parts = 60
	bottom, top := high-(high-low)*0.6, high
	for i := range parts {
		y0, y1 := bottom+(top-bottom)*vg.Length(i)/parts, bottom+(top-bottom)*vg.Length(i+1)/parts
		score := s.low + (s.high-s.low)*(float64(i)+0.5)/parts
		box(c, scoreColour(s.goodness(score)), left, y0, right, y1+0.3)
	}
	style = textStyle(8, ink)
	style.YAlign = text.YCenter
	for _, t := range (steps{}).Ticks(s.low, s.high) {
		y := bottom + (top-bottom)*vg.Length((t.Value-s.low)/(s.high-s.low))
		c.StrokeLine2(line(0.75, ink), right, y, right+3, y)
		c.FillText(style, vg.Point{X: right + 5, Y: y}, t.Label)
	}
	style.XAlign, style.YAlign = text.XRight, text.YBottom
	c.FillText(style, vg.Point{X: c.Max.X, Y: top + 6}, fitted(style, oneLine(s.metric), vg.Points(62)))
	style.Color, style.YAlign = faint, text.YTop
	c.FillText(style, vg.Point{X: c.Max.X, Y: bottom - 6}, "thick: the best")
}
