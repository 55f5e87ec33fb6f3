package recommend

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/internal/modelfile"
	"github.com/seed732fc211/aegis/internal/safetensors"
	"github.com/seed732fc211/aegis/models"
)

// Keys of a recommender's file.
const (
	recommenderKey = "aegis.recommender"
	usersKey       = "aegis.users" // a JSON list of names
	itemsKey       = "aegis.items" // a JSON list of names
)

// recommenderVersion is the version of the description of a recommender.
const recommenderVersion = 1

// recommenderJSON describes a recommender.
type recommenderJSON struct {
	Version int
	Learner json.RawMessage
	Kind    string // of the scorer
	Factors int    `json:",omitempty"`
	ALS     *ALS   `json:",omitempty"` // by which users that were not trained on are solved for

	Name    string `json:",omitempty"` // of a network's scorer
	Output  string `json:",omitempty"`
	Longest int    `json:",omitempty"`
}

// Save writes the recommender to one file in the safetensors format: what was fitted, what the users have
// ("seen/start", "seen/item", "seen/weight", in compressed rows), and names and settings as JSON in the metadata, of
// which the format allows 100 MB. The learner must be one of this package, and the scorer one that it has fitted.
func (r *Recommender) Save(path string) error {
	if err := r.check(); err != nil {
		return err
	}
	if r.Learner == nil {
		return errors.New("recommend: a recommender without its learner cannot be saved")
	}
	j := recommenderJSON{Version: recommenderVersion}
	var err error
	if j.Learner, err = describe.Marshal(r.Learner); err != nil {
		return fmt.Errorf("recommend: %w", err)
	}
	meta := map[string]string{}
	tensors, err := j.tensors(r.Scorer, meta)
	if err != nil {
		return err
	}
	start, item := ints("seen/start", r.Seen.Start), ints("seen/item", r.Seen.Item)
	weight := safetensors.Tensor{Name: "seen/weight", Shape: []int{len(r.Seen.Weight)}, F64: r.Seen.Weight}
	tensors = append(tensors, start, item, weight)
	for key, v := range map[string]any{recommenderKey: j, usersKey: r.Users, itemsKey: r.Items} {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("recommend: %w", err)
		}
		meta[key] = string(b)
	}
	if err := atomicfile.Write(path, func(w io.Writer) error { return safetensors.WriteSummed(w, modelfile.Sum, meta, tensors) }); err != nil {
		return fmt.Errorf("recommend: %w", err)
	}
	return nil
}

// ints is a tensor of whole numbers.
func ints(name string, list []int) safetensors.Tensor {
	v := make([]float64, len(list))
	for i, n := range list {
		v[i] = float64(n)
	}
	return safetensors.Tensor{Name: name, Shape: []int{len(v)}, F64: v, Dtype: safetensors.I32}
}

// tensors returns what a scorer was fitted to, and describes it, a network also in the metadata.
func (j *recommenderJSON) tensors(s Scorer, meta map[string]string) ([]safetensors.Tensor, error) {
	switch s := s.(type) {
	case *popular:
		j.Kind = "popularity"
		return []safetensors.Tensor{{Name: "counts", Shape: []int{len(s.counts)}, F32: s.counts}}, nil
	case *neighbours:
		j.Kind = "neighbours"
		return []safetensors.Tensor{ints("neighbours/start", s.start), ints("neighbours/item", s.item), {Name: "neighbours/similarity", Shape: []int{len(s.by)}, F32: s.by}}, nil
	case *dense:
		j.Kind = "dense"
		return []safetensors.Tensor{{Name: "weights", Shape: []int{s.items, s.items}, F32: s.weights}}, nil
	case *factors:
		j.Kind, j.Factors, j.ALS = "factors", s.dim, s.als
		return []safetensors.Tensor{
			{Name: "users", Shape: []int{len(s.users) / s.dim, s.dim}, F32: s.users}, {Name: "items", Shape: []int{len(s.items) / s.dim, s.dim}, F32: s.items},
		}, nil
	case *pairwise:
		j.Kind = "pairs"
		return networkTensors(s.model, meta)
	case *encoded:
		j.Kind, j.Factors, j.Name, j.Output, j.Longest = "network", s.dim, s.name, s.output, s.longest
		list, err := networkTensors(s.model, meta)
		if err != nil {
			return nil, err
		}
		list = append(list, safetensors.Tensor{Name: "recommend/items", Shape: []int{len(s.items) / s.dim, s.dim}, F32: s.items})
		if s.bias != nil {
			list = append(list, safetensors.Tensor{Name: "recommend/bias", Shape: []int{len(s.bias)}, F32: s.bias})
		}
		return list, nil
	}
	return nil, fmt.Errorf("recommend: a %T cannot be saved: want a scorer that a learner of this package has fitted", s)
}

