package infer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/seed732fc211/aegis/infer"
	"github.com/seed732fc211/aegis/internal/modelfile"
	"github.com/seed732fc211/aegis/internal/safetensors"
)

var ctx = context.Background()

// softmaxRegression is softmax(x·w + b) for any batch, by hand.
func softmaxRegression() *infer.Program {
	return &infer.Program{
		Version: 1,
		Inputs:  []infer.Variable{{Name: "x", Shape: []infer.Size{{PerRow: 1}, {Fixed: 2}}}},
		Parameters: []infer.Parameter{
			{Path: "kernel", Shape: []int{2, 3}}, {Path: "bias", Shape: []int{3}},
		},
		Constants: []infer.Constant{{Values: infer.Memory{Float32: []float32{float32(math.Inf(-1))}}}},
		Steps: []infer.Step{
			{Kind: "Dense", Path: "0.Dense", Attributes: []infer.Attribute{{Name: "activation", Value: "Identity"}}, Operands: []int{0, 1, 2}},
			{Kind: "Maximum", Operands: []int{4, 3}},
			{Kind: "Softmax", Attributes: []infer.Attribute{{Name: "axis", Value: 1}}, Operands: []int{5}},
			{Kind: "Reshape", Attributes: []infer.Attribute{{Name: "shape", Value: []any{"3N"}}}, Operands: []int{6}},
		},
		Outputs: []infer.Output{{Name: "p", Value: 6}, {Value: 7}},
	}
}

var weights = []infer.Memory{{Float32: []float32{1, 0, -1, 2, 0, 1}}, {Float32: []float32{0.5, 0, 0}}}

// TestProgram runs a program before and after it is written down, for several batches.
func TestProgram(t *testing.T) {
	p := softmaxRegression()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back infer.Program
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&back)
	if err != nil || !bytes.Equal(again, text) {
		t.Errorf("written again: %s (%v), before %s", again, err, text)
	}
	for _, p := range []*infer.Program{p, &back} {
		for _, batch := range []int{1, 2, 7} {
			s, err := p.Session(batch, weights)
			if err != nil {
				t.Fatal(err)
			}
			x := s.Input(0).Float32
			for i := range x {
				x[i] = float32(i%5) - 2
			}
			if err := s.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(s.Outputs()[0].Shape, []int{batch, 3}) || !slices.Equal(s.Outputs()[1].Shape, []int{3 * batch}) || !slices.Equal(s.Output(1).Float32, s.Output(0).Float32) {
				t.Errorf("outputs %v", s.Outputs())
			}
			for i := range batch {
				a, b := float64(x[2*i]), float64(x[2*i+1])
				z := []float64{a + 2*b + 0.5, 0, b - a}
				sum := math.Exp(z[0]) + math.Exp(z[1]) + math.Exp(z[2])
				for k := range z {
					if got := float64(s.Output(0).Float32[3*i+k]); math.Abs(got-math.Exp(z[k])/sum) > 1e-6 {
						t.Errorf("batch %d, row %d: %v, want %v", batch, i, got, math.Exp(z[k])/sum)
					}
				}
			}
		}
	}
}

