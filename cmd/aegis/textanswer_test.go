package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// tickets is rows of questions about 15 devices and 15 troubles and their answers, as JSON Lines; half
// of the questions have the words of the answers, the others synonyms.
func tickets(n int) string {
	r := rand.New(rand.NewPCG(11, 0))
	filler := strings.Fields("please now then here again simply first next once open press hold the and with on")
	var lines strings.Builder
	for i := range n {
		a, b, kind, names := r.IntN(15), r.IntN(15), "words", []string{"device", "trouble"}
		if r.IntN(2) == 0 {
			kind, names = "synonyms", []string{"gadget", "worry"}
		}
		var words []string
		for range 8 {
			words = append(words, filler[r.IntN(len(filler))])
		}
		row, err := json.Marshal(map[string]any{
			"ask": fmt.Sprintf("%s%c %s%c model%d %s", names[0], 'a'+a, names[1], 'a'+b, i%(n/3)+100, words[0]), "kind": kind, "customer": fmt.Sprint("c", i/2),
			"reply": fmt.Sprintf("%s device%c trouble%c model%d %s", strings.Join(words[:4], " "), 'a'+a, 'a'+b, i%(n/3)+100, strings.Join(words[4:], " ")),
		})
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&lines, "%s\n", row)
	}
	return lines.String()
}

// TestTextAnswer: the command compares, draws the page and saves what answers a question it knows
// and refuses one it does not; the same seed prints the same.
func TestTextAnswer(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "tickets.jsonl", tickets(600))
	flags := []string{
		"text", "answer", "--data", "tickets.jsonl", "--question", "ask", "--answer", "reply", "--group", "customer", "--kind", "kind", "--tokens", "words",
		"--dim", "48", "--epochs", "12", "--batch", "64", "--learning-rate", "0.01", "--risk", "0.15", "--quiet",
	}
	out, status, code := aegis(t, append(flags, "--report", "page.html")...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, status)
	}
	for _, want := range []string{
		"MRR@10", "\nbm25 ", "\ndual-encoder ", "\nhybrid ", "is better than bm25 (MRR@10 +0.", "paired bootstrap over groups", "questions without an answer are refused",
		"bm25: MRR@10 by kind of question: synonyms 0.", "hybrid fuses ", "Question: ", "model: answers.safetensors (",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
	page, err := os.ReadFile("page.html")
	if err != nil || !strings.Contains(string(page), "Answers to the questions of tickets.jsonl") || !strings.Contains(string(page), "Risk and coverage") {
		t.Errorf("the page: %v", err)
	}
	again, status, code := aegis(t, append(flags, "--report", "", "--model", "again.safetensors")...)
	if code != 0 || strings.ReplaceAll(again, "again.safetensors", "answers.safetensors") != out[:len(again)+len("answers")-len("again")] {
		t.Errorf("again, exit code %d: %s\n%s\nfirst:\n%s", code, status, again, out)
	}

	reply, status, code := aegis(t, "text", "answer", "--from-model", "answers.safetensors", "--ask", "devicea troubleb model100 now", "--hits", "2", "--show-refused")
	lines := strings.Split(strings.TrimSpace(reply), "\n")
	if code != 0 || len(lines) != 3 || !strings.Contains(lines[1], "model100") {
		t.Errorf("exit code %d: %s%s", code, reply, status)
	}
	reply, status, code = aegis(t, "text", "answer", "--from-model", "answers.safetensors", "--ask", "xyzzy plugh")
	if code != 0 || !strings.HasPrefix(reply, "I do not know") || strings.Count(reply, "\n") != 1 {
		t.Errorf("exit code %d: %s%s", code, reply, status)
	}
	var replies strings.Builder
	root := textAnswerCommand()
	root.SetIn(strings.NewReader("xyzzy\nplugh\n"))
	root.SetOut(&replies)
	root.SetArgs([]string{"--from-model", "answers.safetensors", "--ask", "-"})
	if err := root.Execute(); err != nil || strings.Count(replies.String(), "I do not know") != 2 {
		t.Errorf("two questions: %q, %v", replies.String(), err)
	}
}

func TestTextAnswerRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "few.csv", "question,answer\na b c,x y\nd e f,z w\n")
	for want, flags := range map[string][]string{
		"--data: want a file":                   {},
		"--ask and --from-model go together":    {"--ask", "a"},
		"--hits 0":                              {"--hits", "0"},
		"no such file":                          {"--data", "none.csv"},
		`no column`:                             {"--data", "few.csv", "--question", "q"},
		"2 groups of 2 questions leave":         {"--data", "few.csv"},
		"--net gru: want one of bag":            {"--data", "few.csv", "--net", "gru"},
		`no kind "syllables"`:                   {"--data", "few.csv", "--tokens", "syllables"},
		"--by oracle: want one of bm25":         {"--data", "few.csv", "--by", "oracle"},
		"batches of at least 2":                 {"--data", "few.csv", "--batch", "1"},
		"--risk 1: want shares above 0":         {"--data", "few.csv", "--risk", "1"},
		"answerer: few.csv: safetensors":        {"--from-model", "few.csv", "--ask", "a"},
		"text: answerer: open none.safetensors": {"--from-model", "none.safetensors", "--ask", "a"},
	} {
		if out, status, code := aegis(t, append([]string{"text", "answer", "--report", "", "--model", "", "--quiet"}, flags...)...); code == 0 || !strings.Contains(status, want) {
			t.Errorf("%v: exit code %d, want %q: %s%s", flags, code, want, out, status)
		}
	}
}
