package plots

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Rates is one curve of ROC: the rates of false and true positives at every
// threshold, both from 0 to 1, and the area under them.
type Rates struct {
	Name string
	FPR  []float64
	TPR  []float64
	AUC  float64
}

// ROC is what ROCCurves draws; the first curve stands out.
type ROC struct {
	Title  string // "": "ROC"
	Curves []Rates
}

// ROCCurves draws receiver operating characteristics.
func ROCCurves(r ROC) (*Figure, error) {
	p, err := r.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 4.6*vg.Inch, 4.4*vg.Inch), nil
}

func (r ROC) plot() (*plot.Plot, error) {
	if len(r.Curves) == 0 {
		return nil, errNothing
	}
	if r.Title == "" {
		r.Title = "ROC"
	}
	p := newPlot(r.Title, "false positive rate", "true positive rate")
	addGrid(p)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	chance, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}})
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	chance.LineStyle = draw.LineStyle{Color: faint, Width: vg.Points(0.75), Dashes: []vg.Length{vg.Points(3), vg.Points(3)}}
	p.Add(chance)
	lines := make([]*plotter.Line, len(r.Curves))
	for i, c := range r.Curves {
		if len(c.FPR) != len(c.TPR) || len(c.FPR) < 2 {
			return nil, fmt.Errorf("plots: ROC curve %q has %d false and %d true positive rates", c.Name, len(c.FPR), len(c.TPR))
		}
		pts := make(plotter.XYs, len(c.FPR))
		for k := range pts {
			pts[k] = plotter.XY{X: c.FPR[k], Y: c.TPR[k]}
		}
		if lines[i], err = plotter.NewLine(pts); err != nil {
			return nil, fmt.Errorf("plots: %w", err)
		}
		lines[i].LineStyle = line(1.25, palette[i%len(palette)])
	}
	lines[0].LineStyle.Width = vg.Points(2.5)
	for i := len(lines) - 1; i >= 0; i-- { // the first on top
		p.Add(lines[i])
	}
	for i, c := range r.Curves {
		p.Legend.Add(fmt.Sprintf("%s  %.3f", shorten(c.Name, 24), c.AUC), lines[i])
	}
	p.Legend.YOffs = vg.Points(4)
	p.Legend.XOffs = -vg.Points(4)
	return p, nil
}
