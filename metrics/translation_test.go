package metrics_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/metrics"
)

// The example of SacreBLEU's README, version 2, which says BLEU = 48.53 82.4/50.0/45.5/37.5
// (BP = 0.943 hyp_len = 17 ref_len = 18) and chrF2 = 59.73.
var (
	translated = []string{"The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."}
	references = [][]string{
		{"The dog bit the man.", "The dog had bit the man."}, {"It was not unexpected.", "No one was surprised."}, {"The man bit him first.", "The man had bitten the dog."},
	}
)

func TestSacreBLEU(t *testing.T) {
	bleu, err := metrics.BLEU(translated, references)
	if err != nil || math.Abs(bleu-48.53) > 0.005 {
		t.Errorf("BLEU %v, %v", bleu, err)
	}
	chrf, err := metrics.ChrF(translated, references)
	if err != nil || math.Abs(chrf-59.73) > 0.005 {
		t.Errorf("chrF %v, %v", chrf, err)
	}
	var sum metrics.BLEUCounts
	for i := range translated {
		c, err := metrics.CountBLEU(translated[i], references[i])
		if err != nil {
			t.Fatal(err)
		}
		sum = sum.Add(c)
	}
	if sum.Words != 17 || sum.Wanted != 18 || sum.Matches != [4]int{14, 7, 5, 3} || sum.Total != [4]int{17, 14, 11, 8} {
		t.Errorf("%+v", sum)
	}
}

// TestBLEUByHand: no smoothing beyond what is said, brevity, clipping, and texts without matches.
func TestBLEUByHand(t *testing.T) {
	for _, c := range []struct {
		got  string
		want []string
		bleu float64
	}{
		{"a b c d", []string{"a b c d"}, 100},
		{"a b c d", []string{"a b c d e f g h"}, 100 * math.Exp(1-8./4)},
		// the the the: clipped to 2 of 4; pairs 1 of 3; then none of 2 (1/4) and of 1 (1/4).
		{"the the the the", []string{"the the cat"}, 100 * math.Pow(2./4*1/3*(1./2/2)*(1./4/1), 0.25)},
		{"x y z w", []string{"a b c d"}, 0},
		{"a b c", []string{"a b c"}, 0}, // no four words
		{"", []string{"a"}, 0},
		// Of references of 3 and 5 words the shorter is as near to 4.
		{"a b c d", []string{"a b c d e", "a b c"}, 100},
	} {
		got, err := metrics.BLEU([]string{c.got}, [][]string{c.want})
		if err != nil || math.Abs(got-c.bleu) > 1e-9 {
			t.Errorf("%q against %q: %v, %v, want %v", c.got, c.want, got, err, c.bleu)
		}
	}
}

// TestWords13a: numbers of words that mteval-v13a's rules make, by hand.
func TestWords13a(t *testing.T) {
	for text, n := range map[string]int{
		"Hello, world!":         4, // Hello | , | world | !
		"3.14 and 1,000":        3,
		"the 19-year-old":       4, // the | 19 | - | year-old
		"end.":                  2,
		"a.b":                   3,
		"Tom's &quot;dog&quot;": 4, // Tom's | " | dog | "
		"x/y (z)":               6,
		"":                      0,
		"break-\nup of\nlines":  3,
		"5. of 7":               4,
		"日本。":                   1,
		"a <skipped> b":         2,
		"&amp;lt; is of three":  4, // < | is | of | three: &amp; first becomes part of &lt;
	} {
		c, err := metrics.CountBLEU(text, []string{text})
		if err != nil || c.Words != n {
			t.Errorf("%q: %d words, %v, want %d", text, c.Words, err, n)
		}
	}
}

// TestChrFByHand: abc against abd: of one character 2 of 3, of two 1 of 2, of three 0 of 1.
func TestChrFByHand(t *testing.T) {
	p := (2./3 + 1./2 + 0) / 3
	for _, c := range []struct {
		got, want string
		chrf      float64
	}{
		{"abc", "abd", 100 * 5 * p * p / (4*p + p)},
		{"a b\tc", "abc", 100},
		{"ab", "abab", 100 * 5 * ((1 + 1) / 2.) * ((2./4 + 1./3) / 2) / (4*((1+1)/2.) + (2./4+1./3)/2)},
		{"日本", "日本", 100},
		{"x", "y", 0},
		{"", "y", 0},
	} {
		got, err := metrics.ChrF([]string{c.got}, [][]string{{c.want}})
		if err != nil || math.Abs(got-c.chrf) > 1e-9 {
			t.Errorf("%q against %q: %v, %v, want %v", c.got, c.want, got, err, c.chrf)
		}
	}
}

