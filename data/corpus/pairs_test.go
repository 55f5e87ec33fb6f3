package corpus_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
)

func TestPairs(t *testing.T) {
	set, err := corpus.Pairs("pairs", [][]int{{1, 2}, {3}}, [][]int{{4}, {5, 6, 7}}, 8, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		q    data.Sequences
		ids  []int
		from []int
	}{
		"target": {set.Sequences[0], []int{0, 4, 0, 5, 6, 7}, []int{0, 2, 6}},
		"source": {set.Sequences[1], []int{1, 2, 0, 3, 0}, []int{0, 3, 5}},
		"next":   {set.Steps[0], []int{4, 0, 5, 6, 7, 0}, []int{0, 2, 6}},
	} {
		if c.q.Name != name || c.q.Size != 8 || !reflect.DeepEqual(c.q.Values.Data(), c.ids) || !reflect.DeepEqual(c.q.Offsets, c.from) {
			t.Errorf("%s: %q of %d, %v, %v", name, c.q.Name, c.q.Size, c.q.Values.Data(), c.q.Offsets)
		}
	}
	if !reflect.DeepEqual(set.Weights, []float64{2, 4}) {
		t.Errorf("weights %v", set.Weights)
	}
}

func TestPairsRefuse(t *testing.T) {
	one := [][]int{{1}}
	for want, c := range map[string]struct {
		sources, targets [][]int
		end              int
	}{
		"2 source texts and 1 target texts":             {[][]int{{1}, {2}}, one, 0},
		"the end is the id 8 of a vocabulary of 8":      {one, one, 8},
		"pair 0, source: there is no token":             {[][]int{{}}, one, 0},
		"pair 0, target: there is no token":             {one, [][]int{nil}, 0},
		"pair 0, target: token 1: the id 8 is not in [": {one, [][]int{{1, 8}}, 0},
		"pair 1, source: token 0: the id -1 is not in ": {[][]int{{1}, {-1}}, [][]int{{1}, {1}}, 0},
	} {
		if _, err := corpus.Pairs("x", c.sources, c.targets, 8, c.end); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := corpus.Pairs("x", nil, nil, 8, 0); !errors.Is(err, data.ErrEmpty) {
		t.Errorf("error %v", err)
	}
}

func ExamplePairs() {
	set, err := corpus.Pairs("one pair", [][]int{{1, 2}}, [][]int{{3}}, 4, 0)
	if err != nil {
		panic(err)
	}
	fmt.Println(set.Sequences[1].Values.Data(), set.Sequences[0].Values.Data(), set.Steps[0].Values.Data())
	// Output: [1 2 0] [0 3] [3 0]
}
