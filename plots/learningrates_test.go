package plots_test

import (
	"math"
	"math/rand/v2"

	"github.com/seed732fc211/aegis/plots"
)

// rateSearch is a made-up search: the loss falls around 0.01 and grows from 1 on.
func rateSearch() plots.RateSearch {
	r := rand.New(rand.NewPCG(3, 0))
	s := plots.RateSearch{Suggestion: 0.012}
	mean := 0.0
	for i := range 90 {
		x := -6 + 6.5*float64(i)/89
		loss := 2.3 - 1.8/(1+math.Exp(-4*(x+2))) + 0.9*math.Exp(4*(x+0.05)) + 0.12*r.NormFloat64()
		mean = 0.9*mean + 0.1*loss
		s.Rates, s.Losses = append(s.Rates, math.Pow(10, x)), append(s.Losses, loss)
		s.Smoothed = append(s.Smoothed, mean/(1-math.Pow(0.9, float64(i+1))))
	}
	return s
}
