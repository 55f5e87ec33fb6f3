package rows

import "fmt"

// OneHot makes indicators of the columns of categories.
type OneHot struct{ Columns []OneHotColumn }

// OneHotColumn is what becomes of a column: the zero value leaves it as it is.
type OneHotColumn struct {
	Category bool   `json:",omitempty"`
	Name     string `json:",omitempty"` // of a category, for errors
	Levels   int    `json:",omitempty"`
	Slots    []int  `json:",omitempty"` // the indicator of each level; −1: none
	Own      int    `json:",omitempty"` // indicators of single levels
	Pools    int    `json:",omitempty"` // indicators of pooled levels, after those
	Missing  bool   `json:",omitempty"` // one more for a missing value
	Signed   bool   `json:",omitempty"` // one column of 1, −1 and 0 instead of all that
}

// MostBuckets is how many indicators pooled levels may have.
const MostBuckets = 1 << 16

func (c *OneHotColumn) width() int {
	switch {
	case !c.Category || c.Signed:
		return 1
	default:
		return c.Own + c.Pools + int(truth(c.Missing))
	}
}

// Width implements Transform.
func (t *OneHot) Width(in int) (int, error) {
	if err := lengths(in, len(t.Columns)); err != nil {
		return 0, err
	}
	out := 0
	for i := range t.Columns {
		c := &t.Columns[i]
		switch {
		case !c.Category && len(c.Slots) == 0, c.Category && c.Signed && c.Levels == 2:
		case !c.Category || c.Signed || len(c.Slots) != c.Levels || c.Own < 0 || c.Own > c.Levels || c.Pools < 0 || c.Pools > MostBuckets:
			return 0, fmt.Errorf("column %s: %d slots, %d own and %d pooled indicators for %d levels", c.Name, len(c.Slots), c.Own, c.Pools, c.Levels)
		}
		for _, s := range c.Slots {
			if s < -1 || s >= c.Own+c.Pools {
				return 0, fmt.Errorf("column %s: indicator %d of %d", c.Name, s, c.Own+c.Pools)
			}
		}
		out += c.width()
	}
	return out, nil
}

// Bind implements Transform.
func (t *OneHot) Bind(int) func(dst, src []float64) error {
	return func(dst, src []float64) error {
		for j, x := range src {
			c := &t.Columns[j]
			if !c.Category {
				dst[0] = x
				dst = dst[1:]
				continue
			}
			level, missing, err := code(c.Name, c.Levels, x)
			if err != nil {
				return err
			}
			w := c.width()
			clear(dst[:w])
			switch {
			case c.Signed:
				if level >= 0 {
					dst[0] = float64(1 - 2*level)
				}
			case missing && c.Missing:
				dst[w-1] = 1
			case level >= 0 && c.Slots[level] >= 0:
				dst[c.Slots[level]] = 1
			case level < 0 && !missing && c.Pools == 1:
				dst[c.Own] = 1
			}
			dst = dst[w:]
		}
		return nil
	}
}

// Codes gives levels numbers.
type Codes struct{ Columns []CodesColumn }

// CodesColumn is what becomes of a column: the zero value leaves it as it is.
type CodesColumn struct {
	Category bool   `json:",omitempty"`
	Name     string `json:",omitempty"` // of a category, for errors
	Numbers  []int  `json:",omitempty"` // of each level
	Known    int    `json:",omitempty"` // how many levels have a number of their own
}

// Width implements Transform.
func (t *Codes) Width(in int) (int, error) {
	for _, c := range t.Columns {
		if c.Known < 0 || c.Known > len(c.Numbers) {
			return 0, fmt.Errorf("column %s: %d known, for %d levels", c.Name, c.Known, len(c.Numbers))
		}
		for _, k := range c.Numbers {
			if k < 0 || k > c.Known {
				return 0, fmt.Errorf("column %s: number %d of %d", c.Name, k, c.Known)
			}
		}
	}
	return in, lengths(in, len(t.Columns))
}

// Bind implements Transform.
func (t *Codes) Bind(int) func(dst, src []float64) error {
	return func(dst, src []float64) error {
		for j, x := range src {
			if c := &t.Columns[j]; c.Category {
				level, missing, err := code(c.Name, len(c.Numbers), x)
				switch {
				case err != nil:
					return err
				case missing:
					x = float64(c.Known + 1)
				case level < 0:
					x = float64(c.Known)
				default:
					x = float64(c.Numbers[level])
				}
			}
			dst[j] = x
		}
		return nil
	}
}
