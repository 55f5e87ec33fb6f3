package data_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// ofLengths is rows of i mod 5 steps with tokens, numbers, and a class for every step.
func ofLengths(t *testing.T, rows int) *data.Set {
	t.Helper()
	tokens, numbers := make([][]int, rows), make([][]float64, rows)
	labels := make([]int, rows)
	for i := range rows {
		for k := range i % 5 {
			tokens[i] = append(tokens[i], (i+k)%3)
			numbers[i] = append(numbers[i], float64(i), float64(k))
		}
		labels[i] = i % 2
	}
	a, err := data.NewIntSequences("tokens", tokens)
	if err != nil {
		t.Fatal(err)
	}
	b, err := data.NewSequences("numbers", 2, numbers)
	if err != nil {
		t.Fatal(err)
	}
	s := &data.Set{
		Name: "lengths", Sequences: []data.Sequences{a, b}, Classes: []string{"x", "y", "z"},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(rows), tensor.WithBacking(labels))},
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	return s
}

// elsewhere delivers the rows of a set as a file does.
type elsewhere struct{ of *data.Set }

func (e elsewhere) Stream() (*data.Stream, error) {
	st, err := e.of.Stream()
	if err == nil {
		st.InMemory = false
	}
	return st, err
}

// TestSequencesOfSources: views, chunks and copies of rows have the sequences of the rows.
func TestSequencesOfSources(t *testing.T) {
	const n = data.BlockRows + 7
	set := ofLengths(t, n)
	want, err := data.Fingerprint(set)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	for name, src := range map[string]data.Source{"elsewhere": elsewhere{set}, "view": data.View(set, all), "view of elsewhere": data.View(elsewhere{set}, all)} {
		have, err := data.Fingerprint(src)
		if err != nil || have != want {
			t.Errorf("%s: fingerprint %s, want %s: %v", name, have, want, err)
		}
		answers, err := data.Answers(src)
		if err != nil {
			t.Fatal(err)
		}
		if answers.Len() != n || !slices.Equal(answers.Lengths(), set.Lengths()) || answers.Sequences[1].Values != nil {
			t.Errorf("%s: answers of %d rows", name, answers.Len())
		}
	}
	part, err := data.Collect(data.View(elsewhere{set}, []int{9, 0, 9, 3}))
	if err != nil {
		t.Fatal(err)
	}
	if have := fmt.Sprint(part.Sequences[1].Offsets, part.Sequences[1].Values.Data()); have != "[0 4 4 8 11] [9 0 9 1 9 2 9 3 9 0 9 1 9 2 9 3 3 0 3 1 3 2]" {
		t.Errorf("rows 9, 0, 9, 3: %s", have)
	}
	empty, err := data.Collect(data.View(set, []int{0, 5})) // no row has a step
	if err != nil {
		t.Fatal(err)
	}
	if err := empty.Validate(); err != nil || empty.Sequences[0].Len(1) != 0 {
		t.Errorf("rows without steps: %v, %d steps", err, empty.Sequences[0].Len(1))
	}
	changed := ofLengths(t, n)
	changed.Sequences[0].Values.Data().([]int)[5] ^= 1
	if have, err := data.Fingerprint(changed); err != nil || have == want {
		t.Errorf("another token has the same fingerprint: %v", err)
	}
}

