package data_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// mails is a table of texts and labels: quoted line ends, an empty text, a text that looks like a
// missing value, one that looks like a number, and a repeated row.
const mails = `subject,kind
"Light, and how it bends",book
"two
lines",note
,note
NA,note
12,book
12,book
other,
`

var mailSubjects = []string{"Light, and how it bends", "two\nlines", "", "NA", "12", "12"}

func readMails(t *testing.T) (*data.Set, *data.Report) {
	t.Helper()
	s, r, err := data.CSV{Target: "kind", Types: map[string]data.ColumnType{"subject": data.Text}}.Read(strings.NewReader(mails), "mails.csv")
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

// TestTextsAlone: a file of texts and labels is a set without a table, in memory and in parts.
func TestTextsAlone(t *testing.T) {
	s, r := readMails(t)
	check := func(s *data.Set) {
		t.Helper()
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		labels, err := s.Labels()
		if err != nil || s.Len() != 6 || len(s.Inputs) > 0 || len(s.Texts) != 1 || s.Texts[0].Name != "subject" ||
			!slices.Equal(s.Texts[0].Cells, mailSubjects) || !slices.Equal(labels, []int{0, 1, 1, 1, 0, 0}) {
			t.Errorf("%d rows, texts %q, labels %v, %v", s.Len(), s.Texts, labels, err)
		}
	}
	check(s)
	if r.Duplicates != 1 || r.NoTarget != 1 || !strings.Contains(r.Summary(), "1 of texts") {
		t.Errorf("%d duplicates, %d without a target, %s", r.Duplicates, r.NoTarget, r.Summary())
	}
	path := filepath.Join(t.TempDir(), "mails.csv")
	if err := os.WriteFile(path, []byte(mails), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := data.CSV{Target: "kind", Types: map[string]data.ColumnType{"subject": data.Text}}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := data.Collect(f)
	if err != nil {
		t.Fatal(err)
	}
	check(rows)
	if d := f.Report().Duplicates; d != 1 {
		t.Errorf("%d duplicates", d)
	}
	one, err := data.Fingerprint(s)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := data.Fingerprint(f); err != nil || other != one {
		t.Errorf("the file's fingerprint is not that of the set: %v", err)
	}
	answers, err := data.Answers(f)
	if err != nil || answers.Len() != 6 {
		t.Errorf("%d answers, %v", answers.Len(), err)
	}
	part, err := data.Collect(data.View(data.Blind(f), []int{5, 1}))
	if err != nil || part.Len() != 2 || part.Texts[0].Cells[1] != "two\nlines" || len(part.Targets) > 0 {
		t.Errorf("a view: %v, %v", part, err)
	}
}

// TestTextsAgain: a set of texts is written and read back, and rows to predict are read by its
// schema.
func TestTextsAgain(t *testing.T) {
	s, _ := readMails(t)
	var b bytes.Buffer
	if err := data.WriteCSV(&b, s); err != nil {
		t.Fatal(err)
	}
	schema := s.Schema()
	again, report, err := data.CSV{Schema: &schema}.Read(bytes.NewReader(b.Bytes()), "again.csv")
	if err != nil || !slices.Equal(again.Texts[0].Cells, mailSubjects) || len(report.Columns) != 2 {
		t.Fatalf("read again: %v, %v", again, err)
	}
	to, _, err := data.CSV{}.ReadRows(strings.NewReader("other,subject\n1,a ray\n2,\"a, b\"\n"), "rows.csv", schema)
	if err != nil || to.Len() != 2 || len(to.Inputs) > 0 || !slices.Equal(to.Texts[0].Cells, []string{"a ray", "a, b"}) {
		t.Fatalf("rows to predict: %v, %v", to, err)
	}
	if _, _, err := (data.CSV{}).ReadRows(strings.NewReader("other\n1\n"), "rows.csv", schema); err == nil || !strings.Contains(err.Error(), "subject") {
		t.Errorf("without the column: %v", err)
	}
}

// TestIdentifiersAreNoInput: a table whose only other column is an identifier has nothing to learn
// from.
func TestIdentifiersAreNoInput(t *testing.T) {
	_, _, err := data.CSV{Target: "kind", ID: []string{"subject"}}.Read(strings.NewReader(mails), "mails.csv")
	if err == nil || !strings.Contains(err.Error(), "no columns") {
		t.Errorf("error %v", err)
	}
}