// TestSessionsAtOnce: sessions of one program run side by side.
func TestSessionsAtOnce(t *testing.T) {
	p := softmaxRegression()
	var wait sync.WaitGroup
	for k := range 4 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			s, err := p.Session(3, weights)
			if err != nil {
				t.Error(err)
				return
			}
			for range 200 {
				s.Input(0).Float32[0] = float32(k)
				if err := s.Run(ctx); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wait.Wait()
}

func TestProgramErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *infer.Program)
		want   string
	}{
		"no version":       {func(p *infer.Program) { p.Version = 0 }, "no version"},
		"newer":            {func(p *infer.Program) { p.Version = 2 }, "newer than 1"},
		"int maths":        {func(p *infer.Program) { p.Float = infer.Int }, "maths in int"},
		"no outputs":       {func(p *infer.Program) { p.Outputs = nil }, "no outputs"},
		"output":           {func(p *infer.Program) { p.Outputs[0].Value = 8 }, "output 0 is value 8 of 8"},
		"operand":          {func(p *infer.Program) { p.Steps[0].Operands[0] = 4 }, "step 0 (Dense): operand 4 is no earlier value"},
		"negative operand": {func(p *infer.Program) { p.Steps[0].Operands[0] = -1 }, "operand -1"},
		"kind":             {func(p *infer.Program) { p.Steps[0].Kind = "Dropout" }, `step 0, 0.Dense: there is no operation "Dropout"`},
		"shape":            {func(p *infer.Program) { p.Parameters[0].Shape = []int{3, 3} }, "operand 1 is float32(3,3), want (2,3)"},
		"input":            {func(p *infer.Program) { p.Inputs[0].Shape[1].Fixed = 0 }, `input "x": shape (1,0)`},
		"constant":         {func(p *infer.Program) { p.Constants[0].Shape = []int{2} }, "constant 0: 1 elements of shape (2)"},
		"size":             {func(p *infer.Program) { p.Steps[3].Attributes[0].Value = []any{"2N"} }, "the number of elements differs"},
		"attribute":        {func(p *infer.Program) { p.Steps[0].Attributes = nil }, "attribute activation is <nil>, want a text"},
	} {
		p := softmaxRegression()
		c.change(p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
	p := softmaxRegression()
	for _, c := range []struct {
		batch  int
		params []infer.Memory
		want   string
	}{
		{0, weights, "a batch of 0 rows"}, {1 << 30, weights, "a batch of"}, {1, weights[:1], "1 parameters, the program has 2"},
		{1, []infer.Memory{weights[1], weights[0]}, "parameter kernel: 3 elements of float32, want float32(2,3)"},
		{1, []infer.Memory{{Float64: make([]float64, 6)}, weights[1]}, "parameter kernel: 6 elements of float64"},
	} {
		if _, err := p.Session(c.batch, c.params); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d, %v: %v, want an error with %q", c.batch, c.params, err, c.want)
		}
	}
	s, err := p.Session(1, weights)
	if err != nil {
		t.Fatal(err)
	}
	stopped, cancel := context.WithCancelCause(ctx)
	why := errors.New("enough")
	cancel(why)
	if err := s.Run(stopped); !errors.Is(err, why) {
		t.Errorf("a cancelled run gives %v", err)
	}
	if m := s.Input(5); m.Len() > 0 {
		t.Errorf("input 5 is %v", m)
	}
}

// TestRunErrors: what goes wrong in a run says in which step.
func TestRunErrors(t *testing.T) {
	p := &infer.Program{
		Version: 1, Inputs: []infer.Variable{{Name: "i", Type: infer.Int, Shape: []infer.Size{{PerRow: 1}}}},
		Parameters: []infer.Parameter{{Path: "table", Shape: []int{2, 3}}},
		Steps:      []infer.Step{{Kind: "Gather", Path: "0.Embedding", Operands: []int{1, 0}}},
		Outputs:    []infer.Output{{Value: 2}},
	}
	s, err := p.Session(2, weights[:1])
	if err != nil {
		t.Fatal(err)
	}
	s.Input(0).Int[1] = 2
	if err := s.Run(ctx); err == nil || !strings.Contains(err.Error(), "step 0, 0.Embedding: Gather: index 2 at position 1 is not in [0, 2)") {
		t.Errorf("gives %v", err)
	}
}

