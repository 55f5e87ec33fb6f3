package plots

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/crossval/stats"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Ranks is the input of CriticalDifference.
type Ranks struct {
	Title   string        // "": "Mean ranks"
	Models  []string      // their names, in the order of Ranking.Mean
	Ranking stats.Ranking // as stats.Nemenyi returns it
}

// CriticalDifference draws models on an axis of mean ranks, the best on the left. A bar joins
// models whose mean ranks differ by no more than the critical difference, which the ruler
// above the axis shows; models that no bar joins differ. Demsar, "Statistical Comparisons of
// Classifiers over Multiple Data Sets" (Journal of Machine Learning Research 7, 2006).
//
// It is an error if there are fewer than 2 models or more than 200, if their number is not
// that of the ranks, or if a rank or the critical difference is out of range.
func CriticalDifference(r Ranks) (*Figure, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.Title == "" {
		r.Title = "Mean ranks"
	}
	s := newRanked(r)
	return (&drawing{title: r.Title, high: s.height(), paint: s.paint}).figure(7.5 * vg.Inch), nil
}

func (r Ranks) check() error {
	k := len(r.Models)
	if k < 2 || k > 200 || k != len(r.Ranking.Mean) {
		return fmt.Errorf("plots: %d names for %d mean ranks: want equal numbers, 2 to 200", k, len(r.Ranking.Mean))
	}
	for i, v := range r.Ranking.Mean {
		if !(v >= 1 && v <= float64(k)) {
			return fmt.Errorf("plots: the mean rank of %s is %v: want 1 to %d", r.Models[i], v, k)
		}
	}
	if c := r.Ranking.Critical; !(c >= 0) || math.IsInf(c, 0) {
		return fmt.Errorf("plots: a critical difference of %v", c)
	}
	if c := r.Ranking.Confidence; !(c > 0 && c < 1) {
		return fmt.Errorf("plots: a confidence of %v: want a number between 0 and 1", c)
	}
	return nil
}

// ranked is a critical-difference diagram with its models in the order of their ranks.
type ranked struct {
	names     []string
	ranks     []float64
	critical  float64
	level     float64
	low, high float64  // ends of the axis
	bars      [][3]int // first and last model of a group, and the bar's line
	lines     int      // of bars
}

const (
	rankStep = vg.Length(15) // between two names
	barStep  = vg.Length(7)
	ruler    = vg.Length(62) // room for ruler and axis
)

func newRanked(r Ranks) *ranked {
	order := make([]int, len(r.Models))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.Ranking.Mean[a], r.Ranking.Mean[b]) })
	s := &ranked{critical: r.Ranking.Critical, level: r.Ranking.Confidence}
	short := shortNames(r.Models, 24)
	for _, i := range order {
		s.names, s.ranks = append(s.names, fmt.Sprintf("%s  %.2f", short[i], r.Ranking.Mean[i])), append(s.ranks, r.Ranking.Mean[i])
	}
	s.low, s.high = math.Floor(s.ranks[0]), math.Ceil(s.ranks[len(s.ranks)-1])
	s.high = max(s.high, s.low+1)
	for _, g := range groupsWithin(s.ranks, s.critical) {
		s.bars = append(s.bars, [3]int{g[0], g[1], 0})
	}
	s.lay()
	return s
}

// groupsWithin returns the first and the last place of every largest group of sorted values
// that differ by no more than the given difference. Groups of one are left out.
func groupsWithin(sorted []float64, difference float64) [][2]int {
	const rounding = 1e-9
	var out [][2]int
	last := 0
	for i := range sorted {
		j := i
		for j+1 < len(sorted) && sorted[j+1]-sorted[i] <= difference+rounding {
			j++
		}
		if j > i && (len(out) == 0 || j > last) {
			out, last = append(out, [2]int{i, j}), j
		}
	}
	return out
}

// lay puts every bar on the first line where it meets no other.
func (s *ranked) lay() {
	var ends []float64 // of the last bar of each line
	gap := 0.04 * (s.high - s.low)
	for i, b := range s.bars {
		at := slices.IndexFunc(ends, func(end float64) bool { return end+gap < s.ranks[b[0]] })
		if at < 0 {
			at, ends = len(ends), append(ends, 0)
		}
		s.bars[i][2], ends[at] = at, s.ranks[b[1]]
	}
	s.lines = len(ends)
}

func (s *ranked) height() vg.Length {
	return titleRoom + ruler + barStep*vg.Length(s.lines+1) + rankStep*vg.Length((len(s.names)+1)/2) + 3*bodyStep
}

