package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// file makes a file of a header and data.
func file(header string, data ...byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), data...)
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		meta := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "meta")
		names := rapid.SliceOfNDistinct(rapid.StringMatching("[a-z./0-9]{1,9}"), 0, 5, rapid.ID[string]).Draw(t, "names")
		var tensors []Tensor
		for _, n := range names {
			shape := rapid.SliceOfN(rapid.IntRange(1, 4), 0, 3).Draw(t, "shape")
			size := 1
			for _, d := range shape {
				size *= d
			}
			if dtype := rapid.SampledFrom([]string{F64, F32, I8, U8, I16, U16, I32, U32, Bool}).Draw(t, "type"); dtype != F64 && dtype != F32 {
				low, high := integers[dtype].limits()
				ints := rapid.SliceOfN(rapid.Int64Range(int64(low), int64(high)), size, size).Draw(t, "values")
				w := Tensor{Name: n, Shape: shape, Dtype: dtype}
				for _, v := range ints {
					if sizes[dtype] == 4 {
						w.F64 = append(w.F64, float64(v))
					} else {
						w.F32 = append(w.F32, float32(v))
					}
				}
				tensors = append(tensors, w)
			} else if dtype == F64 {
				tensors = append(tensors, Tensor{Name: n, Shape: shape, F64: rapid.SliceOfN(rapid.Float64(), size, size).Draw(t, "values")})
			} else {
				tensors = append(tensors, Tensor{Name: n, Shape: shape, F32: rapid.SliceOfN(rapid.Float32(), size, size).Draw(t, "values")})
			}
		}
		var first, second bytes.Buffer
		if err := Write(&first, meta, tensors); err != nil {
			t.Fatal(err)
		}
		if n := binary.LittleEndian.Uint64(first.Bytes()); n%8 != 0 {
			t.Errorf("the data begins at byte %d, want a multiple of 8", n+8)
		}
		f, err := Read(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if len(meta) > 0 && !reflect.DeepEqual(f.Meta, meta) {
			t.Errorf("metadata %v, want %v", f.Meta, meta)
		}
		for _, want := range tensors {
			got, ok := f.Get(want.Name)
			if !ok || len(got.Shape) != len(want.Shape) || !reflect.DeepEqual(got.F32, want.F32) || !reflect.DeepEqual(got.F64, want.F64) {
				t.Errorf("%v (%v), want %v", got, ok, want)
			}
		}
		if err := Write(&second, f.Meta, f.Tensors); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("writing what was read gives other bytes")
		}
	})
}

// The bytes follow from the description of the format: numbers
// little-endian, row by row, infinities kept.
func TestBytes(t *testing.T) {
	var b bytes.Buffer
	w := Tensor{Name: "w", Shape: []int{2, 1}, F32: []float32{1, float32(math.Inf(-1))}}
	if err := Write(&b, map[string]string{"a": "b"}, []Tensor{w}); err != nil {
		t.Fatal(err)
	}
	const header = `{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}`
	pad := strings.Repeat(" ", (8-len(header)%8)%8)
	data, _ := hex.DecodeString("0000803f000080ff")
	if want := file(header+pad, data...); !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%q, want %q", b.Bytes(), want)
	}
}

// quantized is a file of w (4, 2) with a scale of some shape of two values, and a zero point.
func quantized(dtype, scale, zero string) []byte {
	return file(fmt.Sprintf(`{"w":{"dtype":%q,"shape":[4,2],"data_offsets":[0,8]},"w.scale":{"dtype":"F32","shape":%s,"data_offsets":[8,16]},`+
		`"w.zero_point":{"dtype":%q,"shape":[2],"data_offsets":[16,18]}}`, dtype, scale, zero), make([]byte, 18)...)
}

// empty is a file with empty tensors, which the format allows, before, beside and within others.
func empty() []byte {
	return file(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},`+
		`"c":{"dtype":"I64","shape":[3,0,2],"data_offsets":[4,4]},"d":{"dtype":"I8","shape":[0],"data_offsets":[4,4]},"d.scale":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, make([]byte, 8)...)
}

