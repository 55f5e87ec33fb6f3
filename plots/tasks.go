package plots

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/vector"
	"github.com/seed732fc211/aegis/metrics"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// told holds the truth and the prediction for the same rows of a task.
type told struct {
	rules   *data.Rules
	columns []string // target columns
	labels  []int    // true classes; nil: the targets are numbers
	values  []float64
	groups  []int // for a task that is judged within groups
	said    *data.Prediction
}

// mostTargets is the largest number of target columns drawn, each as a row of figures.
const mostTargets = 6

// panels adds the figures of a task to a page, except those about classes, which answers
// draws; it reports whether the task wants these.
func (t told) panels(p *page) (classes bool, err error) {
	for _, f := range t.rules.Figures {
		var rows [][]cell
		switch f {
		case data.FigureClasses:
			if !t.rules.Choice {
				return false, errors.New("plots: figures of classes for a task that chooses none")
			}
			classes = true
			continue
		case data.FigureResiduals:
			rows, err = t.residuals()
		case data.FigureLabels:
			rows, err = t.eachLabel()
		case data.FigureRanks:
			rows, err = one(t.ranks())
		case data.FigureCounts:
			rows, err = one(t.counts())
		case data.FigureSteps:
			rows, err = t.steps()
		case data.FigureRanking:
			rows, err = t.ranking()
		case data.FigureQuantiles:
			rows, err = t.quantiles()
		default:
			return false, fmt.Errorf("plots: the task wants the figure %q, which is not known", f)
		}
		if err != nil {
			return false, err
		}
		for _, row := range rows {
			p.add(row...)
		}
	}
	return classes, nil
}

func one(p *plot.Plot, err error) ([][]cell, error) {
	if err != nil {
		return nil, err
	}
	return [][]cell{{{1, &plotBlock{p, 3.6 * vg.Inch}}}}, nil
}

func (t told) residuals() ([][]cell, error) {
	n := len(t.columns)
	if t.rules.Values != n {
		return nil, fmt.Errorf("plots: residuals of %d values for %d target columns", t.rules.Values, n)
	}
	var rows [][]cell
	for k, name := range t.columns[:min(n, mostTargets)] {
		panels, err := regressionPanels(name, vector.Column(t.values, k, n), vector.Column(t.said.Values, k, n))
		if err != nil {
			return nil, err
		}
		rows = append(rows, panels)
	}
	return rows, nil
}

// bars draws a bar for each height, with a text above it.
type bars struct {
	heights []float64
	texts   []string
}

// Plot implements plot.Plotter.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	s := textStyle(7, ink)
	s.XAlign, s.YAlign = text.XCenter, text.YBottom
	for i, h := range b.heights {
		left, right := x(float64(i)-0.38), x(float64(i)+0.38)
		c.FillPolygon(pale(blue, 0.6), []vg.Point{{X: left, Y: y(0)}, {X: right, Y: y(0)}, {X: right, Y: y(h)}, {X: left, Y: y(h)}})
		if b.texts != nil {
			c.FillText(s, vg.Point{X: x(float64(i)), Y: y(h) + 1}, b.texts[i])
		}
	}
}

// barPlot makes a plot of bars with names below.
func barPlot(title, xLabel, yLabel string, names []string, heights []float64, texts []string) *plot.Plot {
	p := newPlot(title, xLabel, yLabel)
	addGrid(p)
	p.Add(bars{heights, texts})
	ticks := make(plot.ConstantTicks, len(names))
	every := (len(names) + 23) / 24 // there is no room for more names
	for i, n := range names {
		ticks[i].Value = float64(i)
		if i%every == 0 {
			ticks[i].Label = n
		}
	}
	p.X.Tick.Marker = ticks
	p.X.Min, p.X.Max, p.Y.Min = -0.6, float64(len(names))-0.4, 0
	p.Y.Max = 1.1 * max(slices.Max(heights), 1e-9)
	return p
}

// ranks draws by how many classes predictions are too low or too high.
func (t told) ranks() (*plot.Plot, error) {
	if t.labels == nil || len(t.said.Labels) != len(t.labels) {
		return nil, fmt.Errorf("plots: ranks of %d predictions for %d classes", len(t.said.Labels), len(t.labels))
	}
	low, high := 0, 0
	for i, l := range t.labels {
		d := t.said.Labels[i] - l
		low, high = min(low, d), max(high, d)
	}
	counts := make([]float64, high-low+1)
	for i, l := range t.labels {
		counts[t.said.Labels[i]-l-low]++
	}
	var names, texts []string
	for i := range counts {
		name := fmt.Sprintf("%+d", i+low)
		if i+low == 0 {
			name = "right"
		}
		names, texts = append(names, name), append(texts, fmt.Sprintf("%.0f", counts[i]))
		counts[i] /= float64(len(t.labels))
	}
	return barPlot("How many classes off", "predicted less true class", "share of the rows", names, counts, texts), nil
}

