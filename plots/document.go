package plots

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"math"
	"strconv"
)

// section is a block in an HTML document.
type section struct {
	Title      string
	Label      string        // of a figure, for those who cannot see it
	Figure     template.HTML // an SVG that this package drew; its texts are escaped by the canvas
	Share      float64       // of the row's width, in percent
	Head       []column
	Rows       [][]entry
	Note       string
	Paragraphs []string
	Facts      []Fact
}

// Name and Number serve the template.
func (c column) Name() string { return oneLine(c.name) }

// Number says whether the column is set at the right.
func (c column) Number() bool { return c.number }

// Text serves the template.
func (e entry) Text() string { return oneLine(e.text) }

// Key is what the cell is sorted by, "" for its text.
func (e entry) Key() string {
	if math.IsNaN(e.key) {
		return ""
	}
	return strconv.FormatFloat(e.key, 'g', -1, 64)
}

func (b *plotBlock) section() section {
	return section{Label: b.plot.Title.Text}
}

func (b *textBlock) section() section { return section{Title: b.title, Paragraphs: b.paragraphs} }

func (b *factBlock) section() section { return section{Title: b.title, Facts: b.list} }

func (b *tableBlock) section() section {
	return section{Title: b.title, Head: b.head, Rows: b.rows, Note: b.note}
}

//go:embed document.tmpl
var documentText string

// document is HTML that needs nothing but itself: a policy in its head forbids
// browsers to load anything.
var document = template.Must(template.New("document").Parse(documentText))

// Document returns the figure as an HTML document that stands for itself: drawings
// as inline SVG, no outside resource, every text escaped. Of a page it has the
// whole tables, sorted by a click on a heading where scripts are allowed.
func (f *Figure) Document() []byte {
	if f == nil || f.paint == nil {
		return nil
	}
	var b bytes.Buffer
	if err := f.writeDocument(&b); err != nil {
		return nil // a bytes.Buffer takes all
	}
	return b.Bytes()
}

func (f *Figure) writeDocument(w io.Writer) error {
	type sheet struct {
		Title, Subtitle string
		Rows            [][]section
	}
	if f.page == nil {
		return document.Execute(w, sheet{Title: "Figure", Rows: [][]section{{{Share: 100, Figure: f.inline()}}}})
	}
	s := sheet{Title: oneLine(f.page.title), Subtitle: oneLine(f.page.subtitle)}
	for _, row := range f.page.rows {
		var out []section
		for i, width := range widths(row) {
			x := row[i].block.section()
			x.Share = 100 * row[i].share
			if b, ok := row[i].block.(*plotBlock); ok {
				one := &Figure{width: width, height: rowHeight(row), paint: b.draw}
				x.Figure = one.inline()
			}
			out = append(out, x)
		}
		s.Rows = append(s.Rows, out)
	}
	return document.Execute(w, s)
}

// inline returns the drawing without what stands before its svg element.
func (f *Figure) inline() template.HTML {
	svg := f.SVG()
	if i := bytes.Index(svg, []byte("<svg")); i > 0 {
		svg = svg[i:]
	}
	return template.HTML(svg) //nolint:gosec // drawn here, texts escaped by vgsvg
}
