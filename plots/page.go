package plots

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Fact is a line of a report's text block.
type Fact struct{ Name, Value string }

// page is a sheet with a headline and rows of blocks. Image and HTML document are made from
// the same blocks.
type page struct {
	title, subtitle string
	rows            [][]cell
}

// cell is a block with its share of the page's width.
type cell struct {
	share float64
	block block
}

// block is a figure, a table or text. For a given width it asks for the height that its
// image needs.
type block interface {
	height(width vg.Length) vg.Length
	draw(c draw.Canvas)
	section() section // the block in an HTML document
}

const (
	pageWidth = 14 * vg.Inch
	headline  = 0.86 * vg.Inch
	margin    = 0.3 * vg.Inch
	gutter    = vg.Length(14) // between blocks of a row
	rowGap    = vg.Length(16)
)

// add appends a row of blocks. nil blocks are left out, and the others share the width.
func (p *page) add(cells ...cell) {
	var row []cell
	sum := 0.0
	for _, c := range cells {
		if c.block != nil {
			row = append(row, c)
			sum += c.share
		}
	}
	for i := range row {
		row[i].share /= sum
	}
	if len(row) > 0 {
		p.rows = append(p.rows, row)
	}
}

// widths returns the widths of the blocks in a row.
func widths(row []cell) []vg.Length {
	total := pageWidth - 2*margin - gutter*vg.Length(len(row)-1)
	out := make([]vg.Length, len(row))
	for i, c := range row {
		out[i] = total * vg.Length(c.share)
	}
	return out
}

func rowHeight(row []cell) vg.Length {
	h := vg.Length(0)
	for i, w := range widths(row) {
		h = max(h, row[i].block.height(w))
	}
	return h
}

// figure makes a Figure of the page. Characters that no font has are noted on the page.
func (p *page) figure() *Figure {
	if missing := missingFrom(written(p.sheet())); len(missing) > 0 {
		p.rows = append([][]cell{{{1, &textBlock{title: "Characters that are missing", paragraphs: missing}}}}, p.rows...)
	}
	f := p.sheet()
	f.page = p
	return f
}

func (p *page) sheet() *Figure {
	height := 2*margin + headline + p.titleHeight()
	for _, row := range p.rows {
		height += rowHeight(row) + rowGap
	}
	return &Figure{width: pageWidth, height: height, paint: p.draw}
}

func (p *page) titleLines() []string {
	return wrap(boldStyle(20, ink), oneLine(p.title), pageWidth-2*margin)
}

// titleHeight returns the height that the title needs beyond one line.
func (p *page) titleHeight() vg.Length { return vg.Points(25) * vg.Length(len(p.titleLines())-1) }

func (p *page) draw(c draw.Canvas) {
	in := draw.Crop(c, margin, -margin, margin, -margin)
	s := boldStyle(20, ink)
	s.YAlign = text.YTop
	for _, l := range p.titleLines() {
		in.FillText(s, vg.Point{X: in.Min.X, Y: in.Max.Y}, l)
		in.Max.Y -= vg.Points(25)
	}
	in.Max.Y += vg.Points(25)
	s = textStyle(11, faint)
	s.YAlign = text.YTop
	in.FillText(s, vg.Point{X: in.Min.X, Y: in.Max.Y - vg.Points(27)}, fitted(s, oneLine(p.subtitle), in.Max.X-in.Min.X))
	in.StrokeLine2(line(1, grid), in.Min.X, in.Max.Y-headline+vg.Points(15), in.Max.X, in.Max.Y-headline+vg.Points(15))
	top := in.Max.Y - headline
	for _, row := range p.rows {
		height, left := rowHeight(row), in.Min.X
		for i, w := range widths(row) {
			row[i].block.draw(draw.Canvas{Canvas: in.Canvas, Rectangle: vg.Rectangle{
				Min: vg.Point{X: left, Y: top - height}, Max: vg.Point{X: left + w, Y: top},
			}})
			left += w + gutter
		}
		top -= height + rowGap
	}
}

// plotBlock is a figure.
type plotBlock struct {
	plot *plot.Plot
	high vg.Length
}

func (b *plotBlock) height(vg.Length) vg.Length { return b.high }

