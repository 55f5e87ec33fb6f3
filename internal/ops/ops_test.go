package ops

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// TestEveryKind prepares every kind with random attributes, operands and shapes, and runs
// what is accepted: nothing may panic, and every kind must be accepted at times.
func TestEveryKind(t *testing.T) {
	names := map[string]func(r *rand.Rand) any{
		"alpha": number, "beta": number, "exponent": number, "epsilon": func(*rand.Rand) any { return 1e-3 },
		"shape": ints(3), "perm": ints(3), "axes": ints(2), "pads": pads, "output_size": ints(2), "output_shape": ints(2), "scales": ints(2),
		"kernel_shape": ints(2), "strides": ones, "dilations": ones,
		"axis": small, "start": small, "end": small, "depth": small, "group": small, "hidden_size": small,
		"bias": small, "other_bias": small, "initial_h": small, "initial_c": small, "sequence_lens": small,
		"q_num_heads": small, "kv_num_heads": small, "is_causal": boolean, "mask": small, "scale": number,
		"num_heads": small, "rotary_embedding_dim": small, "base": func(r *rand.Rand) any { return 0.5 + 2*r.Float64() }, "interleaved": boolean, "position": small, "inverse": boolean,
		"to":   func(r *rand.Rand) any { return []string{"float32", "float64", "int", "x"}[r.IntN(4)] },
		"mode": func(r *rand.Rand) any { return []string{"nearest", "linear", "x"}[r.IntN(3)] },
		"activation": func(r *rand.Rand) any {
			return []string{"Identity", "Relu", "Gelu", "LeakyRelu(0.1)", "Elu", "x"}[r.IntN(6)]
		},
		"transA": boolean, "transB": boolean, "last": boolean, "cells": boolean, "training_mode": boolean,
	}
	const trials = 6000
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		r := rand.New(rand.NewPCG(1, uint64(len(kind))))
		wanted := attributesOf(t, kind)
		accepted := 0
		for range trials {
			var attrs []Attribute
			for _, name := range wanted {
				if f := names[name]; r.IntN(40) > 0 && (!optionalAttributes[name] || r.IntN(5) == 0) {
					attrs = append(attrs, Attribute{name, f(r)})
				}
			}
			in := randomOperands(r, kind)
			k, err := Prepare(Type(r.IntN(2)), kind, attrs, in...)
			if err != nil {
				continue
			}
			if accepted++; accepted > 200 && r.IntN(20) > 0 {
				continue
			}
			runKernel(t, r, kind, attrs, k, in)
		}
		if accepted == 0 {
			t.Errorf("%s: none of %d operations is accepted", kind, trials)
		}
	}
}

