package images_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/images"
	"github.com/seed732fc211/aegis/describe"
	"gorgonia.org/tensor"
)

var all = images.Changes{
	images.RandomResizedCrop{MinArea: 0.3}, images.RandomCrop{}, images.HorizontalFlip{},
	images.ColorJitter{Brightness: 0.4, Contrast: 0.4, Saturation: 0.4, Hue: 0.1}, images.RandAugment{Magnitude: 15},
}

// TestChanges: the same seed gives the same bits whatever else is augmented, other seeds others;
// pixels stay in [0, 1], and the caller's are not touched before.
func TestChanges(t *testing.T) {
	const n = 30
	for _, channels := range []int{1, 3} {
		pix := make([]float32, n*12*14*channels)
		r := rand.New(rand.NewPCG(1, 1))
		for i := range pix {
			pix[i] = r.Float32()
		}
		set := &data.Set{Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(n, 12, 14, channels), tensor.WithBacking(pix))}}
		before := fmt.Sprint(pix)
		one, err := data.Augmented(set, all, 3)
		if err != nil {
			t.Fatal(err)
		}
		again, err := data.Augmented(set, all, 3)
		if err != nil {
			t.Fatal(err)
		}
		other, err := data.Augmented(set, all, 4)
		if err != nil {
			t.Fatal(err)
		}
		got := one.Inputs[0].Data().([]float32)
		if fmt.Sprint(got) != fmt.Sprint(again.Inputs[0].Data()) {
			t.Error("the same seed gives other bits")
		}
		if fmt.Sprint(got) == fmt.Sprint(other.Inputs[0].Data()) || fmt.Sprint(got) == before {
			t.Error("another seed gives the same bits, or nothing was changed")
		}
		if fmt.Sprint(pix) != before {
			t.Error("the set itself was changed")
		}
		for i, v := range got {
			if !(v >= 0 && v <= 1) {
				t.Fatalf("value %d is %v", i, v)
			}
		}
	}
}

func TestChangesErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change images.Change
		shape  []int
		want   string
	}{
		"nil":       {nil, []int{4, 4, 3}, "change 0 is nil"},
		"shape":     {images.HorizontalFlip{}, []int{48}, "an input of shape [48]"},
		"channels":  {images.HorizontalFlip{}, []int{4, 6, 2}, "2 channels: want 1 or 3"},
		"values":    {images.HorizontalFlip{}, []int{4, 4, 1}, "a picture of (4, 4, 1) with 48 values"},
		"chance":    {images.HorizontalFlip{Chance: 1.5}, []int{4, 4, 3}, "a probability of 1.5"},
		"padding":   {images.RandomCrop{Padding: -1}, []int{4, 4, 3}, "a padding of -1"},
		"fill":      {images.RandomCrop{Fill: math.NaN()}, []int{4, 4, 3}, "filled with NaN"},
		"area":      {images.RandomResizedCrop{MinArea: 2}, []int{4, 4, 3}, "an area from 2"},
		"jitter":    {images.ColorJitter{Contrast: -1}, []int{4, 4, 3}, "a change by -1"},
		"hue":       {images.ColorJitter{Hue: 0.6}, []int{4, 4, 3}, "a hue turned by 0.6"},
		"magnitude": {images.RandAugment{Magnitude: 31}, []int{4, 4, 3}, "a magnitude of 31"},
		"many":      {images.RandAugment{Operations: 1000}, []int{4, 4, 3}, "1000 operations"},
	} {
		err := images.Changes{c.change}.Augment(make([]float64, 48), c.shape, rand.New(rand.NewPCG(1, 1)))
		if err == nil || !strings.HasPrefix(err.Error(), "images: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	if err := all.Augment(make([]float64, 48), []int{4, 4, 3}, nil); err == nil {
		t.Error("no random numbers, and no error")
	}
}

func ExampleChanges() {
	// As train.Config.Augment takes them.
	changes := images.Changes{
		images.RandomResizedCrop{MinArea: 0.25},
		images.RandomCrop{Padding: 4},
		images.HorizontalFlip{},
		images.ColorJitter{Brightness: 0.4, Hue: 0.1},
		images.RandAugment{Magnitude: 9},
	}
	text, err := describe.Marshal(changes)
	if err != nil {
		fmt.Println(err)
		return
	}
	var read data.Augmenter
	if err := describe.Unmarshal(text, &read); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(read)
	// Output: [{0.25 bilinear} {4 0} {0} {0.4 0 0 0.1} {0 9 0}]
}
