package data

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Interactions are rows that say that a user had something to do with an item, such as a purchase, with
// when and how much if that is known. A pair may occur more than once.
//
// Users and items are numbered in the order of their names, not of their rows, so that the number of an
// item, by which ties are decided, tells nothing of when or how often it occurs.
type Interactions struct {
	Name   string
	Source string    // origin and licence of the data
	Users  []string  // names by number
	Items  []string  // names by number
	User   []int     // the user of each row
	Item   []int     // the item of each row
	Time   []float64 // of each row, in any unit; nil: not known
	Weight []float64 // of each row, above 0; nil: all 1
}

// NewInteractions returns the rows of users and items by name. times and weights may be nil.
//
// It is an error if there are no rows, if columns differ in length, and with the row if a name is empty, a
// time not finite, or a weight not a finite number above 0.
func NewInteractions(name string, users, items []string, times, weights []float64) (*Interactions, error) {
	if len(users) == 0 {
		return nil, ErrEmpty
	}
	if len(items) != len(users) {
		return nil, fmt.Errorf("data: %s: %d users and %d items", name, len(users), len(items))
	}
	for what, cells := range map[string][]string{"user": users, "item": items} {
		if i := slices.Index(cells, ""); i >= 0 {
			return nil, &RowError{Row: i, Err: fmt.Errorf("data: %s: row %d: the %s is empty", name, i, what)}
		}
	}
	x := &Interactions{Name: name, Time: slices.Clone(times), Weight: slices.Clone(weights)}
	x.User, x.Users = nameNumbers(users)
	x.Item, x.Items = nameNumbers(items)
	return x, x.check()
}

// nameNumbers numbers names in their order.
func nameNumbers(cells []string) (numbers []int, names []string) {
	at := map[string]int{}
	for _, c := range cells {
		if _, ok := at[c]; !ok {
			at[c] = 0
			names = append(names, c)
		}
	}
	slices.Sort(names)
	for i, n := range names {
		at[n] = i
	}
	numbers = make([]int, len(cells))
	for i, c := range cells {
		numbers[i] = at[c]
	}
	return numbers, names
}

// InteractionColumns names the columns of a table of interactions.
type InteractionColumns struct {
	User, Item string
	Time       string // "": none
	Weight     string // "": none
}

// Read returns the interactions of a set whose columns are kept as text: see CSV.Types, and the like of
// JSONLines and Parquet. Times are numbers in any unit, or dates and times in one of the layouts that
// a table is read with; such are taken as seconds since 1970-01-01 UTC.
//
// It is an error if a column is not there or not of texts, if a number or a time cannot be read, with its
// row, and as in [NewInteractions].
func (c InteractionColumns) Read(s *Set) (*Interactions, error) {
	if s.Len() == 0 {
		return nil, ErrEmpty
	}
	column := func(what, name string) ([]string, error) {
		i := slices.IndexFunc(s.Texts, func(t TextColumn) bool { return t.Name == name })
		if i < 0 || name == "" {
			return nil, fmt.Errorf("data: %s: there is no column %q of texts for the %s", s.Name, name, what)
		}
		return s.Texts[i].Cells, nil
	}
	users, err := column("users", c.User)
	if err != nil {
		return nil, err
	}
	items, err := column("items", c.Item)
	if err != nil {
		return nil, err
	}
	var times, weights []float64
	if c.Time != "" {
		cells, err := column("times", c.Time)
		if err != nil {
			return nil, err
		}
		if times, err = timesOrNumbers(s.Name, c.Time, cells); err != nil {
			return nil, err
		}
	}
	if c.Weight != "" {
		cells, err := column("weights", c.Weight)
		if err != nil {
			return nil, err
		}
		if weights, err = finiteNumbers(s.Name, c.Weight, cells); err != nil {
			return nil, err
		}
	}
	x, err := NewInteractions(s.Name, users, items, times, weights)
	if err == nil {
		x.Source = s.Source
	}
	return x, err
}

// finiteNumbers reads cells as numbers.
func finiteNumbers(set, column string, cells []string) ([]float64, error) {
	out := make([]float64, len(cells))
	for i, cell := range cells {
		v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
		if err != nil || math.IsNaN(v-v) {
			return nil, &RowError{Row: i, Err: fmt.Errorf("data: %s: row %d: %s: %s is not a finite number", set, i, column, short(cell))}
		}
		out[i] = v
	}
	return out, nil
}

