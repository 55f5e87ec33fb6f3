package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/plots"
)

// aegis runs the command in a folder of its own.
func aegis(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return aegisWith(context.Background(), t, args...)
}

func aegisWith(ctx context.Context, t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(ctx, args, &out, &err)
	return out.String(), err.String(), code
}

// quick makes a cross-validation short.
var quick = []string{"crossval", "--folds", "3", "--repeats", "1", "--epochs", "8"}

func TestCrossval(t *testing.T) {
	for _, c := range []struct {
		dataset, metric, linear string
		models                  int
	}{
		{"iris", "accuracy", "logistic regression", 9},
		{"diabetes", "RMSE", "linear regression", 10},
	} {
		t.Run(c.dataset, func(t *testing.T) {
			t.Chdir(t.TempDir())
			out, status, code := aegis(t, append(quick, "--dataset", c.dataset, "--json", "results.json")...)
			if code != 0 {
				t.Fatalf("exit code %d: %s", code, status)
			}
			for _, part := range []string{"model", c.metric, "95% interval", "net ", c.linear, "random forest", "Nadeau", "report: report.png"} {
				if !strings.Contains(out, part) {
					t.Errorf("the output does not say %q:\n%s", part, out)
				}
			}
			if !strings.Contains(status, "data: "+c.dataset) || !strings.Contains(status, fmt.Sprintf("/%d  ", 3*c.models)) {
				t.Errorf("status:\n%s", status)
			}
			f, err := os.Open("report.png")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if img, err := png.DecodeConfig(f); err != nil || img.Width < 1500 {
				t.Errorf("report: %v %v", img, err)
			}
			checkDocument(t, "results.json", 3*c.models)
		})
	}
}

func checkDocument(t *testing.T, path string, runs int) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var d readDocument
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	res, err := crossval.ReadResult(bytes.NewReader(d.Result))
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Runs) != runs || len(d.Comparisons) < 5 || d.Parameters["folds"] != "3" {
		t.Errorf("%d runs, %d comparisons, parameters %v", len(res.Runs), len(d.Comparisons), d.Parameters)
	}
}

// TestSameResults compares --json byte by byte, times aside, over numbers of
// processors and of fits in flight.
func TestSameResults(t *testing.T) {
	t.Chdir(t.TempDir())
	var first []byte
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2} {
		for _, workers := range []int{1, 4} {
			runtime.GOMAXPROCS(procs)
			_, status, code := aegis(t, append(quick, "--dataset", "wine", "--quiet", "--report", "", "--json", "r.json", "--workers", fmt.Sprint(workers))...)
			if code != 0 || status != "" {
				t.Fatalf("exit code %d: %s", code, status)
			}
			raw, err := os.ReadFile("r.json")
			if err != nil {
				t.Fatal(err)
			}
			at := bytes.Index(raw, []byte(`"timing"`))
			if at < 0 {
				t.Fatal("no times in the file")
			}
			if first == nil {
				first = raw[:at]
			}
			if !bytes.Equal(raw[:at], first) {
				t.Errorf("%d processors, %d workers: other bytes", procs, workers)
			}
		}
	}
}

