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

// Encodings of a file, as in a Dialect.
const (
	encodingUTF8    = "UTF-8"
	encodingLatin   = "Windows-1252"
	encodingUTF16LE = "UTF-16 little-endian"
	encodingUTF16BE = "UTF-16 big-endian"
)

// peeked is the size of the beginning of a file by which its type is detected.
const peeked = 4096

// foreign lists the first bytes of files that are not text, and what they are.
var foreign = []struct{ magic, what string }{
	{"PK\x03\x04", "a ZIP archive, as Excel workbooks are; save the sheet as CSV"},
	{"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV"},
	{"PAR1", "a Parquet file; it is read by its name, with package data/parquet or aegis --data"},
	{"ARROW1", "an Arrow file; write it as CSV"},
	{"SQLite format 3", "an SQLite database; export the table as CSV"},
	{"%PDF", "a PDF document"},
}

// decoder yields the text of a file as UTF-8, unpacked and without a byte order mark. Its
// encoding is certain only at the end of the file, which is taken for UTF-8 until proved
// otherwise.
type decoder struct {
	file     string
	packed   bool
	mark     bool // there was a byte order mark
	encoding string
	source   io.Reader

	buffer []byte // bytes to decode
	out    []byte // decoded but not yet returned
	cut    []byte // beginning of an incomplete character
	line   int    // line ends returned so far, for errors
	wide   bool   // there was text beyond ASCII
	err    error
}

// newDecoder detects compression and encoding from the first bytes.
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

// open chooses the encoding by the byte order mark or, without one, by the positions of
// the zero bytes in UTF-16's ASCII characters.
func (d *decoder) open(br *bufio.Reader, head []byte) {
	utf16 := func(order unicode.Endianness, name string) {
		d.encoding = name
		d.source = transform.NewReader(br, unicode.UTF16(order, unicode.UseBOM).NewDecoder())
	}
	d.source = br
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		d.mark = true
		_, _ = br.Discard(3) // already peeked
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

// decodeSize is the number of bytes decoded at once.
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

// fill reads more of the file and converts it to UTF-8, overwriting what was returned.
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

// wholeRunes returns the length of b without an incomplete character at its end.
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

// look checks text that is about to be returned. The first bytes that are not UTF-8 make
// the file Windows-1252 if all text before them was ASCII, which both encodings share.
func (d *decoder) look() {
	if d.encoding == encodingLatin {
		d.latin()
		return
	}
	if at := bytes.IndexByte(d.out, 0); at >= 0 {
		d.fail(at, errors.New("a zero byte: this is not a text file"))
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
		d.fail(at, errors.New("a zero byte: this is not a text file"))
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
