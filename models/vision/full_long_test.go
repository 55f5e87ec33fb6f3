//go:build long

package vision_test

import (
	"testing"
)

// TestPublishedNetworks: networks at full size, on one image of 224x224 pixels (U-Net: 64x64), in
// float32, give what torchvision gives in float64. It takes minutes, and 4 GB of memory.
func TestPublishedNetworks(t *testing.T) {
	refs := references(t)
	for name, p := range published {
		t.Run(name, func(t *testing.T) {
			r, ok := refs[name]
			if !ok {
				t.Fatal("there is no reference")
			}
			if r.Count != p.count {
				t.Errorf("the reference has %d weights, want %d", r.Count, p.count)
			}
			classes := 1000
			if name == "full unet" {
				classes = 2
			}
			agree(t, name, r, p.net, classes, 1e-5)
		})
	}
}
