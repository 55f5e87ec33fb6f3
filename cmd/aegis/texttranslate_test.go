package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// offers returns rows of a small language and its translation, in which an adjective follows its
// noun; two rows are not translated, and two are alike.
func offers(n int) string {
	r := rand.New(rand.NewPCG(1, 0))
	nouns := [][2]string{{"lamp", "lampe"}, {"table", "table"}, {"door", "porte"}, {"chair", "chaise"}, {"bag", "serviette"}}
	adjectives := [][2]string{{"green", "verte"}, {"small", "petite"}, {"blue", "bleue"}, {"good", "bonne"}}
	var b strings.Builder
	b.WriteString("en\tfr\tshop\n")
	for i := range n {
		x, y := nouns[r.IntN(len(nouns))], nouns[r.IntN(len(nouns))]
		a, c := adjectives[r.IntN(len(adjectives))], adjectives[r.IntN(len(adjectives))]
		price := 10 + r.IntN(90)
		fmt.Fprintf(&b, "a %s %s and a %s %s for %d\tune %s %s et une %s %s pour %d\ts%d\n", a[0], x[0], c[0], y[0], price, x[1], a[1], y[1], c[1], price, i/4)
	}
	return b.String() + "not translated at all\tnot translated at all\ts0\nneither is this\t\ts0\none of two rows that are alike\tune de deux lignes pareilles\ts0\none of two rows that are alike\tune de deux lignes pareilles\ts1\n"
}

// TestTextTranslate: the command trains, compares, draws and saves; the model that was saved
// translates, and the same flags give the same numbers.
func TestTextTranslate(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "offers.tsv", offers(500))
	flags := []string{"text", "translate", "--data", "offers.tsv", "--source", "en", "--target", "fr", "--group", "shop", "--vocabulary", "360", "--dim", "32", "--epochs", "8",
		"--learning-rate", "0.01", "--batch", "8", "--held-out", "0.1", "--tune", "5", "--keep-duplicates"}
	out, status, code := aegis(t, append(flags, "--report", "page.html", "--translate", "a blue door and a small lamp for 55")...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, status)
	}
	for _, want := range []string{"transformer    BLEU", "word by word   BLEU", "phrase table   BLEU", "transformer is better than word by word by", "paired bootstrap over groups", "weights fitted to 5 validation pairs",
		"transformer: une ", "fr: une ", "model: translation.safetensors", "report: page.html"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
	if !strings.Contains(status, "2 pairs are left out, as they are not translated") || !strings.Contains(status, "0 pairs have a text of more than 95 tokens") || strings.Count(status, "validation loss") != 8 {
		t.Errorf("status: %s", status)
	}
	page, err := os.ReadFile("page.html")
	if err != nil || !strings.Contains(string(page), "What the network looks at") || !strings.Contains(string(page), "BLEU over time") || !strings.Contains(string(page), "phrase table") {
		t.Errorf("the page lacks something: %v", err)
	}
	saved, status, code := aegis(t, "text", "translate", "--from-model", "translation.safetensors", "--translate", "a blue door and a small lamp for 55", "--translate", "a green table and a good bag for 31")
	lines := strings.Split(strings.TrimSpace(saved), "\n")
	if code != 0 || len(lines) != 2 || !strings.HasPrefix(lines[0], "une porte bleue et une lampe petite") || !strings.Contains(out, "\n"+lines[0]+"\n") {
		t.Errorf("exit code %d: %q, %s", code, saved, status)
	}

	rnn := append(flags, "--net", "rnn", "--no-phrase-table", "--model", "", "--report", "", "--examples", "0", "--quiet", "--epochs", "1", "--beam", "1")
	first, status, code := aegis(t, rnn...)
	if code != 0 || strings.Contains(first, "phrase table") || status != "" {
		t.Fatalf("exit code %d: %s%s", code, first, status)
	}
	if again, _, _ := aegis(t, rnn...); again != first {
		t.Errorf("the same seed gives\n%s\nand then\n%s", first, again)
	}
}

func TestTextTranslateRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "few.tsv", "en\tfr\na\tb\nc\td\n")
	write(t, "not.safetensors", "not a model")
	few := []string{"--data", "few.tsv", "--source", "en", "--target", "fr"}
	for want, flags := range map[string][]string{
		"--data: want a file of pairs":                  {},
		`--source "" --target "fr": want the columns`:   {"--data", "few.tsv", "--target", "fr"},
		`--source "en" --target "en": want the columns`: {"--data", "few.tsv", "--source", "en", "--target", "en"},
		"no such file":                 {"--data", "none.tsv", "--source", "en", "--target", "fr"},
		"no column":                    {"--data", "few.tsv", "--source", "en", "--target", "de"},
		"cannot be divided into pairs": few,
		"--net none: want one of transformer, rnn": append([]string{"--net", "none"}, few...),
		"--dim 12: want a multiple of 8":           append([]string{"--dim", "12"}, few...),
		"want a vocabulary of at least 257":        append([]string{"--vocabulary", "100"}, few...),
		"--held-out 0.5":                           append([]string{"--held-out", "0.5"}, few...),
		"--beam 0 --length-penalty 0.6":            append([]string{"--beam", "0"}, few...),
		"want a name that ends in .png":            append([]string{"--report", "page.txt"}, few...),
		"--from-model goes without --data":         append([]string{"--from-model", "not.safetensors"}, few...),
		"--from-model: want --translate":           {"--from-model", "not.safetensors"},
		"not.safetensors":                          {"--from-model", "not.safetensors", "--translate", "a"},
	} {
		if out, status, code := aegis(t, append([]string{"text", "translate", "--quiet"}, flags...)...); code == 0 || !strings.Contains(status, want) {
			t.Errorf("%v: exit code %d, want %q: %s%s", flags, code, want, out, status)
		}
	}
}
