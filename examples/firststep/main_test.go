package main

import (
	"math"
	"strings"
	"testing"
)

func TestGraphAgreesWithHand(t *testing.T) {
	hand := byHand()
	graph, err := stepByGraph()
	if err != nil {
		t.Fatal(err)
	}
	near := func(what string, a, b float64) {
		if math.Abs(a-b) > 1e-12 {
			t.Errorf("%s: %v by hand, %v by graph", what, a, b)
		}
	}
	near("loss", hand.loss, graph.loss)
	near("loss after", hand.after, graph.after)
	for j := range 3 {
		near("dw2", hand.dw2[j], graph.dw2[j])
		for i := range 2 {
			near("dw1", hand.dw1[i][j], graph.dw1[i][j])
		}
	}
	if !(hand.after < hand.loss) {
		t.Errorf("the step raised the loss from %v to %v", hand.loss, hand.after)
	}
	if graph.dw1[0][1] != 0 || graph.dw1[0][0] == 0 {
		t.Errorf("the gradient passes a unit that is off, or not one that is on: %v", graph.dw1)
	}
}

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(&out); err != nil {
		t.Fatal(err)
	}
	accuracy, history, err := trainAll()
	if err != nil {
		t.Fatal(err)
	}
	if accuracy < 0.95 || history.Last("loss") > 0.2 {
		t.Errorf("accuracy %v, loss %v", accuracy, history.Last("loss"))
	}
	if !strings.Contains(out.String(), "60 epochs") {
		t.Error(out.String())
	}
}
