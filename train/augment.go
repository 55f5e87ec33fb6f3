package train

import (
	"fmt"
	"math/rand/v2"

	"github.com/seed732fc211/aegis/data"
)

// augmentation changes the rows of a batch after they have been copied into a program's
// input. Randomness depends only on the seed, the step and the row, so a fit resumed from a
// checkpoint sees the same samples.
type augmentation struct {
	by     data.Augmenter
	seed   uint64
	source *rand.PCG
	r      *rand.Rand
	sample []float64
}

func newAugmentation(c Config) *augmentation {
	if c.Augment == nil {
		return nil
	}
	a := &augmentation{by: c.Augment, seed: c.Seed, source: rand.NewPCG(0, 0)}
	a.r = rand.New(a.source)
	return a
}

// apply augments the rows that p has loaded for a step.
func (a *augmentation) apply(p *bound, rows []int, step int) error {
	if a == nil {
		return nil
	}
	for i := range p.sources {
		s := &p.sources[i]
		if s.column != p.cols[0] {
			continue
		}
		if s.offsets != nil {
			return fmt.Errorf("augmentation: the input %q holds sequences, which are not augmented", s.name)
		}
		if s.ints != nil {
			return fmt.Errorf("augmentation: the input %q holds indices, not numbers", s.name)
		}
		for k, row := range rows {
			a.source.Seed(a.seed, mix(mix(uint64(step))^uint64(row)))
			if err := a.row(s, k); err != nil {
				return fmt.Errorf("augmentation of row %d: %w", row, err)
			}
		}
	}
	return nil
}

// row augments row k of a batch.
func (a *augmentation) row(s *source, k int) error {
	w := s.width()
	if a.sample == nil {
		a.sample = make([]float64, w)
	}
	if s.to64 != nil {
		copy(a.sample, s.to64[k*w:])
	} else {
		for i, v := range s.to32[k*w : (k+1)*w] {
			a.sample[i] = float64(v)
		}
	}
	if err := a.by.Augment(a.sample, s.shape, a.r); err != nil {
		return err
	}
	if s.to64 != nil {
		copy(s.to64[k*w:], a.sample)
		return nil
	}
	for i, v := range a.sample {
		s.to32[k*w+i] = float32(v)
	}
	return nil
}

// mix is the finaliser of SplitMix64 (Steele, Lea & Flood 2014): it decorrelates
// neighbouring numbers.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
