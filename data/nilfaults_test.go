package data_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

func TestFault36NilAndEmpty(t *testing.T) {
	scalar := tensor.New(tensor.FromScalar(1.0))
	var zero data.RowTransform
	for _, c := range []struct {
		name string
		call func() error
		want string
	}{
		{"rows without columns", func() error { _, err := data.FromRows("s", [][]float64{{}}, []float64{1}); return err }, "column"},
		{"a nil augmenter", func() error { return data.Augmenters{nil}.Augment([]float64{1}, []int{1}, rand.New(rand.NewPCG(1, 2))) }, "nil"},
		{"a nil source", func() error { return data.Jitter{Std: 1}.Augment([]float64{1}, []int{1}, nil) }, "source of random numbers is nil"},
		{"a scalar input", func() error { return (&data.Set{Inputs: []*tensor.Dense{scalar}}).Validate() }, ""},
		{"a nil transform", func() error { _, err := data.FittedPipeline{nil}.Apply(&data.Set{}); return err }, "transform 0 of the pipeline is nil"},
		{"a zero row transform", func() error { return zero.Apply(nil, nil) }, "not made by NewRowTransform"},
		{"bounds of no columns", func() error {
			s, err := data.FromRows("s", [][]float64{{1}}, []float64{1})
			if err != nil {
				t.Fatal(err)
			}
			_, err = data.FittedClip{Features: []data.Feature{{Name: "x0"}}}.Apply(s)
			return err
		}, "clip"},
		{"too many rows to number", func() error { _, err := data.NewBatches(math.MaxInt, 2, true, 1); return err }, "want at most"},
	} {
		if err := c.call(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", c.name, err, c.want)
		}
	}
}
