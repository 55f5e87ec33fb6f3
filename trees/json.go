package trees

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

// The name and the version of the format that models are written in.
const (
	formatName    = "aegis-trees"
	formatVersion = 1
)

// maxJSON bounds what ReadJSON reads, in bytes.
const maxJSON = 1 << 32

// The format: nodes are arrays by field, and sets lists of bins, which JSON's
// numbers hold exactly.
type (
	modelJSON struct {
		Format     string       `json:"format"`
		Version    int          `json:"version"`
		Classes    int          `json:"classes"`
		Link       Link         `json:"link"`
		Average    bool         `json:"average"`
		Base       []float64    `json:"base"`
		Columns    []columnJSON `json:"columns"`
		Importance []float64    `json:"importance"`
		Trees      []treeJSON   `json:"trees"`
	}
	columnJSON struct {
		Name   string  `json:"name"`
		Levels int     `json:"levels,omitempty"`
		Bins   []int16 `json:"bins,omitempty"`
	}
	treeJSON struct {
		Output      int       `json:"output,omitempty"`
		Feature     []int32   `json:"feature"`
		Value       []float64 `json:"value"`
		Left        []int32   `json:"left"`
		Cover       []float32 `json:"cover"`
		Categorical []int32   `json:"categorical,omitempty"`  // the nodes with the flag
		MissingLeft []int32   `json:"missing_left,omitempty"` // the nodes with the flag
		Sets        [][]int16 `json:"sets,omitempty"`
		Values      []float64 `json:"values,omitempty"`
	}
)

// WriteJSON writes the model as one JSON object. Reading it gives the same
// predictions, bit for bit. Out-of-bag predictions are not written.
func (m *Model) WriteJSON(w io.Writer) error {
	out, err := m.document()
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(out)
}

// MarshalJSON implements [json.Marshaler], with what WriteJSON writes.
func (m *Model) MarshalJSON() ([]byte, error) {
	out, err := m.document()
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

func (m *Model) document() (*modelJSON, error) {
	if m == nil || len(m.e.Columns) == 0 {
		return nil, errNotFitted
	}
	e := &m.e
	out := &modelJSON{
		Format: formatName, Version: formatVersion, Classes: e.Classes, Link: e.Link, Average: e.Average, Base: e.Base,
		Importance: e.Importance, Columns: make([]columnJSON, len(e.Columns)), Trees: make([]treeJSON, len(e.Trees)),
	}
	for j, c := range e.Columns {
		out.Columns[j] = columnJSON(c)
	}
	for i := range e.Trees {
		out.Trees[i] = e.Trees[i].document()
	}
	return out, nil
}

func (t *Tree) document() treeJSON {
	n := len(t.Nodes)
	out := treeJSON{
		Output: t.Output, Values: t.Values,
		Feature: make([]int32, n), Value: make([]float64, n), Left: make([]int32, n), Cover: make([]float32, n),
	}
	for i, node := range t.Nodes {
		out.Feature[i], out.Value[i], out.Left[i], out.Cover[i] = node.Feature, node.Value, node.Left, node.Cover
		if node.Categorical {
			out.Categorical = append(out.Categorical, int32(i))
		}
		if node.MissingLeft {
			out.MissingLeft = append(out.MissingLeft, int32(i))
		}
	}
	for words := range slices.Chunk(t.Sets, 4) {
		set := []int16{}
		for i, w := range words {
			for ; w != 0; w &= w - 1 {
				set = append(set, int16(64*i+bits.TrailingZeros64(w)))
			}
		}
		out.Sets = append(out.Sets, set)
	}
	return out
}

// ReadJSON reads a model that WriteJSON wrote, to the end of the input, and checks
// it, so that any model it returns predicts without a panic. It needs memory in
// proportion to the input, of which it reads at most 4 GiB.
func ReadJSON(r io.Reader) (*Model, error) {
	if r == nil {
		return nil, errors.New("trees: read a model: the reader is nil")
	}
	limited := &io.LimitedReader{R: r, N: maxJSON}
	m, err := readJSON(limited)
	if limited.N <= 0 {
		return nil, fmt.Errorf("trees: the model is longer than %d bytes", int64(maxJSON))
	}
	return m, err
}

func readJSON(r io.Reader) (*Model, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	var in modelJSON
	if err := d.Decode(&in); err != nil {
		return nil, fmt.Errorf("trees: read a model: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("trees: read a model: there is more after its end")
	}
	return in.model()
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *Model) UnmarshalJSON(text []byte) error {
	if m == nil {
		return errors.New("trees: unmarshal into a nil model")
	}
	var in modelJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return fmt.Errorf("trees: read a model: %w", err)
	}
	read, err := in.model()
	if err != nil {
		return err
	}
	*m = *read
	return nil
}

func (in *modelJSON) model() (*Model, error) {
	if in.Format != formatName || in.Version != formatVersion {
		return nil, fmt.Errorf("trees: read a model: format %q, version %d; want %q, version %d", clip(in.Format), in.Version, formatName, formatVersion)
	}
	e := Ensemble{
		Classes: in.Classes, Link: in.Link, Average: in.Average, Base: in.Base, Importance: in.Importance,
		Columns: make([]ColumnInfo, len(in.Columns)), Trees: make([]Tree, len(in.Trees)),
	}
	for j, c := range in.Columns {
		e.Columns[j] = ColumnInfo(c)
	}
	for i := range in.Trees {
		var err error
		if e.Trees[i], err = in.Trees[i].tree(); err != nil {
			return nil, fmt.Errorf("trees: read a model: tree %d: %w", i, err)
		}
	}
	return NewModel(e)
}

func (in *treeJSON) tree() (Tree, error) {
	n := len(in.Feature)
	if len(in.Value) != n || len(in.Left) != n || len(in.Cover) != n {
		return Tree{}, fmt.Errorf("%d columns, %d values, %d children and %d covers", n, len(in.Value), len(in.Left), len(in.Cover))
	}
	t := Tree{Output: in.Output, Values: in.Values, Nodes: make([]Node, n)}
	for i := range t.Nodes {
		t.Nodes[i] = Node{Value: in.Value[i], Feature: in.Feature[i], Left: in.Left[i], Cover: in.Cover[i]}
	}
	for _, i := range in.Categorical {
		if i < 0 || int(i) >= n {
			return Tree{}, fmt.Errorf("categorical: node %d of %d", i, n)
		}
		t.Nodes[i].Categorical = true
	}
	for _, i := range in.MissingLeft {
		if i < 0 || int(i) >= n {
			return Tree{}, fmt.Errorf("missing_left: node %d of %d", i, n)
		}
		t.Nodes[i].MissingLeft = true
	}
	t.Sets = make([]uint64, 4*len(in.Sets))
	for s, set := range in.Sets {
		for _, b := range set {
			if b < 0 || b > 255 {
				return Tree{}, fmt.Errorf("set %d: bin %d is out of range [0, 255]", s, b)
			}
			t.Sets[4*s+int(b)/64] |= 1 << (b % 64)
		}
	}
	return t, nil
}
