package text

import (
	"fmt"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// Tuning says what of a language model is trained when it becomes another network.
type Tuning string

// The tunings. The output is trained by all of them.
const (
	Whole  Tuning = "whole"  // everything
	LoRA   Tuning = "lora"   // products of low rank beside the matrices of the blocks: see layers.LoRA
	Frozen Tuning = "frozen" // the output alone
	Anew   Tuning = "anew"   // everything, from random weights: what the language model is worth shows beside it
)

// Tunings returns all tunings.
func Tunings() []Tuning { return []Tuning{Whole, LoRA, Frozen, Anew} }

// Tuned is a network for a task on texts that begins as a language model: its embeddings and its body,
// the mean and the maximum of their states over the text, and an output. Rows hold ids of the language
// model's tokens. Radford et al. (2018); Howard & Ruder (2018), arXiv:1801.06146; for LoRA Hu et al.
// (2021), arXiv:2106.09685.
type Tuned struct {
	File    string  // of the language model, that Language.Save wrote
	Tuning  Tuning  // "": Whole
	Rank    int     // of LoRA; 0: 8
	Dropout float64 // rate before the output
}

// parts returns the layers of a language model that a Tuned takes.
func (l *Language) parts() (embedding, body layers.Layer, err error) {
	switch net := l.Net.(type) {
	case LSTMLanguage:
		net = net.withDefaults()
		return embed(l.Vocab, net.Dim, false), net.body(), nil
	case TransformerLanguage:
		net = net.withDefaults()
		return net.embed(l.Vocab), net.body(), nil
	}
	return nil, nil, fmt.Errorf("a %T cannot be tuned", l.Net)
}

// Build implements models.Architecture. It reads the file.
func (c Tuned) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	x, size, units, err := begin("tuned language model", rows, c.Dropout)
	if err != nil {
		return nil, err
	}
	l, _, err := LoadLanguage(c.File)
	if err != nil {
		return nil, fmt.Errorf("text: tuned language model: %w", err)
	}
	if l.Vocab != size {
		return nil, fmt.Errorf("text: tuned language model: the rows hold ids of %d tokens, the language model %s has %d: want its own tokenizer", size, c.File, l.Vocab)
	}
	embedding, body, err := l.parts()
	if err != nil {
		return nil, fmt.Errorf("text: tuned language model: %w", err)
	}
	switch c.Tuning {
	case "", Whole, Anew:
	case LoRA:
		embedding, body = layers.Frozen{Layer: embedding}, layers.LoRA{Layer: body, Rank: c.Rank}
	case Frozen:
		embedding, body = layers.Frozen{Layer: embedding}, layers.Frozen{Layer: body}
	default:
		return nil, fmt.Errorf("text: tuned language model: there is no tuning %q; there are %q", c.Tuning, Tunings())
	}
	y := x.Then(layers.Named{Name: embeddingName, Layer: embedding}, layers.Named{Name: bodyName, Layer: body})
	m, err := finish("tuned language model", rows, seed, l.Model.Params().Dtype(), x, dropped(pooled(y, x), c.Dropout).Then(layers.Dense{Units: units}))
	if err != nil || c.Tuning == Anew {
		return m, err
	}
	copied, err := m.CopyWeights(l.Model)
	if err != nil {
		return nil, fmt.Errorf("text: tuned language model: %w", err)
	}
	for _, path := range copied.Unused {
		if !strings.HasPrefix(path, headName+"/") {
			return nil, fmt.Errorf("text: tuned language model: %s has %s, which the network has no place for", c.File, path)
		}
	}
	return m, nil
}

func init() { builtin.Register(Tuned{}) }
