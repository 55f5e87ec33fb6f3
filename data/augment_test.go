package data_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// field is an image of 9 x 9 pixels that rises to the right and, half as fast,
// downwards: bilinear interpolation keeps such a field exactly.
func field() []float64 {
	x := make([]float64, 81)
	for i := range x {
		x[i] = float64(i%9) + 0.5*float64(i/9)
	}
	return x
}

func augmented(t *testing.T, a data.Augmenter, x []float64, shape []int, seed uint64) []float64 {
	t.Helper()
	x = slices.Clone(x)
	if err := a.Augment(x, shape, rand.New(rand.NewPCG(seed, 0))); err != nil {
		t.Fatal(err)
	}
	return x
}

// gradient returns what the middle of an image says of its field: the value at
// the centre, the rise to the right and the rise downwards.
func gradient(x []float64) (middle, right, down float64) {
	return x[4*9+4], (x[4*9+5] - x[4*9+3]) / 2, (x[5*9+4] - x[3*9+4]) / 2
}

// TestMovements recovers each movement from what it does to a field of a known
// slope, and holds it to its bound.
func TestMovements(t *testing.T) {
	seen := map[string]float64{}
	for seed := range uint64(300) {
		middle, right, down := gradient(augmented(t, data.ImageAugment{Shift: 2}, field(), []int{9, 9}, seed))
		if math.Abs(right-1) > 1e-9 || math.Abs(down-0.5) > 1e-9 || math.Abs(middle-6) > 3+1e-9 {
			t.Fatalf("seed %d: a shift gives %v, %v, %v", seed, middle, right, down)
		}
		seen["shift"] = max(seen["shift"], math.Abs(middle-6))

		middle, right, down = gradient(augmented(t, data.ImageAugment{Rotate: 30}, field(), []int{9, 9, 1}, seed))
		turn := math.Atan2(down, right) - math.Atan2(0.5, 1)
		if math.Abs(math.Hypot(right, down)-math.Hypot(1, 0.5)) > 1e-9 || math.Abs(middle-6) > 1e-9 || math.Abs(turn) > math.Pi/6+1e-9 {
			t.Fatalf("seed %d: a turn gives %v, %v, %v", seed, middle, right, down)
		}
		seen["left"], seen["right"] = max(seen["left"], -turn), max(seen["right"], turn)

		middle, right, down = gradient(augmented(t, data.ImageAugment{Scale: 0.5}, field(), []int{9, 9}, seed))
		if math.Abs(down/right-0.5) > 1e-9 || math.Abs(middle-6) > 1e-9 || right < 1/1.5-1e-9 || right > 1.5+1e-9 {
			t.Fatalf("seed %d: a scale gives %v, %v, %v", seed, middle, right, down)
		}
		seen["smaller"], seen["larger"] = max(seen["smaller"], right), max(seen["larger"], 1/right)
	}
	for name, want := range map[string]float64{"shift": 2.5, "left": 0.9 * math.Pi / 6, "right": 0.9 * math.Pi / 6, "smaller": 1.4, "larger": 1.4} {
		if seen[name] < want {
			t.Errorf("%s reaches %v only, want %v or more", name, seen[name], want)
		}
	}
}

func TestFlip(t *testing.T) {
	x, want := []float64{1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60}, []float64{3, 30, 2, 20, 1, 10, 6, 60, 5, 50, 4, 40}
	if got := augmented(t, data.ImageAugment{Flip: 1}, x, []int{2, 3, 2}, 1); !slices.Equal(got, want) {
		t.Errorf("have %v, want %v", got, want)
	}
	flipped := 0
	for seed := range uint64(400) {
		if got := augmented(t, data.ImageAugment{Flip: 0.5}, x, []int{2, 3, 2}, seed); slices.Equal(got, want) {
			flipped++
		} else if !slices.Equal(got, x) {
			t.Fatalf("have %v", got)
		}
	}
	if flipped < 150 || flipped > 250 { // 5 standard deviations
		t.Errorf("%d of 400 images are flipped", flipped)
	}
}

func TestErase(t *testing.T) {
	const h, w, fill = 20, 30, -1.0
	ones := slices.Repeat([]float64{1}, h*w)
	for seed := range uint64(200) {
		got := augmented(t, data.ImageAugment{Erase: 1, EraseArea: 0.3, Fill: fill}, ones, []int{h, w}, seed)
		top, bottom, left, right, n := h, -1, w, -1, 0
		for i, v := range got {
			if v == fill {
				n++
				top, bottom, left, right = min(top, i/w), max(bottom, i/w), min(left, i%w), max(right, i%w)
			} else if v != 1 {
				t.Fatalf("a pixel of %v", v)
			}
		}
		if n == 0 || n != (bottom-top+1)*(right-left+1) {
			t.Fatalf("seed %d: %d pixels are erased, no rectangle", seed, n)
		}
		// Sides are rounded to pixels, so an area may pass its bounds a little.
		if share := float64(n) / (h * w); share < 0.01 || share > 0.34 {
			t.Errorf("seed %d: %.3f of the image is erased", seed, share)
		}
	}
}