func (b *plotBlock) draw(c draw.Canvas) {
	b.plot.Draw(draw.Crop(c, vg.Points(4), -vg.Points(14), vg.Points(4), -vg.Points(4)))
}

// textBlock holds paragraphs; in a list each has a bullet.
type textBlock struct {
	title      string
	paragraphs []string
	more       []string // only in an HTML document
}

// textOrNothing returns nil if there are no paragraphs.
func textOrNothing(title string, paragraphs []string) block {
	if len(paragraphs) == 0 {
		return nil
	}
	return &textBlock{title: title, paragraphs: paragraphs}
}

const (
	bodySize  = vg.Length(9)
	bodyStep  = vg.Length(11.6)
	blockHead = vg.Length(24) // title of a text block
	paraGap   = bodyStep * 0.3
)

func (b *textBlock) height(width vg.Length) vg.Length {
	h := blockHead + vg.Points(6)
	for _, t := range b.paragraphs {
		h += bodyStep*vg.Length(len(wrap(textStyle(bodySize, ink), t, width))) + paraGap
	}
	return h
}

func (b *textBlock) draw(c draw.Canvas) {
	w := newWriter(c, b.title)
	for _, t := range b.paragraphs {
		for _, l := range wrap(w.body, t, c.Max.X-c.Min.X) {
			w.line(ink, 0, l)
		}
		w.y -= paraGap
	}
}

// factBlock holds names and values in two columns.
type factBlock struct {
	title string
	list  []Fact
}

// factsOrNothing drops facts without a value, and returns nil if none are left.
func factsOrNothing(list []Fact) block {
	var known []Fact
	for _, f := range list {
		if f.Value != "" {
			known = append(known, f)
		}
	}
	if len(known) == 0 {
		return nil
	}
	return &factBlock{"Facts", known}
}

func (b *factBlock) column(width vg.Length) vg.Length {
	s := textStyle(bodySize, ink)
	column := vg.Length(0)
	for _, f := range b.list {
		column = max(column, s.Width(oneLine(f.Name)))
	}
	return min(column, width/2) + vg.Points(10)
}

func (b *factBlock) height(width vg.Length) vg.Length {
	h, column := blockHead+vg.Points(6), b.column(width)
	for _, f := range b.list {
		h += bodyStep * vg.Length(len(wrap(textStyle(bodySize, ink), f.Value, width-column)))
	}
	return h
}

func (b *factBlock) draw(c draw.Canvas) {
	w := newWriter(c, b.title)
	column := b.column(c.Max.X - c.Min.X)
	for _, f := range b.list {
		name := fitted(w.body, oneLine(f.Name), column-vg.Points(8))
		for _, l := range wrap(w.body, f.Value, c.Max.X-c.Min.X-column) {
			w.line(faint, 0, name)
			w.y += bodyStep
			w.line(ink, column, l)
			name = ""
		}
	}
}

// tableBlock is a table. An image shows the first rows of a long table.
type tableBlock struct {
	title string
	note  string // below the table
	head  []column
	rows  [][]entry
	most  int // number of rows that an image shows; 0: 14
}

type column struct {
	name   string
	number bool // right-aligned
}

// entry is a cell: its text and, for a number, the value it is sorted by.
type entry struct {
	text string
	key  float64
}

func (b *tableBlock) shown() [][]entry {
	most := b.most
	if most == 0 {
		most = 14
	}
	return b.rows[:min(most, len(b.rows))]
}

func (b *tableBlock) below(width vg.Length) []string {
	var out []string
	if n := len(b.rows) - len(b.shown()); n > 0 {
		out = append(out, fmt.Sprintf("and %d more rows, which the HTML page shows", n))
	}
	if b.note != "" {
		out = append(out, wrap(textStyle(bodySize, ink), b.note, width)...)
	}
	return out
}

func (b *tableBlock) height(width vg.Length) vg.Length {
	return blockHead + bodyStep*vg.Length(1+len(b.shown())+len(b.below(width))) + vg.Points(12)
}

