package data_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// manyRows is a file of more blocks than one, with what ReadRows warns of in several of them.
func manyRows(rows int) string {
	var b strings.Builder
	b.WriteString("id,size,colour,since,price\n")
	for i := range rows {
		size, colour, price := fmt.Sprint(i%100), []string{"red", "green", "blue"}[i%3], fmt.Sprint(i)
		switch {
		case i%9973 == 9000:
			size = "250"
		case i%7919 == 5:
			size = ""
		}
		if i%5001 == 77 {
			colour = fmt.Sprint("odd", i%4)
		}
		if i == rows-3 {
			price = ""
		}
		fmt.Fprintf(&b, "n%d,%s,%s,2024-01-%02d,%s\n", i, size, colour, 1+i%28, price)
	}
	return b.String()
}

// TestScanRows: rows that come in parts are those of ReadRows, with its report.
func TestScanRows(t *testing.T) {
	train, _, err := data.CSV{ID: []string{"id"}}.Read(strings.NewReader(manyRows(100)[:len("id,size,colour,since,price\n")]+"a,1,red,2024-01-01,5\nb,99,green,2024-01-28,7\nc,0,blue,2024-01-02,9\n"), "train.csv")
	if err != nil {
		t.Fatal(err)
	}
	text := manyRows(90_000)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	for name, given := range map[string]string{"plain": text, "gzip": packed.String(), "no target": strings.ReplaceAll(text, "price", "cost"), "one part": manyRows(100)} {
		for _, how := range []data.CSV{{ID: []string{"id"}}, {KeepAll: true}} {
			want, report, err := how.ReadRows(strings.NewReader(given), "new.csv", train.Schema())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var values []float64
			texts := make([][]string, len(want.Texts))
			parts := 0
			found, err := how.ScanRows(strings.NewReader(given), "new.csv", train.Schema(), func(part *data.Set) error {
				v, _, err := part.Table()
				values = append(values, v...)
				for k, c := range part.Texts {
					texts[k] = append(texts[k], c.Cells...)
				}
				parts++
				return err
			})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			v, _, _ := want.Table()
			if fmt.Sprint(values) != fmt.Sprint(v) {
				t.Errorf("%s: other values", name)
			}
			for k, c := range want.Texts {
				if !slices.Equal(texts[k], c.Cells) {
					t.Errorf("%s: other texts of %s", name, c.Name)
				}
			}
			if !reflect.DeepEqual(found, report) {
				t.Errorf("%s: the report\n%v\nis not\n%v", name, found, report)
			}
			if (parts == 1) != (name == "one part") {
				t.Errorf("%s: %d parts", name, parts)
			}
		}
	}

	none := func(*data.Set) error { return nil }
	stop := errors.New("enough")
	for _, c := range []struct {
		name, text string
		f          func(*data.Set) error
		want       string
	}{
		{"no rows", "id,size,colour,since,price\n", none, "a header without rows"},
		{"a column is missing", "id,size,since,price\na,1,2024-01-01,5\n", none, "colour"},
		{"a cell that is no number", strings.Replace(text, "n80000,0,", "n80000,zero,", 1), none, "row 80002, column size"},
		{"a target that is no number, and every row has one", strings.Replace(strings.Replace(text, ",2024-01-06,\n", ",2024-01-06,7\n", 1), "n7,7,green,2024-01-08,7", "n7,7,green,2024-01-08,seven", 1), none, "row 9, column price"},
		{"the function's error", text, func(*data.Set) error { return stop }, "enough"},
		{"no function", text, nil, "nothing to do"},
	} {
		_, err := data.CSV{ID: []string{"id"}}.ScanRows(strings.NewReader(c.text), "new.csv", train.Schema(), c.f)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}
