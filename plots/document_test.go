package plots_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/plots"
	"pgregory.net/rapid"
)

const hostile = `<script>alert("x")</script><img src=http://evil.example/a.png onerror=alert(1)>'"&`

func document(t interface{ Fatal(...any) }, r plots.Report) string {
	f, err := plots.CrossValidation(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(f.Document())
}

// harmless checks that a document runs and loads nothing but its own script.
func harmless(t *testing.T, doc string) {
	t.Helper()
	if n := strings.Count(doc, "<script"); n != 1 {
		t.Errorf("%d script elements, want the page's own", n)
	}
	if !strings.Contains(doc, `Content-Security-Policy" content="default-src 'none'`) {
		t.Error("no policy that forbids to load anything")
	}
	doc = regexp.MustCompile(`="[^"]*"`).ReplaceAllStringFunc(doc, func(v string) string {
		if strings.HasPrefix(v, `="http`) {
			return v
		}
		return `=""` // text in an attribute is text
	})
	for _, pattern := range []string{`<img`, `<link`, `<iframe`, `<object`, `@import`, `(?i)<[^>]*\son[a-z]+=`, `<[^>]*\ssrc=`, `<[^>]*href="?http`, `url\(`} {
		if m := regexp.MustCompile(pattern).FindString(doc); m != "" {
			t.Errorf("the document holds %.80q", m)
		}
	}
}

func TestNamesAreEscaped(t *testing.T) {
	for _, k := range []int{2, 3, 30} {
		res := manyResult(t, k)
		res.Data.Name, res.Data.Target, res.Data.Source = hostile, hostile, hostile
		for i := range res.Data.Classes {
			res.Data.Classes[i] = fmt.Sprint(hostile, i)
		}
		for i := range res.Data.Features {
			res.Data.Features[i] = fmt.Sprint(i, hostile)
		}
		ids := make([]string, res.Data.Rows)
		for i := range ids {
			ids[i] = hostile
		}
		doc := document(t, plots.Report{Result: res, Reference: "net", RowNames: ids, Facts: []plots.Fact{{Name: hostile, Value: hostile}}, Notes: []string{hostile}})
		harmless(t, doc)
		if !strings.Contains(html.UnescapeString(doc), hostile) {
			t.Errorf("%d classes: the name is not on the page", k)
		}
	}
}

func TestTrainingNamesAreEscaped(t *testing.T) {
	set, err := data.FromLabels(hostile, [][]float64{{1}, {2}, {3}, {4}}, []int{0, 1, 0, 1}, []string{hostile, hostile + "2"})
	if err != nil {
		t.Fatal(err)
	}
	set.Target = hostile
	one, _ := fits(1)
	f, err := plots.Training(plots.TrainingReport{
		Title: hostile, Curves: one[0], BestEpoch: 20, Rows: set, RowsName: hostile,
		Prediction: &data.Prediction{Labels: []int{0, 1, 1, 1}, Proba: []float64{0.9, 0.1, 0.2, 0.8, 0.4, 0.6, 0.3, 0.7}},
		Facts:      []plots.Fact{{Name: "data", Value: hostile}}, Notes: []string{hostile},
	})
	if err != nil {
		t.Fatal(err)
	}
	harmless(t, string(f.Document()))
}

// TestSVGIsXML: class names are text in an SVG, whatever they hold.
func TestSVGIsXML(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := named(t, rapid.String().Draw(t, "title"), hostile, rapid.String().Draw(t, "name"))
		d := xml.NewDecoder(bytes.NewReader(f.SVG()))
		for {
			if _, err := d.Token(); err != nil {
				if err.Error() != "EOF" {
					t.Fatal(err)
				}
				return
			}
		}
	})
}

func TestPlainFigureAsDocument(t *testing.T) {
	f := named(t, "title", "a", "b")
	doc := string(f.Document())
	if !strings.Contains(doc, "<svg") || strings.Contains(doc, "<?xml") {
		t.Errorf("document %.200q", doc)
	}
	harmless(t, doc)
	var none *plots.Figure
	if none.Document() != nil || none.PNG() != nil || none.SVG() != nil || none.Warnings() != nil || none.Save("x.png") == nil || none.String() == "" {
		t.Error("a nil figure draws")
	}
	if zero := (&plots.Figure{}); zero.Document() != nil || zero.PNG() != nil || zero.SVG() != nil || zero.Warnings() != nil || zero.Save("x.png") == nil {
		t.Error("a zero figure draws")
	}
}

