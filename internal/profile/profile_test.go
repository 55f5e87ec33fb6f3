package profile

import (
	"strings"
	"testing"
	"time"
)

func made() *Profile {
	return &Profile{
		Title: "made up", Runs: 10, Wall: 500 * time.Microsecond, Peak: 100e9, Threads: 2,
		Ops: []Op{
			{Path: "0.Dense", Kind: "Dense", Shape: "(32,16)", Calls: 10, Time: 100 * time.Microsecond, FLOP: 500000, Bytes: 8000},
			{Kind: "Relu", Shape: "(32,16)", Calls: 10, Time: 300 * time.Microsecond, Bytes: 4096},
		},
	}
}

func TestNumbers(t *testing.T) {
	p := made()
	dense, relu := p.Ops[0], p.Ops[1]
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"rate", dense.Rate(), 50e9}, {"rate without products", relu.Rate(), 0}, {"bandwidth", dense.Bandwidth(), 800e6},
		{"time", p.Time().Seconds(), 400e-6}, {"FLOP", float64(p.FLOP()), 500000}, {"share", p.Share(relu), 0.75},
		{"of peak", p.OfPeak(dense), 0.5}, {"of peak without products", p.OfPeak(relu), 0},
		{"share of nothing", (&Profile{}).Share(dense), 0}, {"rate of no time", Op{FLOP: 1, Calls: 1}.Rate(), 0}, {"of no peak", (&Profile{}).OfPeak(dense), 0},
		{"rate of a moment", Op{FLOP: 1000, Bytes: 1000, Calls: 10, Time: 490}.Rate(), 0}, {"bandwidth of a moment", Op{Bytes: 1000, Calls: 10, Time: 490}.Bandwidth(), 0},
		{"bandwidth of the shortest time", Op{Bytes: 1000, Calls: 10, Time: 500}.Bandwidth(), 20e9},
	} {
		if d := c.got - c.want; d > 1e-9*c.want || -d > 1e-9*c.want {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
	if by := p.ByTime(); by[0].Kind != "Relu" || p.Ops[0].Kind != "Dense" {
		t.Errorf("by time: %v, in order: %v", by, p.Ops)
	}
}

func TestString(t *testing.T) {
	text := made().String()
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) != 4 || !strings.Contains(lines[2], "Relu") {
		t.Fatalf("table:\n%s", text)
	}
	for i, want := range map[int][]string{
		0: {"made up: 50.0 us a run, 40.0 of them in 2 operations; runs: 10, threads: 2; 0.500 MFLOP a run, 10.0 GFLOP/s of a measured peak of 100.0"},
		2: {" 30.00 ", " 75.0% ", " - ", "Relu (32,16)"},
		3: {" 10.00 ", " 25.0% ", " 0.500 ", " 50.0 ", " 50% ", " 8.0 ", " 0.8  ", "  0.Dense: Dense (32,16)"},
	} {
		for _, w := range want {
			if !strings.Contains(lines[i], w) {
				t.Errorf("no %q in %q", w, lines[i])
			}
		}
	}
	if s := (&Profile{}).String(); !strings.Contains(s, "0 operations") {
		t.Errorf("the empty profile: %s", s)
	}
}
