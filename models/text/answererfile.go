package text

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

	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/internal/modelfile"
	"github.com/seed732fc211/aegis/internal/safetensors"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/text"
)

// Keys of an answerer's file, besides those of a model's.
const (
	answererKey = "aegis.answerer"
	answersKey  = "aegis.answers" // a JSON list of the texts
	furtherKey  = "aegis.further" // a JSON object of texts by name
	vectorsName = "index/vectors"
)

// answererVersion is the version of the description of an answerer.
const answererVersion = 1

// answererJSON describes an answerer.
type answererJSON struct {
	Version    int
	Of         []string  // "words", "vectors": the retrievers
	Fused      bool      // they are those of a Fusion
	Weights    []float64 `json:",omitempty"`
	Depth      int       `json:",omitempty"`
	BM25       text.BM25
	Longest    int `json:",omitempty"`
	Confidence Confidence
	Threshold  float64
}

// retrieverKinds returns how a file names retrievers, and the index of vectors among them.
func retrieverKinds(list []Retriever) (kinds []string, dual DualIndex, err error) {
	for _, r := range list {
		switch x := r.(type) {
		case *text.BM25Index:
			kinds = append(kinds, "words")
		case DualIndex:
			kinds, dual = append(kinds, "vectors"), x
		default:
			return nil, dual, fmt.Errorf("text: answerer: a %T cannot be saved: want a *text.BM25Index, a DualIndex, or a Fusion of them", r)
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(kinds)))) != len(kinds) {
		return nil, dual, errors.New("text: answerer: two retrievers of one kind cannot be saved")
	}
	return kinds, dual, nil
}

// Save writes the answerer to one file in the safetensors format: the parameters of a dual encoder
// by path, as models.Model.Save does, the vectors of the answers as "index/vectors", and the answers,
// the tokenizer and the settings as JSON in the metadata, with further texts by name. The format allows
// metadata of 100 MB. The retriever must be a *text.BM25Index with the settings BM25, a DualIndex, or
// a Fusion of both.
func (a *Answerer) Save(path string, further map[string]string) error {
	if a == nil || a.Retriever == nil {
		return errors.New("text: answerer: there is no retriever")
	}
	j := answererJSON{Version: answererVersion, BM25: a.BM25, Confidence: a.Confidence, Threshold: a.Threshold}
	list := []Retriever{a.Retriever}
	if f, ok := a.Retriever.(Fusion); ok {
		list, j.Fused, j.Weights, j.Depth = f.Of, true, f.Weights, f.Depth
	}
	var dual DualIndex
	var err error
	if j.Of, dual, err = retrieverKinds(list); err != nil {
		return err
	}
	f := &safetensors.File{Meta: map[string]string{}}
	if dual.Dual != nil {
		if dual.Vectors.Len() != len(a.Answers) || dual.Vectors.Dim() != dual.Dual.Dim() {
			return fmt.Errorf("text: answerer: %d vectors of %d for %d answers and an encoder of %d", dual.Vectors.Len(), dual.Vectors.Dim(), len(a.Answers), dual.Dual.Dim())
		}
		j.Longest = dual.Dual.longest
		if f, err = dual.file(); err != nil {
			return err
		}
	}
	for key, v := range map[string]any{answererKey: j, answersKey: a.Answers, furtherKey: further} {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("text: answerer: %w", err)
		}
		f.Meta[key] = string(b)
	}
	if err := atomicfile.Write(path, func(w io.Writer) error { return safetensors.WriteSummed(w, modelfile.Sum, f.Meta, f.Tensors) }); err != nil {
		return fmt.Errorf("text: answerer: %w", err)
	}
	return nil
}

// file is the content of the model's file with the vectors and the tokenizer.
func (x DualIndex) file() (*safetensors.File, error) {
	var b, tokenizer bytes.Buffer
	if err := x.Dual.model.Write(&b); err != nil {
		return nil, err
	}
	f, _, err := safetensors.ReadSummed(&b, modelfile.Sum)
	if err != nil {
		return nil, err
	}
	if err := x.Dual.tokenizer.WriteJSON(&tokenizer); err != nil {
		return nil, err
	}
	f.Meta[TokenizerName] = tokenizer.String()
	f.Tensors = append(f.Tensors, safetensors.Tensor{Name: vectorsName, Shape: []int{x.Vectors.n, x.Vectors.dim}, F32: x.Vectors.vectors()})
	return f, nil
}

