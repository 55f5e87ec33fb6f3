package plots

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	tdi "github.com/go-text/typesetting/di"
	tfont "github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/bidi"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
	"gonum.org/v1/plot/vg/vgimg"
)

// writing sets lines of text in any script. Left-to-right text that Liberation Sans has is
// written as text. The rest is shaped (letters joined, marks placed, right to left where
// needed) and drawn as outlines, so that a figure looks the same wherever it is opened.
type writing struct{ text.Plain }

var house = writing{text.Plain{Fonts: font.NewCache(liberation.Collection())}}

// piece is a part of a line; pieces are in drawing order.
type piece struct {
	text    string  // written in the plain font; "": glyphs
	missing bool    // no font has the text
	advance float64 // of the glyphs, in units of the size
	outline []vg.Path
	offset  []vg.Point
}

// Box implements text.Handler.
func (w writing) Box(line string, f font.Font) (width, height, depth vg.Length) {
	_, height, depth = w.Plain.Box("", f)
	return w.width(w.pieces(line, f), f), height, depth
}

func (w writing) width(list []piece, f font.Font) vg.Length {
	face := w.Fonts.Lookup(f, f.Size)
	sum := vg.Length(0)
	for _, p := range list {
		sum += vg.Length(p.advance) * f.Size
		if p.text != "" && !p.missing {
			sum += face.Width(p.text)
		}
	}
	return sum
}

// Draw implements text.Handler.
func (w writing) Draw(c vg.Canvas, txt string, s text.Style, at vg.Point) {
	txt = strings.TrimRight(txt, "\n")
	if txt == "" {
		return
	}
	face := w.Fonts.Lookup(s.Font, s.Font.Size)
	c.SetColor(s.Color)
	if s.Rotation != 0 {
		c.Push()
		c.Rotate(s.Rotation)
		defer c.Pop()
	}
	sin, cos := math.Sincos(s.Rotation)
	at.X, at.Y = at.Y*vg.Length(sin)+at.X*vg.Length(cos), at.Y*vg.Length(cos)-at.X*vg.Length(sin)
	lines := w.Lines(txt)
	at.Y += s.Height(txt)*vg.Length(s.YAlign) - face.Extents().Ascent
	for i, l := range lines {
		list := w.pieces(l, s.Font)
		p := at.Add(vg.Point{X: vg.Length(s.XAlign) * w.width(list, s.Font), Y: vg.Length(len(lines)-i) * s.Font.Size})
		for _, x := range list {
			switch {
			case x.missing && isImage(c):
				boxes(c, p, s.Font.Size, x)
			case x.missing: // the viewer of an SVG may have a font that has it
				c.FillString(face, p, x.text)
			case x.text != "":
				c.FillString(face, p, x.text)
				p.X += face.Width(x.text)
			}
			for k, outline := range x.outline {
				c.Fill(placed(outline, p.Add(x.offset[k].Scale(s.Font.Size)), s.Font.Size))
			}
			p.X += vg.Length(x.advance) * s.Font.Size
		}
	}
}

// boxWidth is the width of the box for a missing character, in units of the font size.
const boxWidth = 0.7

// boxes draws an empty box for each character that no font has.
func boxes(c vg.Canvas, at vg.Point, size vg.Length, p piece) {
	c.SetLineWidth(max(size/16, 0.4))
	c.SetLineDash(nil, 0)
	for range []rune(p.text) {
		var box vg.Path
		left, right := at.X+size*0.08, at.X+size*(boxWidth-0.08)
		box.Move(vg.Point{X: left, Y: at.Y})
		box.Line(vg.Point{X: right, Y: at.Y})
		box.Line(vg.Point{X: right, Y: at.Y + size*0.7})
		box.Line(vg.Point{X: left, Y: at.Y + size*0.7})
		box.Close()
		c.Stroke(box)
		at.X += size * boxWidth
	}
}

// isImage reports whether a canvas consists of pixels.
func isImage(c vg.Canvas) bool {
	for {
		switch d := c.(type) {
		case *draw.Canvas:
			c = d.Canvas
		case draw.Canvas:
			c = d.Canvas
		case *vgimg.Canvas:
			return true
		default:
			return false
		}
	}
}

