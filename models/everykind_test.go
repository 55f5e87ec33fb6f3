package models_test

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	nets "github.com/seed732fc211/aegis/models/tabular"
	"github.com/seed732fc211/aegis/regularize"
	"gorgonia.org/tensor"
)

// TestEveryKindIsSaved saves and loads a model with each registered kind of layer, joiner,
// initializer, penalty and constraint: it predicts the same, and its weights stay what they
// were. A kind that this test does not know is an error.
func TestEveryKindIsSaved(t *testing.T) {
	dense := func(w graph.Weight) layers.Layer { return layers.Dense{Units: 4, Kernel: w} }
	image, sequence := []int{6, 6, 2}, []int{5, 3}
	one := map[string]struct {
		layer layers.Layer
		shape []int // nil: (4)
	}{
		"layers.Named": {layer: layers.Named{Name: "own", Layer: layers.Dense{Units: 2}}}, "layers.Stack": {layer: layers.Stack{layers.Dense{Units: 2}, layers.Relu}},
		"layers.LoRA":     {layer: layers.LoRA{Layer: layers.Dense{Units: 3}, Rank: 2, Scopes: []string{"0.LoRA"}}},
		"layers.Frozen":   {layer: layers.Frozen{Layer: layers.Dense{Units: 3}}},
		"layers.Residual": {layer: layers.Residual{Body: layers.Dense{Units: 3}, Shortcut: layers.Dense{Units: 3}}}, "layers.Dense": {layer: layers.Dense{Units: 2, Activation: layers.Gelu, NoBias: true}},
		"layers.Flatten": {layers.Flatten{}, sequence}, "layers.Reshape": {layer: layers.Reshape{Shape: []int{2, -1}}}, "layers.Slice": {layer: layers.Slice{From: 1, To: 3}},
		"layers.Affine": {layer: layers.Affine{Scale: 2, Shift: 1}}, "layers.Sinh": {layer: layers.Sinh{}}, "layers.Softmax": {layer: layers.Softmax{}}, "graph.Activation": {layer: layers.LeakyRelu(0.3)},
		"layers.BatchNorm": {layer: layers.BatchNorm{Momentum: 0.5}}, "layers.LayerNorm": {layer: layers.LayerNorm{NoAffine: true}},
		"layers.Conv1D": {layers.Conv1D{Filters: 2, Size: 3}, sequence}, "layers.Conv2D": {layers.Conv2D{Filters: 3, Size: [2]int{3, 2}, Activation: layers.Relu}, image},
		"layers.DepthwiseConv2D": {layers.DepthwiseConv2D{Size: [2]int{2, 2}}, image}, "layers.Conv2DTranspose": {layers.Conv2DTranspose{Filters: 2, Size: [2]int{2, 2}}, image},
		"layers.MaxPool1D": {layers.MaxPool1D{Size: 2}, sequence}, "layers.MaxPool2D": {layers.MaxPool2D{Size: [2]int{2, 2}}, image}, "layers.AveragePool1D": {layers.AveragePool1D{Size: 2}, sequence},
		"layers.AveragePool2D": {layers.AveragePool2D{Size: [2]int{3, 2}}, image}, "layers.GlobalMaxPool": {layers.GlobalMaxPool{}, image}, "layers.GlobalAveragePool": {layers.GlobalAveragePool{}, image},
		"layers.AdaptiveAveragePool2D": {layers.AdaptiveAveragePool2D{Size: [2]int{2, 3}}, image}, "layers.AdaptiveMaxPool2D": {layers.AdaptiveMaxPool2D{Size: [2]int{2, 3}}, image},
		"layers.Upsample2D": {layers.Upsample2D{By: [2]int{2, 2}}, image},
		"layers.SimpleRNN":  {layers.SimpleRNN{Units: 2, Activation: layers.Relu}, sequence}, "layers.LSTM": {layers.LSTM{Units: 2, Depth: 2, Bidirectional: true}, sequence}, "layers.GRU": {layers.GRU{Units: 2, Sequence: true}, sequence},
		"layers.RMSNorm": {layers.RMSNorm{Epsilon: 0.1}, sequence}, "layers.GatedLinear": {layers.GatedLinear{Units: 4, Activation: layers.Silu}, sequence},
		"layers.FeedForward": {layers.FeedForward{Gated: true, NoBias: true}, sequence}, "layers.PositionEmbedding": {layers.PositionEmbedding{Steps: 7}, sequence},
		"layers.SinusoidalPositions": {layers.SinusoidalPositions{Base: 100}, sequence},
		"layers.MultiHeadAttention":  {layers.MultiHeadAttention{Heads: 4, KVHeads: 2, Dim: 2, Causal: true, Rotary: true, Dropout: 0.1}, sequence},
		"layers.TransformerEncoder": {layers.TransformerEncoder{
			Depth: 2, Attention: layers.MultiHeadAttention{Heads: 3}, Hidden: layers.FeedForward{Units: 5, Activation: layers.Relu}, Norm: layers.RMSNorm{}, PostNorm: true, Dropout: 0.1,
		}, sequence},
		"layers.AdditiveAttention": {layers.AdditiveAttention{Units: 4}, sequence},
		"layers.L2Norm":            {layer: layers.L2Norm{Scale: 7, Learned: true}}, "layers.FirstSteps": {layers.FirstSteps{Steps: 3}, sequence},
		"layers.GroupNorm": {layers.GroupNorm{Groups: 2}, image}, "layers.LayerScale": {layer: layers.LayerScale{Start: 0.5}}, "layers.PadFeatures": {layers.PadFeatures{Before: 1, After: 2}, image},
		"layers.SqueezeExcite": {layers.SqueezeExcite{Units: 3, Activation: layers.HardSwish, Gate: layers.HardSigmoid}, image}, "layers.ClassToken": {layers.ClassToken{}, sequence},
		"regularize.StochasticDepth": {layer: regularize.StochasticDepth{Rate: 0.5}}, "regularize.SpatialDropout": {regularize.SpatialDropout{Rate: 0.5}, image},
		"regularize.Dropout": {layer: regularize.Dropout{Rate: 0.5}}, "regularize.AlphaDropout": {layer: regularize.AlphaDropout{Rate: 0.5}},
		"regularize.GaussianDropout": {layer: regularize.GaussianDropout{Rate: 0.5}}, "regularize.GaussianNoise": {layer: regularize.GaussianNoise{Std: 0.5}},
		"graph.GlorotUniform": {layer: dense(graph.Weight{Init: graph.GlorotUniform{}})}, "graph.GlorotNormal": {layer: dense(graph.Weight{Init: graph.GlorotNormal{}})},
		"graph.HeUniform": {layer: dense(graph.Weight{Init: graph.HeUniform{}})}, "graph.HeNormal": {layer: dense(graph.Weight{Init: graph.HeNormal{}})},
		"graph.LeCunUniform": {layer: dense(graph.Weight{Init: graph.LeCunUniform{}})}, "graph.LeCunNormal": {layer: dense(graph.Weight{Init: graph.LeCunNormal{}})},
		"graph.Orthogonal": {layer: dense(graph.Weight{Init: graph.Orthogonal{Gain: 2}})}, "graph.Constant": {layer: dense(graph.Weight{Init: graph.Constant{Value: 0.5}})},
		"graph.Zeros": {layer: dense(graph.Weight{Init: graph.Zeros{}})}, "graph.Ones": {layer: dense(graph.Weight{Init: graph.Ones{}})},
		"graph.Uniform": {layer: dense(graph.Weight{Init: graph.Uniform{Low: -1, High: 2}})}, "graph.Normal": {layer: dense(graph.Weight{Init: graph.Normal{Std: 2}})},
		"graph.Values": {layer: dense(graph.Weight{Init: graph.Values{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7}})}, "layers.ForgetBias": {layers.LSTM{Units: 2, Bias: graph.Weight{Init: layers.ForgetBias{Value: 2}}}, sequence},
		"regularize.L1": {layer: dense(graph.Weight{Penalty: regularize.L1{Factor: 0.1}})}, "regularize.L2": {layer: dense(graph.Weight{Penalty: regularize.L2{Factor: 0.1}})},
		"regularize.ElasticNet": {layer: dense(graph.Weight{Penalty: regularize.ElasticNet{L1: 0.1, L2: 0.2}})}, "regularize.MaxNorm": {layer: dense(graph.Weight{Constraint: regularize.MaxNorm{Max: 1}})},
		"regularize.NonNeg": {layer: dense(graph.Weight{Constraint: regularize.NonNeg{}})}, "regularize.UnitNorm": {layer: dense(graph.Weight{Constraint: regularize.UnitNorm{}})},
	}
	joiners := map[string]layers.Joiner{"layers.Concat": layers.Concat{}, "layers.Add": layers.Add{}, "layers.Multiply": layers.Multiply{}}
	elsewhere := map[string]string{ // kinds that other tests save
		"layers.Embedding": "below", "layers.TiedOutput": "below", "layers.TransformerDecoder": "below", "layers.DotAttention": "below", "layers.MaskSteps": "TestNets of models/text", "models/tabular.": "below, by the nets that they are parts of",
	}
	roundTrip := func(t *testing.T, m *models.Model, in ...*tensor.Dense) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "m")
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		again, err := models.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		want, e1 := m.Predict(ctx, in...)
		got, e2 := again.Predict(ctx, in...)
		if e1 != nil || e2 != nil || !reflect.DeepEqual(got[0].Data(), want[0].Data()) {
			t.Errorf("predicts %v (%v), before it was saved %v (%v)", got, e2, want, e1)
		}
		sameInference(t, path, m, in)
		if !reflect.DeepEqual(again.Params().Snapshot(), m.Params().Snapshot()) || again.String() != m.String() {
			t.Error("parameters or layers have changed")
		}
	}
	layer, joiner := reflect.TypeFor[layers.Layer](), reflect.TypeFor[layers.Joiner]()
	others := []reflect.Type{reflect.TypeFor[graph.Initializer](), reflect.TypeFor[graph.Penalty](), reflect.TypeFor[graph.Constraint]()}
	for _, kind := range describe.Kinds() {
		zero, err := describe.New(kind)
		if err != nil {
			t.Fatal(err)
		}
		typ := reflect.TypeOf(zero)
		if !typ.Implements(layer) && !typ.Implements(joiner) && !slices.ContainsFunc(others, typ.Implements) {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			if c, ok := one[kind]; ok {
				shape := c.shape
				if shape == nil {
					shape = []int{4}
				}
				m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", shape...), c.layer)
				if err != nil {
					t.Fatal(err)
				}
				roundTrip(t, m, graphtest.Logits(1, append([]int{3}, shape...)...))
				return
			}
			if j, ok := joiners[kind]; ok {
				a, b := models.Input("a", 3), models.Input("b", 3)
				m, err := models.New(models.Config{}, []*models.Tensor{a, b}, []*models.Tensor{models.Join(j, a, b)})
				if err != nil {
					t.Fatal(err)
				}
				roundTrip(t, m, graphtest.Logits(1, 2, 3), graphtest.Logits(2, 2, 3))
				return
			}
			for prefix := range elsewhere {
				if strings.HasPrefix(kind, prefix) {
					return
				}
			}
			t.Error("this test has no model with the kind")
		})
	}
	words := models.InputInt("words", 4)
	m, err := models.New(models.Config{}, []*models.Tensor{words}, []*models.Tensor{words.Then(layers.Embedding{Size: 7, Dim: 3, Sparse: true}, layers.GlobalMaxPool{})})
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, m, graphtest.Ints(1, 7, 5, 4))
	source, steps, target := models.InputInt("source", 4), models.InputInt("steps"), models.InputInt("target", 3)
	memory := source.Then(layers.Embedding{Size: 7, Dim: 4})
	next := target.Then(layers.Named{Name: "embed", Layer: layers.Embedding{Size: 9, Dim: 4}})
	next = models.Join(layers.TransformerDecoder{Attention: layers.MultiHeadAttention{Heads: 2}}, next, memory, steps)
	next = models.Join(layers.DotAttention{}, memory, next, steps).Then(layers.TiedOutput{Embedding: "embed"})
	if m, err = models.New(models.Config{Seed: 3}, []*models.Tensor{source, steps, target}, []*models.Tensor{next}); err != nil {
		t.Fatal(err)
	}
	lengths := tensor.New(tensor.WithShape(5), tensor.WithBacking([]int{4, 0, 1, 3, 4}))
	roundTrip(t, m, graphtest.Ints(1, 7, 5, 4), lengths, graphtest.Ints(2, 9, 5, 3))
	set, err := data.Wine()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []models.Architecture{models.MLP{Hidden: []int{3}, L1: 0.1, L2: 0.1, Dropout: 0.2}, models.Chain{Layers: []layers.Layer{layers.Dense{Units: 3}}}, nets.MLP{}, nets.RealMLP{}, nets.RealMLP{Simple: true}, nets.TabM{}, nets.ResNet{}} {
		m, err := a.Build(set, 1)
		if err != nil {
			t.Fatal(err)
		}
		roundTrip(t, m, set.Inputs...)
	}
}
