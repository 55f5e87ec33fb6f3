package data

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/tensor"
)

// Rows returns a set of the chosen rows, in that order, in memory of its own. A
// row may be chosen more than once.
func (s *Set) Rows(index []int) (*Set, error) {
	out := &Set{}
	if err := s.load(index, out); err != nil {
		return nil, err
	}
	return out, nil
}

// Without returns the set without its targets: what a model is given to predict.
func (s *Set) Without() *Set {
	if s == nil {
		return &Set{}
	}
	out := *s
	out.Targets = nil
	return &out
}

// ClassCounts returns the number of rows of every class.
func (s *Set) ClassCounts() ([]int, error) {
	labels, err := s.Labels()
	if err != nil {
		return nil, err
	}
	counts := make([]int, len(s.Classes))
	for i, l := range labels {
		if l < 0 || l >= len(counts) {
			return nil, fmt.Errorf("data: %s: row %d: class %d is not in [0, %d)", s.Name, i, l, len(counts))
		}
		counts[l]++
	}
	return counts, nil
}

// Validate checks that all parts of the set have as many rows, that labels are
// in range, that weights are not negative and not all 0, and that every number
// is finite but for NaN in a table, which stands for a missing value. The error
// names row and column.
func (s *Set) Validate() error {
	n := s.Len()
	if n == 0 || len(s.Inputs) == 0 {
		return ErrEmpty
	}
	if len(s.Features) > 0 {
		if shape := s.Inputs[0].Shape(); len(shape) != 2 || shape[1] != len(s.Features) {
			return fmt.Errorf("data: %s: %d features for an input of shape %v", s.Name, len(s.Features), shape)
		}
	}
	for k, t := range s.Inputs {
		if err := s.validate(t, n, fmt.Sprintf("input %d", k), len(s.Features) > 0 && k == 0); err != nil {
			return err
		}
	}
	for k, t := range s.Targets {
		if err := s.validate(t, n, fmt.Sprintf("target %d", k), false); err != nil {
			return err
		}
	}
	if s.Classes != nil && len(s.Targets) > 0 {
		if _, err := s.ClassCounts(); err != nil {
			return err
		}
	}
	if err := s.validateWeights(n); err != nil {
		return err
	}
	if s.Groups != nil && len(s.Groups) != n {
		return fmt.Errorf("data: %s: %d groups for %d rows", s.Name, len(s.Groups), n)
	}
	for _, c := range s.Texts {
		if len(c.Cells) != n {
			return s.textRows(c)
		}
	}
	return nil
}

func (s *Set) textRows(c TextColumn) error {
	return fmt.Errorf("data: %s: text column %s has %d cells for %d rows", s.Name, c.Name, len(c.Cells), s.Len())
}

func (s *Set) validateWeights(n int) error {
	if s.Weights == nil {
		return nil
	}
	if len(s.Weights) != n {
		return fmt.Errorf("data: %s: %d weights for %d rows", s.Name, len(s.Weights), n)
	}
	sum := 0.0
	for i, w := range s.Weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("data: %s: row %d: weight %v", s.Name, i, w)
		}
		sum += w
	}
	if sum == 0 {
		return fmt.Errorf("data: %s: all weights are 0", s.Name)
	}
	return nil
}

func (s *Set) validate(t *tensor.Dense, n int, what string, table bool) error {
	if t == nil || len(t.Shape()) == 0 {
		return fmt.Errorf("data: %s: %s has no rows", s.Name, what)
	}
	if rows := t.Shape()[0]; rows != n {
		return fmt.Errorf("data: %s: %s has %d rows, the first input has %d", s.Name, what, rows, n)
	}
	width := t.Shape().TotalSize() / n
	bad := func(i int, v float64) error {
		if table {
			return &RowError{i / width, fmt.Errorf("data: %s: row %d, column %s: %v is not finite", s.Name, i/width, s.Features[i%width].Name, v)}
		}
		return &RowError{i / width, fmt.Errorf("data: %s: %s, row %d, value %d: %v is not finite", s.Name, what, i/width, i%width, v)}
	}
	switch d := dense(t).Data().(type) {
	case []float64:
		at := len(d) // the first value that is not finite
		for i, v := range d {
			if v-v != 0 && (v == v || !table) { // of infinities and NaN the difference is NaN
				at = i
				break
			}
		}
		if table {
			if err := s.validateLevels(d[:at], width); err != nil {
				return err
			}
		}
		if at < len(d) {
			return bad(at, d[at])
		}
	case []float32:
		for i, v := range d {
			if math.IsInf(float64(v), 0) || v != v {
				return bad(i, float64(v))
			}
		}
	case []int:
	default:
		return fmt.Errorf("data: %s: %s has values of type %v, want float64, float32 or int", s.Name, what, t.Dtype())
	}
	return nil
}

