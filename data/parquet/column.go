package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/seed732fc211/aegis/data"
)

// kind determines how the values of a column become numbers or texts.
type kind uint8

const (
	unread kind = iota
	boolean
	signed   // integers
	unsigned // integers
	floating
	decimal
	days    // since 1970-01-01
	clock   // since midnight or since 1970-01-01, in fractions of a second
	int96   // a Julian day and nanoseconds
	text    // UTF-8
	uuid    // 16 bytes
	nothing // all are null
)

// column is a column of a file.
type column struct {
	data.FileColumn
	file     *file
	node     *parquet.Column
	leaf     int
	optional bool
	kind     kind
	physical format.Type
	length   int     // bytes per value, for a fixed length
	scale    int     // digits after the point of a decimal
	parts    int64   // units of time per second
	chunks   []chunk // by row group
}

func (c *column) leave(why string, args ...any) {
	c.kind, c.Type, c.Why = unread, data.Ignore, fmt.Sprintf(why, args...)
}

// Layouts of times.
const (
	dateLayout  = "2006-01-02"
	clockLayout = "15:04:05"
)

// classify determines what a column holds from its logical type, or from the older
// converted type.
func (c *column) classify(e *format.SchemaElement) {
	c.physical, c.length = e.Type.V, int(e.TypeLength.V)
	number := func(k kind, integer bool) { c.kind, c.Type, c.Integer = k, data.Numeric, integer }
	times := func(k kind, layout string, parts int64) {
		c.kind, c.Type, c.Layout, c.parts = k, data.DateTime, layout, parts
	}
	texts := func(k kind) { c.kind, c.Type = k, data.Categorical }
	what := ""
	if e.LogicalType.Value != nil {
		what = e.LogicalType.Value.String()
	}
	switch t := e.LogicalType.Value.(type) {
	case nil:
		c.converted(e, number, times, texts)
		return
	case *format.StringType, *format.EnumType, *format.JsonType:
		texts(text)
	case *format.UUIDType:
		texts(uuid)
	case *format.DecimalType:
		c.scale = int(t.Scale)
		number(decimal, t.Scale == 0)
	case *format.DateType:
		times(days, dateLayout, 1)
	case *format.TimeType:
		times(clock, clockLayout, partsOf(t.Unit))
	case *format.TimestampType:
		times(clock, dateLayout+" "+clockLayout, partsOf(t.Unit))
	case *format.IntType:
		if t.IsSigned {
			number(signed, true)
		} else {
			number(unsigned, true)
		}
	case *format.Float16Type:
		number(floating, false)
	case *format.NullType:
		number(nothing, false)
	default:
		c.leave("of type %s, which is not supported", what)
		return
	}
	c.possible(what)
}

// partsOf returns the number of units in a second.
func partsOf(u format.TimeUnit) int64 {
	switch u.Value.(type) {
	case *format.MilliSeconds:
		return 1e3
	case *format.MicroSeconds:
		return 1e6
	case *format.NanoSeconds:
		return 1e9
	}
	return 0
}

// converted is classify for a column without a logical type.
func (c *column) converted(e *format.SchemaElement, number func(kind, bool), times func(kind, string, int64), texts func(kind)) {
	if e.ConvertedType.Valid {
		switch t := e.ConvertedType.V; t {
		case deprecated.UTF8, deprecated.Enum, deprecated.Json:
			texts(text)
		case deprecated.Decimal:
			c.scale = int(e.Scale.V)
			number(decimal, e.Scale.V == 0)
		case deprecated.Date:
			times(days, dateLayout, 1)
		case deprecated.TimeMillis:
			times(clock, clockLayout, 1e3)
		case deprecated.TimeMicros:
			times(clock, clockLayout, 1e6)
		case deprecated.TimestampMillis:
			times(clock, dateLayout+" "+clockLayout, 1e3)
		case deprecated.TimestampMicros:
			times(clock, dateLayout+" "+clockLayout, 1e6)
		case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
			number(unsigned, true)
		case deprecated.Int8, deprecated.Int16, deprecated.Int32, deprecated.Int64:
			number(signed, true)
		default:
			c.leave("of type %v, which is not supported", t)
			return
		}
		c.possible(fmt.Sprint(e.ConvertedType.V))
		return
	}
	switch c.physical {
	case format.Boolean:
		texts(boolean)
		c.FileColumn.Boolean = true
	case format.Int32, format.Int64:
		number(signed, true)
	case format.Int96:
		times(int96, dateLayout+" "+clockLayout, 1e9)
	case format.Float, format.Double:
		number(floating, false)
	case format.ByteArray:
		texts(text)
	default:
		c.leave("%d bytes without a type", c.length)
	}
}

