package data

import (
	"slices"
	"strings"
)

// Texts that usually mean a missing value, in lower case. Those in sometimes are just as
// often levels of categories, so the rest of the column and the file decide.
var (
	always    = []string{"", "na", "n/a", "n.a.", "nan", "null", "?", "#n/a", "#na", "<na>", "(null)", "\\n", "nat", "#value!", "#ref!", "#div/0!", "#null!", "#name?", "#num!"}
	sometimes = []string{"none", "nil", "-", "--", "---", ".", "..", "...", "missing", "n.d.", "k.a."}
)

// usualMissing reports whether a cell usually means a missing value; wide includes the
// texts in sometimes.
func usualMissing(cell string, wide bool) bool {
	if len(cell) > 8 {
		return false
	}
	cell = strings.ToLower(cell)
	return slices.Contains(always, cell) || wide && slices.Contains(sometimes, cell)
}

// missingRule decides which cells of a column are missing.
type missingRule struct {
	exact []string        // if not nil, only these and the empty cell
	wide  bool            // include the texts in sometimes
	keep  map[string]bool // cells that are levels regardless
}

func (m missingRule) has(cell string) bool {
	switch {
	case cell == "":
		return true
	case m.exact != nil:
		return slices.Contains(m.exact, cell) || isOneOf(cell, numbersOf(m.exact))
	case m.keep[cell]:
		return false
	}
	return usualMissing(cell, m.wide)
}

// numbersOf returns the texts that are numbers: if -999 means a missing value, so does
// -999.0.
func numbersOf(texts []string) []float64 {
	var list []float64
	for _, s := range texts {
		if v, ok, err := parsePlain(s); ok && err == nil {
			list = append(list, v)
		}
	}
	return list
}

func isOneOf(cell string, numbers []float64) bool {
	if len(numbers) == 0 {
		return false
	}
	v, ok, err := parsePlain(cell)
	return ok && err == nil && slices.Contains(numbers, v)
}

// fileMarkers are the markers of missing values found in columns of numbers, where they
// cannot mean anything else: those that the author of the file uses.
type fileMarkers map[string]bool

// keptLevels returns the cells of a categorical column that usually mean a missing value
// but are levels here, each with the reason.
func keptLevels(texts []string, file fileMarkers) map[string]string {
	kept := map[string]string{}
	for _, cell := range texts {
		lower := strings.ToLower(cell)
		switch {
		case cell == "-" && slices.Contains(texts, "+"), cell == "--" && slices.Contains(texts, "++"):
			kept[cell] = "it occurs together with " + short(strings.Repeat("+", len(cell)))
		case file[cell]:
		case lower == "none" || lower == "nil" || lower == "missing":
			kept[cell] = "no column of numbers uses it for missing values"
		case cell == "NA" && countryCodes(texts):
			kept[cell] = "all other cells are codes of two capital letters"
		}
	}
	return kept
}

// countryCodes reports whether all texts, at least 5, are two capital letters.
func countryCodes(texts []string) bool {
	n := 0
	for _, s := range texts {
		if usualMissing(s, true) {
			continue
		}
		if len(s) != 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' {
			return false
		}
		n++
	}
	return n >= 5
}
