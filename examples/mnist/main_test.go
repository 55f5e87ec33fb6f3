package main

import (
	"context"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// bars are images of a bright bar at a height that is the class, in noise.
func bars(t *testing.T, n int, seed uint64) *data.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	images := &data.IDX{Shape: []int{n, 28, 28}, Values: make([]byte, n*784)}
	labels := &data.IDX{Shape: []int{n}, Values: make([]byte, n)}
	for i := range n {
		class := i % 4
		labels.Values[i] = byte(class)
		for k := range 784 {
			v := r.IntN(60)
			if row := k / 28; row >= 3+6*class && row < 6+6*class {
				v += 190
			}
			images.Values[i*784+k] = byte(v)
		}
	}
	s, err := data.ImageSet("bars", images, labels, []string{"0", "1", "2", "3"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRun(t *testing.T) {
	t.Run("watched", func(t *testing.T) { testRun(t, false, "660 images to train on, 60 to watch, 100 to test") })
	t.Run("all", func(t *testing.T) { testRun(t, true, "720 images to train on, 0 to watch, 100 to test") })
}

func testRun(t *testing.T, all bool, images string) {
	report := filepath.Join(t.TempDir(), "page.png")
	var out strings.Builder
	j := job{epochs: 4, rows: 720, all: all, report: report}
	accuracy, err := j.run(context.Background(), &out, bars(t, 800, 1), bars(t, 100, 2))
	if err != nil {
		t.Fatal(err)
	}
	if accuracy < 0.9 {
		t.Errorf("accuracy %v on four kinds of bars", accuracy)
	}
	for _, part := range []string{images, "epoch 4  ", "accuracy on the 100 test images: ", "peak memory ", "report: "} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("the output does not say %q:\n%s", part, out.String())
		}
	}
	f, err := os.Open(report)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if img, err := png.DecodeConfig(f); err != nil || img.Width < 1500 {
		t.Errorf("page: %v %v", img, err)
	}
	if n, err := peakMemory(); err != nil || n < 1<<20 {
		t.Errorf("peak memory %d: %v", n, err)
	}
}
