package translate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Tune searches for better weights on development pairs, which must not be training pairs. It is a
// coordinate search on a small grid: each weight in turn is tried at a quarter, half, twice and four
// times its value (a weight of 0 at 0.1 and -0.1) and changed only if the score rises, for at most
// three rounds. score, usually metrics.BLEU, is given the translations and one reference each, words
// joined by blanks. Tune returns the weights and their score, which is optimistic: judge them on
// other pairs.
func (d Decoder) Tune(ctx context.Context, pairs []Pair, score func(got []string, want [][]string) (float64, error)) (Weights, float64, error) {
	if err := d.fill(); err != nil {
		return Weights{}, 0, err
	}
	if len(pairs) == 0 || score == nil {
		return Weights{}, 0, errors.New("translate: tune: there are no pairs, or no score")
	}
	best, err := d.score(ctx, pairs, score)
	if err != nil {
		return Weights{}, 0, err
	}
	for range 3 {
		changed := false
		for _, w := range d.Weights.all() {
			value := *w
			trials := []float64{value / 4, value / 2, value * 2, value * 4}
			if value == 0 {
				trials = []float64{0.1, -0.1}
			}
			for _, trial := range trials {
				if math.Abs(trial) > mostWeight {
					continue
				}
				keep := *w
				*w = trial
				s, err := d.score(ctx, pairs, score)
				if err != nil {
					return Weights{}, 0, err
				}
				if s > best {
					best, changed = s, true
				} else {
					*w = keep
				}
			}
		}
		if !changed {
			break
		}
	}
	return d.Weights, best, nil
}

// score translates pairs and scores what comes out.
func (d Decoder) score(ctx context.Context, pairs []Pair, score func(got []string, want [][]string) (float64, error)) (float64, error) {
	got, want := make([]string, len(pairs)), make([][]string, len(pairs))
	for i, p := range pairs {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("translate: tune: %w", err)
		}
		words, err := d.Translate(p.Source)
		if err != nil {
			return 0, fmt.Errorf("%w (pair %d)", err, i)
		}
		got[i], want[i] = strings.Join(words, " "), []string{strings.Join(p.Target, " ")}
	}
	s, err := score(got, want)
	if err != nil {
		return 0, fmt.Errorf("translate: tune: %w", err)
	}
	if math.IsNaN(s) {
		return 0, errors.New("translate: tune: the score is NaN")
	}
	return s, nil
}
