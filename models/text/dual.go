package text

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// DualEncoder reads questions and answers into vectors whose product says how well they go
// together (Karpukhin et al. 2020, arXiv:2004.04906). Its outputs are the vectors of questions,
// of length s, and those of answers, of length 1: s is learned, the inverse of the temperature of
// train.Contrastive. Rows are those of [Pairs].
//
// Both are read by one tower, by which a word that a question and its answer share makes them alike
// before any training; or by two of the same kind, if Separate.
type DualEncoder struct {
	Net      models.Architecture // how a text is read: Bag, CNN or Transformer; nil: Bag{Dim: 128, Mean: true}
	Dim      int                 // of the vectors, by a dense layer without bias; 0: none, as Net gives them
	Separate bool                // two towers
	Question int                 // tokens of a question that are read; 0: 32
	Scale    float64             // s at the beginning; 0: 1/0.07
	Fixed    bool                // s is not learned
	Type     graph.Dtype
}

// The names of the layers that give the vectors.
const (
	questionName = "question"
	answerName   = "answer"
)

func (c DualEncoder) withDefaults() DualEncoder {
	if c.Net == nil {
		c.Net = Bag{Dim: 128, Mean: true}
	}
	c.Question = orDefault(c.Question, 32)
	if c.Scale == 0 {
		c.Scale = 1 / 0.07
	}
	return c
}

// Build implements models.Architecture.
func (c DualEncoder) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	c = c.withDefaults()
	size, err := c.begin(rows)
	if err != nil {
		return nil, err
	}
	first, err := c.tower(size)
	if err != nil {
		return nil, err
	}
	second := first
	if c.Separate {
		if second, err = c.tower(size); err != nil {
			return nil, err
		}
	}
	q, a := models.SequenceInt("questions"), models.SequenceInt("answers")
	y := first(q, layers.FirstSteps{Steps: c.Question}).Then(layers.Named{Name: questionName, Layer: layers.L2Norm{Scale: c.Scale, Learned: !c.Fixed}})
	z := second(a).Then(layers.Named{Name: answerName, Layer: layers.L2Norm{}})
	return models.New(models.Config{Name: "dual encoder", Seed: seed, Type: c.Type}, []*models.Tensor{q, a}, []*models.Tensor{y, z})
}

// begin returns the size of the vocabulary that questions and answers have in common.
func (c DualEncoder) begin(rows *data.Set) (int, error) {
	if rows.Len() == 0 {
		return 0, data.ErrEmpty
	}
	fail := func(format string, args ...any) (int, error) {
		return 0, fmt.Errorf("text: dual encoder: "+format, args...)
	}
	if c.Dim < 0 || c.Dim > mostSize || c.Question < 1 || c.Question > mostSize {
		return fail("vectors of %d, questions of %d tokens: want 1 to %d", c.Dim, c.Question, mostSize)
	}
	if len(rows.Sequences) != 2 || len(rows.Inputs) != 0 {
		return fail("it takes the tokens of questions and answers, the set has %d inputs and %d sequences", len(rows.Inputs), len(rows.Sequences))
	}
	for i := range rows.Sequences {
		q := &rows.Sequences[i]
		if q.Values == nil || q.Values.Dtype() != graph.Int || q.Values.Dims() != 1 || q.Size < 1 || q.Size != rows.Sequences[0].Size {
			return fail("the sequence %q is none of ids of the vocabulary that questions have: see data.Sequences.Size", q.Name)
		}
	}
	return rows.Sequences[0].Size, nil
}

// tower returns what reads a text; each call of the result reads another by the same parameters,
// after layers on the tokens.
func (c DualEncoder) tower(size int) (func(x *models.Tensor, before ...layers.Layer) *models.Tensor, error) {
	read, rate, err := c.reader()
	if err != nil {
		return nil, err
	}
	dim := c.Dim
	table := models.Share(embed(size, read.dim, read.sparse))
	var head *models.Shared
	if dim > 0 {
		head = models.Share(layers.Dense{Units: dim, NoBias: true})
	}
	return func(x *models.Tensor, before ...layers.Layer) *models.Tensor {
		y := dropped(read.pool(table.On(x.Then(before...)), x), rate)
		if head != nil {
			y = head.On(y)
		}
		return y
	}, nil
}

// reader is how a tower reads embedded tokens.
type reader struct {
	dim    int
	sparse bool
	pool   func(y, x *models.Tensor) *models.Tensor
}

// reader returns the reader of the network, whose parameters belong to one tower, and the rate of
// the dropout after it.
func (c DualEncoder) reader() (reader, float64, error) {
	var r reader
	var rate float64
	var sizes []int
	switch n := c.Net.(type) {
	case Bag:
		r, rate, sizes = n.reader(), n.Dropout, n.Hidden
	case CNN:
		n = n.withDefaults()
		r, rate, sizes = n.reader(), n.Dropout, append([]int{n.Filters, len(n.Sizes)}, n.Sizes...)
	case Transformer:
		n = n.withDefaults()
		r, rate, sizes = n.reader(), n.Dropout, []int{n.Depth, n.Heads, n.Hidden}
	default:
		return r, 0, fmt.Errorf("text: dual encoder: texts cannot be read by a %T: want a Bag, CNN or Transformer", c.Net)
	}
	for _, k := range append(sizes, r.dim) {
		if k < 1 || k > mostSize {
			return r, 0, fmt.Errorf("text: dual encoder: a dimension, number of units or window of %d: want 1 to %d", k, mostSize)
		}
	}
	if !(rate >= 0 && rate < 1) {
		return r, 0, fmt.Errorf("text: dual encoder: a dropout rate of %v: want one in [0, 1)", rate)
	}
	return r, rate, nil
}

func (n Bag) reader() reader {
	var hidden []*models.Shared
	for _, units := range n.Hidden {
		hidden = append(hidden, models.Share(layers.Dense{Units: units, Activation: layers.Relu, Kernel: graph.Weight{Init: graph.HeUniform{}}}))
	}
	return reader{orDefault(n.Dim, 64), n.Sparse, func(y, x *models.Tensor) *models.Tensor {
		if n.Mean {
			y = models.Join(layers.GlobalAveragePool{}, y, x.Lengths())
		} else {
			y = pooled(y, x)
		}
		for _, h := range hidden {
			y = h.On(dropped(y, n.Dropout))
		}
		return y
	}}
}

func (n CNN) reader() reader {
	var windows []*models.Shared
	for _, size := range n.Sizes {
		windows = append(windows, models.Share(layers.Conv1D{Filters: n.Filters, Size: size, Padding: layers.Same, Activation: layers.Relu, Kernel: graph.Weight{Init: graph.HeUniform{}}}))
	}
	return reader{n.Dim, false, func(y, x *models.Tensor) *models.Tensor {
		y = models.Join(layers.MaskSteps{}, y, x.Lengths())
		var tops []*models.Tensor
		for _, w := range windows {
			tops = append(tops, models.Join(layers.GlobalMaxPool{}, w.On(y), x.Lengths()))
		}
		return joined(tops)
	}}
}

func (n Transformer) reader() reader {
	body := models.ShareJoiner(n.body())
	return reader{n.Dim, false, func(y, x *models.Tensor) *models.Tensor {
		return pooled(body.Join(dropped(y, n.Dropout), x.Lengths()), x)
	}}
}

func init() { builtin.Register(DualEncoder{}) }
