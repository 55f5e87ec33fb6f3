package models

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/modelfile"
	"github.com/seed732fc211/aegis/internal/safetensors"
	"gorgonia.org/tensor"
)

// Import maps the tensors of a safetensors file from another program to the parameters of a
// model; see Model.Import.
type Import struct {
	Map          []Mapping
	AllowUnused  bool // allow tensors in the file that Map does not name
	AllowMissing bool // allow parameters of the model that Map does not set
}

// Mapping assigns a tensor of a file to a parameter. Tensors assigned to the same parameter
// are added up, because PyTorch's recurrent networks have two biases where one would do. A
// tensor may be assigned to several parameters.
type Mapping struct {
	From string    // name in the file
	To   string    // path of the parameter, such as "0.Dense/kernel"; "": ignore the tensor
	As   Transform // nil: shape and values are kept
	// Optional allows a file without the tensor; the parameter is then missing, unless another
	// mapping sets it.
	Optional bool
}

// Transfer reports which weights were loaded from another source and which were not.
type Transfer struct {
	Set     []string // parameters with new values, in the order of graph.Params.All
	Missing []string // parameters that kept their values
	Unused  []string // names in the source that were not used, sorted
}

// Transform converts a tensor, given as shape and values row by row, to this library's
// layout. For PyTorch's layers:
//
//   - Weights of two or more axes: TorchKernel, or TorchFlattened after a Flatten of
//     images. Embedding.weight needs no transform.
//   - BatchNorm and LayerNorm: weight is scale, bias is shift, running_mean is
//     running_mean, running_var is running_variance.
//   - LSTM and RNN: bias_ih and bias_hh both go to bias, and are added.
//   - GRU: bias_ih goes to bias; bias_hh goes to bias as TorchGRUBias and to other_bias
//     as TorchGRUOtherBias.
//   - In recurrent networks of several layers, _l0 and _l1 are the scopes "0" and "1"; in
//     bidirectional ones, these contain "forward" and, for _reverse, "backward".
type Transform func(shape graph.Shape, values []float64) (graph.Shape, []float64, error)

// TorchKernel moves the first two axes to the end, swapped: (a, b, ...) becomes
// (..., b, a). It is the Transform for the weights of PyTorch's Linear
// (out, in), Conv1d and Conv2d (out, in/groups, ...), ConvTranspose2d without groups
// (in, out, ...), and RNN, LSTM and GRU (gates·units, in), whose gates are in the same
// order as in this library.
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

// TorchFlattened returns the Transform for the weight of a PyTorch Linear that follows a
// Flatten of images. PyTorch flattens an image of the given number of channels channel by
// channel, this library pixel by pixel: (out, channels·pixels) becomes (pixels·channels,
// out).
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

// TorchGRUBias extracts from the bias_hh (3·units) of PyTorch's GRU what belongs to bias:
// gates r and z, with zeros for n.
func TorchGRUBias(shape graph.Shape, values []float64) (graph.Shape, []float64, error) {
	units, err := gruUnits(shape, values)
	if err != nil {
		return nil, nil, err
	}
	out := slices.Clone(values)
	clear(out[2*units:])
	return shape.Clone(), out, nil
}

// TorchGRUOtherBias extracts from the bias_hh (3·units) of PyTorch's GRU what is other_bias:
// gate n.
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

// whole checks that the number of values matches a shape.
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
// The file's tensors may be floats of 16 to 64 bits, integers or booleans; they are
// converted to the model's type. Everything is checked before anything is changed. It is an
// error if a name does not exist in the file or the model, if a shape is wrong, or if a
// value is not finite in the model's type; and, unless c allows it, if no mapping names a
// tensor of the file or sets a parameter. The Transfer lists these tensors and parameters,
// and is also returned with that last error.
//
// Package models/vision has the rules for networks of torchvision. For a file written by this
// library, use Load, or CopyWeights to load weights by name.
func (m *Model) Import(path string, c Import) (*Transfer, error) {
	if !m.made() {
		return nil, errNotMade
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("models: import: %w", err)
	}
	defer file.Close()
	f, _, err := safetensors.ReadSummed(file, modelfile.Sum)
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

// mapped returns the new values of parameters by path, and the file's names that were used.
func (m *Model) mapped(f *safetensors.File, list []Mapping) (sums map[string][]float64, used map[string]bool, err error) {
	sums, used = map[string][]float64{}, map[string]bool{}
	for _, c := range list {
		t, ok := f.Get(c.From)
		if !ok && c.Optional {
			continue
		}
		if !ok {
			return nil, nil, fmt.Errorf("the file holds no %q", c.From)
		}
		used[c.From] = true
		if c.To == "" {
			continue
		}
		p := m.params.Get(c.To)
		if p == nil {
			return nil, nil, fmt.Errorf("%q is mapped to %q, which is not a parameter of the model", c.From, c.To)
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
		if r := recover(); r != nil { // from the user's function
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

// CopyWeights sets every parameter of m, running statistics of batch normalisation included,
// that from has under the same path with the same shape. from is the same network, or one
// that shares some layers. Values are copied, and converted if the element types differ. The
// Transfer lists the parameters that were set, those of m that were not, and those of from
// that were not used. It is an error if the two have no parameter in common.
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