// file writes a model file of the program.
func file(t testing.TB, change func(meta map[string]string)) []byte {
	t.Helper()
	text, err := json.Marshal(softmaxRegression())
	if err != nil {
		t.Fatal(err)
	}
	meta := map[string]string{modelfile.Format: strconv.Itoa(modelfile.Version), modelfile.Program: string(text)}
	change(meta)
	var b bytes.Buffer
	tensors := []safetensors.Tensor{{Name: "kernel", Shape: []int{2, 3}, F32: weights[0].Float32}, {Name: "bias", Shape: []int{3}, F32: weights[1].Float32}}
	if err := safetensors.WriteSummed(&b, modelfile.Sum, meta, tensors); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRead(t *testing.T) {
	table := `{"version":1,"columns":[{"name":"a"},{"name":"b"}],"transform":{"kind":"scale","config":{"Keep":[false,true],"Center":[1,0],"Scale":[2,1]}}}`
	path := filepath.Join(t.TempDir(), "m")
	if err := os.WriteFile(path, file(t, func(meta map[string]string) { meta[modelfile.Table] = table }), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := infer.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	row, err := m.Row()
	if err != nil {
		t.Fatal(err)
	}
	got, err := row.RunMap(ctx, map[string]any{"a": 3, "b": 1.0})
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Session(1)
	if err != nil {
		t.Fatal(err)
	}
	copy(s.Input(0).Float32, []float32{1, 1}) // (3 − 1)/2, and b as it is
	if err := s.Run(ctx); err != nil || !slices.Equal(got[0].Float32, s.Output(0).Float32) {
		t.Errorf("%v, want %v (%v)", got, s.Output(0), err)
	}
	for want, change := range map[string]func(meta map[string]string){
		"holds no Aegis model":     func(meta map[string]string) { delete(meta, modelfile.Format) },
		"format 99":                func(meta map[string]string) { meta[modelfile.Format] = "99" },
		"no program: it is a test": func(meta map[string]string) { meta[modelfile.Program], meta[modelfile.NoProgram] = "", "it is a test" },
		"program: ":                func(meta map[string]string) { meta[modelfile.Program] = "{" },
		"has shape [2 3] in the file, [3 2] in the program": func(meta map[string]string) {
			meta[modelfile.Program] = strings.Replace(meta[modelfile.Program], `"shape":[2,3]`, `"shape":[3,2]`, 1)
		},
		"kernel2 is missing": func(meta map[string]string) {
			meta[modelfile.Program] = strings.Replace(meta[modelfile.Program], `"kernel"`, `"kernel2"`, 1)
		},
		"there is no transform":          func(meta map[string]string) { meta[modelfile.Table] = strings.Replace(table, "scale", "nothing", 1) },
		"preprocessing: 1 values for 2 ": func(meta map[string]string) { meta[modelfile.Table] = strings.Replace(table, "[1,0]", "[1]", 1) },
		"of version 2": func(meta map[string]string) {
			meta[modelfile.Table] = strings.Replace(table, `"version":1`, `"version":2`, 1)
		},
		"within one another": func(meta map[string]string) { meta[modelfile.Table] = strings.Repeat("[", 1000) },
	} {
		if _, err := infer.Read(bytes.NewReader(file(t, change))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
	whole := file(t, func(map[string]string) {})
	for n := 0; n < len(whole); n += 7 {
		if _, err := infer.Read(bytes.NewReader(whole[:n])); err == nil {
			t.Errorf("the first %d bytes are read", n)
		}
	}
	whole[len(whole)-3] ^= 1
	if _, err := infer.Read(bytes.NewReader(whole)); err == nil {
		t.Error("a damaged file is read")
	}
}

// FuzzProgram: no program panics or takes memory without bound.
func FuzzProgram(f *testing.F) {
	text, err := json.Marshal(softmaxRegression())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, s := range []string{
		`{"version":1,"float":"float64","inputs":[{"name":"x","type":"float64","shape":["N",4]}],"steps":[{"kind":"Slice","attributes":{"axis":0,"start":"N-1","end":"N"},"operands":[0]}],"outputs":[{"value":1}]}`,
		`{"version":1,"float":"float32","inputs":[{"name":"x","type":"float32","shape":["N",2,2,1]}],"steps":[{"kind":"MaxPool2D","attributes":{"kernel_shape":[2,2],"strides":[1,1],"dilations":[1,1],"pads":[0,0,0,0]},"operands":[0]},{"kind":"Sum","attributes":{"axes":[1,2]},"operands":[1]}],"outputs":[{"value":2}]}`,
		`{"version":1,"float":"float32","inputs":[{"name":"i","type":"int","shape":["N"]}],"constants":[{"type":"float32","shape":[1,2],"base64":"AACAPwAAAEA="}],"steps":[{"kind":"Gather","operands":[1,0]},{"kind":"OneHot","attributes":{"depth":3},"operands":[0]}],"outputs":[{"value":2},{"value":3}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var p infer.Program
		if json.Unmarshal(text, &p) != nil || p.Check() != nil {
			return
		}
		for _, batch := range []int{1, 3} {
			var params []infer.Memory
			elements := 0
			for _, v := range p.Parameters {
				n := infer.Spec{Shape: v.Shape}.Len()
				if elements += n; elements > 1<<16 {
					return
				}
				if p.Float == infer.Float64 {
					params = append(params, infer.Memory{Float64: make([]float64, n)})
				} else {
					params = append(params, infer.Memory{Float32: make([]float32, n)})
				}
			}
			if p.Elements(batch) > 1<<20 {
				return
			}
			if s, err := p.Session(batch, params); err == nil {
				_ = s.Run(ctx)
			}
		}
	})
}

// FuzzRead: no file panics.
func FuzzRead(f *testing.F) {
	f.Add(file(f, func(map[string]string) {}))
	f.Fuzz(func(_ *testing.T, content []byte) {
		_, _ = infer.Read(bytes.NewReader(content))
	})
}