// possible leaves out a column whose logical type is inconsistent with its storage.
func (c *column) possible(what string) {
	ok := false
	fixed := c.physical == format.FixedLenByteArray
	switch c.kind {
	case signed, unsigned:
		ok = c.physical == format.Int32 || c.physical == format.Int64
	case floating:
		ok = fixed && c.length == 2
	case decimal:
		ok = c.physical == format.Int32 || c.physical == format.Int64 || c.physical == format.ByteArray || fixed && c.length > 0
		ok = ok && c.scale >= 0 && c.scale <= 1000
	case days:
		ok = c.physical == format.Int32
	case clock:
		ok = (c.physical == format.Int32 || c.physical == format.Int64) && c.parts > 0
	case text:
		ok = c.physical == format.ByteArray
	case uuid:
		ok = fixed && c.length == 16
	case nothing:
		ok = true
	}
	if !ok {
		c.leave("%s stored as %v, which is not supported", what, c.physical)
	}
}

// chunk locates the pages of a column in a row group.
type chunk struct {
	column *parquet.FileColumnChunk
	pages  []page
	data   int64 // offset of the first data page, or of an undeclared dictionary before it
	lazy   bool  // the offset of the dictionary is not declared
}

// page locates a data page.
type page struct {
	at  int64
	row int // first row, within the row group
}

// Bounds of pages.
const (
	mostPage     = 1 << 28 // bytes
	mostPageRows = 1 << 24
	mostHeader   = 1 << 24
)

// findPages reads the headers of all pages.
func (c *column) findPages() error {
	groups := c.file.groups
	rows := make([]int, len(groups)-1)
	for k := range rows {
		rows[k] = groups[k+1] - groups[k]
	}
	return c.findPagesOf(rows)
}

// findPagesOf is findPages, given the number of values in each row group.
func (c *column) findPagesOf(values []int) error {
	o := c.file
	for k, g := range o.pf.RowGroups() {
		chunks := g.ColumnChunks()
		if c.leaf < 0 || c.leaf >= len(chunks) {
			return o.fail(c.Name, "the file is damaged: it is not in row group %d", k+1)
		}
		raw := &o.pf.Metadata().RowGroups[k].Columns[c.leaf]
		m := &raw.MetaData
		switch {
		case raw.FilePath != "":
			return o.fail(c.Name, "its values are in another file, %q", raw.FilePath)
		case raw.CryptoMetadata.Value != nil:
			return o.fail(c.Name, "the column is encrypted")
		case m.Codec == format.Lz4Raw || m.Codec == format.Lz4 || m.Codec == format.LZO:
			// parquet-go 0.32 reads wrong values from some, without an error: see findings/parquet-go-lz4.sh
			return o.fail(c.Name, "it is compressed with %v, which is not supported; write it with ZSTD or SNAPPY", m.Codec)
		case m.Type != c.physical:
			return o.fail(c.Name, "the file is damaged: %v in row group %d, %v in the schema", m.Type, k+1, c.physical)
		}
		ch := chunk{column: chunks[c.leaf].(*parquet.FileColumnChunk), data: m.DataPageOffset}
		at := m.DataPageOffset
		if m.DictionaryPageOffset != 0 {
			at = m.DictionaryPageOffset
		}
		if at < 4 || at > m.DataPageOffset || m.TotalCompressedSize < 0 || m.TotalCompressedSize > o.size-at {
			return o.fail(c.Name, "the file is damaged: row group %d, %d bytes at %d of a file of %d", k+1, m.TotalCompressedSize, at, o.size)
		}
		if err := c.walk(&ch, at, at+m.TotalCompressedSize, values[k]); err != nil {
			return o.fail(c.Name, "the file is damaged: row group %d: %w", k+1, err)
		}
		c.chunks = append(c.chunks, ch)
	}
	return nil
}

