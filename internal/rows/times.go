package rows

import (
	"fmt"
	"math"
	"time"
)

// Times puts parts of a time in its place.
type Times struct{ Columns []TimesColumn }

// TimesColumn is what becomes of a column: the zero value leaves it as it is.
type TimesColumn struct {
	Name  string   `json:",omitempty"` // of a column of times, for errors
	Parts []string `json:",omitempty"` // of TimeParts
}

// TimePart is a number that is made of a time.
type TimePart struct {
	Name   string
	Cyclic bool
	of     func(t time.Time, days float64) float64
}

// TimeParts are the parts that there are; days are those since 1970.
var TimeParts = []TimePart{
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

// weekday counts from Monday.
func weekday(t time.Time) float64 { return float64((t.Weekday() + 6) % 7) }

func ofDay(days float64) float64 { return days - math.Floor(days) }

// HasTimePart reports whether there is a part of a name.
func HasTimePart(name string) bool { return timePart(name) >= 0 }

func timePart(name string) int {
	for i := range TimeParts {
		if TimeParts[i].Name == name {
			return i
		}
	}
	return -1
}

// maxSeconds is about the year 9999, either side of 1970.
const maxSeconds = 3e11

// Of returns the part of a time.
func (p *TimePart) Of(seconds float64) (float64, error) {
	if math.IsNaN(seconds) {
		return seconds, nil
	}
	if !(math.Abs(seconds) <= maxSeconds) {
		return 0, fmt.Errorf("%g seconds since 1970: want a time in the years ±9999", seconds)
	}
	whole := math.Floor(seconds)
	t := time.Unix(int64(whole), int64(1e9*(seconds-whole))).UTC()
	return p.of(t, seconds/(24*60*60)), nil
}

// Width implements Transform.
func (t *Times) Width(in int) (int, error) {
	out := 0
	for _, c := range t.Columns {
		for _, name := range c.Parts {
			if !HasTimePart(name) {
				return 0, fmt.Errorf("column %s: there is no part %q of a time", c.Name, name)
			}
		}
		out += max(1, len(c.Parts))
	}
	return out, lengths(in, len(t.Columns))
}

// Bind implements Transform.
func (t *Times) Bind(int) func(dst, src []float64) error {
	parts := make([][]*TimePart, len(t.Columns))
	for j, c := range t.Columns {
		for _, name := range c.Parts {
			parts[j] = append(parts[j], &TimeParts[timePart(name)])
		}
	}
	return func(dst, src []float64) error {
		k := 0
		for j, x := range src {
			if parts[j] == nil {
				dst[k] = x
				k++
			}
			for _, p := range parts[j] {
				y, err := p.Of(x)
				if err != nil {
					return fmt.Errorf("column %s: %w", t.Columns[j].Name, err)
				}
				dst[k] = y
				k++
			}
		}
		return nil
	}
}
