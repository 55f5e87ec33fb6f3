package data_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/data"
)

const weather = `% a comment
@relation 'the weather'

@attribute 'out look' { sunny, 'over\'cast', "rainy day" }
@attribute warmth	REAL
@ATTRIBUTE play {yes,no}
@data
'over\'cast', 83.5, yes
% another
sunny,?,no
"rainy day" , -1e1 ,yes
?,7,no
`

func TestReadARFF(t *testing.T) {
	s, err := data.ARFF{}.Read(strings.NewReader(weather), "weather.arff")
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	if got, want := values(t, s), []float64{1, 83.5, 0, nan, 2, -10, nan, 7}; !equalNaN(got, want) {
		t.Errorf("values %v, want %v", got, want)
	}
	if f := s.Features[0]; f.Name != "out look" || !slices.Equal(f.Levels, []string{"sunny", "over'cast", "rainy day"}) {
		t.Errorf("feature %+v", f)
	}
	if labels, err := s.Labels(); err != nil || !slices.Equal(labels, []int{0, 1, 0, 1}) || s.Target != "play" {
		t.Errorf("labels %v of %q, %v", labels, s.Target, err)
	}
	s, err = data.ARFF{Target: "warmth"}.Read(strings.NewReader(strings.Replace(weather, "?,no", "3,no", 1)), "weather.arff")
	if err != nil {
		t.Fatal(err)
	}
	sparse, err := data.ARFF{}.Read(strings.NewReader(weather+"{1 5,2 no}\n{}\n"), "weather.arff")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := values(t, sparse), []float64{1, 83.5, 0, nan, 2, -10, nan, 7, 0, 5, 0, 0}; !equalNaN(got, want) {
		t.Errorf("sparse rows: %v, want %v", got, want)
	}
	if y, err := s.Values(); err != nil || !slices.Equal(y, []float64{83.5, 3, -10, 7}) || s.Task() != (data.Regress{}) || len(s.Features) != 2 {
		t.Errorf("values %v, %v", y, err)
	}
}

func equalNaN(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) })
}

// TestARFFByCSV: data.CSV reads what ARFF declares as strings and dates, too, and rows
// that leave out zeros.
func TestARFFByCSV(t *testing.T) {
	const text = `@relation r
@attribute city string
@attribute 'seen at' date "dd.MM.yyyy 'um' HH:mm"
@attribute size numeric
@attribute kind {plain,odd}
@attribute y {no,yes}
@data
Bonn,03.04.2021 um 10:30,1.5,odd,yes
'Bad Ems',5.4.2021 um 09:00,2,plain,no
Bonn,?,3,odd,no
?,30.12.2021 um 23:59,4,plain,yes
{0 Bonn, 1 '01.01.2022 um 00:00', 4 yes}
Bonn,02.01.2022 um 00:00,0,plain,no
`
	s, r, err := data.CSV{}.Read(strings.NewReader(text), "r.arff")
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, f := range s.Features {
		have = append(have, fmt.Sprintf("%s %q %s", f.Name, f.Levels, f.Time))
	}
	if want := []string{`city ["Bad Ems" "Bonn"] `, `seen at [] 2006-01-02 15:04:05`, `size [] `, `kind ["plain" "odd"] `}; !slices.Equal(have, want) {
		t.Errorf("columns %q, want %q\n%s", have, want, r)
	}
	nan := math.NaN()
	at := func(text string) float64 {
		when, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return float64(when.Unix())
	}
	want := []float64{
		1, at("2021-04-03 10:30:00"), 1.5, 1, 0, at("2021-04-05 09:00:00"), 2, 0, 1, nan, 3, 1,
		nan, at("2021-12-30 23:59:00"), 4, 0, 1, at("2022-01-01 00:00:00"), 0, 0, 1, at("2022-01-02 00:00:00"), 0, 0,
	}
	if got := values(t, s); !equalNaN(got, want) {
		t.Errorf("values %v, want %v", got, want)
	}
	if labels, err := s.Labels(); err != nil || !slices.Equal(labels, []int{1, 0, 0, 1, 1, 0}) {
		t.Errorf("labels %v, %v", labels, err)
	}
	head := "@relation r\n@attribute t string\n@attribute d date yyyy-MM-dd\n@attribute y {a,b}\n@data\n"
	for want, text := range map[string]string{
		`row 6, column d: "soon" is not a date in the declared format`:   head + "x,soon,a\n",
		`column t: a sparse row without it`:                              head + "{2 b}\n",
		`column d: the part "Q" of the date format "Q" is not supported`: "@attribute d date Q\n",
		`column d: the digits in the date format "yyyy0"`:                "@attribute d date yyyy0\n",
		`a quotation mark that is not closed`:                            "@attribute d date \"yyyy'T\"\n",
		`attributes of type "relational" are not supported; only`:        "@relation r\n@attribute d relational\n",
	} {
		if !strings.HasPrefix(text, "@relation") {
			text = "@relation r\n" + text
		}
		if _, _, err := (data.CSV{}).Read(strings.NewReader(text), "r.arff"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("have %v, want %q", err, want)
		}
	}
}

