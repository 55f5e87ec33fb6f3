package plots

import (
	"errors"
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// FromPlot makes a Figure of a plot of gonum's, of the given size in inches, so
// that a notebook shows it.
func FromPlot(p *plot.Plot, width, height float64) (*Figure, error) {
	if p == nil {
		return nil, errNothing
	}
	if !(width > 0 && width <= 100 && height > 0 && height <= 100) {
		return nil, fmt.Errorf("plots: a figure of %v x %v inches", width, height)
	}
	return figure(p, vg.Length(width)*vg.Inch, vg.Length(height)*vg.Inch), nil
}

// Grid puts figures side by side, so many in a row, in tiles of the size of the
// largest.
func Grid(columns int, figures ...*Figure) (*Figure, error) {
	if columns < 1 || len(figures) == 0 {
		return nil, fmt.Errorf("plots: a grid of %d figures in %d columns", len(figures), columns)
	}
	var width, height vg.Length
	for _, f := range figures {
		if f == nil {
			return nil, errors.New("plots: a figure of the grid is nil")
		}
		width, height = max(width, f.width), max(height, f.height)
	}
	columns = min(columns, len(figures))
	rows := (len(figures) + columns - 1) / columns
	return &Figure{
		width: width * vg.Length(columns), height: height * vg.Length(rows),
		paint: func(c draw.Canvas) {
			for i, f := range figures {
				x := c.Min.X + width*vg.Length(i%columns)
				y := c.Max.Y - height*vg.Length(i/columns)
				f.paint(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
					Min: vg.Point{X: x, Y: y - f.height}, Max: vg.Point{X: x + f.width, Y: y},
				}})
			}
		},
	}, nil
}
