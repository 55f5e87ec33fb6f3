package data_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// idx writes an IDX file of bytes 0, 1, 2, ...
func idx(shape ...uint32) []byte {
	b := []byte{0, 0, 8, byte(len(shape))}
	n := uint32(1)
	for _, s := range shape {
		b = binary.BigEndian.AppendUint32(b, s)
		n *= s
	}
	for i := range n {
		b = append(b, byte(i))
	}
	return b
}

func TestReadIDX(t *testing.T) {
	x, err := data.ReadIDX(bytes.NewReader(idx(2, 3)))
	if err != nil || !slices.Equal(x.Shape, []int{2, 3}) || !slices.Equal(x.Values, []byte{0, 1, 2, 3, 4, 5}) {
		t.Errorf("have %v, %v", x, err)
	}
	for _, c := range []struct {
		name, want string
		raw        []byte
	}{
		{"empty", "the header: unexpected EOF", nil},
		{"not IDX", "not an IDX header", []byte("\x1f\x8b\x08\x00")},
		{"no axes", "not an IDX header", []byte{0, 0, 8, 0}},
		{"floats", "type 0x0d", []byte{0, 0, 0x0d, 1, 0, 0, 0, 0}},
		{"no size", "size of axis 1: unexpected EOF", idx(1, 1)[:9]},
		{"cut off", "5 of 6 values", idx(2, 3)[:17]},
		{"too long", "bytes after the 6 values", append(idx(2, 3), 0)},
		{"too large", "more than", []byte{0, 0, 8, 2, 0xff, 0, 0, 0, 0xff, 0, 0, 0}},
		{"too large together", "more than", []byte{0, 0, 8, 2, 0, 1, 0, 0, 0, 1, 0, 0}},
	} {
		if _, err := data.ReadIDX(bytes.NewReader(c.raw)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := data.ReadIDX(bytes.NewReader(idx(9)[:11])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("have %v, want an unexpected EOF", err)
	}
}

func FuzzIDX(f *testing.F) {
	f.Add(idx(2, 3))
	f.Add(idx(4))
	f.Add([]byte{0, 0, 8, 2, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, raw []byte) {
		x, err := data.ReadIDX(bytes.NewReader(raw))
		if err != nil {
			return
		}
		again := []byte{0, 0, 8, byte(len(x.Shape))}
		n := 1
		for _, s := range x.Shape {
			again = binary.BigEndian.AppendUint32(again, uint32(s))
			n *= s
		}
		if len(x.Values) != n {
			t.Fatalf("%d values of shape %v", len(x.Values), x.Shape)
		}
		if !bytes.Equal(append(again, x.Values...), raw) {
			t.Fatal("what was read is not what was there")
		}
	})
}

func TestImageSet(t *testing.T) {
	images := &data.IDX{Shape: []int{2, 1, 2}, Values: []byte{0, 51, 255, 102}}
	s, err := data.ImageSet("tiny", images, &data.IDX{Shape: []int{2}, Values: []byte{1, 0}}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Inputs[0].Data().([]float32); !slices.Equal(got, []float32{0, 0.2, 1, 0.4}) || !slices.Equal(s.Inputs[0].Shape(), []int{2, 1, 2, 1}) {
		t.Errorf("have %v of shape %v", got, s.Inputs[0].Shape())
	}
	if got, want := s.String(), "tiny: 2 rows, float32 of shape (1, 2, 1); a 1, b 1"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	for _, c := range []struct {
		name           string
		images, labels *data.IDX
		want           string
	}{
		{"fewer labels", images, &data.IDX{Shape: []int{1}, Values: []byte{0}}, "as many labels"},
		{"labels of images", images, images, "as many labels"},
		{"class out of range", images, &data.IDX{Shape: []int{2}, Values: []byte{0, 2}}, "class 2"},
		{"none", &data.IDX{Shape: []int{0, 1, 2}}, &data.IDX{Shape: []int{0}}, "no rows"},
		{"nil", nil, nil, "want images"},
	} {
		if _, err := data.ImageSet("tiny", c.images, c.labels, []string{"a", "b"}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", c.name, err, c.want)
		}
	}
}