// columns returns the width of each column: what its cells need, less a reduction of the
// widest ones if the sum is too large.
func (b *tableBlock) columns(width vg.Length) []vg.Length {
	s, bold := textStyle(bodySize, ink), boldStyle(bodySize, ink)
	const between = vg.Length(10)
	out := make([]vg.Length, len(b.head))
	sum := vg.Length(0)
	for i, h := range b.head {
		out[i] = bold.Width(oneLine(h.name))
		for _, row := range b.shown() {
			out[i] = max(out[i], s.Width(oneLine(row[i].text)))
		}
		out[i] += between
		sum += out[i]
	}
	for sum > width {
		widest, next := 0, vg.Length(0)
		for i, w := range out {
			if w > out[widest] {
				widest = i
			}
		}
		for i, w := range out {
			if i != widest {
				next = max(next, w)
			}
		}
		cut := min(max(out[widest]-next, 6), sum-width)
		out[widest] -= cut
		sum -= cut
		if out[widest] < between {
			break
		}
	}
	return out
}

func (b *tableBlock) draw(c draw.Canvas) {
	w := newWriter(c, b.title)
	cols := b.columns(c.Max.X - c.Min.X)
	row := func(y vg.Length, style text.Style, text func(i int) string) {
		x := c.Min.X
		for i, h := range b.head {
			s := style
			t, at := fitted(s, oneLine(text(i)), cols[i]-vg.Points(7)), x
			if h.number {
				at = x + cols[i] - vg.Points(10) - s.Width(t)
			}
			c.FillText(s, vg.Point{X: at, Y: y}, t)
			x += cols[i]
		}
	}
	head, body := boldStyle(bodySize, faint), textStyle(bodySize, ink)
	head.YAlign, body.YAlign = text.YTop, text.YTop
	row(w.y, head, func(i int) string { return b.head[i].name })
	w.y -= bodyStep + vg.Points(3)
	c.StrokeLine2(line(0.75, grid), c.Min.X, w.y+vg.Points(2), c.Max.X, w.y+vg.Points(2))
	for _, r := range b.shown() {
		row(w.y, body, func(i int) string { return r[i].text })
		w.y -= bodyStep
	}
	w.y -= vg.Points(3)
	for _, l := range b.below(c.Max.X - c.Min.X) {
		w.line(faint, 0, l)
	}
}

// writer writes lines from the top of a canvas downwards.
type writer struct {
	c    draw.Canvas
	body text.Style
	y    vg.Length
}

func newWriter(c draw.Canvas, title string) *writer {
	s := boldStyle(titleSize, ink)
	s.YAlign = text.YTop
	c.FillText(s, vg.Point{X: c.Min.X, Y: c.Max.Y - vg.Points(4)}, fitted(s, oneLine(title), c.Max.X-c.Min.X))
	return &writer{c: c, body: textStyle(bodySize, ink), y: c.Max.Y - blockHead}
}

func (w *writer) line(colour interface{ RGBA() (r, g, b, a uint32) }, indent vg.Length, t string) {
	s := w.body
	s.Color = colour
	s.YAlign = text.YTop
	w.c.FillText(s, vg.Point{X: w.c.Min.X + indent, Y: w.y}, t)
	w.y -= bodyStep
}

// tied is a no-break space.
const tied = "\u00a0"

// wrap breaks a text into lines of at most the given width, at spaces or, for a word that is
// wider than a line, within the word.
func wrap(s text.Style, t string, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.Split(visible(t), " ") {
		word = strings.ReplaceAll(word, tied, " ")
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && s.Width(longer) > width {
			lines = append(lines, line)
			longer = word
		}
		for s.Width(longer) > width {
			n := widthOf(s, longer, width)
			if n >= len(longer) {
				break
			}
			lines = append(lines, longer[:n])
			longer = longer[n:]
		}
		line = longer
	}
	return append(lines, line)
}

// widthOf returns how many bytes of a text fit into a width, at least one character.
func widthOf(s text.Style, t string, width vg.Length) int {
	fits := 0
	for i, r := range t {
		end := i + len(string(r))
		if fits > 0 && s.Width(t[:end]) > width {
			break
		}
		fits = end
	}
	return fits
}

// fitted cuts a text that is wider than width.
func fitted(s text.Style, t string, width vg.Length) string {
	if s.Width(t) <= width {
		return t
	}
	n := widthOf(s, t, width-s.Width("…"))
	return t[:n] + "…"
}
