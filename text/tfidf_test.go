package text_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/text"
)

// TestTFIDF: terms and numbers are scikit-learn's (testdata/tfidf.py).
func TestTFIDF(t *testing.T) {
	b, err := os.ReadFile("testdata/tfidf.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref struct {
		Train, Test []string
		Cases       []struct {
			Settings    text.TFIDF
			Terms       int
			First, Last []string
			Rows        [][][2]any
		}
	}
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	if len(ref.Cases) != 4 {
		t.Fatalf("%d cases", len(ref.Cases))
	}
	for k, c := range ref.Cases {
		f, err := c.Settings.Fit(ref.Train)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(f.Terms); n != c.Terms || !slices.Equal(f.Terms[:3], c.First) || !slices.Equal(f.Terms[n-3:], c.Last) {
			t.Errorf("case %d: %d terms, %q to %q, want %d, %q to %q", k, n, f.Terms[:3], f.Terms[n-3:], c.Terms, c.First, c.Last)
			continue
		}
		s, err := f.Apply(ref.Test)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.Rows {
			from, to := s.Offsets[i], s.Offsets[i+1]
			if to-from != len(want) {
				t.Errorf("case %d, %q: %d terms, want %d", k, ref.Test[i], to-from, len(want))
				continue
			}
			for j, w := range want {
				term, v := f.Terms[s.Columns[from+j]], s.Values[from+j]
				if term != w[0] || math.Abs(v-w[1].(float64)) > 1e-14 {
					t.Errorf("case %d, %q: %q %v, want %v", k, ref.Test[i], term, v, w)
				}
			}
		}
	}
}

func TestTFIDFRefuses(t *testing.T) {
	for _, o := range []text.TFIDF{{Shortest: 2, Longest: 1}, {Shortest: -1}, {Longest: 1000}, {MinTexts: -1}, {MinTexts: 9}, {MaxShare: 2}, {MaxShare: math.NaN()}, {Most: -1}} {
		if _, err := o.Fit([]string{"some light", "some rays"}); err == nil {
			t.Errorf("%+v is no error", o)
		}
	}
	if _, err := (text.TFIDF{}).Fit(nil); err == nil {
		t.Error("no texts are no error")
	}
	if _, err := (&text.FittedTFIDF{}).Apply([]string{"a"}); err == nil {
		t.Error("what is not fitted is applied")
	}
	one := text.FittedTFIDF{Terms: []string{"a"}, IDF: []float64{1}}
	for _, o := range []text.TFIDF{{Shortest: -1, Characters: true}, {Longest: math.MaxInt}, {MaxShare: -1}} {
		one.TFIDF = o
		if _, err := one.Apply([]string{"a word"}); err == nil {
			t.Errorf("%+v is applied", o)
		}
	}
	f, err := text.TFIDF{Most: 2}.Fit([]string{"bb aa cc", "cc bb", "dd cc"})
	if err != nil || !slices.Equal(f.Terms, []string{"bb", "cc"}) {
		t.Errorf("%v, %v", f, err)
	}
}

func ExampleTFIDF() {
	f, err := text.TFIDF{MinTexts: 2}.Fit([]string{"rays of light", "the light of the sun", "colours of bodies"})
	if err != nil {
		panic(err)
	}
	rows, err := f.Apply([]string{"light, and more light", "of rays"})
	fmt.Println(f.Terms, rows.Offsets, rows.Columns, rows.Values, err)
	// Output: [light of] [0 1 2] [0 1] [1 1] <nil>
}
