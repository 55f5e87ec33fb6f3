// Package plots draws the results of training, cross-validation and searches: learning curves,
// comparisons of models, confusion matrices, ROC curves, residuals, settings, and one-page
// reports.
// Every figure is drawn when it is created; PNG, SVG and Save only write it.
package plots

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"path/filepath"
	"strings"

	"github.com/seed732fc211/aegis/internal/atomicfile"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is a finished drawing. The zero Figure is empty: its images are nil, and it cannot
// be saved.
type Figure struct {
	width, height vg.Length
	paint         func(c draw.Canvas)
	page          *page // the page that the figure shows; nil: a single drawing
}

// dpi is the resolution of PNG files.
const dpi = 144

// onto draws the figure on a canvas of its size.
func (f *Figure) onto(c vg.Canvas) {
	f.paint(draw.NewCanvas(c, f.width, f.height))
}

// Warnings returns what could not be drawn properly: the characters of the figure's texts
// that no font has. Nil if all were drawn.
func (f *Figure) Warnings() []string {
	if f == nil || f.paint == nil {
		return nil
	}
	return missingFrom(written(f))
}

// String returns the figure's size, which a notebook shows beside the image.
func (f *Figure) String() string {
	if f == nil {
		return "no figure"
	}
	return fmt.Sprintf("figure, %.1f x %.1f inches", f.width.Points()/72, f.height.Points()/72)
}

// PNG returns the figure as a PNG image of 144 dots per inch.
func (f *Figure) PNG() []byte {
	if f == nil || f.paint == nil {
		return nil
	}
	var b bytes.Buffer
	if err := f.writePNG(&b); err != nil {
		return nil // writing to a bytes.Buffer cannot fail
	}
	return b.Bytes()
}

func (f *Figure) writePNG(w io.Writer) error {
	c := vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(paper))
	f.paint(draw.New(c))
	return png.Encode(w, c.Image())
}

// SVG returns the figure as an SVG document.
func (f *Figure) SVG() []byte {
	if f == nil || f.paint == nil {
		return nil
	}
	c := vgsvg.New(f.width, f.height)
	f.paint(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil // writing to a bytes.Buffer cannot fail
	}
	return b.Bytes()
}

// Save writes the figure to a file in the format of its extension: .png, .svg, or .html (see
// [Figure.Document]). The file is replaced atomically, so it is never incomplete.
func (f *Figure) Save(path string) error {
	if f == nil || f.paint == nil {
		return errNothing
	}
	var write func(w io.Writer) error
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".png":
		write = f.writePNG
	case ".svg":
		write = func(w io.Writer) error { _, err := w.Write(f.SVG()); return err }
	case ".html", ".htm":
		write = f.writeDocument
	default:
		return fmt.Errorf("plots: %s: the ending %q is none of .png, .svg and .html", path, ext)
	}
	if err := atomicfile.Write(path, write); err != nil {
		return fmt.Errorf("plots: %w", err)
	}
	return nil
}
