package data

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// categorical plans a column of categories: its levels are the distinct texts, except
// those that mean a missing value.
func (p *planner) categorical(q *plan) error {
	q.kind = Categorical
	var all []string
	if len(q.scan.order) < 1000 { // only few levels can include some that look like missing values
		for _, k := range q.scan.order {
			all = append(all, p.t.texts[q.j][k])
		}
	}
	kept := keptLevels(all, p.markers)
	q.missing = missingRule{exact: p.c.Missing, wide: true, keep: map[string]bool{}}
	if p.c.Missing == nil {
		names := make([]string, 0, len(kept))
		for cell := range kept {
			q.missing.keep[cell] = true
			names = append(names, cell)
		}
		slices.Sort(names)
		for _, cell := range names {
			row := q.scan.first[slices.Index(p.t.texts[q.j], cell)]
			p.warn(row, q.j, "%s is a level, not a missing value: %s; if it does mean a missing value, say so (--missing)", short(cell), kept[cell])
		}
	}
	return p.findLevels(q)
}

// findLevels lists the distinct texts that are not missing values, in order.
func (p *planner) findLevels(q *plan) error {
	if q.scan.over > 0 && (q.forced || p.c.KeepAll || q.role == roleTarget) {
		return &CSVError{File: p.t.file, Column: p.t.names[q.j], Err: fmt.Errorf("more than %d different texts: too many for a file that is not in memory", mostTexts)}
	}
	q.levels, q.counts = p.t.distinctTexts(q.j, q.scan, q.missing)
	q.blank = p.t.rows - q.scan.over
	for _, n := range q.counts {
		q.blank -= n
	}
	sortWithCounts(q)
	return nil
}

// declared plans a column whose levels the file declares: they keep their order, and none
// of them means a missing value.
func (p *planner) declared(q *plan) {
	q.kind, q.missing = Categorical, missingRule{exact: []string{}}
	q.levels, q.counts, q.blank = p.t.texts[q.j], q.scan.counts, q.scan.empty
}

// ofType plans a column that has a type.
func (p *planner) ofType(q *plan) error {
	column := p.t.typed[q.j]
	switch {
	case len(q.texts)+q.scan.plain.count+q.scan.over == 0:
		p.leaveOut(q, "every cell is missing")
		return nil
	case column.Type == Categorical:
		q.kind, q.missing = Categorical, missingRule{exact: slices.Clone(p.c.Missing)}
		if q.missing.exact == nil {
			q.missing.exact = []string{} // texts that look like missing values are levels
		}
		err := p.findLevels(q)
		q.boolean = column.Boolean && len(q.levels) == 2
		return err
	case column.Type == DateTime:
		q.kind, q.layout = DateTime, column.Layout
		return nil
	}
	q.kind = Numeric
	return p.numeric(q)
}

// bounded checks the numbers of a column that has a type.
func (p *planner) bounded(q *plan) error {
	if p.t.typed == nil || q.scan.plain.count == 0 {
		return nil
	}
	for k, v := range []float64{q.scan.low, q.scan.high} {
		if math.IsInf(v, 0) {
			return p.t.at(q.scan.extreme[k], q.j, fmt.Errorf("%v is not finite", v))
		}
	}
	if large := max(-q.scan.low, q.scan.high); p.t.typed[q.j].Integer && large > 1<<53 {
		k := boolIndex(large == q.scan.high)
		p.warn(q.scan.extreme[k], q.j, "integers beyond 2^53 are rounded, as a float64 does not hold them; if they are codes, leave the column out (--drop) or write it as text")
	}
	return nil
}

// sortWithCounts sorts the levels along with their counts.
func sortWithCounts(q *plan) {
	count := make(map[string]int, len(q.levels))
	for k, l := range q.levels {
		count[l] = q.counts[k]
	}
	sortLevels(q.levels)
	for k, l := range q.levels {
		q.counts[k] = count[l]
	}
}

// Bounds for identifiers and names: a column is taken for one if it has more than fewNames
// distinct texts and more than one for every rowsPerName rows.
const (
	fewNames    = 30
	rowsPerName = 2
	fewRows     = 3  // with fewer rows, no column counts as constant
	fewCounted  = 20 // with fewer rows, row numbers are not worth a warning
)

// identifierName matches common names of identifier columns.
var identifierName = regexp.MustCompile(`(?i)^(.*[_ .-])?(id|uuid|guid|key|index|idx)$|^(.*[a-z])(ID|Id)$|^(row|rows|rownames?|row[_ ]?(nr|no|num|number|id|index)|nr\.?|no\.?|unnamed: \d+)$`)

