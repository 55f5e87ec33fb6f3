package corpus

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/text"
)

// Removed says what Distinct has left out.
type Removed struct {
	Column  string
	Rows    []int // in the set, ascending
	Like    []int // for each, the row that stays in its place
	Classes int   // how many of them have another class than that row; 0 without classes
}

// String says it in a sentence.
func (r Removed) String() string {
	if len(r.Rows) == 0 || len(r.Like) != len(r.Rows) {
		return fmt.Sprintf("no row is a near-duplicate of another by its %s", r.Column)
	}
	s := fmt.Sprintf("%d rows are left out, as their %s is nearly that of an earlier row", len(r.Rows), r.Column)
	if len(r.Like) > 0 {
		s += fmt.Sprintf(", the first of them row %d, like row %d", r.Rows[0]+1, r.Like[0]+1)
	}
	if r.Classes > 0 {
		s += fmt.Sprintf("; %d of them have another class", r.Classes)
	}
	return s
}

// Distinct leaves out rows whose text is nearly that of an earlier row (see text.Duplicates), as
// they would be in training and test rows alike and make a model seem better than it is. The
// column "" is the only one of texts.
func Distinct(s *data.Set, column string, by text.Duplicates) (*data.Set, Removed, error) {
	if s.Len() == 0 {
		return nil, Removed{}, data.ErrEmpty
	}
	at, err := columnOf(s, column)
	if err != nil {
		return nil, Removed{}, err
	}
	r := Removed{Column: s.Texts[at].Name}
	first, err := by.Find(s.Texts[at].Cells)
	if err != nil {
		return nil, r, fmt.Errorf("corpus: %w", err)
	}
	labels, _ := s.Labels()
	var kept []int
	for i, j := range first {
		if i == j {
			kept = append(kept, i)
			continue
		}
		r.Rows, r.Like = append(r.Rows, i), append(r.Like, j)
		if s.Classes != nil && labels != nil && labels[i] != labels[j] {
			r.Classes++
		}
	}
	out, err := s.Rows(kept)
	return out, r, err
}
