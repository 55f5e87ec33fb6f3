package data

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// String describes the format, such as `thousands "," prefix "$"`; it is empty for plain
// numbers.
func (f NumberFormat) String() string {
	var parts []string
	if f.Decimal == "," {
		parts = append(parts, "decimal comma")
	}
	if f.Thousands != "" {
		parts = append(parts, fmt.Sprintf("thousands %q", f.Thousands))
	}
	if f.Prefix != "" {
		parts = append(parts, fmt.Sprintf("prefix %q", f.Prefix))
	}
	if f.Suffix != "" {
		parts = append(parts, fmt.Sprintf("unit %q", f.Suffix))
	}
	return strings.Join(parts, ", ")
}

// decimal returns the decimal mark.
func (f NumberFormat) decimal() byte {
	if f.Decimal == "" {
		return '.'
	}
	return f.Decimal[0]
}

// check reports whether the format, which may come from a file, makes sense.
func (f NumberFormat) check() error {
	if f.Decimal != "" && f.Decimal != "." && f.Decimal != "," {
		return fmt.Errorf("decimal mark %s: want a point or a comma", short(f.Decimal))
	}
	if f.Thousands != "" && (!isGroupMark(f.Thousands) || f.Thousands[0] == f.decimal()) {
		return fmt.Errorf("thousands separator %s beside the decimal mark %q", short(f.Thousands), f.decimal())
	}
	return nil
}

// parse reads a cell in the format. Prefix and suffix may be missing.
func (f NumberFormat) parse(cell string) (float64, error) {
	p, ok := splitNumber(cell)
	if !ok || p.prefix != "" && p.prefix != f.Prefix || p.suffix != "" && p.suffix != f.Suffix {
		if _, isNumber, err := parsePlain(cell); isNumber && err != nil { // an infinite number
			return 0, err
		}
		return 0, fmt.Errorf("%s is not a number%s", short(cell), f.as())
	}
	core, ok := plainCore(p.core, f.decimal(), f.Thousands)
	if !ok {
		return 0, fmt.Errorf("%s is not a number%s", short(cell), f.as())
	}
	v, err := strconv.ParseFloat(core, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is too large for a float64", cutText(cell))
	}
	if p.negative {
		v = -v
	}
	return v, nil
}

func (f NumberFormat) as() string {
	if s := f.String(); s != "" {
		return " as the column has them (" + s + ")"
	}
	return ""
}

// numberParts is a cell that may be a number.
type numberParts struct {
	prefix, core, suffix string // core: digits, marks, an exponent
	negative             bool
}

// currencies are those not written as a Unicode currency symbol.
var currencies = []string{"USD", "EUR", "GBP", "CHF", "JPY", "CNY", "AUD", "CAD", "INR", "SEK", "NOK", "DKK", "US$", "R$", "A$", "C$", "kr", "Fr.", "Rs", "Rs.", "zł", "Kč"}

// units may follow a number without a space. Letters that also number seats, grades and
// houses are excluded.
var units = []string{"%", "‰", "°", "°C", "°F", "mi", "km", "m", "cm", "mm", "µm", "um", "nm", "in", "ft", "yd", "\"", "'", "kg", "g", "mg", "µg", "lb", "lbs", "oz",
	"ml", "mL", "cl", "gal", "h", "hr", "hrs", "min", "mins", "s", "sec", "ms", "mph", "km/h", "kmh", "m/s", "kt", "kts", "kW", "MW", "kWh", "kJ", "kcal", "cal",
	"Hz", "kHz", "MHz", "GHz", "kB", "KB", "MB", "GB", "TB", "px", "pt", "hp", "cc", "bp", "bps", "m2", "m²", "m3", "m³", "sqft", "km2", "km²", "ha", "yrs", "dB", "bar", "psi", "Pa", "hPa", "kPa"}

// splitNumber splits a cell into sign, currency, number and unit; parentheses mean a
// negative number, as in bookkeeping. ok reports whether it could be a number.
func splitNumber(cell string) (p numberParts, ok bool) {
	if len(cell) > 64 {
		return p, false
	}
	s := cell
	if n := len(s); n > 2 && s[0] == '(' && s[n-1] == ')' {
		p.negative = true
		s = s[1 : n-1]
	}
	s, p.negative = cutSign(s, p.negative)
	s, p.prefix = cutPrefix(s)
	if p.prefix != "" {
		s, p.negative = cutSign(s, p.negative)
	}
	end := coreEnd(s)
	p.core, p.suffix = s[:end], s[end:]
	if p.core == "" {
		return p, false
	}
	if p.suffix == "" {
		return p, true
	}
	unit := strings.TrimLeftFunc(p.suffix, unicode.IsSpace)
	spaced := unit != p.suffix
	p.suffix = unit
	return p, slices.Contains(units, unit) || isCurrency(unit) || spaced && isUnit(unit)
}

