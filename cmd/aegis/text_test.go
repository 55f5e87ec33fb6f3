package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// letters returns texts of two classes that differ in some words.
func letters(n int) (texts, kinds []string) {
	r := rand.New(rand.NewPCG(1, 0))
	common := strings.Fields("the of and to in a we you that is it with for on as are this be by at from")
	words := map[string][]string{"garden": strings.Fields("rose soil seed water leaf"), "kitchen": strings.Fields("pan salt oven flour bread")}
	for range n {
		kind := []string{"garden", "kitchen"}[r.IntN(2)]
		var list []string
		for range 8 + r.IntN(12) {
			list = append(list, common[r.IntN(len(common))])
		}
		for range 2 {
			list[r.IntN(len(list))] = words[kind][r.IntN(5)]
		}
		texts, kinds = append(texts, strings.Join(list, " ")), append(kinds, kind)
	}
	return texts, kinds
}

// TestTextClassify: the command compares models on a file and on a folder of the same texts, draws
// the page, and saves a network that predicts the rows of another file.
func TestTextClassify(t *testing.T) {
	t.Chdir(t.TempDir())
	texts, kinds := letters(150)
	texts, kinds = append(texts, texts[0], ""), append(kinds, kinds[0], "garden")
	var lines strings.Builder
	for i, text := range texts {
		row, _ := json.Marshal(map[string]any{"body": text, "kind": kinds[i], "size": len(text)})
		fmt.Fprintf(&lines, "%s\n", row)
		dir := filepath.Join("letters", kinds[i])
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%03d.txt", i)), text)
	}
	write(t, "letters.jsonl", lines.String())
	flags := []string{"--folds", "3", "--models", "bag,tfidf-logistic,naive-bayes,majority", "--tokens", "bpe", "--vocabulary", "400", "--quiet"}
	out, status, code := aegis(t, append([]string{"text", "classify", "--data", "letters.jsonl", "--text", "body", "--target", "kind", "--save", "bag", "--report", "page.html", "--json", "r.json"}, flags...)...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, status)
	}
	for _, want := range []string{"151 rows", "bag ", "tfidf-logistic ", "naive-bayes ", "majority ", "model: model.safetensors"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
	page, err := os.ReadFile("page.html")
	if err != nil || !strings.Contains(string(page), "Terms that speak most for garden (tfidf-logistic, fitted to all rows)") {
		t.Errorf("the page has no terms: %v", err)
	}
	other, status, code := aegis(t, append([]string{"text", "classify", "--data", "letters", "--report", ""}, flags...)...)
	if code != 0 || !strings.Contains(other, "letters: 151 rows") {
		t.Errorf("a folder: exit code %d: %s%s", code, other, status)
	}

	write(t, "new.jsonl", `{"body": "salt in the pan with flour and bread"}`+"\n"+`{"body": ""}`+"\n"+`{"body": "a rose and a leaf in the soil"}`+"\n")
	predicted, status, code := aegis(t, "predict", "--data", "new.jsonl")
	rows := strings.Split(strings.TrimSpace(predicted), "\n")
	if code != 0 || len(rows) != 4 || !strings.HasPrefix(rows[1], "kitchen") || !strings.HasPrefix(rows[3], "garden") {
		t.Errorf("exit code %d: %s%s", code, predicted, status)
	}
	if _, status, code := aegis(t, "predict", "--data", "letters.jsonl", "--id", "none"); code == 0 || !strings.Contains(status, "none") {
		t.Errorf("exit code %d: %s", code, status)
	}
}

func TestTextClassifyRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "one.csv", "text,kind\na b c,x\nd e f,x\ng h i,x\n")
	write(t, "two.csv", "text,kind\na b c,x\nd e f,y\n")
	for want, flags := range map[string][]string{
		"--data: want a file or a folder":     {},
		"one class only":                      {"--data", "one.csv"},
		`no column`:                           {"--data", "two.csv", "--text", "body"},
		`there is no "forest"`:                {"--data", "two.csv", "--models", "forest"},
		"--save majority: want one of bag":    {"--data", "two.csv", "--save", "majority"},
		"no such file":                        {"--data", "three.csv"},
		"--folds 1":                           {"--data", "two.csv", "--folds", "1"},
		"--target goes with a file":           {"--data", ".", "--target", "kind"},
		"lies in no folder":                   {"--data", "."},
		"--metric loss: want one of accuracy": {"--data", "two.csv", "--metric", "loss"},
		"no kind \"syllables\"":               {"--data", "two.csv", "--tokens", "syllables", "--models", "bag"},
	} {
		if out, status, code := aegis(t, append([]string{"text", "classify", "--report", "", "--quiet"}, flags...)...); code == 0 || !strings.Contains(status, want) {
			t.Errorf("%v: exit code %d, want %q: %s%s", flags, code, want, out, status)
		}
	}
}

// TestTextClassifyTuned: a language model that text lm has saved is compared as the beginning of
// networks, and one of them is saved and predicts.
func TestTextClassifyTuned(t *testing.T) {
	t.Chdir(t.TempDir())
	texts, kinds := letters(120)
	var lines strings.Builder
	for i, text := range texts {
		row, _ := json.Marshal(map[string]any{"text": text, "kind": kinds[i]})
		fmt.Fprintf(&lines, "%s\n", row)
	}
	write(t, "letters.jsonl", lines.String())
	if out, status, code := aegis(t, "text", "lm", "--data", "letters.jsonl", "--tokens", "bpe", "--vocabulary", "300", "--context", "32", "--epochs", "1", "--samples", "0", "--report", "", "--quiet"); code != 0 {
		t.Fatalf("exit code %d: %s%s", code, out, status)
	}
	out, status, code := aegis(t, "text", "classify", "--data", "letters.jsonl", "--target", "kind", "--language", "language.safetensors", "--models", "tuned-frozen,tuned-lora,majority",
		"--folds", "2", "--save", "tuned-lora", "--report", "", "--quiet")
	if code != 0 {
		t.Fatalf("exit code %d: %s%s", code, out, status)
	}
	for _, want := range []string{"tuned-frozen ", "tuned-lora ", "model: model.safetensors (tuned-lora"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
	if out, status, code := aegis(t, "predict", "--data", "letters.jsonl", "--id", "kind"); code != 0 {
		t.Errorf("exit code %d: %s%s", code, out, status)
	}
	for want, flags := range map[string][]string{
		`there is no "tuned-whole"`: {"--models", "tuned-whole"},
		"language.json":             {"--models", "tuned-whole", "--language", "language.json"},
		`there is no "tuned-half"`:  {"--models", "tuned-half", "--language", "language.safetensors"},
	} {
		if out, status, code := aegis(t, append([]string{"text", "classify", "--data", "letters.jsonl", "--target", "kind", "--report", "", "--quiet"}, flags...)...); code == 0 || !strings.Contains(status, want) {
			t.Errorf("%v: exit code %d, want %q: %s%s", flags, code, want, out, status)
		}
	}
}