// timesOrNumbers reads cells that are all numbers, or all times of one layout.
func timesOrNumbers(set, column string, cells []string) ([]float64, error) {
	numbers, err := finiteNumbers(set, column, cells)
	if err == nil {
		return numbers, nil
	}
	if _, e := finiteNumbers(set, column, cells[:1]); e == nil {
		return nil, err // the first is a number
	}
	fit := layoutsOf(cells[0], nil)
	for i, cell := range cells {
		if fit = layoutsOf(cell, fit); len(fit) == 0 {
			return nil, &RowError{Row: i, Err: fmt.Errorf("data: %s: row %d: %s: %s is neither a number nor a time, or is written otherwise than those before it", set, i, column, short(cell))}
		}
	}
	c, _ := timesOf(cells)
	if c.other != "" {
		return nil, fmt.Errorf("data: %s: %s: the times can be read as %s and as %s: write them as YYYY-MM-DD", set, column, layoutName(c.layout), layoutName(c.other))
	}
	out := make([]float64, len(cells))
	for i, cell := range cells {
		if out[i], err = parseTime(c.layout, cell); err != nil {
			return nil, &RowError{Row: i, Err: fmt.Errorf("data: %s: row %d: %s: %w", set, i, column, err)}
		}
	}
	return out, nil
}

// mostNames bounds the numbers of users and of items, so that they and their products with a few
// fit where a 32-bit int does.
const mostNames = 1 << 27

// check returns what is wrong with interactions whose fields anyone may set.
func (x *Interactions) check() error {
	if x.Len() == 0 {
		return ErrEmpty
	}
	fail := func(format string, args ...any) error {
		return fmt.Errorf("data: interactions: %s: "+format, append([]any{x.Name}, args...)...)
	}
	if len(x.Item) != len(x.User) || x.Time != nil && len(x.Time) != len(x.User) || x.Weight != nil && len(x.Weight) != len(x.User) {
		return fail("%d users, %d items, %d times and %d weights: want as many, or no times and weights", len(x.User), len(x.Item), len(x.Time), len(x.Weight))
	}
	if len(x.Users) > mostNames || len(x.Items) > mostNames {
		return fail("%d users and %d items: want at most %d", len(x.Users), len(x.Items), mostNames)
	}
	for i, u := range x.User {
		switch v := x.Item[i]; {
		case u < 0 || u >= len(x.Users) || v < 0 || v >= len(x.Items):
			return &RowError{Row: i, Err: fail("row %d: user %d of %d, item %d of %d", i, u, len(x.Users), v, len(x.Items))}
		case x.Time != nil && math.IsNaN(x.Time[i]-x.Time[i]):
			return &RowError{Row: i, Err: fail("row %d: the time is %v", i, x.Time[i])}
		case x.Weight != nil && (!(x.Weight[i] > 0) || math.IsInf(x.Weight[i], 0)):
			return &RowError{Row: i, Err: fail("row %d: a weight of %v: want a finite number above 0", i, x.Weight[i])}
		}
	}
	return nil
}

// Len returns the number of rows.
func (x *Interactions) Len() int {
	if x == nil {
		return 0
	}
	return len(x.User)
}

// take returns some rows, with the same users and items.
func (x *Interactions) take(rows []int) *Interactions {
	out := &Interactions{Name: x.Name, Source: x.Source, Users: x.Users, Items: x.Items}
	for _, i := range rows {
		out.User, out.Item = append(out.User, x.User[i]), append(out.Item, x.Item[i])
		if x.Time != nil {
			out.Time = append(out.Time, x.Time[i])
		}
		if x.Weight != nil {
			out.Weight = append(out.Weight, x.Weight[i])
		}
	}
	return out
}

// InteractionCounts says how much there is of interactions.
type InteractionCounts struct {
	Rows         int
	Pairs        int // different pairs of a user and an item
	Users, Items int // that occur
}

// String says it in words.
func (c InteractionCounts) String() string {
	s := fmt.Sprintf("%d pairs of %d users and %d items", c.Pairs, c.Users, c.Items)
	if c.Users > 0 && c.Items > 0 {
		s += fmt.Sprintf(" (%.3g%% of all)", 100*float64(c.Pairs)/(float64(c.Users)*float64(c.Items)))
	}
	if d := c.Rows - c.Pairs; d > 0 {
		s += fmt.Sprintf("; %d rows repeat a pair", d)
	}
	return s
}

