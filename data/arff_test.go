package data_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

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
	if y, err := s.Values(); err != nil || !slices.Equal(y, []float64{83.5, 3, -10, 7}) || s.Task() != data.Regress || len(s.Features) != 2 {
		t.Errorf("values %v, %v", y, err)
	}
}

func equalNaN(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) })
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
		{"level", head + "@data\n1,z\n", "", `row 5, column c: "z" is none of its levels "x", "y"`},
		{"number", head + "@data\none,x\n", "", `column a: "one" is no finite number`},
		{"infinite", head + "@data\nInf,x\n", "", "no finite number"},
		{"sparse", head + "@data\n{0 1}\n", "", "sparse"},
		{"behind a value", head + "@data\n1,'x'y\n", "", "want a comma"},
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
	f.Fuzz(func(t *testing.T, text, target string) {
		s, err := data.ARFF{Target: target}.Read(strings.NewReader(text), "f.arff")
		if err != nil {
			var at *data.CSVError
			if !errors.As(err, &at) {
				t.Fatalf("%T without a place: %v", err, err)
			}
			return
		}
		if err := s.Validate(); err != nil {
			t.Fatalf("a set that was read is not valid: %v", err)
		}
	})
}
