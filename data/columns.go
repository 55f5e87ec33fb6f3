package data

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Roles of a column in a set, as in ColumnReport.
const (
	roleFeature = "feature"
	roleTarget  = "target"
	roleText    = "text"
	roleGroup   = "group"
	roleWeight  = "weight"
	roleOut     = "left out"
)

// plan describes how a column of a table is to be read and used.
type plan struct {
	j       int
	role    string
	why     string     // why it is left out or read in an unusual way
	kind    ColumnType // Numeric, Categorical, DateTime or Text
	boolean bool
	forced  bool // the user gave its type
	number  NumberFormat
	layout  string
	missing missingRule
	levels  []string
	counts  []int // rows of each level
	blank   int   // number of rows without a value
	scan    *columnScan
	texts   []string // distinct texts that are not missing, in order of appearance
	first   []int    // row in which each first occurs
	rows    []int    // number of rows of each
	code    map[string]float64
	label   func(text string, part *table) float64 // index of a class
	groups  map[string]int
}

// planner decides how the columns of a table are read and used.
type planner struct {
	c       CSV
	t       *table
	report  *Report
	scans   []columnScan
	plans   []plan
	markers fileMarkers
	want    byte // the decimal mark, if the file is unambiguous about it, or 0
}

func (p *planner) warn(row, j int, format string, args ...any) {
	w := Warning{Text: fmt.Sprintf(format, args...)}
	if row >= 0 {
		w.Row = p.t.lineOf(row)
	}
	if j >= 0 {
		w.Column = p.t.names[j]
	}
	p.report.Warnings = append(p.report.Warnings, w)
}

// at returns an error about a cell.
func (t *table) at(i, j int, err error) error {
	return &CSVError{File: t.file, Row: t.lineOf(i), Column: t.names[j], Err: err}
}

// decide plans every column.
func (p *planner) decide() error {
	p.scans = p.t.scan()
	p.plans = make([]plan, p.t.width())
	for j := range p.plans {
		p.plans[j] = plan{j: j, role: roleFeature, scan: &p.scans[j]}
	}
	if err := p.assign(); err != nil {
		return err
	}
	p.evidence()
	for j := range p.plans {
		if err := p.kind(&p.plans[j]); err != nil {
			return err
		}
	}
	for j := range p.plans {
		p.order(&p.plans[j])
	}
	return nil
}

// assign gives columns the roles that the user asked for.
func (p *planner) assign() error {
	target, err := p.c.targetColumn(p.t)
	if err != nil {
		return err
	}
	give := func(names []string, role, why string) error {
		for _, n := range names {
			j, err := p.t.column(n)
			if err != nil {
				return err
			}
			if old := p.plans[j].role; old != roleFeature && old != role {
				return &CSVError{File: p.t.file, Column: n, Err: fmt.Errorf("it cannot be %s and %s at once", describeRole(old), describeRole(role))}
			}
			p.plans[j].role, p.plans[j].why = role, why
		}
		return nil
	}
	if target >= 0 {
		p.plans[target].role = roleTarget
	}
	if err := errors.Join(give(one(p.c.Group), roleGroup, "rows of one group stay together"), give(one(p.c.Weight), roleWeight, "weight of each row"),
		give(p.c.ID, roleText, "an identifier, as asked for"), give(p.c.Drop, roleOut, "as asked for")); err != nil {
		return firstOf(err)
	}
	for j, c := range p.t.typed {
		q := &p.plans[j]
		if c.Type != Ignore {
			continue
		}
		if q.role != roleFeature && q.role != roleOut {
			return &CSVError{File: p.t.file, Column: c.Name, Err: fmt.Errorf("it cannot be %s: %s", describeRole(q.role), c.Why)}
		}
		if q.role == roleFeature {
			q.role, q.why = roleOut, c.Why
		}
	}
	return p.assignTypes()
}

// firstOf returns the first of joined errors, to keep the message to one line.
func firstOf(err error) error {
	var at *CSVError
	if errors.As(err, &at) {
		return at
	}
	return err
}

func describeRole(role string) string {
	switch role {
	case roleTarget:
		return "the target"
	case roleGroup:
		return "the group"
	case roleWeight:
		return "the weight"
	case roleText:
		return "an identifier"
	}
	return role
}

