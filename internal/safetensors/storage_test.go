package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// table is testdata/storage.json, by testdata/make.py: NumPy and PyTorch.
type table struct {
	Halves  string   `json:"halves_sha256"`
	F64     []string `json:"f64"`
	F16     []string `json:"f16"`
	F32     []string `json:"f32"`
	F32F16  []string `json:"f32_f16"`
	F32BF16 []string `json:"f32_bf16"`
	W       []float32
	I8      quantizedTable `json:"I8 tensor"`
	I8Col   quantizedTable `json:"I8 column"`
	U8      quantizedTable `json:"U8 tensor"`
	U8Col   quantizedTable `json:"U8 column"`
}

type quantizedTable struct{ Scale, Zero, Q, W []float32 }

func readTable(t *testing.T) table {
	t.Helper()
	text, err := os.ReadFile("testdata/storage.json")
	if err != nil {
		t.Fatal(err)
	}
	var out table
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func bits(t *testing.T, s string) uint64 {
	t.Helper()
	v, err := strconv.ParseUint(s, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// rewrite stores a tensor and reads it back.
func rewrite(t *testing.T, w ...Tensor) (raw []byte, back []Tensor) {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, nil, w); err != nil {
		t.Fatal(err)
	}
	raw = b.Bytes()
	f, err := Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return raw[8+binary.LittleEndian.Uint64(raw):], f.Tensors
}

func TestRoundingAgainstNumPyAndPyTorch(t *testing.T) {
	tab := readTable(t)
	for _, c := range []struct {
		name       string
		from, to   float
		have, want []string
	}{
		{"float64 to float16", binary64, binary16, tab.F64, tab.F16},
		{"float32 to float16", binary32, binary16, tab.F32, tab.F32F16},
		{"float32 to bfloat16", binary32, brain16, tab.F32, tab.F32BF16},
	} {
		for i, have := range c.have {
			if got := convert(bits(t, have), c.from, c.to); got != bits(t, c.want[i]) {
				t.Errorf("%s: %s gives %04x, want %s", c.name, have, got, c.want[i])
			}
		}
	}
}

// all returns a file with every pattern of 16 bits.
func all(dtype string) []byte {
	data := make([]byte, 0, 1<<17)
	for i := range 1 << 16 {
		data = binary.LittleEndian.AppendUint16(data, uint16(i))
	}
	header := `{"w":{"dtype":"` + dtype + `","shape":[65536],"data_offsets":[0,131072]}}`
	return file(header+strings.Repeat(" ", (8-len(header)%8)%8), data...)
}

func TestEveryPatternOf16Bits(t *testing.T) {
	for _, dtype := range []string{F16, BF16} {
		text := all(dtype)
		f, err := Read(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		for i, v := range f.Tensors[0].F32 {
			want := math.Float32bits(v)
			if dtype == BF16 && want != uint32(i)<<16 { // by definition
				t.Fatalf("%04x is %08x", i, want)
			}
			if v != v {
				want = 0x7fc00000
			}
			binary.Write(h, binary.LittleEndian, want)
		}
		if got := hex.EncodeToString(h.Sum(nil)); dtype == F16 && got != readTable(t).Halves {
			t.Error("the halves are not those of NumPy")
		}
		var again bytes.Buffer
		if err := Write(&again, nil, f.Tensors); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Bytes(), text) {
			t.Errorf("%s: not every pattern comes back, NaNs among them", dtype)
		}
	}
}

// Between two neighbours, every number belongs to the nearer one, and the middle to
// the even one: IEEE 754, 4.3.1.
func TestTiesToEven(t *testing.T) {
	for _, dtype := range []string{F16, BF16} {
		f, err := Read(bytes.NewReader(all(dtype)))
		if err != nil {
			t.Fatal(err)
		}
		last := slices.IndexFunc(f.Tensors[0].F32, func(v float32) bool { return math.IsInf(float64(v), 1) }) - 1
		w := Tensor{Name: "w", Shape: []int{3 * last}, Dtype: dtype}
		var want []uint16
		for i := range last {
			low, high := float64(f.Tensors[0].F32[i]), float64(f.Tensors[0].F32[i+1])
			mid := low + (high-low)/2 // exact in float64
			w.F64 = append(w.F64, math.Nextafter(mid, low), mid, math.Nextafter(mid, high))
			want = append(want, uint16(i), uint16(i+i%2), uint16(i+1))
		}
		raw, _ := rewrite(t, w)
		for i, v := range want {
			if got := binary.LittleEndian.Uint16(raw[2*i:]); got != v {
				t.Fatalf("%s: %x gives %04x, want %04x", dtype, w.F64[i], got, v)
			}
		}
	}
}

func TestQuantizeAgainstPyTorch(t *testing.T) {
	tab := readTable(t)
	for _, c := range []struct {
		name, dtype string
		axis        int
		want        quantizedTable
	}{
		{"I8, one scale", I8, -1, tab.I8},
		{"I8, one for each column", I8, 1, tab.I8Col},
		{"U8, one scale", U8, -1, tab.U8},
		{"U8, one for each column", U8, 1, tab.U8Col},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := Tensor{Name: "w", Shape: []int{5, 4}, F32: tab.W}
			list, err := Quantize(w, c.dtype, c.axis)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(list[0].F32, c.want.Q) || !slices.Equal(list[1].F32, c.want.Scale) {
				t.Errorf("%v with scales %v, want %v with %v", list[0].F32, list[1].F32, c.want.Q, c.want.Scale)
			}
			if c.dtype == U8 && !slices.Equal(list[2].F32, c.want.Zero) {
				t.Errorf("zero points %v, want %v", list[2].F32, c.want.Zero)
			}
			_, back := rewrite(t, list...)
			if len(back) != 1 || !slices.Equal(back[0].F32, c.want.W) || !slices.Equal(back[0].Shape, w.Shape) {
				t.Errorf("read back as %v, want %v", back, c.want.W)
			}
			for i, v := range back[0].F32 {
				scale := c.want.Scale[i%4%len(c.want.Scale)]
				if d := math.Abs(float64(v - tab.W[i])); d > 0.5001*float64(scale) {
					t.Errorf("value %d: %v became %v: off by more than half a step of %v", i, tab.W[i], v, scale)
				}
			}
		})
	}
}

