package data

import (
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/internal/moments"
	"github.com/seed732fc211/aegis/internal/rows"
)

// LogTails transforms numeric columns with heavy tails, such as prices and counts, to a
// logarithmic scale. If more than Share of a column's training values lie further than
// Beyond interquartile ranges from the median, x becomes asinh((x − median)/d), which is
// nearly linear around the median, logarithmic far from it, and defined for every x; d is
// the distance of the median from the nearer quartile. Other columns are left unchanged.
// If a quartile equals the median, as in a column that is mostly 0, both the range and d
// are the median distance of the other values.
type LogTails struct {
	Beyond float64 // distance from the median, in interquartile ranges; 0: 3
	Share  float64 // fraction of the values, in (0, 1); 0: 0.03
}

// FittedLogTails is a fitted LogTails.
type FittedLogTails struct {
	Features []Feature
	Center   []float64
	Scale    []float64 // 0: the column is left unchanged
}

// Fit implements Transform.
func (t LogTails) Fit(train Source) (Fitted, error) {
	if t.Beyond == 0 {
		t.Beyond = 3
	}
	if t.Share == 0 {
		t.Share = 0.03
	}
	if !(t.Beyond > 0) || !(t.Share > 0 && t.Share < 1) {
		return nil, fmt.Errorf("data: log tails: beyond %v ranges, share %v: want a positive number and one in (0, 1)", t.Beyond, t.Share)
	}
	features, err := columnsOf("log tails", train)
	if err != nil {
		return nil, err
	}
	f := FittedLogTails{features, make([]float64, len(features)), make([]float64, len(features))}
	err = eachColumn("log tails", train, true, Feature.scaled, func(s *summary) error {
		j, c := s.column, s.sorted
		if len(c) == 0 {
			return nil
		}
		median, scale, spread := moments.Spread(c)
		far := 0.0
		for _, x := range c {
			if math.Abs(x-median) > t.Beyond*spread {
				far++
			}
		}
		if scale > 0 && !math.IsInf(scale, 0) && far > t.Share*float64(len(c)) {
			f.Center[j], f.Scale[j] = median, scale
		}
		return nil
	})
	return fitted(f, err)
}

// Apply implements Fitted.
func (f FittedLogTails) Apply(s *Set) (*Set, error) { return applyRows(f, s) }

func (f FittedLogTails) name() string    { return "log tails" }
func (f FittedLogTails) from() []Feature { return f.Features }
func (f FittedLogTails) to() []Feature   { return f.Features }

func (f FittedLogTails) lower() rows.Transform {
	return &rows.LogTails{Center: f.Center, Scale: f.Scale}
}

func (f FittedLogTails) check() error {
	n := len(f.Features)
	if n == 0 || len(f.Center) != n || len(f.Scale) != n {
		return errors.New("no columns, or numbers of other ones")
	}
	for j, s := range f.Scale {
		if !(s >= 0) || math.IsInf(s, 0) {
			return fmt.Errorf("column %s: scale %v", f.Features[j].Name, s)
		}
	}
	return nil
}