// networkTensors returns what the file of a model has, the metadata in meta.
func networkTensors(m *models.Model, meta map[string]string) ([]safetensors.Tensor, error) {
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		return nil, err
	}
	f, _, err := safetensors.ReadSummed(&b, modelfile.Sum)
	if err != nil {
		return nil, err
	}
	maps.Copy(meta, f.Meta)
	return f.Tensors, nil
}

// Load reads what Save wrote.
func Load(path string) (*Recommender, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("recommend: %w", err)
	}
	defer file.Close()
	r, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("recommend: %s: %w", path, err)
	}
	return r, nil
}

func read(from io.Reader) (*Recommender, error) {
	f, summed, err := safetensors.ReadSummed(from, modelfile.Sum)
	if err != nil {
		return nil, err
	}
	if f.Meta[recommenderKey] == "" {
		return nil, errors.New("this file holds no recommender")
	}
	if !summed {
		return nil, errors.New("the checksum is missing: the file is damaged")
	}
	var j recommenderJSON
	r := &Recommender{}
	for key, v := range map[string]any{recommenderKey: &j, usersKey: &r.Users, itemsKey: &r.Items} {
		if err := json.Unmarshal([]byte(f.Meta[key]), v); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if j.Version != recommenderVersion {
		return nil, fmt.Errorf("a recommender of version %d: this version of Aegis reads version %d", j.Version, recommenderVersion)
	}
	if err := describe.Unmarshal(j.Learner, &r.Learner); err != nil {
		return nil, err
	}
	t := reader{file: f}
	r.Seen = &data.Histories{Items: len(r.Items), Start: t.ints("seen/start"), Item: t.ints("seen/item"), Weight: t.floats64("seen/weight")}
	r.Scorer = j.scorer(&t, len(r.Users), len(r.Items))
	if t.err != nil {
		return nil, t.err
	}
	return r, r.check()
}

// reader takes tensors out of a file; its first error stays.
type reader struct {
	file *safetensors.File
	err  error
}

func (t *reader) fail(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf(format, args...)
	}
}

func (t *reader) floats64(name string) []float64 {
	v, ok := t.file.Get(name)
	if !ok || v.F64 == nil && len(v.F32) > 0 || len(v.Shape) != 1 {
		t.fail("there is no list %q of numbers in 64 bits", name)
	}
	return v.F64
}

func (t *reader) ints(name string) []int {
	list := t.floats64(name)
	out := make([]int, len(list))
	for i, v := range list {
		if v != math.Trunc(v) || math.Abs(v) > math.MaxInt32 {
			t.fail("%s: %v is no whole number of 32 bits", name, v)
			return nil
		}
		out[i] = int(v)
	}
	return out
}

// floats returns n numbers, which must be finite.
func (t *reader) floats(name string, n int) []float32 {
	v, ok := t.file.Get(name)
	if !ok || len(v.F32) != n {
		t.fail("%s: %d numbers: want %d of 32 bits", name, len(v.F32), n)
		return nil
	}
	for i, x := range v.F32 {
		if x-x != 0 {
			t.fail("%s: number %d is %v", name, i, x)
		}
	}
	return v.F32
}

