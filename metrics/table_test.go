package metrics_test

import (
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/metrics"
)

func TestConfusionTable(t *testing.T) {
	c, err := metrics.NewConfusionTable([]int{0, 0, 0, 1, 1}, []int{0, 0, 1, 1, 1}, []string{"a<b", "c", "never"})
	if err != nil {
		t.Fatal(err)
	}
	h := c.HTML()
	for _, want := range []string{
		"<th>a&lt;b</th>",
		`<td style="text-align:right;background:rgba(0,114,178,0.40)">2</td><td style="text-align:right;background:rgba(213,94,0,0.20)">1</td>`,
		`<td style="text-align:right">0.667</td><td style="text-align:right">1.000</td>`, // of class a<b
		`<td style="text-align:right">1.000</td><td style="text-align:right">0.667</td>`, // of class c
	} {
		if !strings.Contains(h, want) {
			t.Errorf("the table lacks %q:\n%s", want, h)
		}
	}
	if lines := strings.Split(strings.TrimSpace(c.String()), "\n"); len(lines) != 4 || strings.Join(strings.Fields(lines[2]), " ") != "c 0 2 0 1.000 0.667" {
		t.Errorf("have\n%s", c)
	}
	if _, err := metrics.NewConfusionTable([]int{2}, []int{0}, []string{"a", "b"}); err == nil {
		t.Error("a class out of range is no error")
	}
}