// mostCounts is the largest count with its own bar; the last bar includes all above.
const mostCounts = 30

// counts draws how often each count occurs, and how often the predicted rates expect it.
func (t told) counts() (*plot.Plot, error) {
	if len(t.values) == 0 || len(t.said.Values) != len(t.values) {
		return nil, fmt.Errorf("plots: counts of %d rates for %d rows", len(t.said.Values), len(t.values))
	}
	n := min(mostCounts, int(slices.Max(t.values))) + 1
	seen, expected := make([]float64, n), make([]float64, n)
	for i, v := range t.values {
		seen[min(int(v), n-1)]++
		rate, left := t.said.Values[i], 1.0
		log := -rate
		for k := range n - 1 {
			if k > 0 {
				log += math.Log(rate / float64(k))
			}
			expected[k] += math.Exp(log)
			left -= math.Exp(log)
		}
		expected[n-1] += max(0, left)
	}
	names := make([]string, n)
	line := make(plotter.XYs, n)
	for k := range names {
		names[k] = fmt.Sprint(k)
		line[k] = plotter.XY{X: float64(k), Y: expected[k]}
	}
	names[n-1] += "+"
	p := barPlot("Counts: observed (bars), and expected from the predicted rates (dots)", "count of "+axisName(t.columns[0]), "rows", names, seen, nil)
	p.Y.Max = 1.1 * max(slices.Max(seen), slices.Max(expected))
	l, dots, err := plotter.NewLinePoints(line)
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	l.LineStyle = draw.LineStyle{Color: orange, Width: vg.Points(1.5)}
	dots.GlyphStyle = draw.GlyphStyle{Color: orange, Radius: vg.Points(2.5), Shape: draw.CircleGlyph{}}
	p.Add(l, dots)
	return p, nil
}

// mostSteps is the number of steps drawn.
const mostSteps = 60

// steps draws how often each step is right, and how many steps of a row are wrong.
func (t told) steps() ([][]cell, error) {
	n := len(t.columns)
	if len(t.labels) == 0 || len(t.said.Labels) != len(t.labels) || len(t.labels)%n != 0 {
		return nil, fmt.Errorf("plots: %d predictions for %d classes of %d steps", len(t.said.Labels), len(t.labels), n)
	}
	right, count := make([]float64, n), make([]float64, n)
	wrong := make([]float64, n+1) // number of rows, by how many steps are wrong
	most := 0
	for row := range len(t.labels) / n {
		misses := 0
		for k := range n {
			l := t.labels[row*n+k]
			if l < 0 {
				continue
			}
			count[k]++
			if t.said.Labels[row*n+k] == l {
				right[k]++
			} else {
				misses++
			}
		}
		wrong[misses]++
		most = max(most, misses)
	}
	shown := min(n, mostSteps)
	names, texts := make([]string, shown), make([]string, shown)
	for k := range shown {
		if count[k] > 0 {
			right[k] /= count[k]
		}
		names[k], texts[k] = fmt.Sprint(k+1), fmt.Sprintf("%.0f", count[k])
	}
	title := "Accuracy by step (above: the number of rows)"
	if shown < n {
		title = fmt.Sprintf("Accuracy by step, the first %d of %d", shown, n)
	}
	if shown > 24 {
		texts = nil
	}
	byStep := barPlot(title, "step", "share that is right", names, right[:shown], texts)
	byStep.Y.Max = 1.1
	misses, rows := make([]string, most+1), make([]string, most+1)
	for k := range misses {
		misses[k], rows[k] = fmt.Sprint(k), fmt.Sprintf("%.0f", wrong[k])
	}
	if len(rows) > 24 {
		rows = nil
	}
	byRow := barPlot("Wrong steps of a row", "wrong steps", "rows", misses, wrong[:most+1], rows)
	return [][]cell{{{0.6, &plotBlock{byStep, 4 * vg.Inch}}, {0.4, &plotBlock{byRow, 4 * vg.Inch}}}}, nil
}

// mostPlaces is the number of ranks drawn for a group.
const mostPlaces = 20

