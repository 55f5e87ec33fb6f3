package check_test

import (
	"testing"

	"github.com/seed732fc211/aegis/internal/check"
)

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		labels            []int
		perRow, low, high int
		want              string
	}{
		{nil, 1, 0, 2, "<nil>"}, {[]int{0, 1, 2}, 1, 0, 3, "<nil>"}, {[]int{0, 2}, 1, 0, 2, "row 1: class 2 is not in [0, 2)"},
		{[]int{0, -1, 1}, 1, 0, 2, "row 1: class -1 is not in [0, 2)"}, {[]int{0, -1, 1, 5}, 2, -1, 2, "row 1: class 5 is not in [-1, 2)"},
	} {
		text := "<nil>"
		if err := check.Labels(c.labels, c.perRow, c.low, c.high); err != nil {
			text = err.Error()
		}
		if text != c.want {
			t.Errorf("%+v: %s", c, text)
		}
	}
	if check.Classes([]int{0, 1}, 2) != nil || check.Classes([]int{2}, 2) == nil {
		t.Error("classes")
	}
}
