package translate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Tune looks for better weights on pairs that training has not seen, by one weight after another:
// each is tried at a quarter, a half, twice and four times its value (0: at 0.1 and -0.1), and the
// value stays that has the best score, of equal ones the present one. It ends after three rounds,
// or one without a change. score is given translations and their references, one for each, in
// words with blanks between them: metrics.BLEU. Tune returns the weights and their score.
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
