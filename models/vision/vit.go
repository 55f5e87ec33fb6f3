package vision

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// ViT is the vision transformer of Dosovitskiy et al. (2021), arXiv:2010.11929. The zero value is
// the tiny one of Touvron et al. (2021), "DeiT", arXiv:2012.12877, without the token of
// distillation: patches of 16x16 pixels, 12 blocks, 192 wide, 3 heads. Small is 384 wide with 6
// heads, Base 768 with 12.
//
// The sides of the images are multiples of Patch. Positions are learned for that size alone.
type ViT struct {
	Patch           int         // pixels of a patch's side; 0: 16
	Width           int         // a multiple of Heads; 0: 192
	Depth           int         // blocks; 0: 12
	Heads           int         // 0: 3
	Hidden          int         // units of the feed-forward layers; 0: 4·Width
	Dropout         float64     // after the positions and on what feed-forward layers and attention add; 0: none
	StochasticDepth float64     // rate at the last block, rising from 0 at the first; 0: 0.1; negative: none
	Type            graph.Dtype // zero value: Float32
}

// Build creates the model for the images and classes of a set.
func (c ViT) Build(rows *data.Set, seed uint64) (*models.Model, error) { return build(c, rows, seed) }

func (c ViT) name() string       { return "vit" }
func (c ViT) dtype() graph.Dtype { return c.Type }

// sized fills in what is 0.
func (c ViT) sized() (ViT, error) {
	var err error
	for _, s := range []struct {
		what string
		v    *int
		own  int
	}{{"patch", &c.Patch, 16}, {"width", &c.Width, 192}, {"heads", &c.Heads, 3}} {
		if *s.v, err = width(s.what, *s.v, s.own); err != nil {
			return c, err
		}
	}
	if c.Hidden, err = width("hidden layers of", c.Hidden, 4*c.Width); err != nil {
		return c, err
	}
	if c.Depth == 0 {
		c.Depth = 12
	}
	if c.Depth < 1 || c.Depth > mostBlocks {
		return c, fmt.Errorf("depth %d: want 1 to %d", c.Depth, mostBlocks)
	}
	if c.Width%c.Heads != 0 {
		return c, fmt.Errorf("width %d: want a multiple of the %d heads", c.Width, c.Heads)
	}
	if c.Dropout, err = rate("dropout", c.Dropout, 0); err != nil {
		return c, err
	}
	c.StochasticDepth, err = rate("stochastic depth", c.StochasticDepth, 0.1)
	return c, err
}

func (c ViT) parts(image graph.Shape, units int) ([]layers.Layer, error) {
	c, err := c.sized()
	if err != nil {
		return nil, err
	}
	if image[0]%c.Patch != 0 || image[1]%c.Patch != 0 {
		return nil, fmt.Errorf("images of %dx%d pixels: want sides that are multiples of the patch's %d", image[0], image[1], c.Patch)
	}
	steps := 1 + image[0]/c.Patch*(image[1]/c.Patch)
	side := [2]int{c.Patch, c.Patch}
	parts := []layers.Layer{named("patches", layers.Stack{
		layers.Conv2D{Filters: c.Width, Size: side, Stride: side, Kernel: small},
		layers.Reshape{Shape: []int{-1, c.Width}},
		layers.ClassToken{},
		layers.PositionEmbedding{Steps: steps, Weight: small},
		layers.Dropout{Rate: c.Dropout},
	})}
	drops := ramp{rate: c.StochasticDepth, last: 2*c.Depth - 2}
	for k := range c.Depth {
		drops.at = 2 * k // both halves of a block have its rate
		attend := layers.Stack{narrowNorm, layers.MultiHeadAttention{Heads: c.Heads, Kernel: small}, layers.Dropout{Rate: c.Dropout}}
		attend = drops.next(attend)
		drops.at = 2 * k
		think := layers.Stack{narrowNorm, layers.FeedForward{Units: c.Hidden, Dropout: c.Dropout, Kernel: small}, layers.Dropout{Rate: c.Dropout}}
		think = drops.next(think)
		block := layers.Stack{named("attention", layers.Residual{Body: attend}), named("feed_forward", layers.Residual{Body: think})}
		parts = append(parts, named(fmt.Sprint("block", k+1), block))
	}
	return append(parts, named("pool", layers.Stack{narrowNorm, layers.FirstSteps{Steps: 1}, layers.Flatten{}}), head(units, small)), nil
}