func TestTrainPredictSummary(t *testing.T) {
	t.Chdir(t.TempDir())
	set, err := data.Wine()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := data.WriteCSV(&text, set); err != nil {
		t.Fatal(err)
	}
	write(t, "wine.csv", text.String())
	out, status, code := aegis(t, "train", "--data", "wine.csv", "--target", "cultivar", "--epochs", "60")
	if code != 0 || !strings.Contains(out, "trained parameters") || !strings.Contains(status, `target "cultivar": classify (its cells are texts)`) {
		t.Fatalf("exit code %d: %s%s", code, out, status)
	}
	for _, f := range []string{"model.safetensors", "training.png"} {
		if st, err := os.Stat(f); err != nil || st.Size() < 1000 {
			t.Errorf("%s: %v", f, err)
		}
	}
	out, status, code = aegis(t, "predict", "--data", "wine.csv")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != 179 || lines[0] != "cultivar,P(class_0),P(class_1),P(class_2)" {
		t.Fatalf("exit code %d: %s %s", code, lines[0], status)
	}
	right := 0
	labels, _ := set.Labels()
	for i, l := range lines[1:] {
		if strings.HasPrefix(l, set.Classes[labels[i]]+",") {
			right++
		}
	}
	if right < 170 {
		t.Errorf("%d of 178 rows predicted right", right)
	}
	if dash, _, code := aegis(t, "predict", "--data", "wine.csv", "--output", "-"); code != 0 || dash != out {
		t.Errorf("--output -: exit code %d, want what standard output gets without it", code)
	}
	if _, _, code = aegis(t, "predict", "--data", "wine.csv", "--output", "p.csv"); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if raw, err := os.ReadFile("p.csv"); err != nil || string(raw) != out {
		t.Errorf("--output differs: %v", err)
	}
	for _, format := range []string{"text", "html", "mermaid", "dot"} {
		if out, _, code := aegis(t, "summary", "--format", format); code != 0 || !strings.Contains(out, "0.Encode") {
			t.Errorf("summary as %s: %s", format, out)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// rows makes a CSV file of n rows from a function of the row.
func rows(header string, n int, row func(i int) string) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for i := range n {
		b.WriteString(row(i) + "\n")
	}
	return b.String()
}

func TestMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	good := func(i int) string { return fmt.Sprintf("%d,%d,%c", i*7%11, i*3%5, 'u'+i%2) }
	but := func(at int, row string) string {
		return rows("a,b,y", 40, func(i int) string {
			if i == at {
				return row
			}
			return good(i)
		})
	}
	for name, text := range map[string]string{
		"good.csv": but(-1, ""), "text.csv": but(6, "abc,1,u"), "inf.csv": but(6, "1,-Inf,u"), "ragged.csv": but(6, "1,2"),
		"empty.csv": "", "header.csv": "a,b,y\n", "one.csv": rows("a,b,y", 40, func(i int) string { return fmt.Sprintf("%d,%d,u", i, i*i) }),
		"few.csv": rows("a,b,y", 12, func(i int) string { return fmt.Sprintf("%d,%d,%c", i, i*i, "uv"[i%2]) }), "row.csv": "a,b,y\n1,2,u\n", "notarget.csv": rows("a,b,y", 40, func(i int) string { return fmt.Sprintf("%d,%d,", i, i*i) }),
	} {
		write(t, name, text)
	}
	if _, status, code := aegis(t, "train", "--data", "good.csv", "--epochs", "2", "--quiet"); code != 0 {
		t.Fatal(status)
	}
	raw, err := os.ReadFile("model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "half.safetensors", string(raw[:len(raw)/2]))
	write(t, "newer.safetensors", regexp.MustCompile(`,?"aegis.sha256":"[0-9a-f]{64}"`).ReplaceAllString(strings.Replace(string(raw), `"aegis.format":"4"`, `"aegis.format":"7"`, 1), strings.Repeat(" ", 82)))
	write(t, "damaged.safetensors", strings.Replace(string(raw), `"aegis.format":"4"`, `"aegis.format":"1"`, 1))
	before, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	cv := func(args ...string) []string {
		return append([]string{"crossval", "--epochs", "2", "--repeats", "1"}, args...)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no such column", cv("--data", "good.csv", "--target", "z"), 1, `good.csv: there is no column "z"; there are a, b, y`},
		{"text in a numeric column", cv("--data", "text.csv"), 1, `text.csv: row 8, column a: "abc" is not a number`},
		{"empty file", cv("--data", "empty.csv"), 1, "empty.csv: the file is empty"},
		{"header only", cv("--data", "header.csv"), 1, "header.csv: a header without rows"},
		{"one class", cv("--data", "one.csv"), 1, "one class only"},
		{"fewer rows of a class than folds", cv("--data", "few.csv"), 1, `class "u" has 6 rows, class "v" has 6 rows; take fewer folds`},
		{"Inf", cv("--data", "inf.csv"), 1, "inf.csv: row 8, column b: -Inf is not finite"},
		{"unwritable report", cv("--report", "/nowhere/r.png"), 1, "cannot write /nowhere/r.png"},
		{"unwritable results", cv("--json", "/nowhere/r.json"), 1, "cannot write /nowhere/r.json"},
		{"one row", cv("--data", "row.csv"), 1, "1 row"},
		{"ragged row", cv("--data", "ragged.csv"), 1, "ragged.csv: row 8: 2 cells, want 3"},
		{"target missing", cv("--data", "notarget.csv"), 1, "notarget.csv: column y: the target is missing in every row"},
		{"no such file", cv("--data", "nothing.csv"), 1, "nothing.csv: no such file"},
		{"half a model", []string{"predict", "--model", "half.safetensors", "--data", "good.csv"}, 1, "half.safetensors: safetensors: tensor"},
		{"newer model", []string{"summary", "--model", "newer.safetensors"}, 1, "newer.safetensors: format 7"},
		{"damaged model", []string{"summary", "--model", "damaged.safetensors"}, 1, "damaged.safetensors: safetensors: the checksum does not agree"},
		{"no model", []string{"summary", "--model", "good.csv"}, 1, "no safetensors file"},
		{"report of another kind", cv("--report", "r.txt"), 2, "--report r.txt"},
		{"unknown flag", cv("--bogus"), 2, "--bogus"},
		{"unknown command", []string{"frobnicate"}, 2, "frobnicate"},
		{"argument", cv("extra"), 2, "extra"},
		{"data set", cv("--dataset", "mnist"), 2, "iris, wine, breast-cancer, digits, diabetes"},
		{"type without a column", cv("--data", "good.csv", "--types", "numeric"), 2, "--types numeric: want COLUMN=TYPE"},
		{"no such type", cv("--data", "good.csv", "--types", "a=date"), 1, `column a: there is no type "date"`},
		{"no such column to drop", cv("--data", "good.csv", "--drop", "aa"), 1, `there is no column "aa"`},
		{"target dropped", cv("--data", "good.csv", "--drop", "y"), 1, "column y: it cannot be the target and left out at once"},
		{"delimiter", cv("--data", "good.csv", "--delimiter", "ab"), 2, "--delimiter ab"},
		{"decimal mark", cv("--data", "good.csv", "--decimal", ";"), 2, "--decimal ;"},
		{"gap without time", cv("--gap", "2"), 2, "--gap goes with --time"},
		{"negative gap", cv("--time", "a", "--gap", "-2"), 2, "--gap -2"},
		{"repeats of time", cv("--time", "a", "--repeats", "2"), 2, "--time and --repeats exclude each other"},
		{"no such time", cv("--data", "good.csv", "--target", "y", "--time", "day"), 1, `there is no column "day"`},
		{"a target twice", cv("--data", "good.csv", "--target", "y", "--target", "y"), 2, "--target y is given twice"},
		{"header and none", cv("--data", "good.csv", "--header", "--no-header"), 2, "exclude each other"},
		{"positive class", cv("--data", "good.csv", "--positive", "w"), 1, `the positive class "w" is not there; the classes are "u", "v"`},
		{"types of a data set", cv("--types", "a=text"), 2, "--types goes with --data"},
		{"wrong delimiter", cv("--data", "good.csv", "--delimiter", "|"), 1, "cells are taken to be separated by vertical bars"},
		{"inspect twice", []string{"inspect", "--json", "--html"}, 2, "exclude each other"},
		{"inspect nothing", []string{"inspect", "--data", "empty.csv"}, 1, "empty.csv: the file is empty"},
		{"both sources", cv("--dataset", "iris", "--data", "good.csv"), 2, "exclude each other"},
		{"task", cv("--data", "good.csv", "--task", "sing"), 2, "want one of classify, regress,"},
		{"regression on texts", cv("--data", "good.csv", "--task", "regress"), 1, `column y: "u" is not a number`},
		{"hidden", cv("--hidden", "3,x"), 2, `"x" is no number of units`},
		{"dropout", cv("--dropout", "1"), 2, "--dropout 1"},
		{"penalty", cv("--l2", "-1"), 2, "--l2 -1"},
		{"folds", cv("--folds", "1"), 2, "--folds 1"},
		{"no data", []string{"predict"}, 2, "--data"},
		{"format", []string{"summary", "--format", "xml"}, 2, "--format xml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, status, code := aegis(t, append(c.args, map[bool][]string{true: {"--quiet"}}[c.args[0] == "crossval"]...)...)
			if code != c.code || !strings.Contains(status, c.want) {
				t.Errorf("exit code %d, want %d; %q, want %q", code, c.code, status, c.want)
			}
			if strings.Count(status, "\n") != 1 || strings.Contains(status, "goroutine") || out != "" {
				t.Errorf("want one line:\n%s%s", out, status)
			}
		})
	}
	after, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	if hidden, _ := filepath.Glob(".*"); len(hidden) > 0 || len(after) != len(before) {
		t.Errorf("files were left behind: %v %v, were %v", after, hidden, before)
	}
}

// TestDevicesAndLinks: results go to a device as a stream, and through a link to
// its target.
func TestDevicesAndLinks(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Symlink("target", "probe"); err != nil {
		t.Skip("no symbolic links here")
	}
	write(t, "t.csv", rows("a,y", 30, func(i int) string { return fmt.Sprintf("%d,%c", i%7, 'u'+i%7/4) }))
	validate := []string{"crossval", "--data", "t.csv", "--folds", "2", "--repeats", "1", "--models", "majority", "--quiet", "--report", ""}
	fit := []string{"train", "--data", "t.csv", "--epochs", "2", "--quiet", "--report", ""}
	if _, status, code := aegis(t, fit...); code != 0 {
		t.Fatal(status)
	}
	for _, c := range []struct {
		name, flag, ext, begin string
		args                   []string
	}{
		{"results", "--json", ".json", "{", validate},
		{"page", "--report", ".html", "<!DOCTYPE html>", validate},
		{"model", "--model", ".safetensors", "", fit},
		{"page of the training", "--report", ".png", "\x89PNG", fit},
		{"predictions", "--output", ".csv", "y,P(u),P(v)\n", []string{"predict", "--data", "t.csv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			link, null, target := "link"+c.ext, "null"+c.ext, filepath.Join(t.TempDir(), "target")
			for name, to := range map[string]string{link: target, null: os.DevNull} {
				if err := os.Symlink(to, name); err != nil {
					t.Fatal(err)
				}
			}
			list := []string{link, link, null} // once there is no target, once there is
			if c.flag != "--report" {          // which wants a name with an ending
				list = append(list, os.DevNull)
			}
			for _, to := range list {
				if out, status, code := aegis(t, append(slices.Clip(c.args), c.flag, to)...); code != 0 {
					t.Fatalf("%s: exit code %d: %s%s", to, code, out, status)
				}
			}
			if st, err := os.Lstat(os.DevNull); err != nil || st.Mode().IsRegular() {
				t.Fatalf("%s has become a file", os.DevNull)
			}
			for _, name := range []string{link, null} {
				if st, err := os.Lstat(name); err != nil || st.Mode()&os.ModeSymlink == 0 {
					t.Errorf("%s has been replaced", name)
				}
			}
			if raw, err := os.ReadFile(target); err != nil || len(raw) < 100 || !bytes.HasPrefix(raw, []byte(c.begin)) {
				t.Errorf("the target of the link has %d bytes and begins with %.16q: %v", len(raw), raw, err)
			}
		})
	}
}

// TestModels: the list of names, a choice of them, a name that is not there.
func TestModels(t *testing.T) {
	t.Chdir(t.TempDir())
	out, _, code := aegis(t, "crossval", "--models", "list")
	if code != 0 || !strings.Contains(out, "realmlp") || !strings.Contains(out, "boosted trees") {
		t.Errorf("exit code %d: %s", code, out)
	}
	out, status, code := aegis(t, "crossval", "--dataset", "iris", "--folds", "2", "--repeats", "1", "--quiet", "--report", "", "--epochs", "5", "--models", "boosted trees,mlp, majority", "--metric", "MCC")
	if code != 0 || strings.Contains(out, "random forest") || !strings.Contains(out, "MCC of boosted trees against each other model") || strings.Count(out, "\nmlp ") != 1 {
		t.Errorf("exit code %d: %s%s", code, out, status)
	}
	for want, args := range map[string][]string{
		`there is no "tree"`:                 {"--models", "tree"},
		"--metric speed: want one of":        {"--metric", "speed"},
		"--time-limit -1s":                   {"--time-limit", "-1s"},
		"goes with --recipe mlp":             {"--recipe", "tabm", "--hidden", "3"},
		`no recipe "magic"`:                  {"--recipe", "magic"},
		"--costs 0,1: want as many columns":  {"--costs", "0,1"},
		"3 rows for the 2 classes":           {"--costs", "0,1,1;1,0,1;1,1,0"},
		"--decide speed":                     {"--decide", "speed"},
		"--class-weight equal":               {"--class-weight", "equal"},
		"do not go with --recipe auto":       {"--recipe", "auto", "--epochs", "3"},
		"--decide and --costs exclude":       {"--decide", "f1", "--costs", "0,1;1,0"},
		"--calibrate is for classifications": {"--dataset", "diabetes", "--calibrate", "isotonic"},
	} {
		if _, status, code := aegis(t, append([]string{"crossval", "--quiet"}, args...)...); code != 2 || !strings.Contains(status, want) {
			t.Errorf("%q: exit code %d, %s, want %q", args, code, status, want)
		}
	}
}

// TestTimeLimit: a model that takes too long is left out with its reason, and the
// others are shown; so is one that fails.
func TestTimeLimit(t *testing.T) {
	t.Chdir(t.TempDir())
	out, status, code := aegis(t, "crossval", "--dataset", "wine", "--folds", "2", "--repeats", "1", "--quiet", "--report", "r.png", "--models", "majority,realmlp", "--time-limit", "50ms")
	if code != 0 || !strings.Contains(out, "realmlp: not run: its fits took more than the 50ms") || !strings.Contains(out, "report: r.png") {
		t.Errorf("exit code %d: %s%s", code, out, status)
	}
}

// TestFailureKeepsTheOthers: a model that cannot predict a fold, here for a cell near
// the end of what a float64 holds, costs neither the others' results nor the files.
func TestFailureKeepsTheOthers(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "t.csv", rows("elev,x,y", 120, func(i int) string {
		elev := fmt.Sprint(i * 37 % 101)
		if i == 13 {
			elev = "-1.797e308"
		}
		return fmt.Sprintf("%s,%d,%s", elev, i%9, map[bool]string{true: "yes", false: "no"}[i%9 < 5])
	}))
	out, status, code := aegis(t, "crossval", "--data", "t.csv", "--folds", "5", "--repeats", "1", "--models", "majority,k-nearest neighbours", "--quiet", "--json", "r.json", "--report", "r.html")
	const reason = "a distance is too great for a float64"
	if code != 0 || !regexp.MustCompile(`(?m)^k-nearest neighbours( +-)+ +0 of 5 folds$`).MatchString(out) || !regexp.MustCompile(`(?m)^majority +0\.5`).MatchString(out) || !strings.Contains(out, reason) {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if !strings.HasPrefix(status, "aegis: warning: k-nearest neighbours ") || !strings.Contains(status, "is left out: ") || !strings.Contains(status, reason) || strings.Count(status, "\n") != 1 {
		t.Errorf("status %q", status)
	}
	if page, err := os.ReadFile("r.html"); err != nil || !strings.Contains(string(page), reason) {
		t.Errorf("the page does not say it: %v", err)
	}
	var d readDocument
	if raw, err := os.ReadFile("r.json"); err != nil || json.Unmarshal(raw, &d) != nil {
		t.Fatalf("the results cannot be read: %v", err)
	}
	res, err := crossval.ReadResult(bytes.NewReader(d.Result))
	if err != nil || len(res.Runs) != 5 || len(res.Failed) != 1 || res.Failed[0].Candidate != "k-nearest neighbours" {
		t.Errorf("results %+v (%v), want the 5 runs of the other", res, err)
	}
}

// TestLabelsAsTheyStand: integers that are labels are written as in the file.
func TestLabelsAsTheyStand(t *testing.T) {
	t.Chdir(t.TempDir())
	codes := []string{"1234567", "20230101", "1000000"}
	write(t, "codes.csv", rows("a,b,code", 63, func(i int) string { return fmt.Sprintf("%d,%d,%s", i%9, i%3, codes[i/3%3]) }))
	if out, status, code := aegis(t, "train", "--data", "codes.csv", "--epochs", "5", "--quiet", "--report", ""); code != 0 {
		t.Fatalf("exit code %d: %s%s", code, out, status)
	}
	out, status, code := aegis(t, "predict", "--data", "codes.csv")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != 64 || lines[0] != "code,P(1000000),P(1234567),P(20230101)" {
		t.Fatalf("exit code %d: %s\n%s", code, lines[0], status)
	}
	for _, l := range lines[1:] {
		if label, _, _ := strings.Cut(l, ","); !slices.Contains(codes, label) {
			t.Fatalf("the label %q is not in the file", label)
		}
	}
	if out, status, code := aegis(t, "crossval", "--data", "codes.csv", "--folds", "3", "--repeats", "1", "--models", "majority", "--quiet", "--report", "r.html"); code != 0 {
		t.Fatalf("exit code %d: %s%s", code, out, status)
	}
	page, err := os.ReadFile("r.html")
	if err != nil || bytes.Contains(page, []byte("e+06")) || bytes.Contains(page, []byte("e+07")) {
		t.Errorf("labels have an exponent on the page (%v)", err)
	}
	for _, label := range codes {
		if !bytes.Contains(page, []byte(label)) {
			t.Errorf("%s is not on the page", label)
		}
	}
}

// TestMissingFont: characters that no font has are said on stderr, quiet or not.
func TestMissingFont(t *testing.T) {
	t.Setenv(plots.FontsVariable, "none")
	t.Chdir(t.TempDir())
	write(t, "t.csv", rows("a,b,品种", 60, func(i int) string {
		return fmt.Sprintf("%d,%d,%s", i%7, i%3, map[bool]string{true: "苹果", false: "梨"}[i%7 > 3])
	}))
	for _, args := range [][]string{
		{"crossval", "--folds", "3", "--repeats", "1", "--models", "majority", "--report", "r.html"},
		{"train", "--epochs", "3", "--report", "r.png"},
	} {
		out, status, code := aegis(t, append(args, "--data", "t.csv", "--quiet")...)
		if code != 0 || !strings.HasPrefix(status, "aegis: warning: ") || !strings.Contains(status, "in Chinese (Han) (U+") || !strings.Contains(status, "U+82F9") || strings.Count(status, "\n") != 1 {
			t.Errorf("%s: exit code %d: %q\n%s", args[0], code, status, out)
		}
	}
}

// TestWhoIsAtWork: plain lines name a model that begins when nothing was said for a
// while, and not before; nothing is said if quiet.
func TestWhoIsAtWork(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) { // its clock passes without waiting
			var b bytes.Buffer
			p := newProgress(&b, quiet, 40, "fits")
			p.at("tree")
			p.at("forest")
			time.Sleep(2*quietFor + time.Second) // one long fit
			p.done(2, "tree, repeat 1, fold 1")
			p.done(4, "forest, repeat 1, fold 1")
			time.Sleep(quietFor - time.Second)
			p.at("net")
			time.Sleep(2 * time.Second)
			p.end()
			time.Sleep(time.Minute)
			want := "0/40  10s  at work: forest\n0/40  20s  at work: forest\n4/40  21s  forest, repeat 1, fold 1\n4/40  31s  at work: net\n"
			if quiet {
				want = ""
			}
			if b.String() != want {
				t.Errorf("quiet %v: have %q, want %q", quiet, b.String(), want)
			}
		})
	}
}

