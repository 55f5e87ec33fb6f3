package text_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/text"
)

// TestDuplicates: copies with a word changed are found among texts of the same words, others are
// not, and what is found has the similarity that was asked for, by a count of our own.
func TestDuplicates(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	words := make([]string, 60)
	for i := range words {
		words[i] = fmt.Sprintf("w%d", i)
	}
	var texts []string
	for range 300 {
		var b []string
		for range 40 {
			b = append(b, words[r.IntN(len(words))])
		}
		texts = append(texts, strings.Join(b, " "))
	}
	planted := map[int]int{}
	for i := range 60 {
		b := strings.Fields(texts[i])
		b[r.IntN(len(b))] = "other" // 35 to 37 of about 41 runs of three stay
		planted[len(texts)] = i
		texts = append(texts, strings.ToUpper(strings.Join(b, ", "))+"!")
	}
	same, err := text.Duplicates{}.Find(texts)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for i, k := range same {
		if k == i {
			continue
		}
		if planted[i] != k {
			t.Errorf("text %d is taken for %d", i, k)
		}
		found++
	}
	if found < 58 { // a run may occur twice in a text, so that a few lie below 0.8
		t.Errorf("%d of 60 copies are found", found)
	}
	if same, err = (text.Duplicates{Share: 1}).Find(texts); err != nil || slices.ContainsFunc(same[300:], func(k int) bool { return k < 300 }) {
		t.Errorf("copies that differ are equal: %v", err)
	}
}

// TestDuplicatesAtTheEdge: empty and short texts, chains, and settings.
func TestDuplicatesAtTheEdge(t *testing.T) {
	same, err := text.Duplicates{}.Find([]string{"", "a", "A.", "...", "a b", "b a", "a b"})
	if err != nil || !slices.Equal(same, []int{0, 1, 1, 0, 4, 5, 4}) {
		t.Errorf("%v, %v", same, err)
	}
	if same, err = (text.Duplicates{}).Find(nil); err != nil || len(same) != 0 {
		t.Errorf("%v, %v", same, err)
	}
	// Each shares 3 of 4 words with the next: a chain is one group.
	if same, err = (text.Duplicates{Words: 1, Share: 0.5}).Find([]string{"a b c d", "b c d e", "c d e f", "x y z"}); err != nil || !slices.Equal(same, []int{0, 0, 0, 3}) {
		t.Errorf("%v, %v", same, err)
	}
	if same, err = (text.Duplicates{}).Find(slices.Repeat([]string{"a letter sent to many"}, 50_000)); err != nil || slices.Max(same) != 0 {
		t.Errorf("one text 50,000 times: %d, %v", slices.Max(same), err)
	}
	for _, o := range []text.Duplicates{{Words: -1}, {Words: 101}, {Words: math.MaxInt}, {Share: -1}, {Share: 1.5}, {Share: 0.01}} {
		if _, err := o.Find([]string{"a"}); err == nil {
			t.Errorf("%+v is no error", o)
		}
	}
}

func ExampleDuplicates() {
	same, err := text.Duplicates{}.Find([]string{
		"The rays of light differ in refrangibility, said Newton to the Royal Society.",
		"All bodies act on light at a distance.",
		"The rays of light differ in refrangibility, said Newton, to the royal society",
	})
	fmt.Println(same, err)
	// Output: [0 1 0] <nil>
}
