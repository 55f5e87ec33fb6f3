package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// writeTasks writes a table with a target for every task.
func writeTasks(t *testing.T, path string) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 3))
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintln(f, "a,b,price,size,red,big,grade,visits,query")
	for i := range 90 {
		a, b := r.NormFloat64(), r.NormFloat64()
		visits, left := 0, math.Exp(0.5+0.7*a)
		for left -= r.ExpFloat64(); left > 0; left -= r.ExpFloat64() {
			visits++
		}
		grade := []string{"poor", "fair", "good"}[min(2, max(0, int(1.5+a)))]
		fmt.Fprintf(f, "%.3f,%.3f,%.1f,%.5f,%d,%d,%s,%d,%d\n", a, b, 1000+300*a+30*r.NormFloat64(), 0.01*b+0.002*r.NormFloat64(), bit(a > 0), bit(b > 0.3), grade, visits, i/5)
	}
}

func bit(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// TestTasks takes every task through train, predict and crossval.
func TestTasks(t *testing.T) {
	s := schema(t)
	t.Chdir(t.TempDir())
	writeTasks(t, "d.csv")
	columns := []string{"price", "size", "red", "big", "grade", "visits", "query"}
	for _, c := range []struct {
		name    string
		flags   []string
		targets []string
		header  string
		metric  string // first of the table
		check   func(record []string) bool
	}{
		{"several targets", nil, []string{"price", "size"}, "price,size", "R2", func(r []string) bool { return number(t, r[0]) > 100 && math.Abs(number(t, r[1])) < 1 }},
		{"multilabel", []string{"--task", "multilabel"}, []string{"red", "big"}, "red,big,P(red),P(big)", "micro F1", func(r []string) bool {
			return r[0] == fmt.Sprint(bit(number(t, r[2]) >= 0.5)) && r[1] == fmt.Sprint(bit(number(t, r[3]) >= 0.5))
		}},
		{"ordinal", []string{"--task", "ordinal", "--order", "poor,fair,good"}, []string{"grade"}, "grade,P(poor),P(fair),P(good)", "quadratic kappa", func(r []string) bool {
			return math.Abs(number(t, r[1])+number(t, r[2])+number(t, r[3])-1) < 1e-6 && slices.Contains([]string{"poor", "fair", "good"}, r[0])
		}},
		{"count", []string{"--task", "count"}, []string{"visits"}, "visits", "Poisson deviance", func(r []string) bool { return number(t, r[0]) > 0 }},
		{"quantile", []string{"--task", "quantile", "--levels", "0.2,0.8"}, []string{"price"}, "price 0.2,price 0.8", "pinball loss", func(r []string) bool { return number(t, r[0]) <= number(t, r[1]) }},
		{"sequence", []string{"--task", "sequence"}, []string{"red", "grade"}, "red,P(red),grade,P(grade)", "step accuracy", func(r []string) bool { return number(t, r[1]) > 0 && number(t, r[3]) > 0 && r[2] != "" }},
		{"rank", []string{"--task", "rank", "--group", "query"}, []string{"visits"}, "visits", "NDCG@10", func(r []string) bool { return number(t, r[0]) != 0 }},
		{"regress", []string{"--task", "regress"}, []string{"visits"}, "visits", "RMSE", func(r []string) bool { return true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			flags := append([]string{"--data", "d.csv", "--epochs", "3", "--quiet"}, c.flags...)
			for _, target := range c.targets {
				flags = append(flags, "--target", target)
			}
			for _, other := range columns {
				if !slices.Contains(c.targets, other) && !slices.Contains(c.flags, other) {
					flags = append(flags, "--drop", other)
				}
			}
			if out, status, code := aegis(t, append([]string{"train", "--model", "m.safetensors", "--report", "t.png"}, flags...)...); code != 0 {
				t.Fatalf("train: %d: %s%s", code, out, status)
			}
			isPNG(t, "t.png")
			out, status, code := aegis(t, "predict", "--model", "m.safetensors", "--data", "d.csv")
			if code != 0 {
				t.Fatalf("predict: %d: %s", code, status)
			}
			records, err := csv.NewReader(strings.NewReader(out)).ReadAll()
			if err != nil || len(records) != 91 || strings.Join(records[0], ",") != c.header {
				t.Fatalf("%d records, header %q (%v), want %q", len(records), records[0], err, c.header)
			}
			for _, r := range records[1:] {
				if !c.check(r) {
					t.Errorf("predicted %q", r)
				}
			}
			out, status, code = aegis(t, append([]string{"crossval", "--folds", "2", "--repeats", "1", "--report", "c.png", "--json", "c.json"}, flags...)...)
			if code != 0 {
				t.Fatalf("crossval: %d: %s%s", code, out, status)
			}
			isPNG(t, "c.png")
			if lines := strings.Split(out, "\n"); !strings.Contains(lines[1], " "+c.metric+" ") || strings.Contains(status, "warning") {
				t.Errorf("%s\n%s", status, out)
			}
			raw, err := os.ReadFile("c.json")
			if err != nil {
				t.Fatal(err)
			}
			if err := conforms(t, s, raw); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestGapsOfTargets: a row is left out, and counted, if any of its targets is missing.
func TestGapsOfTargets(t *testing.T) {
	t.Chdir(t.TempDir())
	text := "a,y,z\n"
	for i := range 40 {
		y, z := fmt.Sprint(i%7), fmt.Sprint(i%5)
		switch i {
		case 3:
			y = ""
		case 8, 21:
			z = ""
		}
		text += fmt.Sprintf("%d,%s,%s\n", i, y, z)
	}
	if err := os.WriteFile("d.csv", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, status, code := aegis(t, "train", "--data", "d.csv", "--target", "y", "--target", "z", "--epochs", "1", "--recipe", "mlp")
	if all := out + status; code != 0 || !strings.Contains(all, "column z: further rows left out for a missing target: 2") {
		t.Errorf("%d: %s", code, all)
	}
}

// TestThroughTime: with --time no fold trains on rows later than its test rows, which
// shuffled folds are warned of, in the table, on the page and in the file.
func TestThroughTime(t *testing.T) {
	s := schema(t)
	t.Chdir(t.TempDir())
	r := rand.New(rand.NewPCG(8, 8))
	text := "day,shop,x,y\n"
	for i := range 120 {
		text += fmt.Sprintf("2024-%02d-%02d,%d,%.4f,%.4f\n", 1+i/28%12, 1+i%28, i/4, r.NormFloat64(), 5*math.Sin(float64(i)/15)+r.NormFloat64())
	}
	if err := os.WriteFile("d.csv", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(more ...string) (out, page, file string) {
		t.Helper()
		flags := append([]string{"crossval", "--data", "d.csv", "--target", "y", "--models", "net,mean", "--recipe", "mlp", "--epochs", "1", "--folds", "4", "--quiet", "--report", "r.html", "--json", "r.json"}, more...)
		out, status, code := aegis(t, flags...)
		if code != 0 {
			t.Fatalf("%q: %d: %s%s", more, code, out, status)
		}
		html, err := os.ReadFile("r.html")
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile("r.json")
		if err == nil {
			err = conforms(t, s, raw)
		}
		if err != nil {
			t.Fatal(err)
		}
		return out, string(html), string(raw)
	}
	out, page, file := run("--drop", "shop", "--repeats", "1")
	if !strings.Contains(out, "Possible leak. Future rows") || !strings.Contains(page, "Possible leak. Future rows") || !strings.Contains(file, `"future rows"`) {
		t.Errorf("shuffled rows are not warned of:\n%s", out)
	}
	for want, flags := range map[string][]string{
		"4-fold through time, gap 3, by day":            {"--drop", "shop", "--time", "day", "--gap", "3"},
		"4-fold through time by group, purge 1, by day": {"--group", "shop", "--time", "day", "--gap", "1"},
	} {
		if out, page, _ := run(flags...); !strings.Contains(out, want) || strings.Contains(out+page, "Possible leak") {
			t.Errorf("%q:\n%s", flags, out)
		}
	}
}

func number(t *testing.T, cell string) float64 {
	t.Helper()
	var v float64
	if _, err := fmt.Sscan(cell, &v); err != nil {
		t.Fatalf("%q is no number", cell)
	}
	return v
}

func isPNG(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if img, err := png.DecodeConfig(f); err != nil || img.Width < 1500 {
		t.Errorf("%s: %v %v", path, img, err)
	}
}

// TestStreamedTasks: rows that are read from the file give the model of those in memory, to
// the bit.
func TestStreamedTasks(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTasks(t, "d.csv")
	for _, flags := range [][]string{
		{"--task", "quantile", "--target", "price", "--drop", "query"}, {"--task", "count", "--target", "visits", "--drop", "query"},
		{"--task", "ordinal", "--target", "grade", "--drop", "query"}, {"--task", "rank", "--target", "visits", "--group", "query"},
	} {
		var first []byte
		for _, stream := range []string{"--stream", "--stream=false"} {
			out, status, code := aegis(t, append([]string{"train", "--data", "d.csv", "--epochs", "2", "--quiet", "--report", "", stream}, flags...)...)
			if code != 0 {
				t.Fatalf("%v: %d: %s%s", flags, code, out, status)
			}
			raw, err := os.ReadFile("model.safetensors")
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = raw
			}
			if !bytes.Equal(raw, first) {
				t.Errorf("%v: another model from memory", flags)
			}
		}
	}
}

func TestTaskErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTasks(t, "d.csv")
	for _, c := range []struct {
		name, want string
		code       int
		flags      []string
	}{
		{"prices are no counts", "is not a count", 1, []string{"--task", "count", "--target", "price"}},
		{"visits are no labels", `target "visits"`, 1, []string{"--task", "multilabel", "--target", "red", "--target", "visits"}},
		{"grades are no numbers", `column grade: `, 1, []string{"--target", "price", "--target", "grade"}},
		{"no such column", "height", 1, []string{"--target", "price", "--target", "height"}},
		{"order without ordinal", "--order goes with --task ordinal", 2, []string{"--order", "a,b"}},
		{"levels without quantile", "--levels goes with --task quantile", 2, []string{"--levels", "0.5"}},
		{"an order that lacks a class", "lacks the class", 1, []string{"--task", "ordinal", "--order", "poor,good", "--target", "grade"}},
		{"levels that fall", "levels [0.9 0.1]", 1, []string{"--task", "quantile", "--levels", "0.9,0.1", "--target", "price"}},
		{"two ordinal targets", "want one target column", 1, []string{"--task", "count", "--target", "red", "--target", "visits"}},
		{"costs of counts", "--costs is for classifications; the task is count", 2, []string{"--task", "count", "--target", "visits", "--costs", "0,1;1,0"}},
		{"several targets streamed", "--stream goes with one target", 2, []string{"--target", "price", "--target", "size", "--stream"}},
		{"counts of prices streamed", "is not a count", 1, []string{"--task", "count", "--target", "price", "--stream"}},
	} {
		_, status, code := aegis(t, append([]string{"train", "--data", "d.csv", "--epochs", "1", "--quiet", "--report", ""}, c.flags...)...)
		if code != c.code || !strings.Contains(status, c.want) {
			t.Errorf("%s: exit code %d, %s; want %d and %q", c.name, code, status, c.code, c.want)
		}
	}
}