// TestRareClass: a class with a single row neither stops the job nor goes unsaid.
func TestRareClass(t *testing.T) {
	t.Chdir(t.TempDir())
	text := "a,b,y\n"
	for i := range 40 {
		text += fmt.Sprintf("%d,%d,%s\n", i%7, i*i%11, []string{"no", "yes"}[i%2])
	}
	if err := os.WriteFile("t.csv", []byte(text+"9,9,once\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, status, code := aegis(t, "crossval", "--data", "t.csv", "--target", "y", "--folds", "5", "--repeats", "1", "--epochs", "3", "--quiet", "--report", "r.html")
	if code != 0 || !strings.Contains(out, "Classes with fewer rows than the 5 folds, which some of these do not test: once (1)") || strings.Contains(out, "failed") {
		t.Errorf("exit code %d: %s%s", code, out, status)
	}
	if page, err := os.ReadFile("r.html"); err != nil || !strings.Contains(string(page), "which some of these do not test: once (1)") {
		t.Errorf("the page does not say it: %v", err)
	}
}

// TestLog: what is in the log is not done again, models can be added to it, and another
// seed is refused.
func TestLog(t *testing.T) {
	t.Chdir(t.TempDir())
	args := []string{"crossval", "--folds", "3", "--repeats", "1", "--epochs", "2", "--dataset", "iris", "--report", "", "--log", "runs.jsonl"}
	out, status, code := aegis(t, append(args, "--models", "net,majority", "--json", "first.json")...)
	if code != 0 || !strings.Contains(out, "6 fits in ") || strings.Contains(out, "from the log") {
		t.Fatalf("exit code %d: %s\n%s", code, out, status)
	}
	out, status, code = aegis(t, append(args, "--models", "net,majority", "--json", "again.json")...)
	if code != 0 || !strings.Contains(out, "0 fits in ") || !strings.Contains(out, ", 6 from the log") {
		t.Fatalf("exit code %d: %s\n%s", code, out, status)
	}
	first, e1 := os.ReadFile("first.json")
	again, e2 := os.ReadFile("again.json")
	if e1 != nil || e2 != nil || !bytes.Equal(first, again) { // times, too, are those of the log
		t.Errorf("the results differ (%v, %v):\n%s\n%s", e1, e2, first, again)
	}
	out, status, code = aegis(t, append(args, "--models", "net,majority,golearn tree")...)
	if code != 0 || !strings.Contains(out, "3 fits in ") || !strings.Contains(out, ", 6 from the log") {
		t.Fatalf("exit code %d: %s\n%s", code, out, status)
	}
	_, status, code = aegis(t, append(args, "--models", "majority", "--seed", "2")...)
	if code == 0 || !strings.Contains(status, "run log runs.jsonl: the log is of another validation: the seed (1 there, 2 here)") {
		t.Errorf("exit code %d: %s", code, status)
	}
	_, status, code = aegis(t, append(args, "--models", "net", "--epochs", "3")...)
	if code == 0 || !strings.Contains(status, `the log is of another candidate "net"`) {
		t.Errorf("exit code %d: %s", code, status)
	}
}

func TestInterrupt(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out, status, code := aegisWith(ctx, t, "crossval", "--quiet")
	if code != 1 || out != "" || status != "aegis: interrupted: 0 of 270 fits were finished\n" {
		t.Errorf("exit code %d\n%s%s", code, out, status)
	}
	out, _, code = aegisWith(ctx, t, "train", "--quiet")
	if code != 1 || !strings.Contains(out, "no model was written") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if files, _ := filepath.Glob("*"); len(files) > 0 {
		t.Errorf("files were left behind: %v", files)
	}
}
