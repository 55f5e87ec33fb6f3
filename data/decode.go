package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Encodings of a file, as a Dialect names them.
const (
	encodingUTF8    = "UTF-8"
	encodingLatin   = "Windows-1252"
	encodingUTF16LE = "UTF-16 little-endian"
	encodingUTF16BE = "UTF-16 big-endian"
)

// peeked is how much of a file is looked at to recognise what it is.
const peeked = 4096

// foreign are the first bytes of files that are no text, and what they are.
var foreign = []struct{ magic, what string }{
	{"PK\x03\x04", "a ZIP archive, as Excel workbooks are; save the sheet as CSV"},
	{"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV"},
	{"PAR1", "a Parquet file; it is read by its name, with package data/parquet or aegis --data"},
	{"ARROW1", "an Arrow file; write it as CSV"},
	{"SQLite format 3", "an SQLite database; export the table as CSV"},
	{"%PDF", "a PDF document"},
}

// decoder yields the text of a file as UTF-8, unpacked and without a byte order
// mark. Its encoding is known for certain when everything was read: a file is
// UTF-8 as long as nothing in it says otherwise.
type decoder struct {
	file     string
	packed   bool
	mark     bool // a byte order mark was there
	encoding string
	source   io.Reader

	buffer []byte // of what is being decoded
	out    []byte // decoded and not yet handed out
	cut    []byte // the beginning of a character of which the rest is still to come
	line   int    // line ends that were handed on, for errors
	wide   bool   // text beyond ASCII came
	err    error
}

// newDecoder recognises compression and encoding from the first bytes.
func newDecoder(r io.Reader, file string) (*decoder, error) {
	d := &decoder{file: file, encoding: encodingUTF8}
	br := bufio.NewReaderSize(r, peeked)
	head, err := peek(br)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", file, err)
	}
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, &CSVError{File: file, Err: fmt.Errorf("gzip: %w", err)}
		}
		d.packed = true
		br = bufio.NewReaderSize(z, peeked)
		if head, err = peek(br); err != nil {
			return nil, &CSVError{File: file, Err: fmt.Errorf("gzip: %w", err)}
		}
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return nil, &CSVError{File: file, Err: fmt.Errorf("this is %s", f.what)}
		}
	}
	d.open(br, head)
	return d, nil
}

func peek(br *bufio.Reader) ([]byte, error) {
	head, err := br.Peek(peeked)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return head, nil
}

// open chooses the encoding by the byte order mark, or without one by where the
// zero bytes of UTF-16's ASCII characters lie.
func (d *decoder) open(br *bufio.Reader, head []byte) {
	utf16 := func(order unicode.Endianness, name string) {
		d.encoding = name
		d.source = transform.NewReader(br, unicode.UTF16(order, unicode.UseBOM).NewDecoder())
	}
	d.source = br
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		d.mark = true
		_, _ = br.Discard(3) // was peeked
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		d.mark = true
		utf16(unicode.LittleEndian, encodingUTF16LE)
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		d.mark = true
		utf16(unicode.BigEndian, encodingUTF16BE)
	default:
		even, odd := 0, 0
		for i, b := range head {
			if b == 0 && i%2 == 0 {
				even++
			} else if b == 0 {
				odd++
			}
		}
		switch few := len(head)/20 + 1; {
		case odd >= few && even == 0:
			utf16(unicode.LittleEndian, encodingUTF16LE)
		case even >= few && odd == 0:
			utf16(unicode.BigEndian, encodingUTF16BE)
		}
	}
}

// decodeSize is how much of a file is decoded at once.
const decodeSize = 1 << 18

// Read implements io.Reader.
func (d *decoder) Read(p []byte) (int, error) {
	for len(d.out) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		d.fill()
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

// fill reads on and makes UTF-8 of it. What was handed out is overwritten.
func (d *decoder) fill() {
	if d.buffer == nil {
		d.buffer = make([]byte, decodeSize)
	}
	kept := copy(d.buffer, d.cut)
	n, err := d.source.Read(d.buffer[kept:])
	chunk := d.buffer[:kept+n]
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("data: %s: %w", d.file, err)
	}
	d.err = err
	whole := len(chunk)
	if err == nil && d.encoding != encodingLatin {
		whole = wholeRunes(chunk)
	}
	d.cut = append(d.cut[:0], chunk[whole:]...)
	d.out = chunk[:whole]
	d.look()
}

// wholeRunes returns the length of b without a character that may go on in
// what comes next.
func wholeRunes(b []byte) int {
	for k := 1; k < utf8.UTFMax && k <= len(b); k++ {
		if c := b[len(b)-k]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-k:]) {
				return len(b) - k
			}
			break
		}
	}
	return len(b)
}

// look checks what is about to be handed out. The first bytes that are not UTF-8
// make the file Windows-1252 if all before was ASCII, which both have in common.
func (d *decoder) look() {
	if d.encoding == encodingLatin {
		d.latin()
		return
	}
	if at := bytes.IndexByte(d.out, 0); at >= 0 {
		d.fail(at, errors.New("a zero byte: this is no text file"))
		return
	}
	if isASCII(d.out) {
		d.line += bytes.Count(d.out, []byte{'\n'})
		return
	}
	if utf8.Valid(d.out) {
		d.wide = true
		d.line += bytes.Count(d.out, []byte{'\n'})
		return
	}
	if d.wide || d.mark || d.encoding != encodingUTF8 {
		at := 0
		for {
			r, n := utf8.DecodeRune(d.out[at:])
			if r == utf8.RuneError && n <= 1 {
				break
			}
			at += n
		}
		d.fail(at, fmt.Errorf("the byte %#02x is not %s, as the text before it is; convert the file to UTF-8", d.out[at], d.encoding))
		return
	}
	d.encoding = encodingLatin
	d.latin()
}

func (d *decoder) latin() {
	if at := bytes.IndexByte(d.out, 0); at >= 0 {
		d.fail(at, errors.New("a zero byte: this is no text file"))
		return
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(d.out)
	if err != nil {
		d.fail(0, err)
		return
	}
	d.line += bytes.Count(d.out, []byte{'\n'})
	d.out = out
}

func (d *decoder) fail(at int, err error) {
	d.err = &CSVError{File: d.file, Row: d.line + bytes.Count(d.out[:at], []byte{'\n'}) + 1, Err: err}
	d.out = nil
}

func isASCII(b []byte) bool {
	for len(b) >= 8 {
		if (b[0]|b[1]|b[2]|b[3]|b[4]|b[5]|b[6]|b[7])&0x80 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
