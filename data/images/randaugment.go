package images

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// RandAugment applies a few operations of one magnitude, each chosen at random, with repetition, among
// 14: identity, shear along x and y, translation along x and y, rotation, brightness, colour, contrast,
// sharpness, posterisation, solarisation, automatic contrast and equalisation. Cubuk et al. (2019),
// arXiv:1909.13719.
//
// At magnitude M of 30, with a random sign, pictures are sheared by 0.3·M/30, moved by
// 150/331·M/30 of their side, turned by 30°·M/30, and changed by the factor 1 ± 0.9·M/30;
// posterisation leaves 8 − round(4·M/30) bits, and solarisation inverts levels from 255·(1 − M/30) on.
// These ranges are torchvision's. Pixels are interpolated bilinearly, where torchvision's default takes
// the nearest.
type RandAugment struct {
	Operations int     // on each picture; 0: 2; negative: none
	Magnitude  float64 // 0 to 30; 0: 9
	Fill       float64 // value of pixels from beyond the picture
}

// mostMagnitude is the largest magnitude.
const mostMagnitude = 30

// operation is one of those that RandAugment chooses from. part is the magnitude in [0, 1], sign is −1
// or 1.
type operation struct {
	name  string
	apply func(s *Sample, part, sign float64, fill float32)
}

var operations = [...]operation{
	{"identity", func(*Sample, float64, float64, float32) {}},
	{"shear x", func(s *Sample, part, sign float64, fill float32) {
		s.move(affine{1, sign * 0.3 * part, 0, 0, 1, 0}, fill)
	}},
	{"shear y", func(s *Sample, part, sign float64, fill float32) {
		s.move(affine{1, 0, 0, sign * 0.3 * part, 1, 0}, fill)
	}},
	{"translate x", func(s *Sample, part, sign float64, fill float32) {
		s.shift(0, int(sign*150/331*part*float64(s.Image.Width)), fill)
	}},
	{"translate y", func(s *Sample, part, sign float64, fill float32) {
		s.shift(int(sign*150/331*part*float64(s.Image.Height)), 0, fill)
	}},
	{"rotate", func(s *Sample, part, sign float64, fill float32) {
		s.move(rotation(sign*30*part, s.Image.Height, s.Image.Width), fill)
	}},
	{"brightness", func(s *Sample, part, sign float64, _ float32) { s.Image.brightness(1 + sign*0.9*part) }},
	{"color", func(s *Sample, part, sign float64, _ float32) { s.Image.saturation(1 + sign*0.9*part) }},
	{"contrast", func(s *Sample, part, sign float64, _ float32) { s.Image.contrast(1 + sign*0.9*part) }},
	{"sharpness", func(s *Sample, part, sign float64, _ float32) { s.Image.sharpness(1 + sign*0.9*part) }},
	{"posterize", func(s *Sample, part, _ float64, _ float32) { s.Image.posterize(8 - int(math.Round(4*part))) }},
	{"solarize", func(s *Sample, part, _ float64, _ float32) { s.Image.solarize(int(math.Ceil(255 * (1 - part)))) }},
	{"autocontrast", func(s *Sample, _, _ float64, _ float32) { s.Image.autoContrast() }},
	{"equalize", func(s *Sample, _, _ float64, _ float32) { s.Image.equalize() }},
}

// mostOperations bounds how many operations are applied to a picture.
const mostOperations = 100

// Apply implements Change.
func (a RandAugment) Apply(s *Sample, r *rand.Rand) error {
	if err := s.check(r); err != nil {
		return err
	}
	if a.Operations == 0 {
		a.Operations = 2
	}
	if a.Magnitude == 0 {
		a.Magnitude = 9
	}
	if a.Operations > mostOperations {
		return fmt.Errorf("images: rand augment: %d operations: want at most %d", a.Operations, mostOperations)
	}
	if err := within("rand augment: a magnitude of", a.Magnitude, 0, mostMagnitude); err != nil {
		return err
	}
	if err := filled(a.Fill); err != nil {
		return err
	}
	s.own()
	for range a.Operations {
		op, sign := operations[r.IntN(len(operations))], 1.0
		if r.IntN(2) == 0 {
			sign = -1
		}
		op.apply(s, a.Magnitude/mostMagnitude, sign, float32(a.Fill))
	}
	return nil
}