// TestBatchesByLength: every row is in one batch an epoch, and the rows of a batch are of similar
// length, in windows too.
func TestBatchesByLength(t *testing.T) {
	const n, size = data.WindowRows + 6410, 100
	lengths := make([]int, n)
	for i := range lengths {
		lengths[i] = i * 7919 % 100
	}
	for _, shuffle := range []bool{true, false} {
		b, err := data.NewBatches(n, size, shuffle, 3)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.ByLength(lengths[1:]); err == nil {
			t.Error("lengths of other rows are taken")
		}
		if err := b.ByLength(lengths); err != nil {
			t.Fatal(err)
		}
		var first [2][]int
		for epoch := range 2 {
			b.Epoch(epoch + 1)
			seen := make([]bool, n)
			count, wide := 0, 0
			for rows := b.Next(); rows != nil; rows = b.Next() {
				if count == 0 {
					first[epoch] = slices.Clone(rows)
				}
				count++
				low, high := math.MaxInt, 0
				for _, r := range rows {
					if seen[r] {
						t.Fatalf("row %d is there twice", r)
					}
					seen[r] = true
					low, high = min(low, lengths[r]), max(high, lengths[r])
				}
				if high-low > 5 {
					wide++
				}
			}
			if slices.Contains(seen, false) || count != b.Count(false) {
				t.Errorf("%d batches, want %d", count, b.Count(false))
			}
			if wide > 2 { // the last of each window
				t.Errorf("%d batches with lengths that differ by more than 5", wide)
			}
		}
		if slices.Equal(first[0], first[1]) == shuffle {
			t.Errorf("shuffle %v: the first batches of two epochs are %v and %v", shuffle, first[0][:3], first[1][:3])
		}
	}
}

func TestPaddedSteps(t *testing.T) {
	last, lengths := 0, map[int]bool{}
	for n := range 1025 {
		p := data.PaddedSteps(n)
		if p < n || p < last || n > 8 && 4*(p-n) >= n {
			t.Errorf("%d steps are padded to %d", n, p)
		}
		last, lengths[p] = p, true
	}
	if len(lengths) != 29 {
		t.Errorf("%d lengths up to 1024", len(lengths))
	}
}

func TestBadSequences(t *testing.T) {
	good := ofLengths(t, 10)
	with := func(change func(s *data.Set)) func() error {
		return func() error {
			s := ofLengths(t, 10)
			change(s)
			return s.Validate()
		}
	}
	for _, c := range []struct {
		name string
		err  func() error
		row  int // -1: none is named
		want string
	}{
		{"a step that is cut", func() error { _, err := data.NewSequences("x", 2, [][]float64{{1, 2}, {3}}); return err }, 1, "row 1 has 1 values"},
		{"no values for a step", func() error { _, err := data.NewSequences("x", 0, nil); return err }, -1, "0 values for each step"},
		{"no steps", func() error { _, err := data.NewIntSequences("x", [][]int{{}}); return err }, -1, "no row has a step"},
		{"fewer rows", with(func(s *data.Set) { s.Sequences[1].Offsets = s.Sequences[1].Offsets[:9] }), -1, "have 8 rows, the set has 10"},
		{"backwards", with(func(s *data.Set) { s.Sequences[0].Offsets[3] = 0 }), 2, "row 2 begins at step 1 and ends at 0"},
		{"beyond the values", with(func(s *data.Set) { s.Sequences[0].Offsets[10] = 99 }), -1, "offsets from 0 to 99"},
		{"not a number", with(func(s *data.Set) { s.Sequences[1].Values.Data().([]float64)[3] = math.NaN() }), 2, "row 2, step 0, value 1"},
		{"no values", with(func(s *data.Set) { s.Sequences[0].Values = nil }), -1, "have no values"},
		{"a class of a step", with(func(s *data.Set) { s.Targets, s.Steps = nil, s.Sequences[:1]; s.Classes = s.Classes[:2] }), 2, "row 2, step 0: class"},
		{"other lengths of targets", with(func(s *data.Set) {
			s.Steps = []data.Sequences{{Name: "y", Values: s.Sequences[0].Values, Offsets: append(make([]int, 10), 20)}}
		}), 1, "0 targets"},
	} {
		err := c.err()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
		var row *data.RowError
		if errors.As(err, &row) != (c.row >= 0) || row != nil && row.Row != c.row {
			t.Errorf("%s: %v does not name row %d", c.name, err, c.row)
		}
	}
	if text := good.String(); !strings.Contains(text, `sequences "tokens" of int, 0 to 4 steps`) {
		t.Error(text)
	}
}
