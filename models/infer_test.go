package models_test

import (
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/infer"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// sameInference holds package infer's outputs of a model file, for several numbers of
// rows, to the bits of the model's own.
func sameInference(t *testing.T, path string, m *models.Model, in []*tensor.Dense) {
	t.Helper()
	served, err := infer.Open(path)
	if err != nil {
		t.Error(err)
		return
	}
	all := in[0].Shape()[0]
	for _, rows := range []int{1, 2, min(5, all), all} {
		s, err := served.Session(rows)
		if err != nil {
			t.Errorf("%d rows: %v", rows, err)
			return
		}
		own, err := m.Predictor(rows)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range served.Program().Inputs {
			at := -1
			for k, name := range m.InputNames() {
				if name == v.Name {
					at = k
				}
			}
			width := in[at].DataSize() / all
			fill(s.Input(i), in[at], rows*width)
		}
		for k, memory := range own.Inputs() {
			width := in[k].DataSize() / all
			switch d := memory.Data().(type) {
			case []float32:
				fill(infer.Memory{Float32: d}, in[k], rows*width)
			case []float64:
				fill(infer.Memory{Float64: d}, in[k], rows*width)
			case []int:
				fill(infer.Memory{Int: d}, in[k], rows*width)
			}
		}
		if err := s.Run(ctx); err != nil {
			t.Errorf("%d rows: %v", rows, err)
			return
		}
		if err := own.Run(ctx); err != nil {
			t.Fatal(err)
		}
		for i, out := range own.Outputs() {
			var got any
			switch memory := s.Output(i); {
			case memory.Float32 != nil:
				got = memory.Float32
			case memory.Float64 != nil:
				got = memory.Float64
			default:
				got = memory.Int
			}
			if want := out.Data(); !reflect.DeepEqual(got, want) || fmt.Sprint(s.Outputs()[i].Shape) != fmt.Sprint([]int(out.Shape())) {
				t.Errorf("%d rows, output %d: %v %v, want %v %v", rows, i, s.Outputs()[i], got, out.Shape(), want)
			}
		}
	}
}

// fill copies the first n elements of a tensor.
func fill(to infer.Memory, from *tensor.Dense, n int) {
	switch d := from.Data().(type) {
	case []float32:
		for i := range n {
			if to.Float64 != nil {
				to.Float64[i] = float64(d[i])
			} else {
				to.Float32[i] = d[i]
			}
		}
	case []float64:
		for i := range n {
			if to.Float64 != nil {
				to.Float64[i] = d[i]
			} else {
				to.Float32[i] = float32(d[i])
			}
		}
	case []int:
		copy(to.Int, d[:n])
	}
}

// TestServedRows holds single rows that package infer preprocesses and runs to the bits
// of the model's own transform and network.
func TestServedRows(t *testing.T) {
	s := mixed(t, 60, 3)
	values, p, err := s.Table()
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range servers(t, s) {
		path := filepath.Join(t.TempDir(), "m")
		if err := m.Save(path); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		served, err := infer.Open(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(served.Columns()) != p {
			t.Fatalf("%s: columns %v", name, served.Columns())
		}
		row, err := served.Row()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		transform, err := data.NewRowTransform(m.Info.Preprocess, m.Info.Features)
		if err != nil {
			t.Fatal(err)
		}
		own, err := m.Predictor(1)
		if err != nil {
			t.Fatal(err)
		}
		ready := make([]float64, len(transform.Out()))
		for i := range s.Len() {
			codes := slices.Clone(values[i*p : (i+1)*p])
			if i%7 == 0 {
				codes[9] = -1 // a level that was not there
			}
			if err := transform.Apply(ready, codes); err != nil {
				t.Fatal(err)
			}
			for k, v := range ready {
				own.Inputs()[0].Float32s()[k] = float32(v)
			}
			if err := own.Run(ctx); err != nil {
				t.Fatal(err)
			}
			want := own.Outputs()[0].Float32s()
			cells := map[string]any{}
			for k, c := range served.Columns() {
				switch {
				case math.IsNaN(codes[k]):
				case c.Levels != nil && codes[k] < 0:
					cells[c.Name] = "new"
				case c.Levels != nil:
					cells[c.Name] = c.Levels[int(codes[k])]
				default:
					cells[c.Name] = codes[k]
				}
			}
			if got, err := row.Run(ctx, codes); err != nil || !slices.Equal(got[0].Float32, want) {
				t.Fatalf("%s, row %d: %v (%v), want %v", name, i, got, err, want)
			}
			if got, err := row.RunMap(ctx, cells); err != nil || !slices.Equal(got[0].Float32, want) {
				t.Fatalf("%s, row %d by names: %v (%v), want %v", name, i, got, err, want)
			}
		}
		for _, c := range []struct {
			cells map[string]any
			want  string
		}{
			{map[string]any{"no": 1}, `no column "no"`}, {map[string]any{"n0": "x"}, "want a number"}, {map[string]any{"c0": 1.0}, "want the text of a level"},
		} {
			if _, err := row.RunMap(ctx, c.cells); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v gives %v, want an error with %q", name, c.cells, err, c.want)
			}
		}
		if _, err := row.Run(ctx, values[:p-1]); err == nil {
			t.Errorf("%s: a row that is too short is run", name)
		}
	}
}

// BenchmarkServedRow runs single rows, preprocessing included, beside the model itself.
func BenchmarkServedRow(b *testing.B) {
	s := mixed(b, 60, 3)
	m := server(b, s, func(*models.Info) {}, 1, 1)
	path := filepath.Join(b.TempDir(), "m")
	if err := m.Save(path); err != nil {
		b.Fatal(err)
	}
	served, err := infer.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	row, err := served.Row()
	if err != nil {
		b.Fatal(err)
	}
	own, err := m.RowPredictor()
	if err != nil {
		b.Fatal(err)
	}
	values, p, err := s.Table()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("infer", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			k := i % 60 * p
			if _, err := row.Run(ctx, values[k:k+p]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("models", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			k := i % 60 * p
			if _, err := own.PredictCodes(values[k : k+p]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