func TestAugmentSeed(t *testing.T) {
	all := data.Augmenters{data.ImageAugment{Shift: 2, Rotate: 15, Scale: 0.1, Flip: 0.5, Erase: 0.5}, data.Jitter{Std: 0.1}}
	a, b, c := augmented(t, all, field(), []int{9, 9}, 1), augmented(t, all, field(), []int{9, 9}, 1), augmented(t, all, field(), []int{9, 9}, 2)
	if !slices.Equal(a, b) {
		t.Error("the same seed gives other images")
	}
	if slices.Equal(a, c) || slices.Equal(a, field()) {
		t.Error("another seed gives the same image")
	}
	if got := augmented(t, data.ImageAugment{}, field(), []int{9, 9}, 3); !slices.Equal(got, field()) {
		t.Error("the zero value changes an image")
	}
}

func TestJitter(t *testing.T) {
	x := augmented(t, data.Jitter{Std: 3}, make([]float64, 10000), []int{10000}, 1)
	var sum, square float64
	for _, v := range x {
		sum, square = sum+v, square+v*v
	}
	if mean, std := sum/1e4, math.Sqrt(square/1e4); math.Abs(mean) > 0.15 || math.Abs(std-3) > 0.11 { // 5 standard errors
		t.Errorf("mean %v, standard deviation %v", mean, std)
	}
}

func TestAugmentMistakes(t *testing.T) {
	cause := errors.New("mine")
	for _, c := range []struct {
		name  string
		a     data.Augmenter
		shape []int
		want  string
	}{
		{"table", data.ImageAugment{Flip: 1}, []int{81}, "shape [81]"},
		{"shape", data.ImageAugment{Flip: 1}, []int{9, 8}, "81 values of shape [9 8]"},
		{"negative shift", data.ImageAugment{Shift: -1}, []int{9, 9}, "shift -1"},
		{"NaN", data.ImageAugment{Rotate: math.NaN()}, []int{9, 9}, "rotate NaN"},
		{"probability", data.ImageAugment{Erase: 1.5}, []int{9, 9}, "want probabilities"},
		{"area", data.ImageAugment{Erase: 1, EraseArea: 2}, []int{9, 9}, "erase area 2"},
		{"jitter", data.Jitter{Std: -1}, []int{81}, "deviation -1"},
		{"within a list", data.Augmenters{data.AugmentFunc(func([]float64, []int, *rand.Rand) error { return cause })}, []int{81}, "mine"},
	} {
		if err := c.a.Augment(field(), c.shape, rand.New(rand.NewPCG(1, 1))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", c.name, err, c.want)
		}
	}
}

func TestAugmented(t *testing.T) {
	rows := func(v any) *data.Set {
		return &data.Set{Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(3, 2, 2), tensor.WithBacking(v))}, Targets: []*tensor.Dense{tensor.New(tensor.WithBacking([]int{0, 1, 0}))}, Classes: []string{"a", "b"}}
	}
	for name, s := range map[string]*data.Set{
		"float32": rows([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
		"float64": rows([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
	} {
		got, err := data.Augmented(s, data.ImageAugment{Flip: 1}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if have, want := fmt.Sprint(got.Inputs[0].Data(), got.Targets[0].Data()), "[2 1 4 3 6 5 8 7 10 9 12 11] [0 1 0]"; have != want {
			t.Errorf("%s: have %s, want %s", name, have, want)
		}
		if fmt.Sprint(s.Inputs[0].Data()) != "[1 2 3 4 5 6 7 8 9 10 11 12]" {
			t.Errorf("%s: the set itself has changed: %v", name, s.Inputs[0].Data())
		}
		draw := func(seed uint64) string {
			a, err := data.Augmented(s, data.Jitter{Std: 1}, seed)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(a.Inputs[0].Data())
		}
		if first, again := draw(1), draw(1); first != again || first == draw(2) {
			t.Errorf("%s: the seed does not decide", name)
		}
	}
	for _, c := range []struct {
		set  *data.Set
		by   data.Augmenter
		want string
	}{
		{nil, data.Jitter{}, "no rows"},
		{rows([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), nil, "no augmenter"},
		{rows([]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), data.Jitter{}, "want floats"},
		{rows([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), data.ImageAugment{Flip: 2}, "(row 0)"},
	} {
		if _, err := data.Augmented(c.set, c.by, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("have %v, want %q", err, c.want)
		}
	}
}