// scored is a result with the scores and nothing more.
func scored(t *rapid.T) *crossval.Result {
	r := &crossval.Result{Splitter: "5-fold", Data: crossval.DataInfo{Name: "made up", Rows: 40, Task: data.Regress{}, Target: "y"}}
	for i := range r.Data.Rows {
		r.Data.Values = append(r.Data.Values, float64(i%7))
	}
	r.Metrics = []data.Metric{{Name: "R2", Greater: true, Range: [2]float64{-100, 1}}, {Name: "RMSE"}}
	for f := range 5 {
		s := crossval.Split{Fold: f}
		for i := range 8 {
			s.Test = append(s.Test, 8*f+i)
		}
		r.Splits = append(r.Splits, s)
	}
	for c := range rapid.IntRange(1, 6).Draw(t, "candidates") {
		name := fmt.Sprintf("model %c", 'a'+c)
		r.Candidates = append(r.Candidates, crossval.CandidateInfo{Name: name})
		if c > 0 && rapid.IntRange(0, 4).Draw(t, "fails") == 0 {
			r.Failed = append(r.Failed, crossval.Failure{Candidate: name, Message: "out of luck", Skipped: rapid.Bool().Draw(t, "skipped")})
			continue
		}
		for f := range r.Splits {
			r.Runs = append(r.Runs, crossval.Run{
				Candidate: name, Split: f, Prediction: data.Prediction{Values: make([]float64, 8)},
				Scores: []float64{rapid.Float64Range(-3, 1).Draw(t, "R2"), rapid.Float64Range(0, 5000).Draw(t, "RMSE")},
			})
		}
	}
	return r
}

// TestSameEverywhere: text, notebook table, page and document say the same of every
// candidate, in the same words (fault 41).
func TestSameEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := scored(t)
		f, err := plots.CrossValidation(plots.Report{Result: r, Reference: r.Candidates[0].Name})
		if err != nil {
			t.Fatal(err)
		}
		page := strings.ReplaceAll(html.UnescapeString(string(f.Document())), "\u00a0", " ")
		drawn := strings.ReplaceAll(html.UnescapeString(strings.Join(regexp.MustCompile(`>[^<]+</text>`).FindAllString(string(f.SVG()), -1), " ")), "</text>", "")
		text, table := r.Table(), html.UnescapeString(r.HTML())
		for _, s := range r.Standings() {
			for i := range r.Metrics {
				for where, said := range map[string]string{"text": text, "notebook table": table, "document": page, "image": drawn} {
					if !strings.Contains(said, s.Score(i)) {
						t.Fatalf("%s lacks %s %s of %s", where, r.Metrics[i].Name, s.Score(i), s.Candidate)
					}
				}
			}
			for where, said := range map[string]string{"document": page, "image": drawn} {
				if !strings.Contains(said, s.IntervalText()) {
					t.Fatalf("%s lacks the interval %s of %s", where, s.IntervalText(), s.Candidate)
				}
			}
			if s.Reason != "" {
				for where, said := range map[string]string{"text": text, "notebook table": table, "document": page} {
					if !strings.Contains(said, s.Reason) {
						t.Fatalf("%s does not say why %s is lacking", where, s.Candidate)
					}
				}
			}
		}
		list, err := crossval.Compare(r, r.Candidates[0].Name, "")
		if err != nil {
			return
		}
		for i := range list {
			if !strings.Contains(page, list[i].Verdict()) {
				t.Fatalf("the document lacks the verdict %q", list[i].Verdict())
			}
			for _, part := range []string{list[i].DifferenceText(), list[i].IntervalText(), list[i].EffectText(), list[i].AdjustedText()} {
				if !strings.Contains(drawn, part) {
					t.Fatalf("the image lacks %q of the verdict %q", part, list[i].Verdict())
				}
			}
		}
	})
}
