package generate_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/seed732fc211/aegis/text/generate"
)

// toy is a model whose logits are a fixed random function of everything that a hypothesis has
// read, so that a wrong parent shows.
type toy struct {
	vocab   int
	seed    uint64
	texts   [][]int // by slot
	calls   int
	extends int
}

func (m *toy) Step(parents, ids []int, logits []float32) error {
	m.calls++
	m.extends += len(ids)
	next := make([][]int, len(ids))
	for i, id := range ids {
		var text []int
		if m.calls > 1 {
			text = m.texts[parents[i]]
		}
		next[i] = append(slices.Clone(text), id)
		m.score(next[i], logits[i*m.vocab:(i+1)*m.vocab])
	}
	m.texts = next
	return nil
}

func (m *toy) score(text []int, logits []float32) {
	key := m.seed
	for _, id := range text {
		key = key*1_000_003 + uint64(id) + 1
	}
	r := rand.New(rand.NewPCG(m.seed, key))
	for i := range logits {
		logits[i] = float32(2 * r.NormFloat64())
	}
}

// fixed gives every hypothesis the same logits.
func fixed(logits []float32) generate.Func {
	return func(_, ids []int, out []float32) error {
		for i := range ids {
			copy(out[i*len(logits):], logits)
		}
		return nil
	}
}

func logSoftmax(logits []float32) []float64 {
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l))
	}
	out := make([]float64, len(logits))
	for i, l := range logits {
		out[i] = float64(l) - math.Log(sum)
	}
	return out
}

// TestGreedy follows the largest logit by hand, to the stop id or the most tokens.
func TestGreedy(t *testing.T) {
	const vocab = 7
	for seed := range uint64(50) {
		m := &toy{vocab: vocab, seed: seed}
		got, err := generate.Sampler{Vocab: vocab, Most: 12, Stop: []int{3}}.Generate(context.Background(), m, [][]int{{1, 2}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := generate.Output{IDs: []int{}, Stop: -1}
		text, logits := []int{1, 2}, make([]float32, vocab)
		for len(want.IDs) < 12 {
			m.score(text, logits)
			id := slices.Index(logits, slices.Max(logits))
			want.LogProb += logSoftmax(logits)[id]
			if id == 3 {
				want.Stop = 3
				break
			}
			want.IDs, text = append(want.IDs, id), append(text, id)
		}
		if o := got[0]; !slices.Equal(o.IDs, want.IDs) || o.Stop != want.Stop || math.Abs(o.LogProb-want.LogProb) > 1e-12 || o.Score != o.LogProb {
			t.Errorf("seed %d: %+v, want %+v", seed, o, want)
		}
	}
}

// truncated is the distribution that a Sampler draws from, by sorting.
func truncated(logits []float32, temperature float64, k int, p float64) []float64 {
	order := make([]int, len(logits))
	weight := make([]float64, len(logits))
	for i, l := range logits {
		order[i], weight[i] = i, math.Exp(float64(l)/temperature)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case weight[a] > weight[b]:
			return -1
		case weight[a] < weight[b]:
			return 1
		}
		return 0
	})
	if k > 0 {
		order = order[:min(k, len(order))]
	}
	total := func() (s float64) {
		for _, i := range order {
			s += weight[i]
		}
		return s
	}
	if p > 0 {
		all, sum := total(), 0.0
		for n, i := range order {
			if sum += weight[i]; sum >= p*all {
				order = order[:n+1]
				break
			}
		}
	}
	out, all := make([]float64, len(logits)), total()
	for _, i := range order {
		out[i] = weight[i] / all
	}
	return out
}