// attributesOf finds out which attributes a kind reads, from its complaints: a rule reads
// them even after a mistake.
func attributesOf(t *testing.T, kind string) []string {
	t.Helper()
	o := &operation{read: map[string]bool{}, in: []Spec{{Float32, []int{2, 2, 2, 2}}, {Float32, []int{2, 2, 2, 2}}}, batch: 1}
	kinds[kind](o)
	names := slices.Sorted(maps.Keys(o.read))
	if strings.HasPrefix(kind, "Conv2D") || strings.Contains(kind, "Pool2D") && !strings.HasPrefix(kind, "Adaptive") {
		names = append(names, "kernel_shape", "strides", "dilations", "pads")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// optionalAttributes may be left out.
var optionalAttributes = map[string]bool{"cells": true, "bias": true, "other_bias": true, "initial_h": true, "initial_c": true, "sequence_lens": true, "mask": true}

func number(r *rand.Rand) any { return r.Float64() }

func small(r *rand.Rand) any { return r.IntN(6) - 1 }

func boolean(r *rand.Rand) any { return r.IntN(2) == 0 }

// ones is mostly a stride of 1.
func ones(r *rand.Rand) any {
	if r.IntN(4) > 0 {
		return []int{1, 1}
	}
	return ints(2)(r)
}

// pads are mostly none.
func pads(r *rand.Rand) any {
	if r.IntN(2) > 0 {
		return []int{0, 0, 0, 0}
	}
	return ints(4)(r)
}

func ints(most int) func(r *rand.Rand) any {
	return func(r *rand.Rand) any {
		n := most
		if most == 3 || r.IntN(30) == 0 {
			n = r.IntN(5)
		}
		list := make([]int, n)
		for i := range list {
			list[i] = r.IntN(4) - r.IntN(2)*r.IntN(2)
		}
		return list
	}
}

// randomOperands returns operands that a rule has a chance to accept.
func randomOperands(r *rand.Rand, kind string) []Spec {
	rank := r.IntN(5)
	base := make([]int, rank)
	for i := range base {
		base[i] = 1 + r.IntN(3)
	}
	in := make([]Spec, 1+r.IntN(3))
	t := Type(r.IntN(2))
	recurrent := strings.HasSuffix(kind, "RNN") || strings.HasPrefix(kind, "LSTM") || strings.HasPrefix(kind, "GRU") || strings.HasSuffix(kind, "States")
	if recurrent {
		return recurrentOperands(r, kind, t)
	}
	for i := range in {
		in[i] = Spec{t, slices.Clone(base)}
		switch r.IntN(4) {
		case 0:
			for k := range in[i].Shape {
				in[i].Shape[k] = 1 + r.IntN(3)
			}
		case 1:
			in[i].Shape = in[i].Shape[r.IntN(rank+1):]
		}
		if r.IntN(5) == 0 {
			in[i].Type = Int
		}
	}
	switch {
	case (strings.HasSuffix(kind, "Norm") || kind == "Normalize") && rank > 1:
		n := base[rank-1]
		in = []Spec{{t, base}, {t, []int{2, n}}, {t, []int{n}}, {t, []int{n}}}
		switch kind {
		case "LayerNorm":
			in = slices.Delete(in, 1, 2)
		case "RMSNorm":
			in = in[2:]
			in[0] = Spec{t, base}
		}
	case kind == "Attention":
		return attentionOperands(r, t)
	case kind == "Rotary":
		in = []Spec{{t, []int{1 + r.IntN(2), 1 + r.IntN(3), 2 * (1 + r.IntN(3))}}, {Int, []int{1 + r.IntN(2)}}}[:1+r.IntN(2)]
	case kind == "Conv2DTranspose":
		in = []Spec{{t, []int{1, 1 + r.IntN(2), 1 + r.IntN(2), 2}}, {t, []int{1 + r.IntN(2), 1 + r.IntN(2), 1, 2}}}
	case kind == "Conv2D":
		for i := range in {
			for len(in[i].Shape) < 4 && i < 2 {
				in[i].Shape = append(in[i].Shape, 1+r.IntN(3))
			}
		}
	}
	return in
}

func attentionOperands(r *rand.Rand, t Type) []Spec {
	some := func() int { return 1 + r.IntN(2) }
	n, queries, keys, heads, kv, dim := some(), some(), some(), some(), some(), some()
	in := []Spec{{t, []int{n, queries, heads * dim}}, {t, []int{n, keys, kv * dim}}, {t, []int{n, keys, kv * some()}}}
	for range r.IntN(3) {
		in = append(in, []Spec{{t, []int{some(), some(), queries, keys}}, {t, []int{n, keys}}, {Int, []int{n}}}[r.IntN(3)])
	}
	return in
}

func recurrentOperands(r *rand.Rand, kind string, t Type) []Spec {
	gates := map[byte]int{'L': 4, 'G': 3, 'T': 1, 'R': 1}[kind[0]]
	n, steps, features, units := 1+r.IntN(2), 1+r.IntN(2), 1+r.IntN(2), 1+r.IntN(2)
	in := []Spec{{t, []int{n, steps, features}}, {t, []int{features, gates * units}}, {t, []int{units, gates * units}}}
	for range r.IntN(2) {
		in = append(in, []Spec{{t, []int{gates * units}}, {t, []int{units}}, {t, []int{n, units}}, {Int, []int{n}}}[r.IntN(4)])
	}
	if strings.HasSuffix(kind, "States") {
		saved := (&kernel.Recurrent{Cell: map[byte]kernel.Cell{'L': kernel.LSTMCell, 'G': kernel.GRUCell, 'T': kernel.TanhCell, 'R': kernel.ReluCell}[kind[0]]}).Saved()
		return append([]Spec{{t, []int{n, steps, (saved - r.IntN(2)) * units}}}, in...)
	}
	return in
}

// runKernel runs an operation on memory that is as large as it must be.
func runKernel(t *testing.T, r *rand.Rand, kind string, attrs []Attribute, k *Kernel, in []Spec) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("%s %v of %v panics: %v", kind, attrs, in, p)
		}
	}()
	memory := make([]Memory, len(in))
	for i, s := range in {
		memory[i] = NewMemory(s.Type, s.Len())
		for j := range memory[i].Float32 {
			memory[i].Float32[j] = r.Float32()
		}
		for j := range memory[i].Float64 {
			memory[i].Float64[j] = r.Float64()
		}
		for j := range memory[i].Int {
			memory[i].Int[j] = r.IntN(4) - 1
		}
	}
	_ = k.Bind(NewMemory(k.Out.Type, k.Out.Len()), memory...)()
}

