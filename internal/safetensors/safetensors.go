// Package safetensors reads and writes the safetensors format: eight bytes with
// the length of a JSON header, the header, then the tensors' bytes, little-endian
// and without gaps. See https://github.com/huggingface/safetensors#format.
package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"sort"
	"strings"
)

// Tensor is one named array; F32 or F64 is set.
type Tensor struct {
	Name  string
	Shape []int
	F32   []float32
	F64   []float64
	Dtype string // how it is stored; "": F32 or F64, whichever is set
}

// File is what a file holds.
type File struct {
	Meta    map[string]string
	Tensors []Tensor // sorted by name when read
}

// Get returns the tensor of a name.
func (f *File) Get(name string) (Tensor, bool) {
	i, ok := slices.BinarySearchFunc(f.Tensors, name, func(t Tensor, n string) int {
		return bytes.Compare([]byte(t.Name), []byte(n))
	})
	if !ok {
		return Tensor{}, false
	}
	return f.Tensors[i], true
}

const (
	metaKey   = "__metadata__"
	maxHeader = 100 << 20 // the format's own limit
)

type entry struct {
	Dtype   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// Write writes meta and tensors. The same content gives the same bytes. A value
// that is out of a type's range, or no integer in an integer type, is an error; F16
// and BF16 round.
func Write(w io.Writer, meta map[string]string, tensors []Tensor) error {
	tensors = slices.Clone(tensors)
	sort.Slice(tensors, func(i, j int) bool { return tensors[i].Name < tensors[j].Name })
	header := map[string]any{}
	if len(meta) > 0 {
		header[metaKey] = meta
	}
	at := int64(0)
	for _, t := range tensors {
		if _, twice := header[t.Name]; twice || t.Name == metaKey {
			return fmt.Errorf("safetensors: the name %q is taken", t.Name)
		}
		e := entry{Dtype: t.stored(), Shape: t.Shape}
		size, ok := sizes[e.Dtype]
		if !ok {
			return fmt.Errorf("safetensors: %s: there is no type %q", t.Name, e.Dtype)
		}
		n := int64(max(len(t.F32), len(t.F64))) * size
		e.Offsets = [2]int64{at, at + n}
		at += n
		header[t.Name] = e
	}
	h, err := json.Marshal(header)
	if err != nil {
		return err
	}
	for len(h)%8 != 0 {
		h = append(h, ' ')
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(len(h))); err != nil {
		return err
	}
	if _, err := w.Write(h); err != nil {
		return err
	}
	for _, t := range tensors {
		if err := t.write(w); err != nil {
			return err
		}
	}
	return nil
}

// stored returns the type that a tensor is stored in.
func (t *Tensor) stored() string {
	switch {
	case t.Dtype != "":
		return t.Dtype
	case t.F64 != nil:
		return F64
	default:
		return F32
	}
}

func (t *Tensor) write(w io.Writer) error {
	switch dtype := t.stored(); {
	case dtype == F64 && t.F64 != nil:
		return binary.Write(w, binary.LittleEndian, t.F64)
	case dtype == F32 && t.F64 == nil:
		return binary.Write(w, binary.LittleEndian, t.F32)
	default:
		var buf []byte
		var err error
		n := max(len(t.F32), len(t.F64))
		for i := range n {
			if buf, err = t.encode(buf, i, dtype); err != nil {
				return fmt.Errorf("safetensors: %s: %w", t.Name, err)
			}
			if len(buf) >= 1<<16 || i == n-1 {
				if _, err := w.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
		}
		return nil
	}
}

// WriteSummed is Write with the SHA-256 of the whole file, in hex, under a key of
// its metadata. It is the sum of the file with 64 zeros in the sum's place.
func WriteSummed(w io.Writer, key string, meta map[string]string, tensors []Tensor) error {
	if _, taken := meta[key]; taken {
		return fmt.Errorf("safetensors: the key %q is taken", key)
	}
	meta = maps.Clone(meta)
	if meta == nil {
		meta = map[string]string{}
	}
	meta[key] = noSum
	h := sha256.New()
	if err := Write(h, meta, tensors); err != nil {
		return err
	}
	meta[key] = hex.EncodeToString(h.Sum(nil))
	return Write(w, meta, tensors)
}

var noSum = strings.Repeat("0", 2*sha256.Size)

// checkSum checks the sum of a file's bytes that WriteSummed wrote.
func checkSum(data []byte, key, sum string) error {
	entry := []byte(fmt.Sprintf("%q:%q", key, sum))
	n := min(8+int(binary.LittleEndian.Uint64(data)), len(data))
	at := bytes.Index(data[:n], entry)
	if len(sum) != len(noSum) || at < 0 {
		return errors.New("the checksum is damaged")
	}
	from := at + len(entry) - 1 - len(sum)
	h := sha256.New()
	h.Write(data[:from])
	h.Write([]byte(noSum))
	h.Write(data[from+len(sum):])
	if hex.EncodeToString(h.Sum(nil)) != sum {
		return errors.New("the checksum does not agree: the file is damaged")
	}
	return nil
}

// ReadSummed reads a whole file and, if its metadata have the key, checks the sum
// that WriteSummed has put there, which is left out of the metadata it returns.
func ReadSummed(r io.Reader, key string) (f *File, summed bool, err error) {
	if r == nil {
		return nil, false, errors.New("safetensors: the reader is nil")
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, false, err
	}
	f, err = parse(data)
	if err != nil {
		return nil, false, fmt.Errorf("safetensors: %w", err)
	}
	sum, ok := f.Meta[key]
	if !ok {
		return f, false, nil
	}
	if err := checkSum(data, key, sum); err != nil {
		return nil, false, fmt.Errorf("safetensors: %w", err)
	}
	delete(f.Meta, key)
	return f, true, nil
}

// Read reads a whole file. Tensors of other types than those above, integers that
// float64 does not hold, gaps, overlaps and missing bytes are errors. Of a quantized
// tensor (see Quantize) it returns the values; I8 and U8 without a scale beside are
// plain numbers.
func Read(r io.Reader) (*File, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	f, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}

func parse(data []byte) (*File, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("%d bytes: no room for the header's length", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	data = data[8:]
	if n > maxHeader {
		return nil, fmt.Errorf("a header of %d bytes: this is no safetensors file", n)
	}
	if n > uint64(len(data)) {
		return nil, fmt.Errorf("cut off in the header: %d of its %d bytes are there", len(data), n)
	}
	raw := map[string]json.RawMessage{}
	if err := json.Unmarshal(data[:n], &raw); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	data = data[n:]
	f := &File{Meta: map[string]string{}}
	entries := map[string]entry{}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		value := raw[name]
		if name == metaKey {
			if err := json.Unmarshal(value, &f.Meta); err != nil {
				return nil, fmt.Errorf("metadata: %w", err)
			}
			continue
		}
		var e entry
		if err := json.Unmarshal(value, &e); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		entries[name] = e
		f.Tensors = append(f.Tensors, Tensor{Name: name})
	}
	covered := int64(0)
	for i := range f.Tensors {
		t := &f.Tensors[i]
		bytes, err := t.read(entries[t.Name], data)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		covered += bytes
	}
	if covered != int64(len(data)) {
		return nil, fmt.Errorf("the tensors cover %d of %d bytes", covered, len(data))
	}
	if err := overlaps(entries); err != nil {
		return nil, err
	}
	return f, f.dequantize()
}

func (t *Tensor) read(e entry, data []byte) (int64, error) {
	size, ok := sizes[e.Dtype]
	if !ok {
		return 0, fmt.Errorf("type %q: want F64, F32, F16, BF16, an integer type or BOOL", e.Dtype)
	}
	n := int64(1)
	for _, d := range e.Shape {
		if d < 0 || d > 0 && n > math.MaxInt64/8/int64(d) {
			return 0, fmt.Errorf("shape %v", e.Shape)
		}
		n *= int64(d)
	}
	from, to := e.Offsets[0], e.Offsets[1]
	if from < 0 || to < from || to-from != n*size {
		return 0, fmt.Errorf("bytes %d to %d for shape %v of %s", from, to, e.Shape, e.Dtype)
	}
	if to > int64(len(data)) {
		return 0, fmt.Errorf("cut off: ends at byte %d, the file has %d", to, len(data))
	}
	t.Shape, t.Dtype = e.Shape, e.Dtype
	return to - from, t.decode(data[from:to], int(n), e.Dtype)
}

func overlaps(entries map[string]entry) error {
	list := make([]entry, 0, len(entries))
	for _, e := range entries {
		list = append(list, e)
	}
	sort.Slice(list, func(i, j int) bool { // empty ones, which may begin where others do, first
		a, b := list[i].Offsets, list[j].Offsets
		return a[0] < b[0] || a[0] == b[0] && a[1] < b[1]
	})
	for i := 1; i < len(list); i++ {
		if list[i].Offsets[0] < list[i-1].Offsets[1] {
			return errors.New("two tensors overlap")
		}
	}
	return nil
}
