package generate_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/text/generate"
)

// everyText returns all texts of up to most tokens, those that a stop id ends and those that have
// the most tokens, the best first.
func everyText(m *toy, prompt []int, most, stop int, alpha float64) []generate.Output {
	var all []generate.Output
	var grow func(ids []int, logProb float64)
	grow = func(ids []int, logProb float64) {
		logits := make([]float32, m.vocab)
		m.score(append(slices.Clone(prompt), ids...), logits)
		for id, p := range logSoftmax(logits) {
			o := generate.Output{IDs: append(slices.Clone(ids), id), Stop: -1, LogProb: logProb + p}
			o.Score = o.LogProb / math.Pow((5+float64(len(o.IDs)))/6, alpha)
			switch {
			case id == stop:
				o.IDs, o.Stop = ids, stop
				all = append(all, o)
			case len(o.IDs) == most:
				all = append(all, o)
			default:
				grow(o.IDs, o.LogProb)
			}
		}
	}
	grow(nil, 0)
	slices.SortFunc(all, func(a, b generate.Output) int {
		if a.Score > b.Score {
			return -1
		}
		return 1
	})
	return all
}

func sameOutput(a, b generate.Output) bool {
	return slices.Equal(a.IDs, b.IDs) && a.Stop == b.Stop && math.Abs(a.LogProb-b.LogProb) < 1e-9 && math.Abs(a.Score-b.Score) < 1e-9
}

// TestBeamIsExhaustive: a beam as wide as there are texts finds the best of all, in their order.
func TestBeamIsExhaustive(t *testing.T) {
	const vocab, most, stop = 4, 4, 2
	for seed := range uint64(30) {
		for _, alpha := range []float64{0, 0.6, 1, 3} {
			m := &toy{vocab: vocab, seed: seed}
			want := everyText(m, []int{1}, most, stop, alpha)
			for _, best := range []int{1, 3, len(want)} {
				m.texts, m.calls = nil, 0
				got, err := generate.Beam{Vocab: vocab, Most: most, Stop: []int{stop}, Width: 256, Best: min(best, 256), Alpha: alpha}.Search(context.Background(), m, [][]int{{1}})
				if err != nil {
					t.Fatal(err)
				}
				if len(got[0]) != best {
					t.Fatalf("%d texts of %d", len(got[0]), best)
				}
				for i, o := range got[0] {
					if !sameOutput(o, want[i]) {
						t.Errorf("seed %d, α %v, text %d of %d: %+v, want %+v", seed, alpha, i, best, o, want[i])
					}
				}
			}
		}
	}
}

// plainBeam is a beam search of one row without a heap, an early end or a tree: it sorts.
func plainBeam(m *toy, prompt []int, most, width int, stop []int, alpha float64) generate.Output {
	type text struct {
		ids     []int
		logProb float64
	}
	alive := []text{{nil, 0}}
	best := generate.Output{Score: math.Inf(-1)}
	for n := 1; n <= most; n++ {
		var all []text
		logits := make([]float32, m.vocab)
		for _, a := range alive {
			m.score(append(slices.Clone(prompt), a.ids...), logits)
			for id, p := range logSoftmax(logits) {
				all = append(all, text{append(slices.Clone(a.ids), id), a.logProb + p})
			}
		}
		slices.SortStableFunc(all, func(a, b text) int {
			if a.logProb > b.logProb {
				return -1
			}
			return 1
		})
		alive = nil
		for rank, a := range all {
			last := a.ids[n-1]
			ends := slices.Contains(stop, last)
			score := a.logProb / math.Pow((5+float64(n))/6, alpha)
			if ends && rank < width && score > best.Score {
				best = generate.Output{IDs: a.ids[:n-1], Stop: last, LogProb: a.logProb, Score: score}
			}
			if !ends && len(alive) < width {
				alive = append(alive, a)
				if n == most && score > best.Score {
					best = generate.Output{IDs: a.ids, Stop: -1, LogProb: a.logProb, Score: score}
				}
			}
		}
	}
	return best
}

// TestBeamIsPlain: narrow beams over batches of prompts that differ in length find what a plain
// search finds for each alone.
func TestBeamIsPlain(t *testing.T) {
	prompts := [][]int{{0}, {1, 2, 3, 4}, {5, 1}, {2}, {3, 3, 3}}
	for seed := range uint64(20) {
		for _, c := range []struct {
			width int
			stop  []int
			alpha float64
		}{{1, []int{0}, 0}, {2, []int{0}, 0.6}, {3, []int{0, 5}, 1}, {5, []int{1}, 2}, {4, nil, 0.5}, {8, []int{0, 1, 2}, 0}} {
			m := &toy{vocab: 11, seed: seed}
			got, err := generate.Beam{Vocab: 11, Most: 9, Stop: c.stop, Width: c.width, Alpha: c.alpha}.Search(context.Background(), m, prompts)
			if err != nil {
				t.Fatal(err)
			}
			for row, p := range prompts {
				if want := plainBeam(m, p, 9, c.width, c.stop, c.alpha); len(got[row]) != 1 || !sameOutput(got[row][0], want) {
					t.Errorf("seed %d, %+v, row %d: %+v, want %+v", seed, c, row, got[row], want)
				}
			}
		}
	}
}

