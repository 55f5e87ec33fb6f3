package plots

import (
	"errors"
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// FromPlot makes a Figure from a gonum plot, with the given size in inches, so that it can
// be saved or shown in a notebook.
func FromPlot(p *plot.Plot, width, height float64) (*Figure, error) {
	if p == nil {
		return nil, errNothing
	}
	if !(width > 0 && width <= 100 && height > 0 && height <= 100) {
		return nil, fmt.Errorf("plots: a figure of %v x %v inches", width, height)
	}
	return figure(p, vg.Length(width)*vg.Inch, vg.Length(height)*vg.Inch), nil
}

// Grid arranges figures in rows of the given number of columns. A column is as wide as its
// widest figure, a row as high as its highest.
func Grid(columns int, figures ...*Figure) (*Figure, error) {
	if columns < 1 || len(figures) == 0 {
		return nil, fmt.Errorf("plots: a grid of %d figures in %d columns", len(figures), columns)
	}
	columns = min(columns, len(figures))
	left := make([]vg.Length, columns+1)                         // left edge of each column
	top := make([]vg.Length, (len(figures)+columns-1)/columns+1) // top edge of each row
	for i, f := range figures {
		if f == nil || f.paint == nil {
			return nil, errors.New("plots: a figure of the grid is nil or empty")
		}
		left[i%columns+1] = max(left[i%columns+1], f.width)
		top[i/columns+1] = max(top[i/columns+1], f.height)
	}
	for i := 1; i < len(left); i++ {
		left[i] += left[i-1]
	}
	for i := 1; i < len(top); i++ {
		top[i] += top[i-1]
	}
	return &Figure{
		width: left[columns], height: top[len(top)-1],
		paint: func(c draw.Canvas) {
			for i, f := range figures {
				x, y := c.Min.X+left[i%columns], c.Max.Y-top[i/columns]
				f.paint(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
					Min: vg.Point{X: x, Y: y - f.height}, Max: vg.Point{X: x + f.width, Y: y},
				}})
			}
		},
	}, nil
}