// validateLevels checks the codes of all levels.
func (s *Set) validateLevels(d []float64, width int) error {
	first := len(d)
	for k := range s.Features {
		if s.Features[k].Levels == nil {
			continue
		}
		most := float64(len(s.Features[k].Levels))
		for i := k; i < first; i += width {
			if v := d[i]; v == v && (v != math.Trunc(v) || v < -1 || v >= most) {
				first = i
			}
		}
	}
	if first == len(d) {
		return nil
	}
	return s.validateLevel(first, width, d[first])
}

// validateLevel checks the code of a level; -1 is one that was not there in training.
func (s *Set) validateLevel(i, width int, v float64) error {
	f := s.Features[i%width]
	if !math.IsNaN(v) && (v != math.Trunc(v) || v < -1 || v >= float64(len(f.Levels))) {
		return &RowError{i / width, fmt.Errorf("data: %s: row %d, column %s: %v is no code of its %d levels", s.Name, i/width, f.Name, v, len(f.Levels))}
	}
	return nil
}

// Split divides the rows at random: fraction of them, at least one, go to the
// second set. Of a classification every class is divided so. Rows of one group,
// if the set has Groups, stay together, and the shares are met as far as whole
// groups can; one group alone cannot be split. The order of rows is kept. The
// same seed gives the same split.
func (s *Set) Split(fraction float64, seed uint64) (rest, part *Set, err error) {
	a, b, err := s.SplitRows(fraction, seed)
	if err != nil {
		return nil, nil, err
	}
	if rest, err = s.Rows(a); err != nil {
		return nil, nil, err
	}
	part, err = s.Rows(b)
	return rest, part, err
}

// SplitRows returns the row numbers of the two sets that Split makes.
func (s *Set) SplitRows(fraction float64, seed uint64) (rest, part []int, err error) {
	if s == nil {
		return nil, nil, ErrEmpty
	}
	n := s.Len()
	if n < 2 {
		return nil, nil, fmt.Errorf("data: %s: %d rows cannot be split", s.Name, n)
	}
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, fmt.Errorf("data: %s: fraction %v is not in (0, 1)", s.Name, fraction)
	}
	if s.Groups != nil && len(s.Groups) != n {
		return nil, nil, fmt.Errorf("data: %s: %d groups for %d rows", s.Name, len(s.Groups), n)
	}
	strata, err := s.strata()
	if err != nil {
		return nil, nil, err
	}
	r := rand.New(rand.NewPCG(seed, 0x5b117))
	var chosen []bool
	if s.Groups == nil {
		chosen = choose(strata, fraction, n, r)
	} else if chosen, err = chooseGroups(s.Groups, strata, fraction, r); err != nil {
		return nil, nil, fmt.Errorf("data: %s: %w", s.Name, err)
	}
	for i := range n {
		if chosen[i] {
			part = append(part, i)
		} else {
			rest = append(rest, i)
		}
	}
	return rest, part, nil
}

// strata returns the rows of every class, of a regression all rows.
func (s *Set) strata() ([][]int, error) {
	if s.Classes == nil || len(s.Targets) == 0 {
		all := make([]int, s.Len())
		for i := range all {
			all[i] = i
		}
		return [][]int{all}, nil
	}
	labels, err := s.Labels()
	if err != nil {
		return nil, err
	}
	if _, err := s.ClassCounts(); err != nil {
		return nil, err
	}
	out := make([][]int, len(s.Classes))
	for i, l := range labels {
		out[l] = append(out[l], i)
	}
	return out, nil
}