// Counts counts rows, pairs, users and items.
func (x *Interactions) Counts() (InteractionCounts, error) {
	h, err := x.Histories()
	if err != nil {
		return InteractionCounts{}, err
	}
	c := InteractionCounts{Rows: x.Len(), Pairs: len(h.Item)}
	items := make([]bool, len(x.Items))
	for u := range x.Users {
		if h.Start[u] < h.Start[u+1] {
			c.Users++
		}
	}
	for _, v := range h.Item {
		if !items[v] {
			items[v] = true
			c.Items++
		}
	}
	return c, nil
}

// CoreReport says what Core has left out.
type CoreReport struct {
	Rounds       int // until nothing more was left out
	Rows         int // left out
	Users, Items int // left out
}

// Core leaves out users with fewer than the given number of different items and items with fewer than the
// given number of different users, again and again until none is left of either: the k-core. Users and
// items that stay are numbered anew, in the same order. A number of 0 or 1 leaves out none that occurs.
//
// A score on a core is that of a task without rare users and items, which is easier: say so beside it.
// It is an error if a number is below 0 or if nothing stays.
func (x *Interactions) Core(users, items int) (*Interactions, CoreReport, error) {
	if users < 0 || items < 0 {
		return nil, CoreReport{}, fmt.Errorf("data: core: users of %d items and items of %d users: want at least 0", users, items)
	}
	h, err := x.Histories()
	if err != nil {
		return nil, CoreReport{}, err
	}
	ofUser, ofItem := make([]int, len(x.Users)), make([]int, len(x.Items))
	for u := range x.Users {
		for _, v := range h.Item[h.Start[u]:h.Start[u+1]] {
			ofUser[u]++
			ofItem[v]++
		}
	}
	stays := func(u, v int) bool { return ofUser[u] >= max(1, users) && ofItem[v] >= max(1, items) }
	var r CoreReport
	left := make([]bool, len(h.Item))
	for again := true; again; {
		again = false
		r.Rounds++
		var gone [][2]int
		for u := range x.Users {
			for k := h.Start[u]; k < h.Start[u+1]; k++ {
				if v := h.Item[k]; !left[k] && !stays(u, v) {
					left[k], again = true, true
					gone = append(gone, [2]int{u, v})
				}
			}
		}
		for _, pair := range gone {
			ofUser[pair[0]]--
			ofItem[pair[1]]--
		}
	}
	var rows []int
	for i, u := range x.User {
		if stays(u, x.Item[i]) {
			rows = append(rows, i)
		}
	}
	if len(rows) == 0 {
		return nil, r, fmt.Errorf("data: %s: nothing is left of users with at least %d items and items with at least %d users", x.Name, users, items)
	}
	out := x.take(rows)
	usersBefore, itemsBefore := occurring(x.User, len(x.Users)), occurring(x.Item, len(x.Items))
	out.User, out.Users = renumbered(out.User, x.Users)
	out.Item, out.Items = renumbered(out.Item, x.Items)
	r.Rows, r.Users, r.Items = x.Len()-out.Len(), usersBefore-len(out.Users), itemsBefore-len(out.Items)
	return out, r, nil
}

// occurring counts the different numbers.
func occurring(numbers []int, of int) (n int) {
	seen := make([]bool, of)
	for _, i := range numbers {
		if !seen[i] {
			seen[i] = true
			n++
		}
	}
	return n
}

// renumbered numbers what occurs anew.
func renumbered(numbers []int, names []string) (out []int, kept []string) {
	seen := make([]bool, len(names))
	for _, i := range numbers {
		seen[i] = true
	}
	to := make([]int, len(names))
	for i, name := range names {
		if seen[i] {
			to[i] = len(kept)
			kept = append(kept, name)
		}
	}
	out = make([]int, len(numbers))
	for k, i := range numbers {
		out[k] = to[i]
	}
	return out, kept
}

// Histories are the different items of each user, in compressed rows: those of user u are
// Item[Start[u]:Start[u+1]], in the order of their first time, or of their first row where times are equal or not
// known. Weight has their weights, summed over the rows of the pair.
type Histories struct {
	Items  int       // of the catalogue
	Start  []int     // one per user, and the end
	Item   []int     // one per pair
	Weight []float64 // one per pair
}