func TestQuantizeExtremes(t *testing.T) {
	huge, tiny := math.MaxFloat32, math.SmallestNonzeroFloat32
	for _, c := range []struct {
		name   string
		values []float64
		want   string // "": no error
	}{
		{"half of float32", []float64{-huge / 2, huge / 2}, ""},
		{"all of float32", []float64{-huge, huge}, "too large"},
		{"one sign", []float64{3, 4}, ""},
		{"too small for a scale", []float64{tiny, -tiny}, ""},
		{"beyond float32", []float64{1e300, 0}, "too large"},
		{"NaN", []float64{0, math.NaN()}, "value 1 is NaN"},
		{"infinite", []float64{math.Inf(-1), 0}, "value 0 is -Inf"},
	} {
		for _, dtype := range []string{I8, U8} {
			list, err := Quantize(Tensor{Name: "w", Shape: []int{2}, F64: c.values}, dtype, -1)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			_, back := rewrite(t, list...)
			step := max(math.Abs(c.values[0]), math.Abs(c.values[1])) / 100
			for i, v := range back[0].F32 {
				if !(math.Abs(float64(v)-c.values[i]) <= step+tiny) {
					t.Errorf("%s, %s: %v became %v", c.name, dtype, c.values[i], v)
				}
			}
		}
	}
	w := Tensor{Name: "w", Shape: []int{2}, F32: []float32{1, 2}}
	if _, err := Quantize(w, F16, -1); err == nil {
		t.Error("no error of a type that is not quantized")
	}
	if _, err := Quantize(w, I8, 1); err == nil {
		t.Error("no error of an axis that is not there")
	}
}

func TestWriteRejectsWhatATypeDoesNotHold(t *testing.T) {
	for _, c := range []struct {
		dtype string
		v     float64
	}{{I8, 128}, {I8, -129}, {U8, -1}, {U8, 256}, {U8, 0.5}, {I16, 40000}, {I64, 1 << 63}, {U64, 1 << 64}, {Bool, 2}, {I32, math.NaN()}, {"F8", 0}, {F16, 65520}, {F16, -1e300}, {BF16, 3.4e38}, {F32, 1e39}} {
		if err := Write(&bytes.Buffer{}, nil, []Tensor{{Name: "w", Shape: []int{1}, F64: []float64{c.v}, Dtype: c.dtype}}); err == nil {
			t.Errorf("no error of %v in %s", c.v, c.dtype)
		}
	}
	infinite := Tensor{Name: "w", Shape: []int{1}, F64: []float64{math.Inf(-1)}, Dtype: F16}
	if _, back := rewrite(t, infinite); !math.IsInf(float64(back[0].F32[0]), -1) {
		t.Errorf("-Inf became %v", back[0].F32)
	}
	ends := []float64{-1 << 63, 1<<63 - 1024, 1 << 53}
	_, back := rewrite(t, Tensor{Name: "w", Shape: []int{3}, F64: ends, Dtype: I64})
	if !slices.Equal(back[0].F64, ends) {
		t.Errorf("%v, want %v", back[0].F64, ends)
	}
}
