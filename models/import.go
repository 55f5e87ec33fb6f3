package models

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/safetensors"
	"gorgonia.org/tensor"
)

// Import says which tensors of a safetensors file that another program wrote are
// which parameters of a model; see Model.Import.
type Import struct {
	Map          []Mapping
	AllowUnused  bool // the file may hold tensors that Map does not name
	AllowMissing bool // parameters that Map does not name keep their values
}

// Mapping is a tensor of a file and the parameter it goes to. Several tensors that go
// to the same parameter are added up, as PyTorch's recurrent networks have two biases
// where one does; a tensor may go to several parameters.
type Mapping struct {
	From string    // name in the file
	To   string    // path of the parameter, such as "0.Dense/kernel"; "": the tensor is not wanted
	As   Transform // nil: shape and values as they are
}

// Transfer lists what became of weights that were taken over from elsewhere.
type Transfer struct {
	Set     []string // parameters with new values, in the order of graph.Params.All
	Missing []string // parameters that kept theirs
	Unused  []string // names of the source that went nowhere, sorted
}

// Transform turns a tensor, its values row by row, into the layout of a parameter of
// this library. Of PyTorch's layers, TorchKernel is for every weight of two axes and
// more, except those of Embedding, which need no transform, nor do LayerNorm, biases
// and BatchNorm, whose weight, bias, running_mean and running_var are scale, shift,
// running_mean and running_variance. An LSTM's or RNN's bias_ih and bias_hh go to
// bias, both. A GRU's bias_ih goes to bias, and its bias_hh to bias as TorchGRUBias
// and to other_bias as TorchGRUOtherBias. Depth l of a recurrent network is the scope
// "l", if there are several, then "forward" or "backward", if it is bidirectional.
type Transform func(shape graph.Shape, values []float64) (graph.Shape, []float64, error)

// TorchKernel moves the first two axes behind the others, in reverse order: (a, b, ...)
// becomes (..., b, a). It is the Transform for the weights of PyTorch's Linear
// (out, in), Conv1d and Conv2d (out, in/groups, ...), ConvTranspose2d without groups
// (in, out, ...), and RNN, LSTM and GRU (gates·units, in), whose gates stand in the
// order of ours.
func TorchKernel(shape graph.Shape, values []float64) (graph.Shape, []float64, error) {
	if len(shape) < 2 {
		return nil, nil, fmt.Errorf("shape %v: want at least two axes", shape)
	}
	if err := whole(shape, values); err != nil {
		return nil, nil, err
	}
	a, b := shape[0], shape[1]
	rest := len(values) / (a * b)
	out := make([]float64, len(values))
	for i := range a {
		for j := range b {
			for k := range rest {
				out[(k*b+j)*a+i] = values[(i*b+j)*rest+k]
			}
		}
	}
	return append(slices.Clone(shape[2:]), b, a), out, nil
}

// TorchFlattened returns the Transform of the weight of PyTorch's Linear after a
// Flatten of images. There an image of the given number of channels is flattened
// channel by channel, here pixel by pixel: (out, channels·pixels) becomes
// (pixels·channels, out).
func TorchFlattened(channels int) Transform {
	return func(shape graph.Shape, values []float64) (graph.Shape, []float64, error) {
		if len(shape) != 2 || channels < 1 || shape[1]%channels != 0 {
			return nil, nil, fmt.Errorf("shape %v: want (out, a multiple of %d channels)", shape, channels)
		}
		if err := whole(shape, values); err != nil {
			return nil, nil, err
		}
		pixels := shape[1] / channels
		shape, out, err := TorchKernel(graph.Shape{shape[0], channels, pixels}, values) // (pixels, channels, out)
		if err != nil {
			return nil, nil, err
		}
		return graph.Shape{shape[0] * shape[1], shape[2]}, out, nil
	}
}

// TorchGRUBias is the part of the bias_hh (3·units) of PyTorch's GRU that belongs to
// bias: gates r and z, with zeros for n.
func TorchGRUBias(shape graph.Shape, values []float64) (graph.Shape, []float64, error) {
	units, err := gruUnits(shape, values)
	if err != nil {
		return nil, nil, err
	}
	out := slices.Clone(values)
	clear(out[2*units:])
	return shape.Clone(), out, nil
}

// TorchGRUOtherBias is the part of the bias_hh (3·units) of PyTorch's GRU that is
// other_bias: gate n.
func TorchGRUOtherBias(shape graph.Shape, values []float64) (graph.Shape, []float64, error) {
	units, err := gruUnits(shape, values)
	if err != nil {
		return nil, nil, err
	}
	return graph.Shape{units}, slices.Clone(values[2*units:]), nil
}

func gruUnits(shape graph.Shape, values []float64) (int, error) {
	if len(shape) != 1 || shape[0]%3 != 0 {
		return 0, fmt.Errorf("shape %v: want (3·units)", shape)
	}
	return shape[0] / 3, whole(shape, values)
}

// whole checks that values are those of a shape.
func whole(shape graph.Shape, values []float64) error {
	n := 1
	for _, d := range shape {
		if d < 1 || n > len(values)/d {
			return fmt.Errorf("shape %v does not hold %d values", shape, len(values))
		}
		n *= d
	}
	if n != len(values) {
		return fmt.Errorf("shape %v does not hold %d values", shape, len(values))
	}
	return nil
}

