package ngram_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/text/generate"
	"github.com/seed732fc211/aegis/text/ngram"
)

func written(t testing.TB, m *ngram.Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFile: what is read has the same probabilities, and is written the same.
func TestFile(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for order := 1; order <= 6; order++ {
		text := make([]int, 500)
		for i := range text {
			text[i] = int(30 * r.Float64() * r.Float64())
		}
		m := fit(t, order, 30, text[:300], nil, text[300:])
		name := filepath.Join(t.TempDir(), "model")
		if err := m.Save(name); err != nil {
			t.Fatal(err)
		}
		again, err := ngram.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		a, err1 := m.LogProb(text)
		b, err2 := again.LogProb(text)
		if err1 != nil || err2 != nil || a != b || !slices.Equal(m.Sizes(), again.Sizes()) || !slices.Equal(m.Discounts(), again.Discounts()) || again.Order() != order || again.Vocab() != 30 {
			t.Errorf("order %d: %v, %v, %v, %v", order, a, b, err1, err2)
		}
		if !bytes.Equal(written(t, m), written(t, again)) {
			t.Errorf("order %d: written again it differs", order)
		}
	}
}

// TestFileRefuses: a file with any byte changed, cut off or added is an error.
func TestFileRefuses(t *testing.T) {
	b := written(t, fit(t, 3, 9, []int{0, 1, 2, 0, 1, 3, 8}, []int{4, 0, 1}))
	for i := range b {
		c := slices.Clone(b)
		c[i] ^= 1 << (i % 8)
		if _, err := ngram.Read(bytes.NewReader(c)); err == nil {
			t.Errorf("byte %d of %d is changed without an error", i, len(b))
		}
		if _, err := ngram.Read(bytes.NewReader(b[:i])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut off at %d of %d: %v", i, len(b), err)
		}
	}
	if _, err := ngram.Read(bytes.NewReader(append(slices.Clone(b), 0))); err == nil || !strings.Contains(err.Error(), "something after it") {
		t.Errorf("a byte too many: %v", err)
	}
	if new(ngram.Model).Write(io.Discard) == nil {
		t.Error("a model that is not fitted is written")
	}
	if _, err := ngram.Load(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there is read")
	}
}

// FuzzRead: no file makes Read panic, and what is read works and is written as it was read.
func FuzzRead(f *testing.F) {
	f.Add(written(f, fit(f, 3, 9, []int{0, 1, 2, 0, 1, 3, 8}, []int{4, 0, 1})))
	f.Add(written(f, fit(f, 1, 2, []int{0, 1, 1})))
	f.Add(written(f, fit(f, 5, 1, []int{0, 0})))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ngram.Read(bytes.NewReader(ngram.Sealed(b)))
		if err != nil || m.Vocab() > 1000 {
			return
		}
		all := make([]float64, m.Vocab())
		if err := m.Probs([]int{ngram.Begin, 0, 0}[:min(3, m.Order())], all); err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, p := range all {
			sum += p
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("the sum is %v", sum)
		}
		if _, err := m.Sample(nil, 5, 1); err != nil {
			t.Error(err)
		}
		again, err := ngram.Read(bytes.NewReader(written(t, m)))
		if err != nil || !slices.Equal(again.Sizes(), m.Sizes()) {
			t.Errorf("what was written is not read: %v", err)
		}
	})
}

// FuzzFit: any ids and settings give an error or a model whose probabilities add up to 1.
func FuzzFit(f *testing.F) {
	f.Add(3, 9, []byte("a text, and another text"))
	f.Add(10, 256, bytes.Repeat([]byte{7}, 300))
	f.Add(1, 1, []byte{0})
	f.Fuzz(func(t *testing.T, order, vocab int, b []byte) {
		ids := make([]int, len(b))
		for i, x := range b {
			ids[i] = int(x)
		}
		half := len(ids) / 2
		m, err := ngram.KneserNey{Order: order, Vocab: min(vocab, 300)}.Fit(context.Background(), [][]int{ids[:half], ids[half:]})
		if err != nil {
			return
		}
		all := make([]float64, m.Vocab())
		for _, c := range [][]int{nil, {ngram.Begin}, ids[:half], ids} {
			if err := m.Probs(c, all); err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for _, p := range all {
				sum += p
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Errorf("after %v: the sum is %v", c, sum)
			}
		}
	})
}

func ExampleModel_Stepper() {
	// Ids: 0 begins a text, 1 ends it.
	names := []string{"<s>", "</s>", "the", "light", "sun", "of", "rays"}
	m, err := ngram.KneserNey{Order: 3, Vocab: len(names)}.Fit(context.Background(), [][]int{{2, 3, 5, 2, 4, 1}, {2, 6, 5, 3, 1}, {2, 4, 1}})
	if err != nil {
		panic(err)
	}
	step, err := m.Stepper(0)
	if err != nil {
		panic(err)
	}
	found, err := generate.Beam{Vocab: len(names), Stop: []int{1}, Best: 2, Alpha: 1}.Search(context.Background(), step, [][]int{{0}})
	if err != nil {
		panic(err)
	}
	for _, o := range found[0] {
		for _, id := range o.IDs {
			fmt.Print(names[id], " ")
		}
		fmt.Printf("%.2f\n", o.Score)
	}
	// Output:
	// the sun -1.43
	// the rays of light -1.75
}

// BenchmarkFit fits an order of 6 to a million tokens of a vocabulary of 8,000 with Zipf's law, and
// reports what the model and its making take.
func BenchmarkFit(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.1, 3, 7999)
	text := make([]int, 1_000_000)
	for i := range text {
		text[i] = int(zipf.Uint64())
	}
	var m *ngram.Model
	for b.Loop() {
		m = fit(b, 6, 8000, text)
	}
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	b.ReportMetric(float64(s.Sys)/1e6, "MB-from-system")
	runtime.GC()
	runtime.ReadMemStats(&s)
	b.ReportMetric(float64(s.HeapAlloc)/1e6, "MB-kept")
	b.ReportMetric(float64(len(written(b, m)))/1e6, "MB-file")
	n := 0
	for _, k := range m.Sizes() {
		n += k
	}
	b.ReportMetric(float64(n)/1e6, "M-grams")
}

// BenchmarkLogProb scores texts that the model was fitted to.
func BenchmarkLogProb(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.1, 3, 7999)
	text := make([]int, 1_000_000)
	for i := range text {
		text[i] = int(zipf.Uint64())
	}
	m := fit(b, 6, 8000, text)
	for b.Loop() {
		if _, err := m.LogProb(text[:1000]); err != nil {
			b.Fatal(err)
		}
	}
}