func cutSign(s string, negative bool) (string, bool) {
	for _, sign := range []string{"-", "−"} { // hyphen, minus sign
		if rest, ok := strings.CutPrefix(s, sign); ok {
			return strings.TrimLeftFunc(rest, unicode.IsSpace), !negative
		}
	}
	return strings.TrimPrefix(s, "+"), negative
}

func cutPrefix(s string) (rest, prefix string) {
	if s == "" || s[0] >= '0' && s[0] <= '9' || s[0] == '.' || s[0] == ',' {
		return s, ""
	}
	at := strings.IndexAny(s, "0123456789.,-−")
	if at <= 0 {
		return s, ""
	}
	// "Rs." and "Fr." end with a point.
	if s[at] == '.' && at+1 < len(s) && isCurrency(s[:at+1]) {
		at++
	}
	prefix = strings.TrimRightFunc(s[:at], unicode.IsSpace)
	if !isCurrency(prefix) {
		return s, ""
	}
	return strings.TrimLeftFunc(s[at:], unicode.IsSpace), prefix
}

func isCurrency(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n > 0 && n == len(s) && unicode.Is(unicode.Sc, r) || slices.Contains(currencies, s)
}

// isUnit reports whether a text after a number and a space may be a unit.
func isUnit(s string) bool {
	for i, r := range s {
		if i > 0 && (unicode.IsDigit(r) || r == '/' || r == ' ' || r == '.') {
			continue
		}
		if !unicode.IsLetter(r) && !strings.ContainsRune("%°µ²³$€£'\"", r) {
			return false
		}
	}
	return s != "" && len(s) <= 16
}

// groupMarks may separate groups of three digits.
var groupMarks = []string{",", ".", " ", "\u00a0", "\u202f", "\u2009", "'", "’"}

func isGroupMark(s string) bool { return slices.Contains(groupMarks, s) }

// coreEnd returns the end of the digits, the marks between them and an exponent.
func coreEnd(s string) int {
	end := 0
	for i := 0; i < len(s); {
		c := s[i]
		r, n := utf8.DecodeRuneInString(s[i:])
		digitNext := i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '9'
		switch {
		case c >= '0' && c <= '9':
			end = i + 1
		case (c == '.' || c == ',') && (digitNext || end == i): // "1." is a number too
			if !digitNext {
				return i + 1
			}
		case isGroupMark(string(r)) && end == i && digitNext:
		case (c == 'e' || c == 'E') && end == i && exponentEnd(s[i+1:]) > 0:
			return i + 1 + exponentEnd(s[i+1:])
		default:
			return end
		}
		i += n
	}
	return end
}

func exponentEnd(s string) int {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	start := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == start {
		return 0
	}
	return i
}