// placed moves and scales an outline.
func placed(p vg.Path, at vg.Point, size vg.Length) vg.Path {
	out := make(vg.Path, len(p))
	for i, c := range p {
		c.Pos = at.Add(c.Pos.Scale(size))
		control := make([]vg.Point, len(c.Control))
		for k, v := range c.Control {
			control[k] = at.Add(v.Scale(size))
		}
		c.Control = control
		out[i] = c
	}
	return out
}

// pieces splits a line where the font or the direction changes. Control characters become
// spaces, because they have no glyph and XML cannot contain them.
func (w writing) pieces(line string, f font.Font) []piece {
	line = visible(line)
	face := w.Fonts.Lookup(f, f.Size)
	simple := true
	for _, r := range line {
		if !w.plain(&face, r) {
			simple = false
			break
		}
	}
	if simple {
		return []piece{{text: line}}
	}
	fallback.mu.Lock()
	defer fallback.mu.Unlock()
	return w.shape(line, &face)
}

// visible replaces what cannot be drawn on a line.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// plain reports whether the character can be written without a shaper.
func (w writing) plain(face *font.Face, r rune) bool {
	if r < 0x80 {
		return true
	}
	gid, err := face.Face.GlyphIndex(nil, r)
	if err != nil || gid == 0 {
		return false
	}
	return !unicode.In(r, unicode.Mn, unicode.Hebrew, unicode.Arabic)
}

// typefaces chooses the font of each character for the shaper: Liberation if it has the
// character, otherwise the first that does.
type typefaces struct {
	w    writing
	face *font.Face
	base *tfont.Face
	none *tfont.Face // stands for no font
}

// ResolveFace implements shaping.Fontmap.
func (t *typefaces) ResolveFace(r rune) *tfont.Face {
	if gid, err := t.face.Face.GlyphIndex(nil, r); err == nil && gid != 0 || r < 0x80 {
		return t.base
	}
	if f := fallback.face(r); f != nil {
		return f
	}
	if unicode.In(r, unicode.Mn, unicode.Cf) {
		return t.base
	}
	return t.none
}

// shape lays out a line. The caller holds the lock of the fallback fonts.
func (w writing) shape(line string, face *font.Face) (list []piece) {
	defer func() { // a font on the machine may be malformed in ways that the shaper does not expect
		if recover() != nil {
			list = []piece{{text: line}}
		}
	}()
	base, err := plainFace(face)
	if err != nil {
		return []piece{{text: line}}
	}
	runes := []rune(line)
	fonts := &typefaces{w: w, face: face, base: base, none: tfont.NewFace(base.Font)}
	direction := directionOf(runes)
	var segmenter shaping.Segmenter
	inputs := segmenter.Split(shaping.Input{
		Text: runes, RunEnd: len(runes), Direction: direction, Size: unit, Language: language.NewLanguage("en"),
	}, fonts)
	var shaper shaping.HarfbuzzShaper
	outs := make([]shaping.Output, len(inputs))
	for i, in := range inputs {
		outs[i] = shaper.Shape(in)
	}
	for _, run := range visual(outs, direction) {
		text := string(runes[run.Runes.Offset : run.Runes.Offset+run.Runes.Count])
		switch {
		case run.Face == fonts.none:
			list = append(list, piece{text: text, missing: true, advance: boxWidth * float64(run.Runes.Count)})
		case run.Face == base && run.Direction == tdi.DirectionLTR:
			list = append(list, piece{text: text})
		default:
			list = append(list, glyphs(&run))
		}
	}
	return list
}

// visual reorders runs from left to right by rule L2 of UAX #9, for a line without
// embeddings: the levels of runs are 0 and 1, or 1 and 2 in a right-to-left line.
func visual(runs []shaping.Output, direction tdi.Direction) []shaping.Output {
	out := slices.Clone(runs)
	if direction == tdi.DirectionRTL {
		slices.Reverse(out)
	}
	for from := 0; from < len(out); {
		to := from + 1
		for to < len(out) && out[to].Direction == out[from].Direction {
			to++
		}
		if out[from].Direction != direction {
			slices.Reverse(out[from:to])
		}
		from = to
	}
	return out
}