// scorer makes the scorer that a file describes; nil with an error in t.
func (j *recommenderJSON) scorer(t *reader, users, items int) Scorer {
	switch j.Kind {
	case "popularity":
		return &popular{trained: users, counts: t.floats("counts", items)}
	case "neighbours":
		x := &neighbours{trained: users, start: t.ints("neighbours/start"), item: t.ints("neighbours/item")}
		x.by = t.floats("neighbours/similarity", len(x.item))
		if len(x.start) != items+1 || x.start[0] != 0 || x.start[items] != len(x.item) {
			t.fail("neighbours of %d items: want those of %d", len(x.start)-1, items)
			return x
		}
		for i := range items {
			if x.start[i] > x.start[i+1] {
				t.fail("neighbours of item %d: from %d to %d", i, x.start[i], x.start[i+1])
			}
		}
		for _, i := range x.item {
			if i < 0 || i >= items {
				t.fail("neighbour %d of %d items", i, items)
			}
		}
		return x
	case "dense":
		if items > mostDense {
			t.fail("a dense model of %d items", items)
			return nil
		}
		return &dense{trained: users, items: items, weights: t.floats("weights", items*items)}
	case "factors":
		if j.Factors < 1 || j.Factors > mostFactors || max(users, items) > mostNumbers/j.Factors {
			t.fail("vectors of %d numbers for %d users and %d items", j.Factors, users, items)
			return nil
		}
		f := &factors{name: "bpr", dim: j.Factors, users: t.floats("users", users*j.Factors), items: t.floats("items", items*j.Factors)}
		if j.ALS != nil {
			m, err := j.ALS.withDefaults()
			if err != nil || m.Factors != j.Factors {
				t.fail("als of %d factors for vectors of %d: %v", m.Factors, j.Factors, err)
			}
			f.name, f.als = "als", &m
		}
		return f
	case "network":
		if j.Factors < 1 || items > mostNumbers/j.Factors {
			t.fail("vectors of %d numbers for %d items", j.Factors, items)
			return nil
		}
		return j.network(t, users, items)
	case "pairs":
		m := t.model()
		if t.err != nil {
			return nil
		}
		p, err := NewPairwise(m, users, items)
		if err != nil {
			t.fail("%w", err)
		}
		return p
	}
	t.fail("a scorer of the kind %q", j.Kind)
	return nil
}

// network makes the scorer of a network that reads users.
func (j *recommenderJSON) network(t *reader, users, items int) Scorer {
	vectors := t.floats("recommend/items", items*j.Factors)
	var bias []float32
	if _, ok := t.file.Get("recommend/bias"); ok {
		bias = t.floats("recommend/bias", items)
	}
	m := t.model()
	if t.err != nil {
		return nil
	}
	part, err := m.WithOutputs(j.Output)
	if err != nil {
		t.fail("%w", err)
		return nil
	}
	e, err := newEncoded(j.Name, part, m, j.Output, users, j.Longest, j.Factors, vectors, bias)
	if err != nil {
		t.fail("%w", err)
		return nil
	}
	return e
}

// model reads the model that is left of the file without the recommender's own; nil with an error.
func (t *reader) model() *models.Model {
	meta := maps.Clone(t.file.Meta)
	for _, key := range []string{recommenderKey, usersKey, itemsKey} {
		delete(meta, key)
	}
	tensors := slices.DeleteFunc(slices.Clone(t.file.Tensors), func(x safetensors.Tensor) bool {
		return strings.HasPrefix(x.Name, "recommend/") || strings.HasPrefix(x.Name, "seen/")
	})
	var b bytes.Buffer
	if err := safetensors.WriteSummed(&b, modelfile.Sum, meta, tensors); err != nil {
		t.fail("%w", err)
		return nil
	}
	m, _, err := models.Read(&b)
	if err != nil {
		t.fail("%w", err)
	}
	return m
}
