package vision

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// UNet is the network of Ronneberger, Fischer & Brox (2015), arXiv:1505.04597, which predicts
// every pixel: the image is halved Levels times and doubled as often, and at each size the
// features from before the halving are joined to those after the doubling. Convolutions keep the
// size of the image, where the paper's lose a border. The sides of the images are multiples of
// 2^Levels.
//
// The set's targets are those of the pixels, row by row: with data.Sequence, classes Int (rows,
// height·width), −1 for a pixel that does not count; with data.MultiLabel or data.Regress floats
// (rows, height·width). The output is (height·width·classes), or as the targets.
type UNet struct {
	Levels    int         // 0: 4
	Width     int         // channels at the full size, doubled at every level; 0: 64
	BatchNorm bool        // after each convolution, which then has no bias
	Dropout   float64     // rate before the doublings; 0: none
	Type      graph.Dtype // zero value: Float32
}

// mostLevels bounds the levels of a UNet.
const mostLevels = 10

// Build creates the model for the images and targets of a set.
func (c UNet) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	const name = "unet"
	image, units, err := images(name, rows)
	if err != nil {
		return nil, err
	}
	if c.Levels == 0 {
		c.Levels = 4
	}
	if c.Levels < 1 || c.Levels > mostLevels {
		return nil, fail(name, "%d levels: want 1 to %d", c.Levels, mostLevels)
	}
	w, err := width("width", c.Width, 64)
	if err != nil {
		return nil, fail(name, "%w", err)
	}
	drop, err := rate("dropout", c.Dropout, 0)
	if err != nil {
		return nil, fail(name, "%w", err)
	}
	height, across := image[0], image[1]
	if side := 1 << c.Levels; height%side != 0 || across%side != 0 {
		return nil, fail(name, "images of %dx%d pixels: want sides that are multiples of %d for %d levels", height, across, side, c.Levels)
	}
	if units%(height*across) != 0 {
		return nil, fail(name, "the task %s has %d outputs, want a multiple of the %d pixels: targets of (rows, height·width)", data.TaskName(rows.Task()), units, height*across)
	}
	in := models.Input("features", image...)
	x := in
	skips := make([]*models.Tensor, c.Levels)
	for i := range c.Levels {
		skips[i] = x.Then(named(fmt.Sprint("down", i+1), c.pair(w<<i)))
		x = skips[i].Then(named(fmt.Sprint("half", i+1), layers.MaxPool2D{Size: [2]int{2, 2}}))
	}
	x = x.Then(named("bottom", append(c.pair(w<<c.Levels), layers.Dropout{Rate: drop})))
	for i := c.Levels - 1; i >= 0; i-- {
		up := layers.Conv2DTranspose{Filters: w << i, Size: [2]int{2, 2}, Stride: [2]int{2, 2}, Kernel: he}
		x = models.Join(layers.Concat{}, skips[i], x.Then(named(fmt.Sprint("double", i+1), up)))
		x = x.Then(named(fmt.Sprint("up", i+1), c.pair(w<<i)))
	}
	out := x.Then(named("head", layers.Conv2D{Filters: units / (height * across), Size: [2]int{1, 1}}), named("pixels", layers.Flatten{}))
	m, err := models.New(models.Config{Name: name, Seed: seed, Type: c.Type}, []*models.Tensor{in}, []*models.Tensor{out})
	if err != nil {
		return nil, err
	}
	m.Info.OfSet(rows)
	return m, nil
}

// pair is the two convolutions of a level.
func (c UNet) pair(filters int) layers.Stack {
	if c.BatchNorm {
		return append(layers.Stack(convNorm(filters, 3, 1, layers.Relu)), convNorm(filters, 3, 1, layers.Relu)...)
	}
	l := conv(filters, 3, 1)
	l.Activation = layers.Relu
	return layers.Stack{l, l}
}
