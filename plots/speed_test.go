package plots_test

import (
	"math"
	"testing"

	"github.com/seed732fc211/aegis/plots"
)

// speeds are made-up ones of three libraries.
func speeds() plots.Speeds {
	nan := math.NaN()
	return plots.Speeds{Title: "Made-up speeds", Names: []string{"ours", "stock", "other"}, Tasks: []plots.SpeedTask{
		{Name: "training", Speeds: []float64{1200, 90, 1000}},
		{Name: "inference", Speeds: []float64{70, 4, 100}},
		{Name: "one row", Speeds: []float64{3000, 10, nan}},
	}}
}

func speedFigures(must func(*plots.Figure, error) *plots.Figure) map[string]*plots.Figure {
	return map[string]*plots.Figure{"speeds": must(plots.SpeedRatios(speeds()))}
}

func TestSpeedMistakes(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(s *plots.Speeds)
	}{
		{"no tasks", "plots: nothing to draw", func(s *plots.Speeds) { s.Tasks = nil }},
		{"alone", "plots: nothing to draw", func(s *plots.Speeds) { s.Names = s.Names[:1] }},
		{"lengths", "plots: training has 2 speeds of 3 contestants", func(s *plots.Speeds) { s.Tasks[0].Speeds = s.Tasks[0].Speeds[:2] }},
		{"no speed", "plots: inference: the speed of stock is 0", func(s *plots.Speeds) { s.Tasks[1].Speeds[1] = 0 }},
		{"infinite", "plots: inference: the speed of stock is +Inf", func(s *plots.Speeds) { s.Tasks[1].Speeds[1] = math.Inf(1) }},
		{"nobody else", "plots: one row: nobody to hold ours to", func(s *plots.Speeds) { s.Tasks[2].Speeds[1] = math.NaN() }},
	} {
		s := speeds()
		c.change(&s)
		if _, err := plots.SpeedRatios(s); err == nil || err.Error() != c.want {
			t.Errorf("%s: have %v, want %s", c.name, err, c.want)
		}
	}
}