// ranking draws the NDCG of the groups, and the relevance of rows by their predicted rank.
func (t told) ranking() ([][]cell, error) {
	if len(t.values) == 0 || len(t.groups) != len(t.values) || len(t.said.Values) != len(t.values) {
		return nil, fmt.Errorf("plots: %d scores and %d groups for %d rows", len(t.said.Values), len(t.groups), len(t.values))
	}
	of := map[int][]int{}
	var order []int
	for i, g := range t.groups {
		if of[g] == nil {
			order = append(order, g)
		}
		of[g] = append(of[g], i)
	}
	var each plotter.Values
	var got, best, count [mostPlaces]float64
	for _, g := range order {
		rows := of[g]
		relevance, scores := make([]float64, len(rows)), make([]float64, len(rows))
		for k, i := range rows {
			relevance[k], scores[k] = t.values[i], t.said.Values[i]
		}
		v, err := metrics.NDCG(relevance, scores, make([]int, len(rows)), len(rows))
		if err != nil {
			return nil, fmt.Errorf("plots: group %d: %w", g, err)
		}
		each = append(each, v)
		byScore := slices.Clone(rows)
		slices.SortStableFunc(byScore, func(a, b int) int { return cmp.Compare(t.said.Values[b], t.said.Values[a]) })
		slices.SortFunc(relevance, func(a, b float64) int { return cmp.Compare(b, a) })
		for k, i := range byScore[:min(mostPlaces, len(rows))] {
			got[k] += t.values[i]
			best[k] += relevance[k]
			count[k]++
		}
	}
	h, err := plotter.NewHist(each, min(30, max(5, int(math.Sqrt(float64(len(each)))))))
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	h.FillColor, h.LineStyle = pale(blue, 0.6), line(0.5, paper)
	groups := newPlot(fmt.Sprintf("NDCG of %d groups, all places", len(each)), "NDCG", "groups")
	addGrid(groups)
	groups.Add(h)
	n := slices.IndexFunc(count[:], func(c float64) bool { return c == 0 })
	if n < 0 {
		n = mostPlaces
	}
	names, ideal := make([]string, n), make(plotter.XYs, n)
	for k := range n {
		got[k] /= count[k]
		names[k], ideal[k] = fmt.Sprint(k+1), plotter.XY{X: float64(k), Y: best[k] / count[k]}
	}
	places := barPlot("Relevance by place: as ranked (bars), at best (dots)", "place in the group", "mean "+axisName(t.columns[0]), names, got[:n], nil)
	l, dots, err := plotter.NewLinePoints(ideal)
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	l.LineStyle = draw.LineStyle{Color: orange, Width: vg.Points(1.5)}
	dots.GlyphStyle = draw.GlyphStyle{Color: orange, Radius: vg.Points(2.5), Shape: draw.CircleGlyph{}}
	places.Add(l, dots)
	places.Y.Max = 1.1 * max(slices.Max(got[:n]), best[0]/count[0])
	return [][]cell{{{0.4, &plotBlock{groups, 4 * vg.Inch}}, {0.6, &plotBlock{places, 4 * vg.Inch}}}}, nil
}

// quantiles draws the coverage of the levels, and the intervals.
func (t told) quantiles() ([][]cell, error) {
	coverage, err := t.coverage()
	if err != nil {
		return nil, err
	}
	intervals, err := t.intervals()
	if err != nil {
		return nil, err
	}
	return [][]cell{{{0.36, &plotBlock{coverage, 4.4 * vg.Inch}}, {0.64, &plotBlock{intervals, 4.4 * vg.Inch}}}}, nil
}

func (t told) coverage() (*plot.Plot, error) {
	shares, err := metrics.Coverage(t.values, t.said.Values, t.rules.Levels)
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	p := newPlot("Coverage of the quantiles", "level", "share of rows at or below")
	addGrid(p)
	equal, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}})
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	equal.LineStyle = chance
	p.Add(equal, shareOf{t.rules.Levels, shares, len(t.values)})
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	return p, nil
}

// shareOf draws shares of rows with their 95% Wilson intervals.
type shareOf struct {
	levels, shares []float64
	rows           int
}

// Plot implements plot.Plotter.
func (s shareOf) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for k, l := range s.levels {
		low, high := wilson(int(math.Round(s.shares[k]*float64(s.rows))), s.rows)
		c.StrokeLine2(line(1.25, pale(blue, 0.6)), x(l), y(low), x(l), y(high))
		c.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: vg.Points(3.5), Shape: draw.CircleGlyph{}}, vg.Point{X: x(l), Y: y(s.shares[k])})
	}
}

// mostIntervals is the largest number of rows drawn with their intervals; of more, every
// n-th in the order of the predictions is drawn.
const mostIntervals = 200