// TestFrequencies: what is drawn has the truncated distribution by a χ² test at 1 in 10,000, and
// nothing outside it is drawn.
func TestFrequencies(t *testing.T) {
	forbidden := float32(math.Inf(-1))
	logits := []float32{0.3, -1, 2, 0.3, forbidden, 1.1, -3, 0.3, 1.9, -0.2}
	for _, c := range []struct {
		name string
		s    generate.Sampler
	}{
		{"as it is", generate.Sampler{Temperature: 1}},
		{"hot", generate.Sampler{Temperature: 3}},
		{"cold", generate.Sampler{Temperature: 0.5}},
		{"top-k", generate.Sampler{Temperature: 1, TopK: 3}},
		{"top-k among equals", generate.Sampler{Temperature: 1, TopK: 4}},
		{"top-k of one", generate.Sampler{Temperature: 1, TopK: 1}},
		{"top-k of all", generate.Sampler{Temperature: 1, TopK: 1000}},
		{"top-p", generate.Sampler{Temperature: 1, TopP: 0.8}},
		{"top-p of one", generate.Sampler{Temperature: 1, TopP: 0.01}},
		{"top-p of all", generate.Sampler{Temperature: 2, TopP: 1}},
		{"top-k, then top-p", generate.Sampler{Temperature: 1.5, TopK: 6, TopP: 0.7}},
		{"top-p, hot", generate.Sampler{Temperature: 3, TopP: 0.6}},
	} {
		const draws = 20000
		c.s.Vocab, c.s.Most = len(logits), draws
		out, err := c.s.Generate(context.Background(), fixed(logits), [][]int{{0}}, []uint64{11})
		if err != nil {
			t.Fatal(err)
		}
		count := make([]float64, len(logits))
		for _, id := range out[0].IDs {
			count[id]++
		}
		chi2, cells := 0.0, 0
		for i, p := range truncated(logits, c.s.Temperature, c.s.TopK, c.s.TopP) {
			if p == 0 {
				if count[i] > 0 {
					t.Errorf("%s: token %d is drawn %v times", c.name, i, count[i])
				}
				continue
			}
			chi2 += (count[i] - draws*p) * (count[i] - draws*p) / (draws * p)
			cells++
		}
		if cells == 1 {
			if chi2 != 0 {
				t.Errorf("%s: %v", c.name, count)
			}
		} else if p := 1 - (distuv.ChiSquared{K: float64(cells - 1)}).CDF(chi2); p < 1e-4 {
			t.Errorf("%s: χ² %v of %d cells, p = %v", c.name, chi2, cells, p)
		}
	}
}

// TestColdIsGreedy: a temperature near 0 takes what greedy decoding takes.
func TestColdIsGreedy(t *testing.T) {
	prompts, seeds := [][]int{{0}, {1}, {2}, {3, 4}}, []uint64{5, 6, 7, 8}
	want, err := generate.Sampler{Vocab: 9, Most: 30}.Generate(context.Background(), &toy{vocab: 9, seed: 1}, prompts, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []generate.Sampler{{Temperature: 1e-6}, {Temperature: 1e-320}, {Temperature: 1e-6, TopP: 0.9}, {Temperature: 1e-6, TopK: 3}, {Temperature: 1, TopK: 1}} {
		s.Vocab, s.Most = 9, 30
		got, err := s.Generate(context.Background(), &toy{vocab: 9, seed: 1}, prompts, seeds)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%+v: %v, %v, want %v", s, got, err, want)
		}
	}
}

// TestSeeds: a row has the same tokens alone as in any batch, and others with another seed.
func TestSeeds(t *testing.T) {
	s := generate.Sampler{Vocab: 20, Most: 40, Stop: []int{19}, Temperature: 1.2, TopP: 0.95}
	prompts := [][]int{{0}, {1, 2, 3}, {0}, {4, 5}, {0}, {6}}
	seeds := []uint64{1, 2, 3, 4, 1, 6}
	all, err := s.Generate(context.Background(), &toy{vocab: 20, seed: 9}, prompts, seeds)
	if err != nil {
		t.Fatal(err)
	}
	for i := range prompts {
		one, err := s.Generate(context.Background(), &toy{vocab: 20, seed: 9}, prompts[i:i+1], seeds[i:i+1])
		if err != nil || fmt.Sprint(one[0]) != fmt.Sprint(all[i]) {
			t.Errorf("row %d: alone %v, %v, in a batch %v", i, one, err, all[i])
		}
	}
	if slices.Equal(all[0].IDs, all[2].IDs) || !slices.Equal(all[0].IDs, all[4].IDs) {
		t.Errorf("seeds 1, 3 and 1 give %v, %v and %v", all[0].IDs, all[2].IDs, all[4].IDs)
	}
}