func TestARFFMistakes(t *testing.T) {
	head := "@relation r\n@attribute a numeric\n@attribute c {x,y}\n"
	for _, c := range []struct{ name, text, target, want string }{
		{"empty", "", "", "no @data"},
		{"no rows", head + "@data\n", "", "no rows"},
		{"data first", "@data\n1,x\n", "", "row 1: @data before any @attribute"},
		{"text", "a,b\n1,2\n", "", `row 1: "a,b" where a declaration`},
		{"string", "@attribute t string\n", "", `column t: attributes of type "string"`},
		{"no name", "@attribute\n", "", "without a name"},
		{"twice", "@attribute a real\n@attribute a real\n", "", "row 2, column a: declared twice"},
		{"level twice", "@attribute a {x,x}\n", "", `"x" is empty or there twice`},
		{"open quote", "@attribute 'a real\n", "", "not closed"},
		{"few values", head + "@data\n1\n", "", "row 5: 1 values for 2"},
		{"level", head + "@data\n1,z\n", "", `row 5, column c: "z" is not one of its levels "x", "y"`},
		{"number", head + "@data\none,x\n", "", `column a: "one" is not a finite number`},
		{"infinite", head + "@data\nInf,x\n", "", "not a finite number"},
		{"sparse, open", head + "@data\n{0 1\n", "", "row 5: a sparse row that does not end"},
		{"sparse, index", head + "@data\n{2 1}\n", "", `row 5: "2" where the index of an attribute is wanted, 0 to 1`},
		{"sparse, order", head + "@data\n{1 x, 0 1}\n", "", `"0" where the index of an attribute is wanted, 2 to 1`},
		{"sparse, level", head + "@data\n{1 z}\n", "", `row 5, column c: "z" is not one of its levels`},
		{"after a value", head + "@data\n1,'x'y\n", "", "want a comma"},
		{"missing target", head + "@data\n1,?\n", "", "target of data row 1 is missing"},
		{"no such target", head + "@data\n1,x\n", "b", `no attribute "b"`},
		{"only a target", "@attribute c {x}\n@data\nx\n", "", "one attribute only"},
	} {
		_, err := data.ARFF{Target: c.target}.Read(strings.NewReader(c.text), "f.arff")
		var at *data.CSVError
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &at) || at.File != "f.arff" {
			t.Errorf("%s: have %v, want %q", c.name, err, c.want)
		}
	}
}

func FuzzARFF(f *testing.F) {
	f.Add(weather, "")
	f.Add("@attribute a numeric\n@attribute b numeric\n@data\n1,2\n", "a")
	f.Add("@attribute '\\'' {\"\\\"\"}\n@attribute b{1,'?'}\n@data\n'\"','?'\n", "b")
	f.Add("@relation r\n@attribute a string\n@attribute b date\n@attribute c {x,y}\n@data\n{0 z, 1 2001-02-03T04:05:06}\nz,?,y\n", "c")
	f.Fuzz(func(t *testing.T, text, target string) {
		read := map[string]func() (*data.Set, error){
			"ARFF": func() (*data.Set, error) { return data.ARFF{Target: target}.Read(strings.NewReader(text), "f.arff") },
			"CSV": func() (*data.Set, error) {
				s, _, err := data.CSV{Target: target}.Read(strings.NewReader("@relation r\n"+text), "f.arff")
				return s, err
			},
		}
		for name, f := range read {
			s, err := f()
			if err != nil {
				var at *data.CSVError
				if !errors.As(err, &at) {
					t.Fatalf("%s: %T without a place: %v", name, err, err)
				}
				continue
			}
			if err := s.Validate(); err != nil {
				t.Fatalf("%s: a set that was read is not valid: %v", name, err)
			}
		}
	})
}