func one(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

func (p *planner) assignTypes() error {
	names := make([]string, 0, len(p.c.Types))
	for n := range p.c.Types {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		j, err := p.t.column(n)
		if err != nil {
			return err
		}
		q := &p.plans[j]
		typ, layout, _ := strings.Cut(string(p.c.Types[n]), ":")
		switch kind := ColumnType(typ); kind {
		case Guess:
		case Numeric, Categorical:
			q.kind, q.forced = kind, true
		case DateTime:
			q.kind, q.forced, q.layout = kind, true, layout
		case Ignore:
			if q.role == roleTarget {
				return &CSVError{File: p.t.file, Column: n, Err: errors.New("the target cannot be ignored")}
			}
			q.role, q.why = roleOut, "as asked for"
		case Text:
			if q.role == roleTarget {
				return &CSVError{File: p.t.file, Column: n, Err: errors.New("the target cannot be kept as text; for class labels the type is categorical")}
			}
			q.role, q.why, q.forced = roleText, "text, as asked for", true
		default:
			return &CSVError{File: p.t.file, Column: n, Err: fmt.Errorf("there is no type %q: want numeric, categorical, time, text or ignore", p.c.Types[n])}
		}
	}
	return nil
}

// evidence collects from single columns what holds for the whole file: the decimal mark,
// and the markers of missing values found among numbers.
func (p *planner) evidence() {
	if p.t.typed != nil {
		for j := range p.plans {
			p.collect(&p.plans[j])
		}
		return
	}
	marks := map[byte]bool{}
	mark := byte(p.t.dialect.Decimal)
	p.markers = fileMarkers{}
	for j := range p.plans {
		q := &p.plans[j]
		p.collect(q)
		numbers := formatOf(q.texts, q.scan.plain, mark, 0, p.t.dialect.Comma)
		if len(q.texts) == 0 && q.scan.plain.count > 0 {
			numbers.ok = true
		}
		if !numbers.ok {
			continue
		}
		if q.scan.plain.long || q.scan.plain.decimals&^(1|1<<3) != 0 {
			marks[mark] = true
		}
		if !numbers.doubtful && slices.ContainsFunc(q.texts, func(s string) bool { return strings.IndexByte(s, numbers.format.decimal()) >= 0 }) {
			marks[numbers.format.decimal()] = true
		}
		for k, text := range p.t.texts[j] {
			if q.scan.counts[k] > 0 && usualMissing(text, true) {
				p.markers[text] = true
			}
		}
	}
	switch {
	case p.c.Decimal != 0:
		p.want = byte(p.c.Decimal)
	case mark == ',' || marks[','] && !marks['.']:
		p.want = ','
	case marks['.'] && !marks[',']:
		p.want = '.'
	}
}

// collect lists the distinct texts of a column that do not usually mean missing values.
func (p *planner) collect(q *plan) {
	q.missing = missingRule{exact: p.c.Missing, wide: true}
	q.texts, q.first, q.rows, q.blank = nil, nil, nil, q.scan.empty
	for _, k := range q.scan.order {
		text := p.t.texts[q.j][k]
		if q.missing.has(text) {
			q.blank += q.scan.counts[k]
			continue
		}
		q.texts = append(q.texts, text)
		q.first = append(q.first, q.scan.first[k])
		q.rows = append(q.rows, q.scan.counts[k])
	}
}

// kind determines the type of a column.
func (p *planner) kind(q *plan) error {
	if err := p.bounded(q); err != nil && q.role != roleOut {
		return err
	}
	switch {
	case q.role == roleOut:
		return nil
	case q.role == roleText || q.role == roleGroup:
		q.kind, q.missing.wide = Text, false
		return nil
	case q.role == roleWeight:
		q.kind = Numeric
		return p.numeric(q)
	case p.t.typed != nil && (!q.forced || q.kind == DateTime && p.t.typed[q.j].Type == DateTime):
		return p.ofType(q)
	case q.forced:
		return p.given(q)
	case p.t.declares(q.j):
		p.declared(q)
		return nil
	case len(q.texts) == 0 && q.scan.plain.count == 0:
		p.leaveOut(q, "every cell is missing")
		return nil
	case len(q.texts) == 0:
		q.kind = Numeric
		return p.numeric(q)
	case p.isBoolean(q):
		q.boolean = true
		return p.categorical(q)
	}
	return p.guess(q)
}

// given reads a column as the type that the user asked for.
func (p *planner) given(q *plan) error {
	if len(q.texts) == 0 && q.scan.plain.count == 0 {
		return &CSVError{File: p.t.file, Column: p.t.names[q.j], Err: errors.New("every cell is missing")}
	}
	switch q.kind {
	case Categorical:
		return p.categorical(q)
	case Numeric:
		return p.numeric(q)
	}
	return p.times(q)
}

// guess infers the type of a column with texts: numbers with marks or units, codes, times,
// categories or names.
func (p *planner) guess(q *plan) error {
	mark := byte(p.t.dialect.Decimal)
	numbers := formatOf(q.texts, q.scan.plain, mark, p.want, p.t.dialect.Comma)
	switch {
	case numbers.ok && p.codes(q):
		return p.categorical(q)
	case numbers.ok:
		q.kind = Numeric
		return p.numeric(q)
	}
	if c, ok := timesOf(q.texts); ok && q.scan.plain.count == 0 {
		q.kind, q.layout = DateTime, c.layout
		return p.times(q)
	}
	if err := p.mostly(q); err != nil {
		return err
	}
	if len(numbers.units) > 1 {
		p.warn(q.first[0], q.j, "the units differ (%s), so its cells are read as texts", quoteList(numbers.units))
	}
	return p.categorical(q)
}

// codes reports whether the cells are integers that are not quantities: with leading
// zeros, or so large that a float64 cannot distinguish neighbours.
func (p *planner) codes(q *plan) bool {
	if !q.scan.integers {
		return false
	}
	zeros, large := -1, -1
	for k, text := range q.texts {
		s := scanNumber([]byte(text), '.')
		if !s.ok || s.point || s.exponent {
			return false
		}
		if s.zeros && zeros < 0 {
			zeros = k
		}
		if s.whole > maxDigits && large < 0 && !exactInteger(text) {
			large = k
		}
	}
	switch {
	case zeros >= 0:
		q.why = fmt.Sprintf("codes: %s has a leading zero", short(q.texts[zeros]))
	case large >= 0:
		q.why = fmt.Sprintf("codes: %s is beyond the integers that a number holds exactly", short(q.texts[large]))
	}
	return zeros >= 0 || large >= 0
}

// exactInteger reports whether a float64 represents an integer, given as text, exactly and
// uniquely.
func exactInteger(text string) bool {
	v, _, err := parsePlain(text)
	return err == nil && math.Abs(v) <= 1<<53 && strconv.FormatFloat(v, 'f', 0, 64) == text
}

// booleans are pairs of lower-case words, false first.
var booleans = [][2]string{
	{"false", "true"}, {"no", "yes"}, {"f", "t"}, {"n", "y"}, {"off", "on"}, {"nein", "ja"}, {"nej", "ja"}, {"nee", "ja"}, {"non", "oui"}, {"no", "si"}, {"no", "sí"}, {"não", "sim"}, {"нет", "да"}, {"否", "是"}, {"いいえ", "はい"},
}

// isBoolean reports whether the texts are two words for true and false.
func (p *planner) isBoolean(q *plan) bool {
	if q.scan.plain.count > 0 || len(q.texts) != 2 {
		return false
	}
	a, b := strings.ToLower(q.texts[0]), strings.ToLower(q.texts[1])
	for _, pair := range booleans {
		if a == pair[0] && b == pair[1] || a == pair[1] && b == pair[0] {
			return true
		}
	}
	return false
}

// mostly fails if more than half of a column's rows are numbers, or times, of one kind and
// some are not. Only the user knows whether the others are missing values, typing errors
// or a sign that the column is something else.
func (p *planner) mostly(q *plan) error {
	all := q.scan.plain.count
	kinds := map[[2]string]int{{}: q.scan.plain.count}
	for k, text := range q.texts {
		all += q.rows[k]
		if s, ok := splitNumber(text); ok {
			kinds[[2]string{s.prefix, s.suffix}] += q.rows[k]
		} else if _, isNumber, _ := parsePlain(text); isNumber { // an infinite number
			kinds[[2]string{}] += q.rows[k]
		}
	}
	for kind, n := range kinds {
		if 2*n <= all {
			continue
		}
		for k, text := range q.texts {
			if s, ok := splitNumber(text); !ok || [2]string{s.prefix, s.suffix} != kind {
				return p.odd(q, k, "a number", kind)
			}
		}
		// All are numbers, but their marks are inconsistent.
		return p.oddMark(q)
	}
	for _, sample := range q.texts[:min(len(q.texts), 3)] {
		for _, layout := range layoutsOf(sample, nil) {
			n, odd := 0, -1
			for k, text := range q.texts {
				if _, err := parseTime(layout, text); err == nil {
					n += q.rows[k]
				} else if odd < 0 {
					odd = k
				}
			}
			if 2*n > all && odd >= 0 {
				return p.odd(q, odd, "a time as "+layoutName(layout), [2]string{})
			}
		}
	}
	return nil
}

func (p *planner) odd(q *plan, k int, what string, kind [2]string) error {
	like := ""
	if unit := kind[0] + kind[1]; unit != "" {
		like = " with " + short(unit)
	}
	name := p.t.names[q.j]
	if _, isNumber, err := parsePlain(q.texts[k]); isNumber && err != nil {
		return p.t.at(q.first[k], q.j, err)
	}
	return p.t.at(q.first[k], q.j, fmt.Errorf("%s is not %s%s, as most cells of the column are; if it means a missing value say so (--missing), or give the type (--types %s)",
		short(q.texts[k]), what, like, short(name+"=categorical")))
}

// oddMark returns an error for the first number that is inconsistent with those before it.
func (p *planner) oddMark(q *plan) error {
	mark := byte(p.t.dialect.Decimal)
	for k := range q.texts {
		if c := formatOf(q.texts[:k+1], q.scan.plain, mark, p.want, p.t.dialect.Comma); !c.ok && len(c.units) == 0 {
			return p.t.at(q.first[k], q.j, fmt.Errorf("%s is inconsistent with the numbers before it: their decimal marks or thousands separators differ; give the decimal mark (--decimal) or the type (--types %s)",
				short(q.texts[k]), short(p.t.names[q.j]+"=categorical")))
		}
	}
	return nil
}

// numeric plans a column of numbers.
func (p *planner) numeric(q *plan) error {
	mark := byte(p.t.dialect.Decimal)
	plain := q.scan.plain
	numbers := formatOf(q.texts, plain, mark, p.want, p.t.dialect.Comma)
	switch {
	case len(q.texts) == 0:
		p.regroup(q)
	case !numbers.ok && len(numbers.units) == 0 || !numbers.ok && q.forced:
		return p.notNumber(q)
	default:
		q.number = numbers.format
		if numbers.doubtful {
			p.doubt(q)
		}
		if numbers.bare {
			p.warn(q.first[0], q.j, "some cells have the unit %q and some have none; all are read as the same unit", q.number.Suffix)
		}
	}
	if mark == ',' && q.number.Decimal == "" && len(q.texts) == 0 && q.number.Thousands == "" {
		q.number.Decimal = ","
	}
	return p.finite(q)
}

// regroup reads plain numbers such as 1.137 as thousands if the file is known to use the
// other decimal mark.
func (p *planner) regroup(q *plan) {
	mark := byte(p.t.dialect.Decimal)
	if p.want == 0 || p.want == mark || q.scan.plain.decimals&^1 == 0 {
		return
	}
	if !q.scan.plain.fits(convention{p.want, string(mark)}, mark) {
		p.warn(q.scan.firstPlain, q.j, "its decimal mark is %q although that of other columns is %q", mark, p.want)
		return
	}
	q.number.Thousands = string(mark)
	if p.want == ',' {
		q.number.Decimal = ","
	}
	p.warn(q.scan.firstPlain, q.j, "%q marks thousands, as the decimal mark of other columns is %q", mark, p.want)
}

func (p *planner) doubt(q *plan) {
	k := slices.IndexFunc(q.texts, func(s string) bool { return strings.ContainsAny(s, ",.") })
	v, err := q.number.parse(q.texts[k])
	if err != nil {
		return
	}
	other := "a decimal comma"
	if q.number.Decimal == "," {
		other = "thousands"
	} else if strings.Contains(q.texts[k], ".") {
		other = "thousands with a decimal comma"
	}
	p.warn(q.first[k], q.j, "%s is read as %s; if its mark means %s, give the decimal mark (--decimal)", short(q.texts[k]), numberText(v), other)
}

// notNumber returns an error for the first cell that is not a number in a column of
// numbers.
func (p *planner) notNumber(q *plan) error {
	for k, text := range q.texts {
		c := formatOf(q.texts[:k+1], q.scan.plain, byte(p.t.dialect.Decimal), p.want, p.t.dialect.Comma)
		if c.ok {
			continue
		}
		_, isNumber, err := parsePlain(text)
		if !isNumber {
			err = fmt.Errorf("%s is not a number%s", short(text), NumberFormat{}.as())
		}
		if err == nil {
			err = fmt.Errorf("%s is inconsistent with the numbers before it", short(text))
		}
		return p.t.at(q.first[k], q.j, err)
	}
	return nil
}

// finite parses the texts, so that a number that is too large is reported with its
// location.
func (p *planner) finite(q *plan) error {
	for k, text := range q.texts {
		if _, err := q.number.parse(text); err != nil {
			return p.t.at(q.first[k], q.j, err)
		}
	}
	return nil
}

// times plans a column of times.
func (p *planner) times(q *plan) error {
	if q.layout == "" {
		c, ok := timesOf(q.texts)
		if !ok {
			return p.notTime(q)
		}
		q.layout = c.layout
	}
	for k, text := range q.texts {
		if _, err := parseTime(q.layout, text); err != nil {
			return p.t.at(q.first[k], q.j, err)
		}
	}
	if q.scan.plain.count > 0 {
		return p.t.at(q.scan.firstPlain, q.j, fmt.Errorf("%s is not a time as %s", short(q.scan.firstText), layoutName(q.layout)))
	}
	return nil
}

func (p *planner) notTime(q *plan) error {
	if len(q.texts) == 0 {
		return p.t.at(q.scan.firstPlain, q.j, fmt.Errorf("%s is not a time in a known layout; give one in the form of package time: time:20060102", short(q.scan.firstText)))
	}
	for k := range q.texts {
		if _, ok := timesOf(q.texts[:k+1]); !ok {
			return p.t.at(q.first[k], q.j, fmt.Errorf("%s is not a time, or not in the layout of those before it", short(q.texts[k])))
		}
	}
	return nil
}

// order chooses between day first and month first where both fit, following the other
// columns of the file, and warns about it.
func (p *planner) order(q *plan) {
	if q.kind != DateTime || q.forced || q.role == roleOut {
		return
	}
	c, _ := timesOf(q.texts)
	switch {
	case twoDigitYears(q.layout):
		p.warn(q.first[0], q.j, "years of two digits are read as 1969 to 2068")
	}
	if c.other == "" {
		return
	}
	how := "slashes are taken for the American order"
	if dayFirst(c.layout) {
		how = "points and hyphens are taken for the day first"
	}
	for i := range p.plans {
		o := &p.plans[i]
		if o.kind != DateTime || i == q.j {
			continue
		}
		d, ok := timesOf(o.texts)
		if ok && d.other == "" && (dayFirst(d.layout) || monthFirst(d.layout)) {
			if dayFirst(d.layout) != dayFirst(c.layout) {
				c.layout, c.other = c.other, c.layout
			}
			how = "as column " + cutText(p.t.names[i]) + " has it"
		}
	}
	q.layout = c.layout
	p.warn(q.first[0], q.j, "every date fits %s and %s: read as %s (%s); otherwise give the type %q", layoutName(c.layout), layoutName(c.other), layoutName(c.layout), how, "time:"+c.other)
}

// leaveOut leaves a column out of the set.
func (p *planner) leaveOut(q *plan, why string) {
	if q.role == roleFeature {
		q.role = roleOut
	}
	q.why = why
}
