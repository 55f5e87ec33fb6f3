package data

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Layouts of dates, those of fixed width first, and of what may follow a date.
var (
	dateLayouts = []string{
		"2006-01-02", "2006/01/02", "2006.01.02", "2006-1-2", "2006/1/2",
		"02/01/2006", "01/02/2006", "02.01.2006", "02-01-2006", "01-02-2006", "2/1/2006", "1/2/2006", "2.1.2006", "2-1-2006", "1-2-2006",
		"02/01/06", "01/02/06", "02.01.06", "02-01-06", "01-02-06", "2/1/06", "1/2/06", "2.1.06",
		"Jan 02 2006", "Jan 2 2006", "Jan 02, 2006", "Jan 2, 2006", "02 Jan 2006", "2 Jan 2006", "02-Jan-2006", "2-Jan-2006", "02-Jan-06", "2-Jan-06",
		"January 02, 2006", "January 2, 2006", "January 2 2006", "02 January 2006", "2 January 2006",
		"Mon Jan 02 2006", "Mon, 02 Jan 2006", "Monday, January 2, 2006",
		"2006-01", "Jan 2006", "January 2006",
	}
	clockLayouts = []string{"15:04:05", "15:04", "3:04:05 PM", "3:04 PM"}
	zoneLayouts  = []string{"", "Z07:00", " Z07:00", " -0700", " MST"}
)

// layoutsOf returns those of the given layouts in which a text can be read; nil: of all
// layouts.
func layoutsOf(text string, among []string) []string {
	if among == nil {
		return allLayoutsOf(text)
	}
	var fit []string
	for _, l := range among {
		if _, err := parseTime(l, text); err == nil {
			fit = append(fit, l)
		}
	}
	return fit
}

func allLayoutsOf(text string) []string {
	if len(text) < 4 || len(text) > 40 || !strings.ContainsAny(text, "0123456789") {
		return nil
	}
	var fit []string
	try := func(l string) {
		if _, err := parseTime(l, text); err == nil {
			fit = append(fit, l)
		}
	}
	if !strings.Contains(text, ":") {
		for _, l := range dateLayouts {
			try(l)
		}
		return fit
	}
	for _, clock := range clockLayouts {
		try(clock)
	}
	for _, date := range dateLayouts {
		for _, join := range []string{" ", "T", ", "} {
			for _, clock := range clockLayouts {
				for _, zone := range zoneLayouts {
					try(date + join + clock + zone)
				}
			}
		}
	}
	return fit
}

// parseTime returns the seconds since 1970-01-01 UTC or, for a time without a date, since
// midnight. The only zone abbreviations accepted are UTC, GMT and Z, as time.Parse takes
// any other for UTC, too.
func parseTime(layout, text string) (float64, error) {
	if zone, ok := strings.CutSuffix(layout, " MST"); ok {
		rest, utc := strings.CutSuffix(text, " UTC")
		if !utc {
			if rest, utc = strings.CutSuffix(text, " GMT"); !utc {
				return 0, fmt.Errorf("%s has no zone UTC or GMT", short(text))
			}
		}
		layout, text = zone, rest
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return 0, fmt.Errorf("%s is not a time as %s", short(text), layoutName(layout))
	}
	if !strings.Contains(layout, "06") {
		t = t.AddDate(1970, 0, 0)
	}
	return float64(t.Unix()) + float64(t.Nanosecond())/1e9, nil
}

// timeText is the inverse of parseTime.
func timeText(layout string, seconds float64) string {
	whole := math.Floor(seconds)
	t := time.Unix(int64(whole), int64(math.Round((seconds-whole)*1e9))).UTC()
	if zone, ok := strings.CutSuffix(layout, " MST"); ok {
		return t.Format(zone) + " UTC"
	}
	if text := t.Format(layout); t.Nanosecond() == 0 || !strings.Contains(layout, "05") {
		return text
	}
	return t.Format(strings.Replace(layout, "05", "05.999999999", 1))
}

// layoutName writes a layout in the usual notation, such as YYYY-MM-DD.
func layoutName(layout string) string {
	return strings.NewReplacer("2006", "YYYY", "January", "Month", "Jan", "Mon", "Monday", "Weekday", "Mon", "Wkd", "15", "hh", "04", "mm", "05", "ss", "PM", "am/pm",
		"Z07:00", "±hh:mm", "-0700", "±hhmm", "MST", "UTC", "06", "YY", "01", "MM", "02", "DD", "1", "M", "2", "D", "3", "h").Replace(layout)
}

// timeColumn describes how the times of a column are written, as inferred from its cells.
type timeColumn struct {
	layout string
	other  string // a layout with day and month swapped that also fits
}

// timesOf finds a layout in which all texts can be read.
func timesOf(texts []string) (c timeColumn, ok bool) {
	if len(texts) == 0 {
		return c, false
	}
	fit := layoutsOf(texts[0], nil)
	for _, text := range texts[1:] {
		if len(fit) == 0 {
			return c, false
		}
		fit = layoutsOf(text, fit)
	}
	if len(fit) == 0 {
		return c, false
	}
	c.layout = fit[0]
	// Both day first and month first fit: slashes are American, points and hyphens are
	// not.
	for _, l := range fit[1:] {
		if l == swapDayMonth(c.layout) {
			c.other = l
		}
	}
	if c.other != "" && monthFirst(c.layout) != strings.Contains(c.layout, "/") {
		c.layout, c.other = c.other, c.layout
	}
	return c, true
}

func monthFirst(layout string) bool {
	return strings.HasPrefix(layout, "01") || strings.HasPrefix(layout, "1/") || strings.HasPrefix(layout, "1-")
}

// swapDayMonth swaps day and month in a numeric layout.
func swapDayMonth(layout string) string {
	if strings.HasPrefix(layout, "2006") {
		return ""
	}
	return strings.NewReplacer("2006", "2006", "01", "02", "02", "01", "15", "15", "1", "2", "2", "1").Replace(layout)
}

// dayFirst reports whether a layout begins with a numeric day.
func dayFirst(layout string) bool {
	return strings.HasPrefix(layout, "02") || len(layout) > 1 && layout[0] == '2' && strings.IndexByte("/.-", layout[1]) >= 0
}

// twoDigitYears reports whether a layout has two-digit years, which package time places
// between 1969 and 2068.
func twoDigitYears(layout string) bool {
	return strings.Contains(layout, "06") && !strings.Contains(layout, "2006")
}