// Histories returns the items of each user.
func (x *Interactions) Histories() (*Histories, error) {
	if err := x.check(); err != nil {
		return nil, err
	}
	rows := make([]int, x.Len())
	for i := range rows {
		rows[i] = i
	}
	slices.SortStableFunc(rows, x.before)
	h := &Histories{Items: len(x.Items), Start: make([]int, len(x.Users)+1)}
	at := map[int]int{} // item to its place in the history of the user
	for k, i := range rows {
		if k == 0 || x.User[rows[k-1]] != x.User[i] {
			clear(at)
		}
		w := 1.0
		if x.Weight != nil {
			w = x.Weight[i]
		}
		if place, ok := at[x.Item[i]]; ok {
			h.Weight[place] += w
			continue
		}
		at[x.Item[i]] = len(h.Item)
		h.Item, h.Weight = append(h.Item, x.Item[i]), append(h.Weight, w)
		h.Start[x.User[i]+1]++
	}
	for u := range x.Users {
		h.Start[u+1] += h.Start[u]
	}
	return h, nil
}

// before orders rows by user and time.
func (x *Interactions) before(i, j int) int {
	if d := x.User[i] - x.User[j]; d != 0 || x.Time == nil {
		return d
	}
	switch {
	case x.Time[i] < x.Time[j]:
		return -1
	case x.Time[i] > x.Time[j]:
		return 1
	}
	return 0
}

// Users returns the number of users.
func (h *Histories) Users() int {
	if h == nil {
		return 0
	}
	return max(0, len(h.Start)-1)
}

// Of returns the items of a user and their weights, without copying; nothing of a user that is not there.
func (h *Histories) Of(user int) (items []int, weights []float64) {
	if user < 0 || user >= h.Users() || h.Start[user] < 0 || h.Start[user] > h.Start[user+1] || h.Start[user+1] > min(len(h.Item), len(h.Weight)) {
		return nil, nil
	}
	return h.Item[h.Start[user]:h.Start[user+1]], h.Weight[h.Start[user]:h.Start[user+1]]
}

// Check returns what is wrong with histories, which may be of anyone's making: rows that do not begin where
// others end, items beyond the catalogue or twice in one row, weights that are not finite numbers above 0.
func (h *Histories) Check() error {
	if h == nil || h.Users() == 0 {
		return errors.New("data: histories of no users")
	}
	if h.Items < 1 || h.Items > mostNames || len(h.Start) > mostNames || len(h.Weight) != len(h.Item) || h.Start[0] != 0 || h.Start[len(h.Start)-1] != len(h.Item) {
		return fmt.Errorf("data: histories of %d users and %d items: %d pairs from %d to %d, %d weights", h.Users(), h.Items, len(h.Item), h.Start[0], h.Start[len(h.Start)-1], len(h.Weight))
	}
	last := map[int]int{}
	for u := range h.Users() {
		if h.Start[u] > h.Start[u+1] || h.Start[u+1] > len(h.Item) {
			return fmt.Errorf("data: histories: user %d: pairs from %d to %d of %d", u, h.Start[u], h.Start[u+1], len(h.Item))
		}
		for k := h.Start[u]; k < h.Start[u+1]; k++ {
			v, w := h.Item[k], h.Weight[k]
			if seen, ok := last[v]; v < 0 || v >= h.Items || ok && seen == u || !(w > 0) || math.IsInf(w, 0) {
				return fmt.Errorf("data: histories: user %d: item %d of %d with a weight of %v: want different items, and weights above 0", u, v, h.Items, w)
			}
			last[v] = u
		}
	}
	return nil
}

// Transpose returns the users of each item, in ascending order: the rows are items, what Item holds are users.
func (h *Histories) Transpose() (*Histories, error) {
	if err := h.Check(); err != nil {
		return nil, err
	}
	t := &Histories{Items: h.Users(), Start: make([]int, h.Items+1), Item: make([]int, len(h.Item)), Weight: make([]float64, len(h.Item))}
	for _, v := range h.Item {
		t.Start[v+1]++
	}
	for v := range h.Items {
		t.Start[v+1] += t.Start[v]
	}
	at := slices.Clone(t.Start)
	for u := range h.Users() {
		for k := h.Start[u]; k < h.Start[u+1]; k++ {
			v := h.Item[k]
			t.Item[at[v]], t.Weight[at[v]] = u, h.Weight[k]
			at[v]++
		}
	}
	return t, nil
}