// TestBeamOfOne: a beam of width 1 without a stop id is greedy decoding.
func TestBeamOfOne(t *testing.T) {
	prompts := [][]int{{0}, {1, 2}}
	want, err := generate.Sampler{Vocab: 8, Most: 15}.Generate(context.Background(), &toy{vocab: 8, seed: 4}, prompts, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := generate.Beam{Vocab: 8, Most: 15, Width: 1}.Search(context.Background(), &toy{vocab: 8, seed: 4}, prompts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if !sameOutput(got[i][0], want[i]) {
			t.Errorf("row %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

// TestBeamEnds: the search ends when nothing better can come, Early sooner.
func TestBeamEnds(t *testing.T) {
	// The stop id has a probability of 0.9 at every step.
	logits := []float32{float32(math.Log(0.05)), float32(math.Log(0.05)), float32(math.Log(0.9))}
	count := func(b generate.Beam) int {
		calls := 0
		m := generate.Func(func(parents, ids []int, out []float32) error { calls++; return fixed(logits)(parents, ids, out) })
		b.Vocab, b.Most, b.Stop = 3, 50, []int{2}
		out, err := b.Search(context.Background(), m, [][]int{{0}})
		if err != nil || len(out[0][0].IDs) != 0 || out[0][0].Stop != 2 {
			t.Fatalf("%+v, %v", out, err)
		}
		return calls
	}
	for _, c := range []struct {
		b    generate.Beam
		want int
	}{
		{generate.Beam{Width: 2}, 1},                        // log 0.9 beats log 0.05
		{generate.Beam{Width: 2, Best: 2}, 2},               // log 0.045 beats log 0.0025
		{generate.Beam{Width: 2, Alpha: 2}, 3},              // log 0.9 beats log 0.05³ / (55/6)², not log 0.05² / (55/6)²
		{generate.Beam{Width: 2, Alpha: 2, Early: true}, 2}, // one has ended after a step, three after two
	} {
		if got := count(c.b); got != c.want {
			t.Errorf("%+v: %d steps, want %d", c.b, got, c.want)
		}
	}
}

func TestBeamRefuses(t *testing.T) {
	good := fixed(make([]float32, 4))
	for _, c := range []struct {
		name    string
		b       generate.Beam
		m       generate.Model
		prompts [][]int
		want    string
	}{
		{"no model", generate.Beam{Vocab: 4}, nil, [][]int{{0}}, "the model is nil"},
		{"width", generate.Beam{Vocab: 4, Width: -1}, good, [][]int{{0}}, "of width -1"},
		{"too wide", generate.Beam{Vocab: 4, Width: math.MaxInt}, good, [][]int{{0}}, "beam search of width"},
		{"too many logits", generate.Beam{Vocab: 1 << 20, Width: 200}, good, [][]int{{0}}, "1 prompts of 200 hypotheses"},
		{"best", generate.Beam{Vocab: 4, Width: 2, Best: 3}, good, [][]int{{0}}, "for the best 3"},
		{"penalty", generate.Beam{Vocab: 4, Alpha: math.NaN()}, good, [][]int{{0}}, "a length penalty of NaN"},
		{"prompt", generate.Beam{Vocab: 4}, good, [][]int{{4}}, "the id 4 at 0"},
		{"impossible", generate.Beam{Vocab: 1}, fixed([]float32{float32(math.Inf(-1))}), [][]int{{0}}, "step 0, row 0: all tokens are impossible"},
	} {
		_, err := c.b.Search(context.Background(), c.m, c.prompts)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// FuzzBeam: any logits and settings give an error or texts by descending score.
func FuzzBeam(f *testing.F) {
	f.Add(3, 2, 0.6, 0, []byte{0, 1, 200, 7})
	f.Add(1, 1, 0.0, 1, []byte{255, 255, 255})
	f.Fuzz(func(t *testing.T, width, best int, alpha float64, prompt int, b []byte) {
		logits := make([]float32, len(b))
		for i, x := range b {
			logits[i] = [...]float32{float32(math.Inf(-1)), float32(x) - 100, 1e38, -1e38, 0}[x%5]
		}
		s := generate.Beam{Vocab: len(b), Most: 5, Stop: []int{0}, Width: min(width, 50), Best: best, Alpha: alpha, Early: width%2 == 0}
		out, err := s.Search(context.Background(), fixed(logits), [][]int{{prompt}, {prompt, 0}})
		if err != nil {
			return
		}
		for _, row := range out {
			if len(row) == 0 || len(row) > max(1, best) {
				t.Fatalf("%d texts", len(row))
			}
			for i, o := range row {
				if len(o.IDs) > 5 || i > 0 && o.Score > row[i-1].Score || math.IsNaN(o.Score) {
					t.Errorf("%d: %+v", i, o)
				}
			}
		}
	})
}
