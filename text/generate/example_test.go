package generate_test

import (
	"context"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/text/generate"
)

// words are the tokens of a model that knows only which word may follow which.
var words = []string{"<s>", "</s>", "the", "light", "of", "sun"}

// bigrams are its probabilities.
var bigrams = map[int]map[int]float64{
	0: {2: 0.9, 3: 0.1},         // <s> the
	2: {3: 0.55, 5: 0.45},       // the light, the sun
	3: {4: 0.5, 1: 0.3, 2: 0.2}, // light of, light.
	4: {2: 1},                   // of the
	5: {1: 1},                   // sun.
}

// next needs no state but the last token, so that it may ignore parents.
var next = generate.Func(func(parents, ids []int, logits []float32) error {
	for i, id := range ids {
		for w := range words {
			logits[i*len(words)+w] = float32(math.Log(bigrams[id][w])) // −Inf for a probability of 0
		}
	}
	return nil
})

func ExampleBeam() {
	found, err := generate.Beam{Vocab: len(words), Stop: []int{1}, Best: 2, Alpha: 0.6}.Search(context.Background(), next, [][]int{{0}})
	if err != nil {
		panic(err)
	}
	for _, o := range found[0] {
		for _, id := range o.IDs {
			fmt.Print(words[id], " ")
		}
		fmt.Printf("%.3f\n", math.Exp(o.LogProb))
	}
	// Output:
	// the sun 0.405
	// the light of the sun 0.111
}

// Two rows, and a third whose end the caller chooses. The zero Temperature would be greedy.
func ExampleSampler() {
	s := generate.Sampler{Vocab: len(words), Most: 12, Stop: []int{1}, Temperature: 0.8, TopP: 0.9}
	out, err := s.Stream(context.Background(), next, [][]int{{0}, {0, 2, 3}, {4}}, []uint64{1, 2, 3}, func(row, id int, _ float64) error {
		if row == 2 && id == 3 {
			return generate.ErrStop
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	for _, o := range out {
		for _, id := range o.IDs {
			fmt.Print(words[id], " ")
		}
		fmt.Println(o.Stop)
	}
	// Output:
	// the light the light the sun 1
	// of the light the light 1
	// the light -1
}