func (t told) intervals() (*plot.Plot, error) {
	n, rows := len(t.rules.Levels), len(t.values)
	middle := 0
	for k, l := range t.rules.Levels {
		if math.Abs(l-0.5) < math.Abs(t.rules.Levels[middle]-0.5) {
			middle = k
		}
	}
	order := make([]int, rows)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(t.said.Values[a*n+middle], t.said.Values[b*n+middle])
	})
	every := (rows + mostIntervals - 1) / mostIntervals
	var drawn intervals
	low, high := math.Inf(1), math.Inf(-1)
	for i := 0; i < rows; i += every {
		q := t.said.Values[order[i]*n : (order[i]+1)*n]
		v := interval{q[0], q[middle], q[n-1], t.values[order[i]]}
		drawn = append(drawn, v)
		low, high = min(low, v.low, v.truth), max(high, v.high, v.truth)
	}
	title := fmt.Sprintf("Quantiles %v to %v, and the truth", t.rules.Levels[0], t.rules.Levels[n-1])
	if every > 1 {
		title += fmt.Sprintf(", %d of %d rows", len(drawn), rows)
	}
	p := newPlot(title, fmt.Sprintf("rows in the order of their quantile %v", t.rules.Levels[middle]), axisName(t.columns[0]))
	addGrid(p)
	p.Add(drawn)
	margin := 0.03*(high-low) + 1e-9
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, float64(len(drawn))-0.5, low-margin, high+margin
	return p, nil
}

type interval struct{ low, middle, high, truth float64 }

type intervals []interval

// Plot implements plot.Plotter.
func (list intervals) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	width := max(0.5, 0.6*float64(x(1)-x(0)))
	for i, v := range list {
		at := x(float64(i))
		c.StrokeLine2(draw.LineStyle{Color: pale(blue, 0.35), Width: vg.Length(width)}, at, y(v.low), at, y(v.high))
		c.StrokeLine2(draw.LineStyle{Color: blue, Width: vg.Points(1)}, at-vg.Length(width/2), y(v.middle), at+vg.Length(width/2), y(v.middle))
	}
	for i, v := range list {
		colour := ink
		if v.truth < v.low || v.truth > v.high {
			colour = orange
		}
		c.DrawGlyph(draw.GlyphStyle{Color: colour, Radius: vg.Points(1.6), Shape: draw.CircleGlyph{}}, vg.Point{X: x(float64(i)), Y: y(v.truth)})
	}
}

// eachLabel draws ROC curves, F1 and calibration of labels that may or may not apply.
func (t told) eachLabel() ([][]cell, error) {
	n := len(t.columns)
	if len(t.values) == 0 || len(t.said.Labels) != len(t.values) {
		return nil, fmt.Errorf("plots: %d labels for %d rows of %d columns", len(t.said.Labels), len(t.values)/max(1, n), n)
	}
	want := make([]int, len(t.values))
	for i, v := range t.values {
		want[i] = int(v)
	}
	f1, err := metrics.LabelF1(want, t.said.Labels, n)
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	var row []cell
	if t.said.Proba != nil {
		roc := ROC{Title: "ROC of each label"}
		for k, name := range t.columns {
			labels, proba := make([]int, 0, len(want)/n), make([]float64, 0, 2*len(want)/n)
			for i := k; i < len(want); i += n {
				labels, proba = append(labels, want[i]), append(proba, 1-t.said.Proba[i], t.said.Proba[i])
			}
			c, err := classCurves(name, labels, proba, 1, 2)
			if errors.Is(err, metrics.ErrOneClass) {
				continue
			}
			if err != nil {
				return nil, err
			}
			roc.Curves = append(roc.Curves, c.roc)
		}
		roc = bestROC(roc, "")
		if len(roc.Curves) > 0 {
			p, err := roc.plot()
			if err != nil {
				return nil, err
			}
			row = append(row, cell{0.34, &plotBlock{p, 4.4 * vg.Inch}})
		}
		proba := make([]float64, 0, 2*len(want))
		for _, v := range t.said.Proba {
			proba = append(proba, 1-v, v)
		}
		p, err := (Calibration{Title: "Calibration, all labels", Labels: want, Proba: proba}).plot()
		if err != nil {
			return nil, err
		}
		row = append(row, cell{0.33, &plotBlock{p, 4.4 * vg.Inch}})
	}
	shown := min(n, 24)
	names, texts := make([]string, shown), make([]string, shown)
	for k := range shown {
		there := 0
		for i := k; i < len(want); i += n {
			there += want[i]
		}
		names[k], texts[k] = oneLine(t.columns[k]), fmt.Sprintf("%.2f\n%d rows", f1[k], there)
	}
	title := "F1 of each label"
	if shown < n {
		title += fmt.Sprintf(", the first %d of %d", shown, n)
	}
	p := barPlot(title, "label", "F1", shortNames(names, max(4, 40/shown)), f1[:shown], texts)
	p.Y.Max = 1.15
	return [][]cell{append(row, cell{0.33, &plotBlock{p, 4.4 * vg.Inch}})}, nil
}