// Import sets parameters to tensors of a safetensors file made by another program,
// such as PyTorch's state_dict saved by safetensors.torch.save_file:
//
//	t, err := m.Import("net.safetensors", models.Import{Map: []models.Mapping{
//		{From: "fc1.weight", To: "0.Dense/kernel", As: models.TorchKernel},
//		{From: "fc1.bias", To: "0.Dense/bias"},
//	}})
//
// The file's tensors may be of any type (F64 to BF16, integers and booleans); they are
// computed with in the model's. Everything is checked before anything is changed: a
// name that the file or the model does not have, another shape, and a value that is
// not finite in the model's type are errors. So are tensors of the file that were
// not named, and parameters that got nothing, unless c allows them; the Transfer
// lists both, and is returned with that error, too.
//
// A file of this library has parameters by path: Load reads it, and CopyWeights
// takes weights over by name.
func (m *Model) Import(path string, c Import) (*Transfer, error) {
	if !m.made() {
		return nil, errNotMade
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("models: import: %w", err)
	}
	defer file.Close()
	f, _, err := safetensors.ReadSummed(file, keySum)
	if err != nil {
		return nil, fmt.Errorf("models: import %s: %w", path, err)
	}
	sums, used, err := m.mapped(f, c.Map)
	if err != nil {
		return nil, fmt.Errorf("models: import %s: %w", path, err)
	}
	t := &Transfer{}
	for _, p := range m.params.All() {
		if sums[p.Path] != nil {
			t.Set = append(t.Set, p.Path)
		} else {
			t.Missing = append(t.Missing, p.Path)
		}
	}
	for _, w := range f.Tensors {
		if !used[w.Name] {
			t.Unused = append(t.Unused, w.Name)
		}
	}
	if len(t.Missing) > 0 && !c.AllowMissing {
		return t, fmt.Errorf("models: import %s: nothing is mapped to %q", path, t.Missing)
	}
	if len(t.Unused) > 0 && !c.AllowUnused {
		return t, fmt.Errorf("models: import %s: no mapping names %q, which the file holds", path, t.Unused)
	}
	for _, path := range t.Set {
		p := m.params.Get(path)
		if err := p.Set(tensor.New(tensor.WithShape(p.Shape()...), tensor.WithBacking(sums[path]))); err != nil {
			return nil, fmt.Errorf("models: import: %w", err) // excluded by the checks of mapped
		}
	}
	return t, nil
}

// mapped returns the new values of parameters by path, and the names that were used.
func (m *Model) mapped(f *safetensors.File, list []Mapping) (sums map[string][]float64, used map[string]bool, err error) {
	sums, used = map[string][]float64{}, map[string]bool{}
	for _, c := range list {
		t, ok := f.Get(c.From)
		if !ok {
			return nil, nil, fmt.Errorf("the file holds no %q", c.From)
		}
		used[c.From] = true
		if c.To == "" {
			continue
		}
		p := m.params.Get(c.To)
		if p == nil {
			return nil, nil, fmt.Errorf("%q is mapped to %q, which is no parameter of the model", c.From, c.To)
		}
		shape, values, err := c.As.apply(t)
		if err != nil {
			return nil, nil, fmt.Errorf("%q to %s: %w", c.From, c.To, err)
		}
		if !slices.Equal(shape, p.Shape()) {
			return nil, nil, fmt.Errorf("%q to %s: shape %v in the file is %v here, and the parameter has %v", c.From, c.To, graph.Shape(t.Shape), shape, p.Shape())
		}
		sum := sums[c.To]
		if sum == nil {
			sum = make([]float64, len(values))
			sums[c.To] = sum
		}
		for i, v := range values {
			sum[i] += v
			if math.IsNaN(sum[i]) || math.IsInf(sum[i], 0) || m.params.Dtype() == graph.Float32 && math.IsInf(float64(float32(sum[i])), 0) {
				return nil, nil, fmt.Errorf("%q to %s: value %d is %v: want finite numbers of type %v", c.From, c.To, i, sum[i], m.params.Dtype())
			}
		}
	}
	return sums, used, nil
}

func (f Transform) apply(t safetensors.Tensor) (shape graph.Shape, values []float64, err error) {
	defer func() {
		if r := recover(); r != nil { // in a function of the user's
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	values = slices.Clone(t.F64)
	if t.F64 == nil {
		for _, v := range t.F32 {
			values = append(values, float64(v))
		}
	}
	shape = slices.Clone(t.Shape)
	if f == nil {
		return shape, values, nil
	}
	if shape, values, err = f(shape, values); err == nil {
		err = whole(shape, values)
	}
	return shape, values, err
}

// CopyWeights sets the parameters of m that from has, too, by path and shape: weights
// of the same network, or of one that shares some of its layers. Running statistics
// of batch normalisation are among them. Values are copied, converted if the types
// differ. The Transfer lists what was set, what m has besides or in another shape, and
// what of from was not used. Nothing in common is an error.
func (m *Model) CopyWeights(from *Model) (*Transfer, error) {
	if !m.made() || !from.made() {
		return nil, errNotMade
	}
	t := &Transfer{}
	for _, p := range m.params.All() {
		if q := from.params.Get(p.Path); q != nil && slices.Equal(p.Shape(), q.Shape()) {
			t.Set = append(t.Set, p.Path)
		} else {
			t.Missing = append(t.Missing, p.Path)
		}
	}
	if len(t.Set) == 0 {
		return t, errors.New("models: copy weights: the models have no parameter in common, by path and shape")
	}
	for _, path := range t.Set {
		if err := m.params.Get(path).Set(from.params.Get(path).Tensor()); err != nil {
			return nil, fmt.Errorf("models: copy weights: %w", err)
		}
	}
	for _, p := range from.params.All() {
		if !slices.Contains(t.Set, p.Path) {
			t.Unused = append(t.Unused, p.Path)
		}
	}
	slices.Sort(t.Unused)
	return t, nil
}