// directionOf returns the direction of a line, which is that of its first letter (rule P2 of
// the Unicode bidirectional algorithm, UAX #9).
func directionOf(line []rune) tdi.Direction {
	for _, r := range line {
		switch p, _ := bidi.LookupRune(r); p.Class() {
		case bidi.R, bidi.AL:
			return tdi.DirectionRTL
		case bidi.L:
			return tdi.DirectionLTR
		}
	}
	return tdi.DirectionLTR
}

// unit is the font size used for shaping, large enough to make rounding irrelevant.
const unit = fixed.Int26_6(1000 << 6)

func glyphs(run *shaping.Output) piece {
	const size = float64(unit)
	scale := 1 / float64(run.Face.Upem())
	var p piece
	for _, g := range run.Glyphs {
		if outline, ok := run.Face.GlyphData(g.GlyphID).(tfont.GlyphOutline); ok && len(outline.Segments) > 0 {
			p.outline = append(p.outline, outlinePath(outline, scale))
			p.offset = append(p.offset, vg.Point{X: vg.Length(p.advance + float64(g.XOffset)/size), Y: vg.Length(float64(g.YOffset) / size)})
		}
		p.advance += float64(g.Advance) / size
	}
	return p
}

func outlinePath(o tfont.GlyphOutline, scale float64) vg.Path {
	var p vg.Path
	at := func(v opentype.SegmentPoint) vg.Point {
		return vg.Point{X: vg.Length(float64(v.X) * scale), Y: vg.Length(float64(v.Y) * scale)}
	}
	for i, s := range o.Segments {
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			if i > 0 {
				p.Close()
			}
			p.Move(at(s.Args[0]))
		case opentype.SegmentOpLineTo:
			p.Line(at(s.Args[0]))
		case opentype.SegmentOpQuadTo:
			p.QuadTo(at(s.Args[0]), at(s.Args[1]))
		case opentype.SegmentOpCubeTo:
			p.CubeTo(at(s.Args[0]), at(s.Args[1]), at(s.Args[2]))
		}
	}
	p.Close()
	return p
}

// plainFaces holds Liberation's fonts for the shaper, by weight; the lock of the fallback
// fonts guards them.
var plainFaces = map[string]*tfont.Face{}

func plainFace(face *font.Face) (*tfont.Face, error) {
	name := face.Name()
	if f := plainFaces[name]; f != nil {
		return f, nil
	}
	var raw bytes.Buffer
	if _, err := face.Face.WriteSourceTo(nil, &raw); err != nil {
		return nil, err
	}
	f, err := tfont.ParseTTF(bytes.NewReader(raw.Bytes()))
	if err == nil {
		plainFaces[name] = f
	}
	return f, err
}

// missingFrom returns warnings about characters in texts that no font has, one per script.
func missingFrom(texts []string) []string {
	face := house.Fonts.Lookup(sans, 10)
	missing := map[string][]rune{}
	fallback.mu.Lock()
	defer fallback.mu.Unlock()
	for _, t := range texts {
		for _, r := range visible(t) {
			if house.plain(&face, r) || unicode.In(r, unicode.Mn, unicode.Cf) || fallback.face(r) != nil {
				continue
			}
			if gid, err := face.Face.GlyphIndex(nil, r); err == nil && gid != 0 {
				continue
			}
			if s := scriptName(r); !slices.Contains(missing[s], r) {
				missing[s] = append(missing[s], r)
			}
		}
	}
	var out []string
	for _, s := range slices.Sorted(maps.Keys(missing)) {
		const most = 12
		list, dots := missing[s], ""
		if len(list) > most {
			list, dots = list[:most], ", ..."
		}
		codes := make([]string, len(list))
		for i, r := range list {
			codes[i] = fmt.Sprintf("U+%04X", r)
		}
		out = append(out, fmt.Sprintf("No font has the characters of a name in %s (%s%s): they are drawn as boxes. Install a font that has them, or name its folder in the environment variable %s.",
			s, strings.Join(codes, ", "), dots, FontsVariable))
	}
	return out
}

// written returns the texts that a drawing writes in the plain font.
func written(f *Figure) []string {
	var r recorder.Canvas
	f.onto(&r)
	var out []string
	for _, a := range r.Actions {
		if s, ok := a.(*recorder.FillString); ok {
			out = append(out, s.String)
		}
	}
	return out
}
