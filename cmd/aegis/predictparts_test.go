package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
)

// TestPredictInParts: the predictions of a file that is read in parts are those of all its rows
// in memory, and a file of predictions is there whole or not at all.
func TestPredictInParts(t *testing.T) {
	t.Chdir(t.TempDir())
	line := func(i int) string { return fmt.Sprintf("%d,%g,%s", i, float64(i*13%100)/10, []string{"a", "b"}[i%2]) }
	write(t, "train.csv", rows("number,marker,kind,state", 200, func(i int) string {
		return line(i) + "," + map[bool]string{true: "ill", false: "well"}[i*13%100 > 50]
	}))
	if _, status, code := aegis(t, "train", "--data", "train.csv", "--recipe", "mlp", "--hidden", "4", "--epochs", "2", "--report", ""); code != 0 {
		t.Fatal(status)
	}
	const n = 60_000
	text := rows("number,marker,kind", n, line)
	write(t, "new.csv", text)
	m, err := models.Load("model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	set, report, err := data.CSV{KeepAll: true}.ReadRowsFile("new.csv", data.Schema{Features: m.Info.Features})
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.PredictRows(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	w := csv.NewWriter(&want)
	_ = w.Write([]string{"number", "marker", "kind", "state", "P(ill)", "P(well)"})
	for i := range n {
		record := []string{set.Texts[0].Cells[i], set.Texts[1].Cells[i], set.Texts[2].Cells[i], m.Info.Classes[p.Labels[i]]}
		_ = w.Write(append(record, shortest(p.Proba[2*i]), shortest(p.Proba[2*i+1])))
	}
	w.Flush()
	out, status, code := aegis(t, "predict", "--data", "new.csv", "--keep-columns")
	if code != 0 || out != want.String() {
		t.Errorf("exit code %d: %d bytes, want %d", code, len(out), want.Len())
	}
	if len(report.Warnings) != 1 || !strings.Contains(status, report.Warnings[0].String()) {
		t.Errorf("%q does not say %v", status, report.Warnings)
	}
	if _, _, code := aegis(t, "predict", "--data", "new.csv", "--keep-columns", "--output", "out.csv"); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if b, err := os.ReadFile("out.csv"); err != nil || string(b) != want.String() {
		t.Errorf("the file has %d bytes, want %d: %v", len(b), want.Len(), err)
	}

	write(t, "bad.csv", strings.Replace(text, "59999,", "number,", 1))
	if _, status, code := aegis(t, "predict", "--data", "bad.csv", "--output", "out.csv"); code != 1 || !strings.Contains(status, "row 60001, column number") {
		t.Errorf("exit code %d: %s", code, status)
	}
	if b, err := os.ReadFile("out.csv"); err != nil || string(b) != want.String() {
		t.Errorf("an error in the last row changes the file: %d bytes, %v", len(b), err)
	}
}
