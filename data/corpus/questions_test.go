package corpus_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/text"
)

// words is a tokenizer of the words of texts.
func words(texts ...string) *text.Tokenizer {
	f, err := corpus.Tokens{MinCount: 1}.Fit(&data.Set{Name: "texts", Texts: []data.TextColumn{{Name: "text", Cells: texts}}})
	if err != nil {
		panic(err)
	}
	return f.(corpus.FittedTokens).Tokenizer
}

func TestQuestions(t *testing.T) {
	q, a := []string{"how", "", "why not"}, []string{"so and so on", "thus", "xyzzy so"}
	tokens := words(append(slices.Clone(q), a[0], a[1])...)
	s, err := corpus.Questions("pairs", tokens, 3, q, a, []int{0, 4, 0})
	if err != nil || s.Validate() != nil || s.Len() != 3 {
		t.Fatal(s, err)
	}
	labels, err := s.Labels()
	if err != nil || !slices.Equal(labels, []int{0, 4, 0}) {
		t.Error(labels, err)
	}
	for k, want := range [][]int{{0, 1, 1, 3}, {0, 3, 4, 5}} {
		if got := s.Sequences[k]; !slices.Equal(got.Offsets, want) || got.Size != tokens.Size() {
			t.Errorf("sequence %d: %v of %d, want %v of %d", k, got.Offsets, got.Size, want, tokens.Size())
		}
	}
	for want, c := range map[string]struct {
		t       *text.Tokenizer
		longest int
		q, a    []string
		numbers []int
	}{
		"the set has no rows":                                                  {tokens, 3, nil, nil, nil},
		"1 questions, 2 answers and 1 numbers of answers":                      {tokens, 3, q[:1], a[:2], []int{0}},
		"1 questions, 1 answers and 2 numbers of answers":                      {tokens, 3, q[:1], a[:1], []int{0, 1}},
		"sequences \"question\": data: the set has no rows: no row has a step": {tokens, 3, q[1:2], a[:1], []int{0}},
		"sequences \"answer\": data: the set has no rows: no row has a step":   {tokens, 3, a[:1], q[1:2], []int{0}},
		"a tokenizer of 0 tokens":                                              {nil, 3, q, a, []int{0, 1, 2}},
		"texts of 0":                                                           {tokens, 0, q, a, []int{0, 1, 2}},
		"row 0, column answer":                                                 {tokens, 3, q[:1], []string{"\xff"}, []int{0}},
	} {
		if _, err := corpus.Questions("pairs", c.t, c.longest, c.q, c.a, c.numbers); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := corpus.Questions("pairs", tokens, 3, nil, nil, nil); !errors.Is(err, data.ErrEmpty) {
		t.Error(err)
	}
}

// Two questions have the same answer.
func ExampleQuestions() {
	q, a := []string{"what is light", "what are rays"}, []string{"rays", "rays"}
	rows, err := corpus.Questions("light", words(append(q, a...)...), 64, q, a, []int{0, 0})
	fmt.Println(rows.Len(), len(rows.Sequences), err)
	// Output: 2 2 <nil>
}