// plainCore returns a number's text with a decimal point and without thousands separators.
// ok reports whether the marks are in valid places.
func plainCore(core string, decimal byte, thousands string) (plain string, ok bool) {
	mantissa, exponent := core, ""
	if at := strings.IndexAny(core, "eE"); at >= 0 {
		mantissa, exponent = core[:at], core[at:]
	}
	whole, fraction := mantissa, ""
	at := strings.LastIndexByte(mantissa, decimal)
	if at >= 0 {
		whole, fraction = mantissa[:at], mantissa[at+1:]
	}
	if fraction != "" && !allDigits(fraction) || whole+fraction == "" {
		return "", false
	}
	if thousands != "" && strings.Contains(whole, thousands) {
		groups := strings.Split(whole, thousands)
		for i, g := range groups {
			if !allDigits(g) || i == 0 && (len(g) > 3 || g[0] == '0') || i > 0 && len(g) != 3 {
				return "", false
			}
		}
		whole = strings.Join(groups, "")
	}
	if whole != "" && !allDigits(whole) {
		return "", false
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return whole + exponent, true
}

// convention is a decimal mark and a thousands separator.
type convention struct {
	decimal   byte
	thousands string
}

// conventions are in the order in which they are tried, simplest first.
var conventions = func() []convention {
	list := []convention{{'.', ""}, {',', ""}, {'.', ","}, {',', "."}}
	for _, mark := range groupMarks[2:] {
		list = append(list, convention{'.', mark}, convention{',', mark})
	}
	return list
}()

// numberColumn describes how the numbers of a column are written, as inferred from its
// cells.
type numberColumn struct {
	ok       bool
	format   NumberFormat
	doubtful bool // 1,137 could be 1137 or 1.137; other evidence decided
	bare     bool // some cells have no unit
	units    []string
}

// plainNumbers summarises the cells of a column that are plain numbers with the file's
// decimal mark.
type plainNumbers struct {
	decimals uint32 // bit d: some have d decimals
	long     bool   // some have no text kept
	count    int
}

// formatOf finds a format in which all texts, as well as the column's plain numbers, can
// be read. mark is the decimal mark of plain numbers; want is the one that other columns
// of the file are unambiguous about, 0 if there is none.
func formatOf(texts []string, plain plainNumbers, mark, want byte, comma rune) numberColumn {
	var c numberColumn
	var cores []string
	prefixes, suffixes := map[string]bool{}, map[string]bool{}
	for _, text := range texts {
		p, ok := splitNumber(text)
		if !ok {
			return c
		}
		cores = append(cores, p.core)
		prefixes[p.prefix], suffixes[p.suffix] = true, true
	}
	if len(cores) == 0 {
		return c
	}
	var ok bool
	if c.format.Prefix, _, ok = single(prefixes); !ok {
		c.units = keys(prefixes)
		return c
	}
	var bare bool
	if c.format.Suffix, bare, ok = single(suffixes); !ok || bare && c.format.Suffix == "%" || plain.count > 0 && c.format.Suffix == "%" {
		c.units = keys(suffixes)
		return c
	}
	c.bare = c.format.Suffix != "" && (bare || plain.count > 0)
	return c.convene(cores, plain, mark, want, comma)
}

// single returns the only non-empty text of a set, and whether the set contains the empty
// text.
func single(set map[string]bool) (one string, empty, ok bool) {
	for s := range set {
		if s == "" {
			empty = true
		} else if one != "" {
			return "", false, false
		} else {
			one = s
		}
	}
	return one, empty, true
}

func keys(set map[string]bool) []string {
	var list []string
	for s := range set {
		if s != "" {
			list = append(list, s)
		}
	}
	slices.Sort(list)
	return list
}

// convene chooses the decimal mark and thousands separator.
func (c numberColumn) convene(cores []string, plain plainNumbers, mark, want byte, comma rune) numberColumn {
	var fit []convention
	decimals := map[byte]bool{}
	for _, v := range conventions {
		if v.thousands == string(v.decimal) || !plain.fits(v, mark) {
			continue
		}
		if !slices.ContainsFunc(cores, func(core string) bool { _, ok := plainCore(core, v.decimal, v.thousands); return !ok }) {
			fit = append(fit, v)
			decimals[v.decimal] = true
		}
	}
	if len(fit) == 0 {
		return c
	}
	// The simplest that fits and has the likelier decimal mark: the file's, if it is
	// known. Otherwise 1,137 means thousands, unless semicolons separate the cells.
	chosen := fit[0]
	marked := slices.ContainsFunc(cores, func(core string) bool { return strings.ContainsAny(core, ",.") })
	if len(decimals) == 2 && marked {
		c.doubtful = want == 0
		if want == 0 {
			want = '.'
			if comma == ';' {
				want = ','
			}
		}
		chosen = fit[slices.IndexFunc(fit, func(v convention) bool { return v.decimal == want })]
	} else if len(decimals) == 2 {
		if at := slices.IndexFunc(fit, func(v convention) bool { return v.decimal == mark }); at >= 0 {
			chosen = fit[at]
		}
	}
	c.ok = true
	if chosen.decimal == ',' {
		c.format.Decimal = ","
	}
	c.format.Thousands = chosen.thousands
	return c
}

// fits reports whether plain numbers with a decimal mark can be read in a convention.
func (p plainNumbers) fits(v convention, mark byte) bool {
	if v.decimal == mark || p.count == 0 {
		return true
	}
	if p.long || p.decimals&^(1|1<<3) != 0 { // numbers of decimals other than 0 and 3
		return false
	}
	return p.decimals&(1<<3) == 0 || v.thousands == string(mark)
}
