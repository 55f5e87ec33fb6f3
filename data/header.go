package data

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// name names the columns after the first record if the file has a header, otherwise by
// their numbers from 1. Unnamed columns and duplicate names get a new name, with a note.
func (t *table) name(record []string, line int) error {
	if !t.dialect.Header {
		t.unnamed = make([]bool, len(record))
		for j := range record {
			t.names = append(t.names, strconv.Itoa(j+1))
		}
		return nil
	}
	switch {
	case t.dialect.RowNames:
		record = slices.Insert(record, 0, "")
	case t.dialect.Extra:
		record = append(record, "")
	}
	for j, n := range record { // a second byte order mark, left by concatenating files
		record[j] = strings.TrimSpace(strings.ReplaceAll(n, "\ufeff", ""))
	}
	t.names, t.unnamed = record, make([]bool, len(record))
	for j, n := range record {
		t.unnamed[j] = n == "" || strings.EqualFold(n, fmt.Sprintf("unnamed: %d", j))
	}
	for j, n := range record {
		if n == "" {
			record[j] = t.freeName(fmt.Sprintf("column %d", j+1))
			continue
		}
		if k := slices.Index(record[:j], n); k >= 0 {
			record[j] = t.freeName(n)
			t.notes = append(t.notes, Warning{Row: line, Column: record[j],
				Text: fmt.Sprintf("columns %d and %d are both named %s; the second one is called %s here", k+1, j+1, short(n), short(record[j]))})
		}
	}
	return nil
}

// freeName returns a name that is not in use: the given one, or one with a number
// appended.
func (t *table) freeName(name string) string {
	free := name
	for k := 2; slices.Contains(t.names, free); k++ {
		free = fmt.Sprintf("%s.%d", name, k)
	}
	return free
}

// column returns the index of the column with the given name.
func (t *table) column(name string) (int, error) {
	if j := slices.Index(t.names, name); j >= 0 {
		return j, nil
	}
	hint := ""
	for _, n := range t.names {
		if strings.EqualFold(strings.TrimSpace(n), strings.TrimSpace(name)) {
			hint = fmt.Sprintf(" (did you mean %q?)", n)
		}
	}
	if hint == "" {
		if near := containing(name, t.names); near != "" {
			hint = fmt.Sprintf(" (did you mean %q?)", near)
		} else if near := nearest(name, t.names); near != "" {
			hint = fmt.Sprintf(" (did you mean %q?)", near)
		}
	}
	if len(t.names) == 1 && t.dialect.Format == formatCSV {
		hint += fmt.Sprintf(" (cells are taken to be separated by %s)", separatorName(t.dialect.Comma))
	}
	return 0, &CSVError{File: t.file, Err: fmt.Errorf("there is no column %q%s; there are %s", name, hint, nameList(t.names))}
}

// mostNamed is the maximum number of names, levels or cells that an error or warning
// lists.
const mostNamed = 8

// nameList joins names, at most mostNamed of them.
func nameList(names []string) string {
	var parts []string
	for i, n := range names {
		if i == mostNamed {
			return strings.Join(parts, ", ") + fmt.Sprintf(", ... (%d more)", len(names)-mostNamed)
		}
		parts = append(parts, cutText(n))
	}
	return strings.Join(parts, ", ")
}

// quoteList is nameList with quotation marks.
func quoteList(list []string) string {
	quoted := make([]string, min(len(list), mostNamed+1))
	for i := range quoted {
		quoted[i] = short(list[i])
	}
	if len(list) > mostNamed {
		return strings.Join(quoted[:mostNamed], ", ") + fmt.Sprintf(", ... (%d more)", len(list)-mostNamed)
	}
	return strings.Join(quoted, ", ")
}

// longest is the maximum number of characters of a cell that an error or warning shows.
const longest = 40

func cutText(s string) string {
	if r := []rune(s[:min(len(s), 4*longest+4)]); len(r) > longest {
		return string(r[:longest]) + "..."
	}
	return s
}

// short returns a cell in quotation marks, truncated if it is long.
func short(cell string) string { return strconv.Quote(cutText(cell)) }

// containing returns the only one of names that contains name, ignoring case.
func containing(name string, names []string) string {
	found := ""
	for _, n := range names {
		if len(name) > 2 && strings.Contains(strings.ToLower(n), strings.ToLower(name)) {
			if found != "" {
				return ""
			}
			found = n
		}
	}
	return found
}

// nearest returns the one of names that is one or two edits away from name, if name is
// longer than that.
func nearest(name string, names []string) string {
	best, at := "", 3
	for _, n := range names {
		if len(n) > 64 || len(name) > 64 || min(len(n), len(name)) < 3 {
			continue
		}
		if d := editDistance(strings.ToLower(n), strings.ToLower(name)); d < at && 3*d < len(name)+2 {
			best, at = n, d
		}
	}
	return best
}

// editDistance is Levenshtein's distance: insertions, deletions and replacements of bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