func (s *ranked) paint(c draw.Canvas) {
	style := textStyle(tickSize, ink)
	widest := vg.Length(0)
	for _, n := range s.names {
		widest = max(widest, style.Width(n))
	}
	side := min(widest+8, 0.36*(c.Max.X-c.Min.X))
	left, right := c.Min.X+side+vg.Points(10), c.Max.X-side-vg.Points(10)
	x := func(rank float64) vg.Length {
		return left + (right-left)*vg.Length((rank-s.low)/(s.high-s.low))
	}
	axis := c.Max.Y - ruler + vg.Points(8)
	s.axis(c, axis, x)
	s.ruler(c, c.Max.Y-vg.Points(14), x)
	top := axis - barStep*vg.Length(s.lines+1)
	for i := range s.names {
		s.model(c, i, axis, top-vg.Points(6), x, left-vg.Points(10), right+vg.Points(10))
	}
	for _, b := range s.bars {
		y := axis - barStep*vg.Length(b[2]+1)
		c.StrokeLine2(line(3.5, blue), x(s.ranks[b[0]])-2, y, x(s.ranks[b[1]])+2, y)
	}
	note := fmt.Sprintf("Bars join models whose mean ranks differ by no more than the critical difference (%.4g%% confidence for all pairs together). Models that no bar joins differ.", 100*s.level)
	small := textStyle(bodySize, faint)
	small.YAlign = text.YBottom
	lines := wrap(small, note, c.Max.X-c.Min.X)
	for i, l := range lines {
		c.FillText(small, vg.Point{X: c.Min.X, Y: c.Min.Y + bodyStep*vg.Length(len(lines)-1-i)}, l)
	}
}

func (s *ranked) axis(c draw.Canvas, y vg.Length, x func(float64) vg.Length) {
	c.StrokeLine2(line(1, ink), x(s.low), y, x(s.high), y)
	style := textStyle(tickSize, ink)
	style.XAlign, style.YAlign = text.XCenter, text.YBottom
	every := 1 + math.Floor((s.high-s.low)/11)
	for v := s.low; v <= s.high; v++ {
		c.StrokeLine2(line(1, ink), x(v), y, x(v), y+vg.Points(4))
		if math.Mod(v-s.low, every) == 0 {
			c.FillText(style, vg.Point{X: x(v), Y: y + vg.Points(6)}, fmt.Sprint(v))
		}
	}
}

// ruler draws the length of the critical difference, or says that it is longer than the axis.
func (s *ranked) ruler(c draw.Canvas, y vg.Length, x func(float64) vg.Length) {
	style := textStyle(tickSize, ink)
	style.YAlign = text.YCenter
	label := fmt.Sprintf("critical difference %.2f", s.critical)
	if s.critical > s.high-s.low {
		c.FillText(style, vg.Point{X: x(s.low), Y: y}, label+", more than the axis shows: no models differ")
		return
	}
	from, to := x(s.low), x(s.low+s.critical)
	c.StrokeLine2(line(1.5, blue), from, y, to, y)
	for _, end := range []vg.Length{from, to} {
		c.StrokeLine2(line(1.5, blue), end, y-3, end, y+3)
	}
	at := to + vg.Points(6)
	if at+style.Width(label) > c.Max.X {
		style.XAlign, style.YAlign, at, y = text.XLeft, text.YTop, from, y-vg.Points(4)
	}
	c.FillText(style, vg.Point{X: at, Y: y}, label)
}

// model draws the line from a model's rank to its name: the better half is named on the left,
// the others on the right, so that no lines cross.
func (s *ranked) model(c draw.Canvas, i int, axis, top vg.Length, x func(float64) vg.Length, left, right vg.Length) {
	style := textStyle(tickSize, ink)
	style.YAlign = text.YCenter
	at := x(s.ranks[i])
	half := (len(s.names) + 1) / 2
	down, end, edge := i, left, c.Min.X
	style.XAlign = text.XRight
	room := left - edge
	if i >= half {
		down, end, edge = len(s.names)-1-i, right, c.Max.X
		style.XAlign, room = text.XLeft, edge-right
	}
	y := top - rankStep*vg.Length(down) - rankStep/2
	c.StrokeLines(line(0.75, dark), []vg.Point{{X: at, Y: axis}, {X: at, Y: y}, {X: end, Y: y}})
	sign := vg.Length(-1)
	if i >= half {
		sign = 1
	}
	c.FillText(style, vg.Point{X: end + sign*vg.Points(4), Y: y}, fitted(style, s.names[i], room-vg.Points(4)))
}