// LoadAnswerer reads what Save wrote, and the further texts.
func LoadAnswerer(path string) (*Answerer, map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("text: answerer: %w", err)
	}
	defer file.Close()
	a, further, err := readAnswerer(file)
	if err != nil {
		return nil, nil, fmt.Errorf("text: answerer: %s: %w", path, err)
	}
	return a, further, nil
}

func readAnswerer(r io.Reader) (*Answerer, map[string]string, error) {
	f, summed, err := safetensors.ReadSummed(r, modelfile.Sum)
	if err != nil {
		return nil, nil, err
	}
	if f.Meta[answererKey] == "" {
		return nil, nil, errors.New("this file holds no answerer")
	}
	if !summed {
		return nil, nil, errors.New("the checksum is missing: the file is damaged")
	}
	var j answererJSON
	var further map[string]string
	a := &Answerer{}
	for key, v := range map[string]any{answererKey: &j, answersKey: &a.Answers, furtherKey: &further} {
		if err := json.Unmarshal([]byte(f.Meta[key]), v); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if j.Version != answererVersion {
		return nil, nil, fmt.Errorf("an answerer of version %d: this version of Aegis reads version %d", j.Version, answererVersion)
	}
	for _, v := range []float64{j.Confidence.Bias, j.Confidence.Score, j.Confidence.Margin} {
		if math.IsNaN(v - v) {
			return nil, nil, fmt.Errorf("a confidence of %+v", j.Confidence)
		}
	}
	a.BM25, a.Confidence, a.Threshold = j.BM25, j.Confidence, j.Threshold
	a.Retriever, err = j.retriever(f, a.Answers)
	return a, further, err
}

// retriever makes the retriever that a file describes.
func (j answererJSON) retriever(f *safetensors.File, answers []string) (Retriever, error) {
	var list []Retriever
	for _, kind := range j.Of {
		switch kind {
		case "words":
			x, err := j.BM25.Index(answers)
			if err != nil {
				return nil, err
			}
			list = append(list, x)
		case "vectors":
			x, err := readDual(f, j.Longest)
			if err != nil {
				return nil, err
			}
			if x.Vectors.Len() != len(answers) {
				return nil, fmt.Errorf("%d vectors of %d answers", x.Vectors.Len(), len(answers))
			}
			list = append(list, x)
		default:
			return nil, fmt.Errorf("a retriever of the kind %q", kind)
		}
	}
	switch {
	case j.Fused:
		return Fusion{Of: list, Weights: j.Weights, Depth: j.Depth}, nil
	case len(list) != 1:
		return nil, fmt.Errorf("%d retrievers, which are not fused", len(list))
	}
	return list[0], nil
}

// readDual takes the model out of an answerer's file.
func readDual(f *safetensors.File, longest int) (DualIndex, error) {
	v, ok := f.Get(vectorsName)
	if !ok || len(v.Shape) != 2 || v.F32 == nil {
		return DualIndex{}, errors.New("no vectors of float32")
	}
	x, err := NewVectorIndex(v.Shape[1], v.F32)
	if err != nil {
		return DualIndex{}, err
	}
	t, err := text.Read(strings.NewReader(f.Meta[TokenizerName]))
	if err != nil {
		return DualIndex{}, err
	}
	meta := maps.Clone(f.Meta)
	for _, key := range []string{answererKey, answersKey, furtherKey, TokenizerName} {
		delete(meta, key)
	}
	tensors := slices.DeleteFunc(slices.Clone(f.Tensors), func(t safetensors.Tensor) bool { return t.Name == vectorsName })
	var b bytes.Buffer
	if err := safetensors.WriteSummed(&b, modelfile.Sum, meta, tensors); err != nil {
		return DualIndex{}, err
	}
	m, _, err := models.Read(&b)
	if err != nil {
		return DualIndex{}, err
	}
	d, err := NewDual(m, t, longest)
	if err != nil {
		return DualIndex{}, err
	}
	if d.Dim() != x.Dim() {
		return DualIndex{}, fmt.Errorf("vectors of %d and an encoder of %d", x.Dim(), d.Dim())
	}
	return DualIndex{d, x}, nil
}
