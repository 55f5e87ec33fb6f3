package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	h, err := run(&out)
	if err != nil {
		t.Fatal(err)
	}
	if h.Epochs() != 5000 || strings.Count(out.String(), "\n") != 6 {
		t.Errorf("%d steps, printed:\n%s", h.Epochs(), out.String())
	}
	if fit, held := h.Last("accuracy"), h.Last("val_accuracy"); fit < 0.95 || held < 0.95 {
		t.Errorf("accuracy %v, held out %v", fit, held)
	}
	if loss := h.Get("loss"); !(loss[4999] < loss[0]/2) {
		t.Errorf("loss went from %v to %v", loss[0], loss[4999])
	}
}