func TestEmptyTensors(t *testing.T) {
	f, err := Read(bytes.NewReader(empty()))
	if err != nil {
		t.Fatal(err)
	}
	var shapes []string
	for _, w := range f.Tensors {
		shapes = append(shapes, fmt.Sprint(w.Name, w.Shape, len(w.F32), len(w.F64)))
	}
	if got, want := strings.Join(shapes, " "), "a[0] 0 0 b[1] 1 0 c[3 0 2] 0 0 d[0] 0 0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestReadRejects(t *testing.T) {
	eight := make([]byte, 8)
	for _, c := range []struct {
		name string
		text []byte
		want string
	}{
		{"empty", nil, "0 bytes: no room"},
		{"no header", []byte("\x10\x00\x00\x00\x00\x00\x00\x00"), "cut off in the header: 0 of its 16"},
		{"a text file", []byte("sepal length,sepal width"), "no safetensors file"},
		{"no JSON", file("{"), "header: unexpected end"},
		{"bad metadata", file(`{"__metadata__":{"a":1}}`), "metadata: "},
		{"bad entry", file(`{"w":[]}`), `tensor "w": `},
		{"type", file(`{"w":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}`, eight...), `type "F8_E4M3"`},
		{"no boolean", file(`{"w":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}`, 1, 2), `tensor "w": value 1: the byte 2 is no boolean`},
		{"inexact", file(`{"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, 1, 0, 0, 0, 0, 0, 32, 0), "value 0: float64 does not hold 9007199254740993"},
		{"inexact, unsigned", file(`{"w":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}`, bytes.Repeat([]byte{255}, 8)...), "float64 does not hold 18446744073709551615"},
		{"scale of another shape", quantized("I8", "[2]", "I8"), `tensor "w": a scale of type F32 and shape [2]`},
		{"zero point of another type", quantized("I8", "[1,2]", "U8"), `tensor "w": a zero point of type U8`},
		{"negative", file(`{"w":{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]}}`, eight...), "shape [-2 -1]"},
		{"overflow", file(`{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}`, eight...), "shape [4294967296"},
		{"offsets", file(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, eight...), "bytes 8 to 0"},
		{"size", file(`{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, eight...), "bytes 0 to 8 for shape [3]"},
		{"cut off", file(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 1, 2, 3), "ends at byte 8, the file has 3"},
		{"more bytes", file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, eight...), "cover 4 of 8"},
		{"overlap", file(`{"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, eight...), "overlap"},
	} {
		if _, err := Read(bytes.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := Read(iotest.ErrReader(errors.New("the disk is gone"))); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("error %v of a failing reader", err)
	}
}

// failing accepts some bytes.
type failing int

func (f *failing) Write(p []byte) (int, error) {
	if *f -= failing(len(p)); *f < 0 {
		return 0, errors.New("full")
	}
	return len(p), nil
}

func TestWriteRejects(t *testing.T) {
	one := []Tensor{{Name: "v", Shape: []int{1}, F32: []float32{1}}, {Name: "w", Shape: []int{1}, F64: []float64{1}}}
	var whole bytes.Buffer
	if err := Write(&whole, nil, one); err != nil {
		t.Fatal(err)
	}
	for room := range whole.Len() {
		w := failing(room)
		if err := Write(&w, nil, one); err == nil {
			t.Errorf("no error with room for %d of %d bytes", room, whole.Len())
		}
	}
	for _, list := range [][]Tensor{{one[0], one[0]}, {{Name: "__metadata__", F32: []float32{1}}}} {
		if err := Write(&whole, nil, list); err == nil || !strings.Contains(err.Error(), "is taken") {
			t.Errorf("error %v, want one about a name that is taken", err)
		}
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := Write(&b, map[string]string{"a": "b"}, []Tensor{{Name: "w", Shape: []int{2}, F32: []float32{1, 2}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(file(`{"w":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}`, make([]byte, 8)...))
	for dtype := range sizes {
		f.Add(file(fmt.Sprintf(`{"w":{"dtype":%q,"shape":[2],"data_offsets":[0,%d]}}`, dtype, 2*sizes[dtype]), make([]byte, 2*sizes[dtype])...))
	}
	f.Add(quantized(I8, "[1,2]", I8))
	f.Add(empty())
	f.Add(quantized(U8, "[4,2]", U8))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := Write(&b, file.Meta, file.Tensors); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&b)
		if err != nil {
			t.Fatalf("what was written of a good file: %v", err)
		}
		for i, w := range file.Tensors {
			if got := again.Tensors[i]; fmt.Sprintf("%x %x", got.F32, got.F64) != fmt.Sprintf("%x %x", w.F32, w.F64) {
				t.Fatalf("%v became %v", w, got)
			}
		}
	})
}