// TestStream: tokens come as they are made, in the order of rows, with log-probabilities that add
// up; ErrStop ends a row, other errors everything, and rows that have ended are not extended.
func TestStream(t *testing.T) {
	m := &toy{vocab: 6, seed: 3}
	s := generate.Sampler{Vocab: 6, Most: 10, Temperature: 1}
	var seen [2][]int
	sum := [2]float64{}
	out, err := s.Stream(context.Background(), m, [][]int{{0}, {1, 2, 3}}, []uint64{1, 2}, func(row, id int, logProb float64) error {
		seen[row] = append(seen[row], id)
		sum[row] += logProb
		if row == 0 && len(seen[0]) == 4 {
			return fmt.Errorf("enough: %w", generate.ErrStop)
		}
		return nil
	})
	if err != nil || len(seen[0]) != 4 || len(seen[1]) != 10 {
		t.Fatalf("%v, %v", seen, err)
	}
	for row, o := range out {
		if !slices.Equal(o.IDs, seen[row]) || o.LogProb != sum[row] || o.Stop != -1 {
			t.Errorf("row %d: %+v, saw %v, %v", row, o, seen[row], sum[row])
		}
	}
	if m.calls != 12 || m.extends != 4+12 {
		t.Errorf("%d calls with %d tokens", m.calls, m.extends)
	}

	broken := errors.New("broken")
	out, err = s.Stream(context.Background(), &toy{vocab: 6}, [][]int{{0}}, []uint64{1}, func(_, _ int, _ float64) error { return broken })
	if !errors.Is(err, broken) || len(out) != 1 || len(out[0].IDs) != 1 {
		t.Errorf("%v, %v", out, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	out, err = s.Stream(ctx, &toy{vocab: 6}, [][]int{{0}}, []uint64{1}, func(_, _ int, _ float64) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) || len(out[0].IDs) != 1 {
		t.Errorf("%v, %v", out, err)
	}
}

// TestSamplerRefuses names what is wrong.
func TestSamplerRefuses(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	good := fixed(make([]float32, 4))
	for _, c := range []struct {
		name    string
		s       generate.Sampler
		m       generate.Model
		prompts [][]int
		seeds   []uint64
		want    string
	}{
		{"no model", generate.Sampler{Vocab: 4}, nil, [][]int{{0}}, nil, "the model is nil"},
		{"no function", generate.Sampler{Vocab: 4}, generate.Func(nil), [][]int{{0}}, nil, "step 0: generate: the function is nil"},
		{"no vocabulary", generate.Sampler{}, good, [][]int{{0}}, nil, "a vocabulary of 0"},
		{"a vocabulary too large", generate.Sampler{Vocab: math.MaxInt}, good, [][]int{{0}}, nil, "a vocabulary of"},
		{"too many logits", generate.Sampler{Vocab: 1 << 27}, good, [][]int{{0}, {0}}, nil, "2 prompts"},
		{"negative length", generate.Sampler{Vocab: 4, Most: -1}, good, [][]int{{0}}, nil, "at most -1"},
		{"stop", generate.Sampler{Vocab: 4, Stop: []int{4}}, good, [][]int{{0}}, nil, "the stop id 4"},
		{"empty prompt", generate.Sampler{Vocab: 4}, good, [][]int{{0}, {}}, nil, "prompt 1 has no token"},
		{"prompt", generate.Sampler{Vocab: 4}, good, [][]int{{0, 1, -1}}, nil, "prompt 0: the id -1 at 2"},
		{"seeds", generate.Sampler{Vocab: 4, Temperature: 1}, good, [][]int{{0}}, nil, "0 seeds for 1 prompts"},
		{"greedy seeds", generate.Sampler{Vocab: 4}, good, [][]int{{0}}, []uint64{1, 2}, "2 seeds for 1 prompts"},
		{"greedy share", generate.Sampler{Vocab: 4, TopP: 0.5}, good, [][]int{{0}}, nil, "play no part"},
		{"temperature", generate.Sampler{Vocab: 4, Temperature: math.NaN()}, good, [][]int{{0}}, nil, "a temperature of NaN"},
		{"share", generate.Sampler{Vocab: 4, Temperature: 1, TopP: 1.5}, good, [][]int{{0}}, []uint64{1}, "a share of 1.5"},
		{"NaN", generate.Sampler{Vocab: 4}, fixed([]float32{0, nan, 0, 0}), [][]int{{0}}, nil, "step 0, row 0: the logit of token 1 is NaN"},
		{"+Inf", generate.Sampler{Vocab: 4}, fixed([]float32{0, 0, inf, 0}), [][]int{{0}}, nil, "the logit of token 2 is +Inf"},
		{"no logits", generate.Sampler{Vocab: 4}, generate.Func(func(_, _ []int, _ []float32) error { return nil }), [][]int{{0}}, nil, "the logit of token 0 is NaN"},
		{"all -Inf", generate.Sampler{Vocab: 4}, fixed([]float32{-inf, -inf, -inf, -inf}), [][]int{{0}}, nil, "all tokens are impossible"},
	} {
		_, err := c.s.Generate(context.Background(), c.m, c.prompts, c.seeds)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if out, err := (generate.Sampler{Vocab: 4}).Generate(context.Background(), good, nil, nil); err != nil || len(out) != 0 {
		t.Errorf("no prompts: %v, %v", out, err)
	}
}

// TestSamplingAllocates: ten times as many tokens take no more allocations.
func TestSamplingAllocates(t *testing.T) {
	m := fixed([]float32{0, 1, 2, 1, 0.5, 0.1})
	for _, s := range []generate.Sampler{{}, {Temperature: 1}, {Temperature: 1, TopK: 3, TopP: 0.9}} {
		count := func(most int) float64 {
			s.Vocab, s.Most = 6, most
			return testing.AllocsPerRun(20, func() {
				if _, err := s.Generate(context.Background(), m, [][]int{{0}, {1, 2}}, []uint64{1, 2}); err != nil {
					t.Fatal(err)
				}
			})
		}
		if few, many := count(20), count(200); many > few {
			t.Errorf("%+v: %v allocations for 20 tokens, %v for 200", s, few, many)
		}
	}
}

// FuzzSampler: any logits, settings and ids give an error or tokens of the vocabulary.
func FuzzSampler(f *testing.F) {
	f.Add(1.0, 3, 0.9, 2, []byte{0, 1, 200, 7})
	f.Add(0.0, 0, 0.0, 0, []byte{255, 255, 255})
	f.Add(1e-300, 1, 1e-300, -1, []byte{9, 8, 7, 6, 5, 4, 3})
	f.Fuzz(func(t *testing.T, temperature float64, k int, p float64, prompt int, b []byte) {
		logits := make([]float32, len(b))
		for i, x := range b {
			logits[i] = [...]float32{float32(math.Inf(-1)), float32(x) - 100, 1e38, -1e38, float32(x) * 1e-40}[x%5]
		}
		s := generate.Sampler{Vocab: len(b), Most: 20, Stop: []int{0}, Temperature: temperature, TopK: k, TopP: p}
		out, err := s.Generate(context.Background(), fixed(logits), [][]int{{prompt}, {prompt, 0}}, []uint64{1, uint64(len(b))})
		if err != nil {
			return
		}
		for _, o := range out {
			for _, id := range o.IDs {
				if id < 0 || id >= len(b) || math.IsInf(float64(logits[id]), -1) {
					t.Fatalf("token %d of %v", id, logits)
				}
			}
			if !(o.LogProb <= 0) || math.IsInf(o.LogProb, 0) {
				t.Errorf("log p %v of %v by %v", o.LogProb, o.IDs, logits)
			}
		}
	})
}

// BenchmarkSampler: a token of a vocabulary of 50,000.
func BenchmarkSampler(b *testing.B) {
	const vocab = 50_000
	r := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, vocab)
	for i := range logits {
		logits[i] = float32(3 * r.NormFloat64())
	}
	for _, c := range []struct {
		name string
		s    generate.Sampler
	}{{"greedy", generate.Sampler{}}, {"all", generate.Sampler{Temperature: 1}}, {"top-k", generate.Sampler{Temperature: 1, TopK: 50}}, {"top-p", generate.Sampler{Temperature: 1, TopP: 0.9}}} {
		b.Run(c.name, func(b *testing.B) {
			c.s.Vocab, c.s.Most = vocab, b.N
			if _, err := c.s.Generate(context.Background(), fixed(logits), [][]int{{0}}, []uint64{1}[:min(1, int(c.s.Temperature))]); err != nil {
				b.Fatal(err)
			}
		})
	}
}
