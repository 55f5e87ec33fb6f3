package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// patients is a table with an identifier, a group, a weight, an empty column and
// two numbers, of which the second decides the class.
func patients(i int) string {
	return fmt.Sprintf("p%03d,%d,%g,,%d,%s,%s", i, i/4, 0.5+float64(i%3), 20+i*7%50, strconv.FormatFloat(float64(i*13%100)/10, 'f', 1, 64), map[bool]string{true: "ill", false: "well"}[i*13%100 > 50])
}

const patientsHead = "patient,family,weight,empty,age,marker,state"

func TestInspect(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "p.csv", rows(patientsHead, 80, patients))
	flags := []string{"inspect", "--data", "p.csv", "--id", "patient", "--group", "family", "--weight", "weight", "--positive", "ill"}
	out, status, code := aegis(t, flags...)
	if code != 0 || status != "" {
		t.Fatalf("exit code %d: %s", code, status)
	}
	for _, line := range []string{
		"p: 80 rows, 7 columns",
		"file: UTF-8, separated by commas, header",
		"target: state, to classify (its cells are texts)",
		"patient  text ", "text: an identifier, as asked for",
		"family   text ", "group: rows of one group stay together",
		"weight   numeric ", "weight: weight of each row",
		"empty    -            80 (100%)", "left out: every cell is missing",
		"age      numeric      -          50        20 to 69                feature",
		"column marker: thresholds on it alone predict the target almost perfectly (100.0% of the rows)",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("the report does not say %q:\n%s", line, out)
		}
	}
	out, _, code = aegis(t, append(flags, "--json")...)
	var r struct {
		Rows    int
		Task    string
		Dialect data.Dialect
		Columns []data.ColumnReport
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Rows != 80 || r.Task != "classify" || r.Dialect.Comma != ',' || len(r.Columns) != 7 || r.Columns[4].Name != "age" || *r.Columns[4].High != 69 {
		t.Errorf("%v: %+v from %s", err, r, out)
	}
	if out, _, code = aegis(t, append(flags, "--html")...); code != 0 || !strings.Contains(out, "<td>age</td><td>numeric</td>") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if out, _, code = aegis(t, "inspect", "--dataset", "iris"); code != 0 || !strings.Contains(out, "iris: 150 rows") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if out, _, code = aegis(t, "inspect", "--data", "p.csv", "--no-target"); code != 0 || strings.Contains(out, "target:") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// TestReadingFlags runs the whole way, from a packed file without a header to
// predictions that keep the identifiers.
func TestReadingFlags(t *testing.T) {
	t.Chdir(t.TempDir())
	text := strings.ReplaceAll(strings.ReplaceAll(rows("", 80, patients)[1:], ",", "\t"), "\t\t", "\t-\t")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	write(t, "p.tsv.gz", b.String())
	out, status, code := aegis(t, "train", "--data", "p.tsv.gz", "--no-header", "--target", "7", "--id", "1", "--group", "2", "--weight", "3", "--types", "5=numeric", "--positive", "ill", "--epochs", "40", "--report", "")
	if code != 0 {
		t.Fatalf("exit code %d: %s%s", code, out, status)
	}
	for _, part := range []string{"separated by tabs, no header", "gzip", "column 4: left out (every cell is missing)", "column 1: kept beside the table (an identifier, as asked for)"} {
		if !strings.Contains(status, part) {
			t.Errorf("it is not said that %q:\n%s", part, status)
		}
	}
	write(t, "new.csv", "4;7;6;1;5;more\n-;ill;99,5;\"a;1\";33;x\n-;well;1,5;b2;34;y\n")
	if _, status, code = aegis(t, "predict", "--data", "new.csv", "--id", "1"); code != 1 || !strings.Contains(status, `new.csv: row 2, column 6: "99,5" is not a number`) {
		t.Errorf("exit code %d: %s", code, status)
	}
	write(t, "new.csv", "4;7;6;1;5;more\n-;ill;99.5;\"a;1\";33;x\n-;well;1.5;b2;34;y\n")
	out, status, code = aegis(t, "predict", "--data", "new.csv", "--id", "1")
	lines := strings.Split(out, "\n")
	if code != 0 || lines[0] != "1,7,P(well),P(ill)" || !strings.HasPrefix(lines[1], "a;1,ill,") || !strings.HasPrefix(lines[2], "b2,well,") || len(lines) != 4 {
		t.Errorf("exit code %d: %s%s", code, status, out)
	}
	if want := "  row 2, column 6: 1 row is beyond the range of training, 0 to 9.9, the first with 99.5\n"; status != want {
		t.Errorf("warnings %q, want %q", status, want)
	}
	if out, _, _ = aegis(t, "predict", "--data", "new.csv", "--keep-columns", "--quiet"); !strings.HasPrefix(out, "4,7,6,1,5,more,predicted 7,P(well),P(ill)\n-,ill,99.5,a;1,33,x,ill,") {
		t.Errorf("with its columns: %s", out)
	}
	var p, sum float64
	for i, cell := range strings.Split(lines[1], ",")[2:] {
		v, err := strconv.ParseFloat(cell, 64)
		if err != nil || strconv.FormatFloat(v, 'f', -1, 64) != cell && !strings.Contains(cell, "e") {
			t.Errorf("probability %d is %s: %v", i, cell, err)
		}
		p, sum = v, sum+v
	}
	if math.Abs(sum-1) > 1e-6 || p < 0.5 {
		t.Errorf("the probabilities sum to %v", sum)
	}
}

func TestFault04Shortest(t *testing.T) {
	for v, want := range map[float64]string{1600000000: "1600000000", 1600000000.25: "1600000000.25", 0.1: "0.1", 1e-7: "1e-07", -0.00012: "-0.00012", 1e21: "1e+21", 123456789012345680: "123456789012345680", 0: "0"} {
		if got := shortest(v); got != want {
			t.Errorf("%v is written as %s, want %s", v, got, want)
		}
	}
}

// TestGroupsStayTogether has a target that follows from the group of a row: with
// groups kept whole, no model can know it of a test row.
func TestGroupsStayTogether(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "p.csv", rows(patientsHead, 80, patients))
	out, status, code := aegis(t, "crossval", "--data", "p.csv", "--id", "patient", "--group", "family", "--drop", "weight,empty", "--epochs", "3", "--folds", "4", "--repeats", "1", "--report", "", "--json", "r.json", "--quiet")
	if code != 0 {
		t.Fatalf("exit code %d: %s%s", code, out, status)
	}
	raw, err := os.ReadFile("r.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Result struct {
			Splits []struct{ Test []int } `json:"splits"`
		} `json:"result"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Result.Splits) != 4 {
		t.Fatalf("%d splits: %.300s", len(d.Result.Splits), raw)
	}
	all := 0
	for k, s := range d.Result.Splits {
		in := map[int]int{}
		for _, row := range s.Test {
			in[row/4]++
			all++
		}
		for family, n := range in {
			if n != 4 {
				t.Errorf("fold %d tests %d of the 4 rows of family %d", k, n, family)
			}
		}
	}
	if all != 80 {
		t.Errorf("%d rows were tested, want 80", all)
	}
}

// TestStandardInput reads rows to predict, and a table, from standard input.
func TestStandardInput(t *testing.T) {
	t.Chdir(t.TempDir())
	root := inspectCommand()
	var out bytes.Buffer
	root.SetIn(strings.NewReader(rows("a;y", 30, func(i int) string { return fmt.Sprintf("%d,5;%c", i%7, 'u'+i%2) })))
	root.SetOut(&out)
	root.SetArgs([]string{"--data", "-"})
	if err := root.Execute(); err != nil || !strings.Contains(out.String(), "standard input: 30 rows, 2 columns") || !strings.Contains(out.String(), "decimal comma") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