// TestPrepareErrors: an operation that is wrong is an error that names the fault.
func TestPrepareErrors(t *testing.T) {
	heads := func(q, kv int, scale float64) []Attribute {
		return []Attribute{{"q_num_heads", q}, {"kv_num_heads", kv}, {"scale", scale}, {"is_causal", true}}
	}
	f := func(shape ...int) Spec { return Spec{Float32, shape} }
	for _, c := range []struct {
		kind  string
		attrs []Attribute
		in    []Spec
		want  string
	}{
		{"Nonsense", nil, nil, `there is no operation "Nonsense"`},
		{"Relu", nil, nil, "Relu: 0 operands"},
		{"Relu", []Attribute{{"alpha", 1.0}}, []Spec{f(2)}, `it has no attribute "alpha"`},
		{"Relu", nil, []Spec{{Int, []int{2}}}, "operand 0 is int(2), want floats"},
		{"Add", nil, []Spec{f(2), f(3)}, "(2) and (3) do not broadcast"},
		{"Add", nil, []Spec{f(2), {Float64, []int{2}}}, "operand 1 is float64(2), want floats of one type"},
		{"Scale", []Attribute{{"alpha", 1.0}, {"beta", "x"}}, []Spec{f(2)}, "attribute beta is x, want a number"},
		{"Scale", []Attribute{{"alpha", 1.0}, {"beta", 1.0}, {"beta", 1.0}}, []Spec{f(2)}, "the attribute stands twice"},
		{"Reshape", []Attribute{{"shape", []int{3}}}, []Spec{f(2)}, "the number of elements differs"},
		{"Reshape", []Attribute{{"shape", []int{-1, -2}}}, []Spec{f(2)}, "every size must be at least 1"},
		{"Reshape", []Attribute{{"shape", []any{"N"}}}, []Spec{f(2)}, "want a list of integers"},
		{"Dense", []Attribute{{"activation", "Relux"}}, []Spec{f(2, 3), f(3, 4)}, `there is no activation "Relux"`},
		{"Dense", []Attribute{{"activation", "Relu"}}, []Spec{f(2, 3), f(4, 4)}, "operand 1 is float32(4,4), want (3,4)"},
		{"Gather", nil, []Spec{f(2, 3), f(4)}, "operand 1 is float32(4), want int"},
		{"Broadcast", []Attribute{{"shape", []int{1 << 20, 1 << 20}}}, []Spec{f(1)}, "more elements than memory is taken for"},
		{"Upsample2D", []Attribute{{"scales", []int{1 << 20, 1 << 20}}, {"mode", "nearest"}}, []Spec{f(1, 2, 2, 1)}, "more elements than memory is taken for"},
		{"LSTM", []Attribute{{"hidden_size", 2}, {"last", true}, {"training_mode", false}, {"bias", 7}}, []Spec{f(1, 2, 3), f(3, 8), f(2, 8)}, "there is no operand 7"},
		{"LSTMStates", []Attribute{{"hidden_size", 2}, {"last", true}, {"bias", math.MaxInt}}, []Spec{f(1, 2, 12), f(1, 2, 3), f(3, 8), f(2, 8)}, "there is no operand 9223372036854775807"},
		{"Attention", heads(2, 3, 1), []Spec{f(1, 2, 4), f(1, 2, 4), f(1, 2, 4)}, "2 heads of queries, 3 of keys"},
		{"Attention", heads(2, 2, 1), []Spec{f(1, 2, 4), f(1, 2, 2), f(1, 2, 4)}, "operand 1 is float32(1,2,2), want (1,2,4)"},
		{"Attention", heads(2, 2, 0), []Spec{f(1, 2, 4), f(1, 2, 4), f(1, 2, 4)}, "scale 0"},
		{"Attention", append(heads(2, 2, 1), Attribute{"bias", 3}), []Spec{f(2, 2, 4), f(2, 2, 4), f(2, 2, 4), f(1, 3, 2, 2)}, "bias float32(1,3,2,2)"},
		{"Attention", append(heads(2, 2, 1), Attribute{"mask", 3}), []Spec{f(2, 2, 4), f(2, 2, 4), f(2, 2, 4), f(2, 3)}, "operand 3 is float32(2,3), want (2,2)"},
		{"Attention", heads(2, 2, 1), []Spec{f(2, 2, 4), f(2, 2, 4), f(2, 2, 4), f(2, 2)}, "4 operands, of which 3 are named"},
		{"Gather", nil, []Spec{{Int, slices.Repeat([]int{1}, 20)}, {Int, slices.Repeat([]int{1}, 20)}}, "a shape of 39 axes: want at most 32"},
		{"LSTM", []Attribute{{"hidden_size", 2}, {"last", true}, {"training_mode", false}}, []Spec{f(1, 2, 3), f(3, 8), f(2, 8), f(8)}, "4 operands, of which 3 are named"},
	} {
		if _, err := Prepare(Float32, c.kind, c.attrs, c.in...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v of %v: %v, want an error with %q", c.kind, c.attrs, c.in, err, c.want)
		}
	}
}

