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
	Label      string        // text alternative of a figure
	Drawn      bool          // it is a figure
	Figure     template.HTML // an SVG drawn by this package; the canvas escapes its texts
	Share      float64       // percentage of the row's width
	Head       []column
	Rows       [][]entry
	Note       string
	Paragraphs []string
	More       []string // behind a heading to open
	Facts      []Fact
}

// Name is called by the template.
func (c column) Name() string { return oneLine(c.name) }

// Number reports whether the column is right-aligned.
func (c column) Number() bool { return c.number }

// Text is called by the template.
func (e entry) Text() string { return oneLine(e.text) }

// Key returns what the cell is sorted by; "": its text.
func (e entry) Key() string {
	if math.IsNaN(e.key) {
		return ""
	}
	return strconv.FormatFloat(e.key, 'g', -1, 64)
}

func (b *plotBlock) section() section {
	return section{Label: b.plot.Title.Text, Drawn: true}
}

func (b *textBlock) section() section {
	return section{Title: b.title, Paragraphs: b.paragraphs, More: b.more}
}

func (b *factBlock) section() section { return section{Title: b.title, Facts: b.list} }

func (b *tableBlock) section() section {
	return section{Title: b.title, Head: b.head, Rows: b.rows, Note: b.note}
}

//go:embed document.tmpl
var documentText string

// document is a self-contained HTML document: a policy in its head forbids browsers to load
// anything.
var document = template.Must(template.New("document").Parse(documentText))

// Document returns the figure as a self-contained HTML document: drawings are inline SVG,
// there are no outside resources, and every text is escaped. The document of a page contains
// its tables in full; a click on a heading sorts them if scripts are allowed.
func (f *Figure) Document() []byte {
	if f == nil || f.paint == nil {
		return nil
	}
	var b bytes.Buffer
	if err := f.writeDocument(&b); err != nil {
		return nil // writing to a bytes.Buffer cannot fail
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
			if x.Drawn {
				one := &Figure{width: width, height: rowHeight(row), paint: row[i].block.draw}
				x.Figure = one.inline()
			}
			out = append(out, x)
		}
		s.Rows = append(s.Rows, out)
	}
	return document.Execute(w, s)
}

// inline returns the drawing from its svg element on.
func (f *Figure) inline() template.HTML {
	svg := f.SVG()
	if i := bytes.Index(svg, []byte("<svg")); i > 0 {
		svg = svg[i:]
	}
	return template.HTML(svg) //nolint:gosec // drawn here; vgsvg escapes texts
}
