package data_test

import (
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

func TestDescribe(t *testing.T) {
	table, _ := read(t, data.CSV{Target: "y"}, "a,b,y\n1.5,<red>,no\n?,blue,yes\n3,blue,no\n")
	if got, want := table.String(), "f: 3 rows, float64 of shape (2); no 2, yes 1"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	for _, want := range []string{"<th>a</th>", "<td>1.5</td><td>&lt;red&gt;</td><td>no</td>", "<td>missing</td><td>blue</td><td>yes</td>"} {
		if !strings.Contains(table.HTML(), want) {
			t.Errorf("the table lacks %q:\n%s", want, table.HTML())
		}
	}
	moments, err := data.NewTable("n", []data.Feature{{Name: "when", Time: "2006-01-02"}, {Name: "c", Levels: []string{"u"}}}, [][]float64{{86400, -1}, {1e300, 0}})
	if err != nil {
		t.Fatal(err)
	}
	if h := moments.HTML(); !strings.Contains(h, "<td>1970-01-02</td><td>unknown</td>") || !strings.Contains(h, "<td>1e+300</td><td>u</td>") {
		t.Errorf("have %s", h)
	}
	wide, err := data.BreastCancer()
	if err != nil {
		t.Fatal(err)
	}
	if h := wide.HTML(); strings.Count(h, "<tr>") != 6 || !strings.Contains(h, "<th>18 more</th>") {
		t.Errorf("have %s", h)
	}
	numbers, err := data.Diabetes()
	if err != nil {
		t.Fatal(err)
	}
	if got := numbers.String(); !strings.Contains(got, "a regression of") {
		t.Errorf("String() = %q", got)
	}
	if got := numbers.Without().String(); !strings.HasSuffix(got, "no targets") {
		t.Errorf("String() = %q", got)
	}
}