// TestPrepareTakesNoMemory: what an operation needs for large values is taken when it gets
// their memory, not when a file that names them is checked.
func TestPrepareTakesNoMemory(t *testing.T) {
	const n = 1 << 20
	for _, c := range []struct {
		kind  string
		attrs []Attribute
	}{
		{"Upsample2D", []Attribute{{"scales", []int{n, 1}}, {"mode", "linear"}}},
		{"AdaptiveMaxPool2D", []Attribute{{"output_size", []int{1, n}}}},
		{"AdaptiveAveragePool2D", []Attribute{{"output_size", []int{n, 1}}}},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Prepare(Float32, c.kind, c.attrs, Spec{Float32, []int{1, 1, 1, 1}})
		runtime.ReadMemStats(&after)
		if bytes := after.TotalAlloc - before.TotalAlloc; err != nil || bytes > n {
			t.Errorf("%s took %d bytes (%v)", c.kind, bytes, err)
		}
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		size Size
		text string
	}{{Size{0, 10}, "10"}, {Size{1, 0}, "N"}, {Size{3, -1}, "3N-1"}, {Size{2, 5}, "2N+5"}, {Size{0, -1}, "-1"}} {
		var back Size
		json, err := c.size.MarshalJSON()
		if c.size.String() != c.text || err != nil || back.UnmarshalJSON(json) != nil || back != c.size {
			t.Errorf("%+v is %s, read as %+v", c.size, c.size, back)
		}
	}
	if n := (Size{PerRow: 3, Fixed: -1}).At(5); n != 14 {
		t.Errorf("3N-1 at 5 is %d", n)
	}
	for _, text := range []string{"", "x", "NN", "N+", "99999999999", "1.5", "N*2", `"N`} {
		var s Size
		if err := s.UnmarshalJSON([]byte(fmt.Sprintf("%q", text))); err == nil {
			t.Errorf("%q is read as %v", text, s)
		}
	}
}