// TestRougeL: Lin's example, "police kill the gunman" against "police killed the gunman" has 3 of
// 4 words in order, "the gunman kill police" 2.
func TestRougeL(t *testing.T) {
	for _, c := range []struct {
		got, want string
		f         float64
	}{
		{"police kill the gunman", "police killed the gunman", 0.75},
		{"the gunman kill police", "police killed the gunman", 0.5},
		{"The gunman, police killed.", "police killed the gunman", 0.5},
		{"a b", "a c d b", 2 * 1 * 0.5 / 1.5},
		{"a", "b", 0},
	} {
		f, err := metrics.RougeL(c.got, c.want)
		if err != nil || math.Abs(f-c.f) > 1e-12 {
			t.Errorf("%q against %q: %v, %v, want %v", c.got, c.want, f, err, c.f)
		}
	}
	if _, err := metrics.RougeL("", "a"); err == nil {
		t.Error("no words are no error")
	}
}

func TestLanguageModels(t *testing.T) {
	if p, err := metrics.Perplexity(10*math.Log(8), 10); err != nil || math.Abs(p-8) > 1e-12 {
		t.Errorf("%v, %v", p, err)
	}
	if b, err := metrics.BitsPerCharacter(6*math.Ln2, "日本é"); err != nil || math.Abs(b-2) > 1e-12 {
		t.Errorf("%v, %v", b, err)
	}
	for _, bad := range []float64{-1, math.NaN(), math.Inf(1)} {
		_, e1 := metrics.Perplexity(bad, 3)
		_, e2 := metrics.BitsPerCharacter(bad, "a")
		if e1 == nil || e2 == nil {
			t.Errorf("a loss of %v: %v, %v", bad, e1, e2)
		}
	}
	_, e1 := metrics.Perplexity(1, 0)
	_, e2 := metrics.BitsPerCharacter(1, "")
	_, e3 := metrics.BLEU(nil, nil)
	_, e4 := metrics.ChrF([]string{"a"}, [][]string{nil})
	if slices.Contains([]error{e1, e2, e3, e4}, nil) {
		t.Error(e1, e2, e3, e4)
	}
}

// TestRecallAt, by hand: of the first group's relevant rows one of two is among the first two; of
// the second, three rows share places 1 to 3, of which one is relevant: 2 of 3 of it; the third
// has none.
func TestRecallAt(t *testing.T) {
	relevance := []float64{1, 0, 2, 0, 1, 0, 0, 0}
	scores := []float64{0.9, 0.8, 0.1, 0.5, 0.5, 0.5, 1, 2}
	groups := []int{1, 1, 1, 2, 2, 2, 3, 3}
	r, err := metrics.RecallAt(relevance, scores, groups, 2)
	if want := (1./2 + 2./3 + 0) / 3; err != nil || math.Abs(r-want) > 1e-12 {
		t.Errorf("%v, %v, want %v", r, err, want)
	}
	if r, err = metrics.RecallAt(relevance, scores, groups, 100); err != nil || math.Abs(r-2./3) > 1e-12 {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := metrics.RecallAt(relevance, scores, groups, 0); err == nil {
		t.Error("the first 0 are no error")
	}
}

func ExampleBLEU() {
	bleu, err := metrics.BLEU([]string{"The dog bit the man."}, [][]string{{"The dog bit the man.", "The dog had bit the man."}})
	fmt.Printf("%.0f %v\n", bleu, err)
	// Output: 100 <nil>
}

func ExampleChrF() {
	chrf, err := metrics.ChrF(translated, references)
	fmt.Printf("%.2f %v\n", chrf, err)
	// Output: 59.73 <nil>
}

func ExampleRougeL() {
	fmt.Println(metrics.RougeL("Police kill the gunman", "police killed the gunman")) // three words of four, in order
	// Output: 0.75 <nil>
}

func ExamplePerplexity() {
	loss := 6 * math.Log(8) // each of 6 tokens had a probability of 1/8
	p, err := metrics.Perplexity(loss, 6)
	bits, _ := metrics.BitsPerCharacter(loss, "six of ten")
	fmt.Printf("%.1f, %.1f bits a character, %v\n", p, bits, err)
	// Output: 8.0, 1.8 bits a character, <nil>
}

func ExampleRecallAt() {
	// One user with three relevant items of five: two of them are among the first three.
	recall, err := metrics.RecallAt([]float64{1, 0, 1, 1, 0}, []float64{9, 8, 7, 6, 5}, []int{1, 1, 1, 1, 1}, 3)
	fmt.Printf("%.2f %v\n", recall, err)
	// Output: 0.67 <nil>
}
