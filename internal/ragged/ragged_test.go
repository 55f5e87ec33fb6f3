package ragged

import (
	"slices"
	"testing"
)

func TestPad(t *testing.T) {
	offsets := []int{0, 2, 2, 5}
	for _, c := range []struct {
		name   string
		rows   []int
		steps  int
		repeat bool
		want   []int
	}{
		{"zeros", []int{2, 0, 1}, 4, false, []int{30, 40, 50, 0, 10, 20, 0, 0, 0, 0, 0, 0}},
		{"the last step again, and the batch's first of a row without steps", []int{1, 2, 0}, 4, true, []int{30, 30, 30, 30, 30, 40, 50, 50, 10, 20, 20, 20}},
		{"no steps at all", []int{1, 1}, 2, true, []int{0, 0, 0, 0}},
		{"no padding", []int{2}, 3, true, []int{30, 40, 50}},
	} {
		have := slices.Repeat([]int{-9}, len(c.rows)*c.steps)
		Pad(have, []int{10, 20, 30, 40, 50}, offsets, c.rows, c.steps, 1, c.repeat)
		if !slices.Equal(have, c.want) {
			t.Errorf("%s: %v, want %v", c.name, have, c.want)
		}
	}
	wide := make([]float32, 2*2*2)
	Pad(wide, []float64{1, 2, 3, 4, 5, 6}, []int{0, 1, 3}, []int{0, 1}, 2, 2, true)
	if want := []float32{1, 2, 1, 2, 3, 4, 5, 6}; !slices.Equal(wide, want) {
		t.Errorf("two values a step: %v, want %v", wide, want)
	}
	filled := make([]int, 6)
	Fill(filled, []int{10, 20, 30, 40, 50}, offsets, []int{0, 1}, 3, -1)
	if want := []int{10, 20, -1, -1, -1, -1}; !slices.Equal(filled, want) {
		t.Errorf("filled %v, want %v", filled, want)
	}
	back := make([]int, 5)
	Gather(back, []int{30, 40, 50, 0, 10, 20, 0, 0}, offsets, []int{2, 0}, 4, 1)
	if want := []int{10, 20, 30, 40, 50}; !slices.Equal(back, want) {
		t.Errorf("gathered %v, want %v", back, want)
	}
}