func TestPlan(t *testing.T) {
	chain := []Planned{
		{Len: 4, Fixed: true}, {Len: 4, Operands: []int{0}}, {Len: 4, Operands: []int{1}, InPlace: []int{0}}, {Len: 6, Operands: []int{2}},
		{Len: 6, Operands: []int{3}, Alias: true}, {Len: 4, Operands: []int{4}, Kept: 1},
	}
	slots, of, err := Plan(chain)
	if err != nil || len(slots) != 2 || of[1] != of[2] || of[3] != of[4] || of[5] != of[1] || slots[of[1].Slot].Len != 16+4 || of[3].Slot != of[1].Slot {
		t.Errorf("slots %v of %v, %v", slots, of, err)
	}
	for _, bad := range [][]Planned{
		{{Operands: []int{0}}}, {{Operands: []int{-1}}}, {{Alias: true}}, {{Fixed: true}, {Operands: []int{0}, InPlace: []int{1}}},
	} {
		if _, _, err := Plan(bad); err == nil {
			t.Errorf("%v is planned", bad)
		}
	}
}

// TestPlansKeepValues: in programs drawn at random, every value is what was written to it until its last
// reader has run, memory is little more than what is in use at once, and two plans are the same.
func TestPlansKeepValues(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 0))
		values := make([]Planned, 2+r.IntN(60))
		for i := range values {
			v := &values[i]
			v.Type, v.Len, v.Fixed = Type(r.IntN(2)), 1+r.IntN(100), i == 0 || r.IntN(8) == 0
			if v.Fixed {
				continue
			}
			for range 1 + r.IntN(3) {
				v.Operands = append(v.Operands, max(0, i-1-r.IntN(10)))
			}
			first := values[v.Operands[0]]
			switch {
			case r.IntN(4) == 0:
				v.Alias, v.Type, v.Len = true, first.Type, first.Len
			case r.IntN(2) == 0:
				v.InPlace = []int{r.IntN(len(v.Operands))}
			}
			if r.IntN(10) == 0 {
				v.Kept = 1
			}
		}
		slots, of, err := Plan(values)
		if err != nil {
			t.Fatal(err)
		}
		again, ofAgain, _ := Plan(values)
		if !reflect.DeepEqual(slots, again) || !reflect.DeepEqual(of, ofAgain) {
			t.Fatalf("seed %d: two plans differ", seed)
		}
		held := make([][]int, len(slots)) // the value that was written to an element
		for k, s := range slots {
			held[k] = slices.Repeat([]int{-1}, s.Len)
		}
		content := make([]int, len(values)) // the value that an alias is of
		for i, v := range values {
			content[i] = i
			if s := slots[of[i].Slot]; s.Type != v.Type || of[i].Offset%16 != 0 || v.Fixed && s.Of != i {
				t.Fatalf("seed %d: value %d, %+v, lies at %v of %+v", seed, i, v, of[i], s)
			}
			for _, c := range v.Operands {
				for at, got := range held[of[c].Slot][of[c].Offset:][:values[c].Len] {
					if got != content[c] {
						t.Fatalf("seed %d: element %d of value %d was overwritten by value %d before %d reads it", seed, at, c, got, i)
					}
				}
			}
			if v.Alias {
				content[i] = content[v.Operands[0]]
				continue
			}
			for at := range v.Len {
				held[of[i].Slot][of[i].Offset+at] = i
			}
		}
		for i, v := range values {
			if v.Kept > 0 && slices.ContainsFunc(held[of[i].Slot][of[i].Offset:][:v.Len], func(got int) bool { return got != content[i] }) {
				t.Fatalf("seed %d: value %d was overwritten before the end", seed, i)
			}
		}
	}
}