// walk reads page headers between two offsets, until they have the given number of rows.
func (c *column) walk(ch *chunk, at, end int64, rows int) error {
	found := 0
	var protocol thrift.CompactProtocol
	for found < rows {
		b, err := c.header(at, end)
		if err != nil {
			return err
		}
		var h format.PageHeader
		if err := thrift.Unmarshal(&protocol, b, &h); err != nil {
			return err
		}
		begin := at + int64(len(b))
		if h.CompressedPageSize < 0 || int64(h.CompressedPageSize) > end-begin || h.UncompressedPageSize < 0 || h.UncompressedPageSize > mostPage {
			return fmt.Errorf("a page of %d bytes, unpacked %d, at %d", h.CompressedPageSize, h.UncompressedPageSize, at)
		}
		n := 0
		switch h.Type {
		case format.DictionaryPage:
			if at >= ch.data && len(ch.pages) == 0 {
				ch.lazy = true
			}
			if n := h.DictionaryPageHeader.V.NumValues; n < 0 || n > mostPageRows {
				return fmt.Errorf("a dictionary of %d values", n)
			}
		case format.DataPage:
			n = int(h.DataPageHeader.V.NumValues)
		case format.DataPageV2:
			n = int(h.DataPageHeaderV2.V.NumValues)
		}
		if n < 0 || n > rows-found || n > mostPageRows {
			return fmt.Errorf("a page of %d rows", n)
		}
		if n > 0 {
			if at < ch.data {
				return errors.New("a data page before the first one")
			}
			ch.pages = append(ch.pages, page{at, found})
		}
		found += n
		at = begin + int64(h.CompressedPageSize)
	}
	return nil
}

// header returns the bytes of the page header at an offset.
func (c *column) header(at, end int64) ([]byte, error) {
	for size := int64(1 << 10); ; size *= 16 {
		b := make([]byte, min(size, end-at))
		if len(b) == 0 {
			return nil, errShort
		}
		if _, err := c.file.f.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		n, err := compactSize(b)
		if err == nil {
			return b[:n], nil
		}
		if int64(len(b)) < size || size >= mostHeader {
			return nil, fmt.Errorf("page header at %d: %w", at, err)
		}
	}
}

// numbers copies the values from lo on to dst.
func (c *column) numbers(dst []float64, v encoding.Values, lo int) error {
	n := len(dst)
	switch c.physical {
	case format.Int32:
		list := v.Int32()
		if lo+n > len(list) {
			return errDamaged
		}
		for i, x := range list[lo : lo+n] {
			dst[i] = c.integer(int64(x), uint64(uint32(x)))
		}
	case format.Int64:
		list := v.Int64()
		if lo+n > len(list) {
			return errDamaged
		}
		for i, x := range list[lo : lo+n] {
			dst[i] = c.integer(x, uint64(x))
		}
	case format.Int96:
		list := v.Int96()
		if lo+n > len(list) {
			return errDamaged
		}
		for i, x := range list[lo : lo+n] {
			const unixDay = 2440588 // the Julian day of 1970-01-01
			dst[i] = float64(int64(int32(x[2]))-unixDay)*86400 + float64(int64(x[0])|int64(x[1])<<32)/1e9
		}
	case format.Float:
		list := v.Float()
		if lo+n > len(list) {
			return errDamaged
		}
		for i, x := range list[lo : lo+n] {
			dst[i] = float64(x)
		}
	case format.Double:
		list := v.Double()
		if lo+n > len(list) {
			return errDamaged
		}
		copy(dst, list[lo:lo+n])
	case format.ByteArray:
		b, offsets := v.ByteArray()
		if lo+n >= len(offsets) {
			return errDamaged
		}
		for i := range dst {
			dst[i] = c.big(b[offsets[lo+i]:offsets[lo+i+1]])
		}
	case format.FixedLenByteArray:
		b, size := v.FixedLenByteArray()
		if (lo+n)*size > len(b) {
			return errDamaged
		}
		for i := range dst {
			x := b[(lo+i)*size : (lo+i+1)*size]
			if c.kind == floating {
				dst[i] = half(binary.LittleEndian.Uint16(x))
			} else {
				dst[i] = c.big(x)
			}
		}
	default:
		return errDamaged
	}
	return nil
}

