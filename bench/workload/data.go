package workload

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// Images are the rows of W1 to W3: MNIST where it is on this machine, else random
// pixels and classes of the same shapes.
type Images struct {
	Train, Test *data.Set
	Source      string // what the images are, in words
}

// The sizes of MNIST.
const (
	trainImages = 60000
	testImages  = 10000
)

var loadImages = sync.OnceValues(func() (*Images, error) {
	train, test, err := data.MNIST()
	if errors.Is(err, data.ErrAbsent) {
		return &Images{random(trainImages), random(testImages), "random pixels, as MNIST is not on this machine"}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Images{train, test, "MNIST"}, nil
})

// LoadImages returns the images; they are read once.
func LoadImages() (*Images, error) { return loadImages() }

// random makes images of 28 x 28 random pixels and random classes.
func random(n int) *data.Set {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	x, y := make([]float32, n*784), make([]int, n)
	for i := range x {
		x[i] = float32(r.IntN(256)) / 255
	}
	for i := range y {
		y[i] = r.IntN(10)
	}
	return &data.Set{
		Name:    "random images",
		Inputs:  []*tensor.Dense{tensor.New(tensor.WithShape(n, 28, 28, 1), tensor.WithBacking(x))},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(y))},
		Classes: names(10),
	}
}

// tableRows is how many rows of the table are trained on.
const tableRows = 544

// Table returns the rows of W4: 544 of the 569 rows of the Wisconsin breast-cancer
// data, stratified, each column standardised.
func Table() (*data.Set, error) {
	set, err := data.BreastCancer()
	if err != nil {
		return nil, err
	}
	rows, _, err := set.Split(1-float64(tableRows)/float64(set.Len()), 1)
	if err != nil {
		return nil, err
	}
	if rows.Len() != tableRows {
		return nil, fmt.Errorf("workload: the table has %d rows, want %d", rows.Len(), tableRows)
	}
	fitted, err := data.Standardize{}.Fit(rows)
	if err != nil {
		return nil, err
	}
	return fitted.Apply(rows)
}

// Data returns the rows that a workload trains on, those that it predicts, and
// what they are.
func (w Workload) Data() (train, predict *data.Set, source string, err error) {
	if w.Table {
		t, err := Table()
		return t, t, "Wisconsin breast-cancer data, standardised", err
	}
	i, err := LoadImages()
	if err != nil {
		return nil, nil, "", err
	}
	if train, err = w.shaped(i.Train); err != nil {
		return nil, nil, "", err
	}
	predict, err = w.shaped(i.Test)
	return train, predict, i.Source, err
}

// Random returns n random images with rows of the workload's shape.
func (w Workload) Random(n int) (*data.Set, error) { return w.shaped(random(n)) }

// shaped returns the same images with rows of the workload's shape.
func (w Workload) shaped(s *data.Set) (*data.Set, error) {
	pixels, ok := s.Inputs[0].Data().([]float32)
	if !ok {
		return nil, fmt.Errorf("workload: %s: images of type %v", s.Name, s.Inputs[0].Dtype())
	}
	out := *s
	out.Inputs = []*tensor.Dense{tensor.New(tensor.WithShape(append([]int{s.Len()}, w.Shape...)...), tensor.WithBacking(pixels))}
	return &out, nil
}