// chooseGroups marks the rows of the part, group by group in random order: a
// group is taken if that brings the part closer to its share of every stratum.
func chooseGroups(groups []int, strata [][]int, fraction float64, r *rand.Rand) ([]bool, error) {
	n := len(groups)
	of := map[int][]int{} // rows by group
	var order []int
	for i, g := range groups {
		if of[g] == nil {
			order = append(order, g)
		}
		of[g] = append(of[g], i)
	}
	if len(order) < 2 {
		return nil, errors.New("all rows are of one group, which cannot be split")
	}
	stratum := make([]int, n)
	missing := make([]float64, len(strata)) // rows that the part still lacks
	for k, rows := range strata {
		missing[k] = fraction * float64(len(rows))
		for _, i := range rows {
			stratum[i] = k
		}
	}
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	counts := make([]float64, len(strata))
	gain := func(g int) float64 { // by how much the squared distance to the shares falls
		clear(counts)
		for _, i := range of[g] {
			counts[stratum[i]]++
		}
		sum := 0.0
		for k, c := range counts {
			sum += c * (2*missing[k] - c) / float64(max(1, len(strata[k])))
		}
		return sum
	}
	chosen := make([]bool, n)
	taken := 0
	take := func(g int) {
		taken++
		for _, i := range of[g] {
			chosen[i] = true
			missing[stratum[i]]--
		}
	}
	for _, g := range order {
		if taken < len(order)-1 && gain(g) > 0 {
			take(g)
		}
	}
	if taken == 0 { // every group is larger than the part: the one that is least so
		take(slices.MaxFunc(order, func(a, b int) int { return cmp.Compare(gain(a), gain(b)) }))
	}
	return chosen, nil
}

// choose marks the rows of the part: of every stratum its share, what is left
// over by rounding going to the strata with the largest remainders.
func choose(strata [][]int, fraction float64, n int, r *rand.Rand) []bool {
	total := min(max(int(math.Round(fraction*float64(n))), 1), n-1)
	counts := make([]int, len(strata))
	order := make([]int, len(strata))
	left := total
	for k, rows := range strata {
		counts[k] = int(fraction * float64(len(rows)))
		left -= counts[k]
		order[k] = k
	}
	remainder := func(k int) float64 { return fraction*float64(len(strata[k])) - float64(counts[k]) }
	slices.SortStableFunc(order, func(a, b int) int {
		switch ra, rb := remainder(a), remainder(b); {
		case ra > rb:
			return -1
		case ra < rb:
			return 1
		}
		return 0
	})
	for i := 0; left > 0; i++ {
		if k := order[i%len(order)]; counts[k] < len(strata[k]) {
			counts[k]++
			left--
		}
	}
	chosen := make([]bool, n)
	for k, rows := range strata {
		perm := r.Perm(len(rows))
		for _, p := range perm[:counts[k]] {
			chosen[rows[p]] = true
		}
	}
	return chosen
}

// FromRows makes a table with real targets; columns are named x0, x1, ...
func FromRows(name string, x [][]float64, y []float64) (*Set, error) {
	s, err := fromRows(name, x)
	if err != nil {
		return nil, err
	}
	if len(y) == 0 {
		return nil, fmt.Errorf("data: %s: no targets", name)
	}
	s.Target = "y"
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(y)), tensor.WithBacking(slices.Clone(y)))}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return s, nil
}

// FromLabels makes a table with class targets; labels are indices into classes,
// columns are named x0, x1, ...
func FromLabels(name string, x [][]float64, labels []int, classes []string) (*Set, error) {
	s, err := fromRows(name, x)
	if err != nil {
		return nil, err
	}
	if len(classes) == 0 {
		return nil, fmt.Errorf("data: %s: no class names", name)
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("data: %s: no labels", name)
	}
	s.Target, s.Classes = "class", classes
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(slices.Clone(labels)))}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return s, nil
}

func fromRows(name string, x [][]float64) (*Set, error) {
	if len(x) == 0 {
		return nil, ErrEmpty
	}
	features := make([]Feature, len(x[0]))
	for i := range features {
		features[i].Name = fmt.Sprint("x", i)
	}
	return NewTable(name, features, x)
}

// RowError is an error about a row of a set. Its text names the row; who has given
// a part of a set away finds here which one it is, to tell the row of the whole.
type RowError struct {
	Row int // from 0
	Err error
}

// Error returns the text of the cause.
func (e *RowError) Error() string {
	if e == nil || e.Err == nil {
		return "data: a row is wrong"
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *RowError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}