// prune leaves out the features that a model cannot learn from.
func (p *planner) prune(kept []int) {
	for j := range p.plans {
		q := &p.plans[j]
		if q.role != roleFeature {
			continue
		}
		why := p.useless(q)
		if why == "" && kept != nil && p.t.rows >= fewRows && !p.varies(q, kept) {
			why = "constant in the rows that have a target"
		}
		if why != "" && !q.forced && !p.c.KeepAll {
			p.leaveOut(q, why)
			if why == rowNamesWhy {
				q.role, q.kind, q.missing.wide = roleText, Text, false
			}
		}
	}
}

// varies reports whether a column has two distinct values in the kept rows.
func (p *planner) varies(q *plan, kept []int) bool {
	one, found, varies, at := "", false, false, 0
	p.t.each([]int{q.j}, func(first int, part *table) {
		for ; !varies && at < len(kept) && kept[at] < first+part.rows; at++ {
			switch text := part.text(kept[at]-first, q.j); {
			case q.missing.has(text):
			case !found:
				one, found = text, true
			default:
				varies = text != one
			}
		}
	})
	return varies
}

const rowNamesWhy = "names of the rows"

// useless returns why a column is uninformative about other rows, or "".
func (p *planner) useless(q *plan) string {
	distinct, known := p.distinct(q), p.t.rows-q.blank
	integers := q.kind == Numeric && len(q.texts) == 0 && q.scan.integers
	name := p.t.names[q.j]
	counts := integers && q.scan.counting >= 0 && q.blank == 0 && known > 1
	unique := distinct == known || distinct > maxDistinct
	switch {
	case q.scan.over > 0 && q.kind == Categorical:
		return fmt.Sprintf("names or identifiers: more than %d different texts", mostTexts)
	case known == 0:
		return "every cell is missing"
	case distinct == 1 && p.t.rows < fewRows:
		return ""
	case distinct == 1 && q.blank == 0:
		return "constant: " + p.only(q)
	case distinct == 1:
		return fmt.Sprintf("its only value is %s; %s", p.only(q), plural(q.blank, "row has none", "rows have none"))
	case counts && (p.t.unnamed[q.j] && p.t.dialect.Header || identifierName.MatchString(name)):
		return "the row number"
	case q.kind == Categorical && p.t.unnamed[q.j] && p.t.dialect.Header && distinct == known && q.j == 0:
		return rowNamesWhy
	case integers && unique && known > fewNames && identifierName.MatchString(name):
		return "an identifier: a different integer in every row"
	case q.kind == Categorical && distinct > fewNames && distinct*rowsPerName > known:
		what := "names or identifiers"
		if len(q.texts) == 0 || q.why != "" {
			what = "codes"
		}
		return fmt.Sprintf("%s: %d different texts in %d rows", what, distinct, known)
	case counts && known >= fewCounted:
		p.warn(-1, q.j, "it is the row number: if rows are sorted, it gives the target away")
	}
	return ""
}

func plural(n int, singular, many string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, singular)
	}
	return fmt.Sprintf("%d %s", n, many)
}

// distinct returns the number of distinct values of a column, at most maxDistinct + 1 if
// they are plain numbers.
func (p *planner) distinct(q *plan) int {
	if q.kind == Categorical {
		used := 0
		for _, n := range q.counts {
			if n > 0 {
				used++
			}
		}
		return used
	}
	if q.scan.plain.count == 0 {
		values := map[float64]bool{}
		for _, text := range q.texts {
			if v, err := p.value(q, text); err == nil {
				values[v] = true
			}
		}
		return len(values)
	}
	return q.scan.distinct + len(q.texts)
}

// value parses a text of a numeric column or a time.
func (p *planner) value(q *plan, text string) (float64, error) {
	if q.kind == DateTime {
		return parseTime(q.layout, text)
	}
	return q.number.parse(text)
}

// only returns the single value of a column.
func (p *planner) only(q *plan) string {
	switch {
	case len(q.levels) > 0:
		return cutText(q.levels[slices.IndexFunc(q.counts, func(n int) bool { return n > 0 })])
	case len(q.texts) > 0:
		return cutText(q.texts[0])
	}
	return q.scan.firstText
}

// alike warns of levels that differ only in case or inner space.
func (p *planner) alike(q *plan) {
	seen := map[string]string{}
	for _, l := range q.levels {
		key := strings.ToLower(strings.Join(strings.Fields(l), " "))
		if other, ok := seen[key]; ok {
			p.warn(-1, q.j, "the levels %s and %s are spelt alike", short(other), short(l))
			return
		}
		seen[key] = l
	}
}