// powers are the powers of ten that a float64 represents exactly.
var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// integer converts an integer, given signed and as unsigned bits, to the column's value.
func (c *column) integer(x int64, bits uint64) float64 {
	switch c.kind {
	case unsigned:
		return float64(bits)
	case decimal:
		if -1<<53 <= x && x <= 1<<53 && c.scale < len(powers) {
			return float64(x) / powers[c.scale] // both are exact, so the quotient is correctly rounded
		}
		return c.nearest(strconv.FormatInt(x, 10))
	case days:
		return float64(x) * 86400
	case clock:
		whole, rest := x/c.parts, x%c.parts
		if rest < 0 {
			whole, rest = whole-1, rest+c.parts
		}
		return float64(whole) + float64(rest*(1e9/c.parts))/1e9
	}
	return float64(x)
}

// big converts a decimal given as bytes: an integer in two's complement, big-endian.
func (c *column) big(b []byte) float64 {
	if len(b) <= 8 {
		x := int64(0)
		if len(b) > 0 && b[0] >= 0x80 {
			x = -1
		}
		for _, d := range b {
			x = x<<8 | int64(d)
		}
		return c.integer(x, 0)
	}
	x := new(big.Int).SetBytes(b)
	if b[0] >= 0x80 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return c.nearest(x.String())
}

// nearest returns the float64 nearest to a decimal, given its digits.
func (c *column) nearest(digits string) float64 {
	v, _ := strconv.ParseFloat(digits+"e-"+strconv.Itoa(c.scale), 64) // infinite if out of range, which is reported later
	return v
}

// half converts an IEEE 754 binary16.
func half(b uint16) float64 {
	sign, exponent, fraction := 1.0, int(b>>10&31), float64(b&1023)
	if b>>15 == 1 {
		sign = -1
	}
	switch {
	case exponent == 31 && fraction != 0:
		return math.NaN()
	case exponent == 31:
		return math.Inf(int(sign))
	case exponent == 0:
		return sign * math.Ldexp(fraction, -24)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// texts passes the values from lo to hi to put, in order.
func (c *column) texts(v encoding.Values, lo, hi int, put func(i int, b []byte) error) error {
	switch c.kind {
	case boolean:
		bits := v.Boolean()
		if hi > 8*len(bits) {
			return errDamaged
		}
		for i := lo; i < hi; i++ {
			b := []byte("false")
			if bits[i/8]>>(i%8)&1 == 1 {
				b = []byte("true")
			}
			if err := put(i, b); err != nil {
				return err
			}
		}
	case text:
		b, offsets := v.ByteArray()
		if hi >= len(offsets) && hi > lo {
			return errDamaged
		}
		for i := lo; i < hi; i++ {
			if err := put(i, b[offsets[i]:offsets[i+1]]); err != nil {
				return err
			}
		}
	case uuid:
		b, size := v.FixedLenByteArray()
		if size != 16 || hi*size > len(b) {
			return errDamaged
		}
		for i := lo; i < hi; i++ {
			x := b[i*size : (i+1)*size]
			if err := put(i, fmt.Appendf(nil, "%x-%x-%x-%x-%x", x[:4], x[4:6], x[6:8], x[8:10], x[10:])); err != nil {
				return err
			}
		}
	}
	return nil
}

// valid fails for a text that is not UTF-8.
func valid(b []byte) error {
	if !utf8.Valid(b) {
		return errors.New("bytes that are not valid UTF-8; leave the column out")
	}
	return nil
}
