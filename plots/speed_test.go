package plots_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/internal/profile"
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
	return map[string]*plots.Figure{"speeds": must(plots.SpeedRatios(speeds())), "profile": must(plots.DrawProfile(profiles()))}
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
		{"nobody else", "plots: one row: no other contestant to compare ours with", func(s *plots.Speeds) { s.Tasks[2].Speeds[1] = math.NaN() }},
	} {
		s := speeds()
		c.change(&s)
		if _, err := plots.SpeedRatios(s); err == nil || err.Error() != c.want {
			t.Errorf("%s: have %v, want %s", c.name, err, c.want)
		}
	}
}

// profiles has operations of products and others, and one that took no time.
func profiles() *plots.Profile {
	us := func(n int) time.Duration { return time.Duration(n) * time.Microsecond }
	return &plots.Profile{
		Title: "A made-up training step", Runs: 10, Wall: us(9000), Peak: 100e9, Threads: 2,
		Ops: []profile.Op{
			{Path: "0.Conv2D", Kind: "Conv2D", Shape: "(64,28,28,32)", Calls: 10, Time: us(3000), FLOP: 28901376, Bytes: 6623360},
			{Path: "0.Conv2D", Kind: "MaxPool2D", Shape: "(64,14,14,32)", Calls: 10, Time: us(900), Bytes: 8028160},
			{Path: "5.Dense", Kind: "Dense", Shape: "(64,128)", Calls: 10, Time: us(700), FLOP: 5138022, Bytes: 2441728},
			{Path: "loss", Kind: "SoftmaxCrossEntropy", Shape: "(64)", Calls: 10, Time: us(100), Bytes: 3328},
			{Kind: "Sum axes=[0]", Shape: "(10)", Calls: 10},
		},
	}
}

func TestProfileOfMany(t *testing.T) {
	p := profiles()
	for range 30 {
		p.Ops = append(p.Ops, p.Ops[3])
	}
	few, err := plots.DrawProfile(profiles())
	if err != nil {
		t.Fatal(err)
	}
	many, err := plots.DrawProfile(p)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(many.SVG()), "11 other operations") || strings.Contains(string(few.SVG()), "other operations") {
		t.Error("35 operations are not drawn as 24 and others")
	}
	for _, p := range []*plots.Profile{nil, {}, {Runs: 1, Ops: []profile.Op{{Kind: "Relu"}}}} {
		if _, err := plots.DrawProfile(p); err == nil {
			t.Errorf("%+v is drawn", p)
		}
	}
}
