package data

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// ExpandTimes replaces every column of times (Feature.Time) by numbers that a
// model can use: "t", the time in days since 1970, "t year", "t day of year",
// "t weekday" (0 is Monday) and "t hour" (with its fraction). With Cyclic, the
// last three are joined by sine and cosine of their angle on the circle of a year,
// a week and a day, so that December is next to January. Parts that are the same
// in all training rows are left out. Times are read in UTC.
type ExpandTimes struct{ Cyclic bool }

// FittedTimes is an ExpandTimes that was fitted.
type FittedTimes struct {
	Features []Feature
	Parts    [][]string // the parts that take the place of each column; of others null
}

// timeParts are the numbers that can be made of a time, in their order.
var timeParts = []struct {
	name   string
	cyclic bool
	of     func(t time.Time, days float64) float64
}{
	{"", false, func(_ time.Time, days float64) float64 { return days }},
	{"year", false, func(t time.Time, _ float64) float64 { return float64(t.Year()) }},
	{"day of year", false, func(t time.Time, _ float64) float64 { return float64(t.YearDay()) }},
	{"sin year", true, func(t time.Time, _ float64) float64 { return math.Sin(yearAngle(t)) }},
	{"cos year", true, func(t time.Time, _ float64) float64 { return math.Cos(yearAngle(t)) }},
	{"weekday", false, func(t time.Time, _ float64) float64 { return weekday(t) }},
	{"sin week", true, func(t time.Time, _ float64) float64 { return math.Sin(2 * math.Pi * weekday(t) / 7) }},
	{"cos week", true, func(t time.Time, _ float64) float64 { return math.Cos(2 * math.Pi * weekday(t) / 7) }},
	{"hour", false, func(_ time.Time, days float64) float64 { return 24 * ofDay(days) }},
	{"sin day", true, func(_ time.Time, days float64) float64 { return math.Sin(2 * math.Pi * ofDay(days)) }},
	{"cos day", true, func(_ time.Time, days float64) float64 { return math.Cos(2 * math.Pi * ofDay(days)) }},
}

func yearAngle(t time.Time) float64 { return 2 * math.Pi * float64(t.YearDay()-1) / 365.25 }

func weekday(t time.Time) float64 { return float64((t.Weekday() + 6) % 7) }

func ofDay(days float64) float64 { return days - math.Floor(days) }

// timePart returns the place of a part in timeParts, −1 if there is none.
func timePart(name string) int {
	for i := range timeParts {
		if timeParts[i].name == name {
			return i
		}
	}
	return -1
}

// maxSeconds bounds times to years that package time can tell, about ±9999.
const maxSeconds = 3e11

// part returns a part of a time in seconds since 1970; NaN of a missing one.
func part(i int, seconds float64) (float64, error) {
	if math.IsNaN(seconds) {
		return seconds, nil
	}
	if !(math.Abs(seconds) <= maxSeconds) {
		return 0, fmt.Errorf("%g seconds since 1970: want a time in the years ±9999", seconds)
	}
	whole := math.Floor(seconds)
	t := time.Unix(int64(whole), int64(1e9*(seconds-whole))).UTC()
	return timeParts[i].of(t, seconds/(24*60*60)), nil
}

// Fit implements Transform.
func (e ExpandTimes) Fit(train Source) (Fitted, error) {
	features, err := columnsOf("times", train)
	if err != nil {
		return nil, err
	}
	f := FittedTimes{features, make([][]string, len(features))}
	// For every column of times, the first value of each part, and whether others differ.
	first, varies := make([][]float64, len(features)), make([][]bool, len(features))
	for j, c := range features {
		if c.Time != "" {
			first[j], varies[j] = slices.Repeat([]float64{math.NaN()}, len(timeParts)), make([]bool, len(timeParts))
		}
	}
	err = scan(train, func(_ int, rows *Set) error {
		v, p, err := rows.Table()
		if err != nil {
			return err
		}
		for j := range features {
			if first[j] == nil {
				continue
			}
			for k := j; k < len(v); k += p {
				for i := range timeParts {
					if math.IsNaN(v[k]) || varies[j][i] || timeParts[i].cyclic && !e.Cyclic {
						continue
					}
					y, err := part(i, v[k])
					if err != nil {
						return fmt.Errorf("column %s: %w", features[j].Name, err)
					}
					if math.IsNaN(first[j][i]) {
						first[j][i] = y
					}
					varies[j][i] = y != first[j][i]
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("data: times: %w", err)
	}
	for j := range features {
		if first[j] == nil {
			continue
		}
		for i, part := range timeParts {
			if varies[j][i] {
				f.Parts[j] = append(f.Parts[j], part.name)
			}
		}
		if f.Parts[j] == nil { // a constant stays one column
			f.Parts[j] = []string{""}
		}
	}
	return f, nil
}

// Apply implements Fitted.
func (f FittedTimes) Apply(s *Set) (*Set, error) { return applyRows(f, s) }

func (f FittedTimes) name() string    { return "times" }
func (f FittedTimes) from() []Feature { return f.Features }

func (f FittedTimes) to() []Feature {
	var out []Feature
	for j, c := range f.Features {
		if c.Time == "" {
			out = append(out, c)
			continue
		}
		for _, name := range f.Parts[j] {
			full := c.Name
			if name != "" {
				full += " " + name
			}
			out = append(out, Feature{Name: full})
		}
	}
	return out
}

func (f FittedTimes) row(dst, src []float64) error {
	k := 0
	for j, x := range src {
		if f.Features[j].Time == "" {
			dst[k] = x
			k++
			continue
		}
		for _, name := range f.Parts[j] {
			y, err := part(timePart(name), x)
			if err != nil {
				return fmt.Errorf("column %s: %w", f.Features[j].Name, err)
			}
			dst[k] = y
			k++
		}
	}
	return nil
}

func (f FittedTimes) check() error {
	if len(f.Features) == 0 || len(f.Parts) != len(f.Features) {
		return errors.New("no columns, or parts of other ones")
	}
	for j, c := range f.Features {
		if (c.Time != "") != (len(f.Parts[j]) > 0) {
			return fmt.Errorf("column %s: %d parts", c.Name, len(f.Parts[j]))
		}
		if i := slices.IndexFunc(f.Parts[j], func(name string) bool { return timePart(name) < 0 }); i >= 0 {
			return fmt.Errorf("column %s: there is no part %q of a time", c.Name, f.Parts[j][i])
		}
	}
	return nil
}
