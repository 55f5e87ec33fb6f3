package ops

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Size is a size that may depend on the batch N: PerRow·N + Fixed.
type Size struct{ PerRow, Fixed int }

// At returns the size at a batch, −1 if that is beyond the range of int.
func (s Size) At(batch int) int {
	n := int64(s.PerRow)*int64(batch) + int64(s.Fixed)
	if n != int64(int(n)) {
		return -1
	}
	return int(n)
}

// String returns a text such as "10", "N" or "3N-1".
func (s Size) String() string {
	if s.PerRow == 0 {
		return strconv.Itoa(s.Fixed)
	}
	text := strconv.Itoa(s.PerRow) + "N"
	if s.PerRow == 1 {
		text = "N"
	}
	if s.Fixed != 0 {
		text += fmt.Sprintf("%+d", s.Fixed)
	}
	return text
}

// MarshalJSON writes a number, or a text such as "3N-1".
func (s Size) MarshalJSON() ([]byte, error) {
	if s.PerRow == 0 {
		return json.Marshal(s.Fixed)
	}
	return json.Marshal(s.String())
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Size) UnmarshalJSON(text []byte) error {
	if s == nil {
		return errors.New("ops: a nil Size")
	}
	if len(text) > 1 && text[0] == '"' {
		return s.UnmarshalText(text[1 : len(text)-1])
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || !bounded(n) {
		return fmt.Errorf("ops: %.40s is no size", text)
	}
	*s = Size{Fixed: n}
	return nil
}

// UnmarshalText reads what String returns.
func (s *Size) UnmarshalText(text []byte) error {
	if s == nil {
		return errors.New("ops: a nil Size")
	}
	var err error
	per, rest, follows := strings.Cut(string(text), "N")
	switch {
	case !follows:
		s.PerRow = 0
		s.Fixed, err = strconv.Atoi(per)
	case per == "":
		s.PerRow, s.Fixed = 1, 0
	default:
		s.Fixed = 0
		s.PerRow, err = strconv.Atoi(per)
	}
	if rest != "" && err == nil {
		s.Fixed, err = strconv.Atoi(rest)
	}
	if err != nil || !bounded(s.PerRow) || !bounded(s.Fixed) {
		return fmt.Errorf("ops: %.40q is no size", text)
	}
	return nil
}

// bounded reports whether a part of a size is small enough that At does not overflow.
func bounded(n int) bool { return n > -1<<31 && n <= 1<<31-1 }
