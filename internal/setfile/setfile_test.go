package setfile

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

func sets(t testing.TB) []*data.Set {
	t.Helper()
	var list []*data.Set
	for _, name := range data.Names() {
		s, err := data.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	x, err := data.NewIntSequences("tokens", [][]int{{1, 2, 3}, {}, {7}})
	if err != nil {
		t.Fatal(err)
	}
	y, err := data.NewIntSequences("tags", [][]int{{0, 1, 0}, {}, {1}})
	if err != nil {
		t.Fatal(err)
	}
	x.Size = 9
	return append(list,
		&data.Set{
			Name: "texts", Texts: []data.TextColumn{{Name: "line", Cells: []string{"", "a ray\n\x00", "Größe"}}, {Name: "id", Cells: []string{"", "", ""}}},
			Targets: []*tensor.Dense{tensor.New(tensor.WithShape(3), tensor.WithBacking([]int{0, 1, 0}))}, Classes: []string{"a", "b"},
		},
		&data.Set{Name: "ragged", Sequences: []data.Sequences{x}, Steps: []data.Sequences{y}, Classes: []string{"a", "b"}, As: data.Sequence{}},
		&data.Set{
			Name: "pictures", Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(3, 1, 2), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))},
			Targets: []*tensor.Dense{tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float64{1, math.Copysign(0, -1), 3, 4, math.MaxFloat64, 6}))},
			Weights: []float64{1, 2, 0.5}, Groups: []int{3, -1, 3}, TargetColumns: []string{"u", "v"}, As: data.Regress{},
		})
}

func text(t testing.TB, s *data.Set) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	for _, s := range sets(t) {
		want, err := data.Fingerprint(s)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		first := text(t, s)
		read, err := Read(bytes.NewReader(first))
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		if have, err := data.Fingerprint(read); err != nil || have != want || read.Name != s.Name || read.Source != s.Source {
			t.Errorf("%s: fingerprint %s, want %s (%v)", s.Name, have, want, err)
		}
		if !bytes.Equal(first, text(t, read)) {
			t.Errorf("%s: written otherwise when read again", s.Name)
		}
		for _, n := range []int{0, 5, len(magic) + 2, len(magic) + 40, len(first) / 2, len(first) - 1} {
			if _, err := Read(bytes.NewReader(first[:n])); err == nil {
				t.Errorf("%s: read %d of %d bytes without an error", s.Name, n, len(first))
			}
		}
		if _, err := Read(bytes.NewReader(append(first, 0))); err == nil || !strings.Contains(err.Error(), "more after its end") {
			t.Errorf("%s: error %v", s.Name, err)
		}
	}
	if err := Write(&bytes.Buffer{}, nil); err == nil {
		t.Error("nothing was written without an error")
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range sets(f)[5:] {
		f.Add(text(f, s))
	}
	f.Add([]byte(magic + "\x30\x00\x00\x00" + `{"Inputs":[{"Type":"int","Shape":[1000000000]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		again, err := Read(bytes.NewReader(text(t, s)))
		if err != nil || again.Len() != s.Len() {
			t.Errorf("cannot be read again: %v", err)
		}
	})
}
