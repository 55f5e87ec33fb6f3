package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	models "github.com/seed732fc211/aegis/models/recommend"
)

// purchases is made-up rows of users, items and days, as CSV or JSON Lines.
func purchases(t *testing.T, users int, csv bool) string {
	t.Helper()
	x, _, err := models.Made{Users: users, Items: 60, Length: 10}.Make(3)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if csv {
		b.WriteString("who,what,when,note\n")
	}
	for i, u := range x.User {
		form := "{\"who\":\"%s\",\"what\":\"%s\",\"when\":\"%g\",\"note\":\"n%d\"}\n"
		if csv {
			form = "%s,%s,%g,n%d\n"
		}
		fmt.Fprintf(&b, form, x.Users[u], x.Items[x.Item[i]], x.Time[i], i%7)
	}
	return b.String()
}

// TestRecommend: the command compares, draws the page and saves what recommends to a user and to someone who has
// items; the same seed prints the same, of CSV and of JSON Lines.
func TestRecommend(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rows.csv", purchases(t, 300, true))
	write(t, "rows.jsonl", purchases(t, 300, false))
	flags := []string{"recommend", "--user", "who", "--item", "what", "--time", "when", "--models", "popularity,item-knn,als", "--k", "5", "--quiet"}
	out, status, code := aegis(t, append(flags, "--data", "rows.csv", "--report", "page.html")...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, status)
	}
	for _, want := range []string{
		"NDCG@5", "recall@5", "\npopularity ", "\nitem-knn ", "\nals ", " is chosen, by the NDCG of the validation items", ": no evidence that they differ (NDCG +0.", "paired bootstrap over 300 users",
		"als: Alpha:", "the best of 6 settings", "; recommended: item ", "model: recommender.safetensors (", "fitted to all rows", "report: page.html",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
	page, err := os.ReadFile("page.html")
	if err != nil || !strings.Contains(string(page), "Recommendations of rows.csv") || !strings.Contains(string(page), "Recall of the first items") || !strings.Contains(string(page), "the last new item of each user is held out") {
		t.Errorf("the page: %v", err)
	}
	again, status, code := aegis(t, append(flags, "--data", "rows.jsonl", "--report", "", "--model", "again.safetensors")...)
	if code != 0 || timeless(strings.ReplaceAll(again, "again.safetensors", "recommender.safetensors")) != timeless(strings.ReplaceAll(out, "report: page.html\n", "")) {
		t.Errorf("again, exit code %d: %s\n%s\nfirst:\n%s", code, status, again, out)
	}

	reply, status, code := aegis(t, "recommend", "--from-model", "recommender.safetensors", "--for", "user 0000004", "--k", "3")
	if code != 0 || strings.Count(reply, "\n") != 3 || !strings.HasPrefix(reply, "1. (") {
		t.Errorf("exit code %d: %s%s", code, reply, status)
	}
	other, status, code := aegis(t, "recommend", "--from-model", "again.safetensors", "--for", "user 0000004", "--k", "3")
	if code != 0 || other != reply {
		t.Errorf("exit code %d: %s%s", code, other, status)
	}
	reply, status, code = aegis(t, "recommend", "--from-model", "recommender.safetensors", "--having", "item 0000004,item 0000009", "--k", "2")
	if code != 0 || strings.Count(reply, "\n") != 2 || strings.Contains(reply, "item 0000004") {
		t.Errorf("exit code %d: %s%s", code, reply, status)
	}
}

// timeless cuts the times, with which the lines of the table end.
func timeless(out string) string {
	lines := strings.Split(out, "\n")
	for i, line := range lines {
		if strings.HasSuffix(line, "s") && strings.Contains(line, "s, ") && strings.Contains(line, " to ") {
			lines[i] = line[:strings.LastIndex(line[:strings.LastIndex(line, ", ")], " ")]
		}
	}
	return strings.Join(lines, "\n")
}

// TestRecommendLeavesOut: a model that cannot handle so large a catalogue is left out with a note, and is an error
// if asked for by name. The output says what --core left out.
func TestRecommendLeavesOut(t *testing.T) {
	t.Chdir(t.TempDir())
	var b strings.Builder
	b.WriteString("user,item\n")
	for i := range 8100 {
		fmt.Fprintf(&b, "u%d,i%d\nu%d,i%d\n", i%600, i, i%600, i%17)
	}
	write(t, "wide.csv", b.String())
	flags := []string{"recommend", "--data", "wide.csv", "--report", "", "--model", "", "--quiet"}
	out, status, code := aegis(t, append(flags, "--models", "popularity,ease")...)
	if code != exitFailed || !strings.Contains(status, "ease of 8100 items: want at most 8000") {
		t.Errorf("exit code %d: %s%s", code, out, status)
	}
	out, status, code = aegis(t, append(flags, "--core", "3", "--models", "popularity,ease", "--by", "popularity")...)
	if code != 0 || !strings.Contains(out, "items with fewer than 3 of each other are left out") || !strings.Contains(out, "popularity is chosen, as asked for") {
		t.Errorf("exit code %d: %s%s", code, out, status)
	}
}

func TestRecommendRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "few.csv", "user,item,day\na,x,1\nb,y,2\n")
	write(t, "gap.csv", "user,item\na,x\nb,\n")
	for want, flags := range map[string][]string{
		"--data: want a file":                   {},
		"--for and --having go with":            {"--for", "a"},
		"want either --for or --having":         {"--from-model", "few.csv"},
		"--k 0: want 1 to 1000":                 {"--k", "0"},
		"no such file":                          {"--data", "none.csv"},
		`no column`:                             {"--data", "few.csv", "--user", "u"},
		"--split first: want last":              {"--data", "few.csv", "--split", "first"},
		"--split last: want --time":             {"--data", "few.csv", "--split", "last"},
		"--held-out 1: want a share":            {"--data", "few.csv", "--held-out", "1"},
		"--core -1":                             {"--data", "few.csv", "--core", "-1"},
		"--by oracle: want one of popularity":   {"--data", "few.csv", "--by", "oracle"},
		"--by als: it is not among":             {"--data", "few.csv", "--by", "als", "--models", "bpr"},
		"--models net: want some of popularity": {"--data", "few.csv", "--models", "net"},
		"leaves 2 rows to train and no pair":    {"--data", "few.csv"},
		"nothing is left of users":              {"--data", "few.csv", "--core", "5"},
		"row 1: the item is empty":              {"--data", "gap.csv"},
		"recommend: few.csv: safetensors":       {"--from-model", "few.csv", "--for", "a"},
		"open none.safetensors":                 {"--from-model", "none.safetensors", "--for", "a"},
	} {
		if out, status, code := aegis(t, append([]string{"recommend", "--report", "", "--model", "", "--quiet"}, flags...)...); code == 0 || !strings.Contains(status, want) {
			t.Errorf("%v: exit code %d, want %q: %s%s", flags, code, want, out, status)
		}
	}
}
