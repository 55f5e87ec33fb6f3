package describe

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

type shape interface{ area() float64 }

type square struct{ Side float64 }

func (s square) area() float64 { return s.Side * s.Side }

type colour int

func (c colour) MarshalText() ([]byte, error) { return []byte{'a' + byte(c)}, nil }

func (c *colour) UnmarshalText(t []byte) error {
	*c = colour(t[0] - 'a')
	return nil
}

type list []shape

func (l list) area() float64 { return float64(len(l)) }

type picture struct {
	Name   string
	Size   [2]int
	Shapes []shape
	One    shape
	Paint  colour
	Nested struct{ Deep *int }
	Every  map[string]float64
	Named  map[string]shape
	Levels []level
	Bounds []float64
	Limit  float64
	Hook   func() `describe:"-"`
}

type hidden struct{ side float64 }

func (h hidden) area() float64 { return h.side }

type fn func() float64

type disc struct{ Radius float64 }

func (d disc) area() float64 { return 3 * d.Radius * d.Radius }

type shared struct{ Of shape }

func (s *shared) area() float64 { return s.Of.area() }

type level int

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (f fn) area() float64 { return f() }

func init() {
	must(Register("", square{}, list{}, hidden{}, unit{}, &shared{}))
	must(Register("Test", fn(nil)))
	must(RegisterEntry(Entry{Kind: "disc", Version: 3, Example: disc{}, Upgrade: func(version int, config map[string]json.RawMessage) error {
		if version == 1 { // fields were called otherwise
			if config["R"] == nil {
				return errors.New("no R")
			}
			config["Radius"] = config["R"]
			delete(config, "R")
		}
		return nil
	}, Check: func(v any) error {
		if v.(disc).Radius < 0 {
			return errors.New("a negative radius")
		}
		return nil
	}}))
	must(RegisterText(Text{level(0), func(v any) (string, error) {
		if v.(level) > 2 {
			return "", errors.New("too high")
		}
		return strings.Repeat("+", int(v.(level))), nil
	}, func(text string) (any, error) {
		if strings.Trim(text, "+") != "" {
			return 3, nil
		}
		return level(len(text)), nil
	}}))
}

func TestRoundTrip(t *testing.T) {
	for _, want := range []picture{
		{},
		{Name: "one", Size: [2]int{1, 2}, Shapes: []shape{square{2}, nil, square{}, list{square{1.5}, list{}}}, One: square{1e-300}, Paint: 3},
		{Every: map[string]float64{"a": 1, "b": -2}, Named: map[string]shape{"x": disc{2}, "": nil, "y": &shared{Of: &shared{Of: square{1}}}}},
		{Levels: []level{0, 2, 1}, Bounds: []float64{math.Inf(-1), 0, math.Copysign(0, -1), 5e-324, math.Inf(1)}, Limit: math.Inf(1), Shapes: []shape{}},
	} {
		text, err := Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got picture
		if err := Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		again, err := Marshal(got)
		if err != nil || string(again) != string(text) {
			t.Errorf("%s (%v), want %s", again, err, text)
		}
	}
}

type stranger struct{ Side float64 }

func (stranger) area() float64 { return 0 }

func TestMarshalRejects(t *testing.T) {
	deep := 1
	circle := &shared{}
	circle.Of = circle
	for want, v := range map[string]picture{
		"picture.Shapes[1]: the type describe.stranger is not registered": {Shapes: []shape{square{1}, stranger{}}},
		"picture.One(hidden): has the unexported field side":              {One: hidden{}},
		"picture.One(Testfn): a describe.fn cannot be saved":              {One: fn(func() float64 { return 1 })},
		"picture.One(shared): a pointer that is nil":                      {One: (*shared)(nil)},
		"picture.Levels[1]: too high":                                     {Levels: []level{1, 7}},
		"nested more than 100 deep":                                       {One: circle},
		"picture.Nested.Deep: a *int cannot be saved":                     {Nested: struct{ Deep *int }{&deep}},
	} {
		if _, err := Marshal(v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestUnmarshalRejects(t *testing.T) {
	nested := strings.Repeat(`{"kind":"list","config":[`, 200)
	for text, want := range map[string]string{
		`{"One":{"kind":"disc","version":4,"config":{}}}`:                   `"disc" is written in version 4, newer than version 3`,
		`{"One":{"kind":"disc","version":3,"config":{"Radius":-1}}}`:        "picture.One(disc): a negative radius",
		`{"Named":{"a":{"kind":"disc","version":1,"config":{"Radius":2}}}}`: `picture.Named["a"](disc): from version 1 to 3: no R`,
		`{"Named":{"a":{"kind":"square","version":2}}}`:                     `newer than version 1`,
		`{"Levels":["+","x"]}`:  `picture.Levels[1]: "x" was read as a int`,
		`{"Hook":1}`:            `has no field "Hook"`,
		`{"Bounds":["Inf"]}`:    "picture.Bounds[0]: json",
		`{} {}`:                 "after top-level value",
		`{"Name":1}`:            "picture.Name: json: cannot unmarshal number",
		`[]`:                    "picture: json: cannot unmarshal array",
		`{"Size":[1,2,3]}`:      "picture.Size: 3 values, want 2",
		`{"Hat":1}`:             `picture: has no field "Hat"`,
		`{"One":{"kind":"x"}}`:  `picture.One: the kind "x" is not known here`,
		`{"One":{"sort":"x"}}`:  `picture.One: json: unknown field "sort"`,
		`{"One":"square"}`:      "picture.One: json: cannot unmarshal string",
		`{"Shapes":{}}`:         "picture.Shapes: json: cannot unmarshal object",
		`{"Shapes":[null,1]}`:   "picture.Shapes[1]: json: cannot unmarshal number",
		`{"One":{"kind":"list"`: "unexpected end",
		`{"One":{"kind":"square","config":{"Side":"1"}}}`:    "picture.One(square).Side: json: cannot unmarshal string",
		`{"One":{"kind":"unit","config":{}}}`:                `"unit" is no describe.shape`,
		`{"One":` + nested + strings.Repeat("]}", 200) + "}": "nested more than 100 deep",
	} {
		var p picture
		if err := Unmarshal([]byte(text), &p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: error %v, want one with %q", text, err, want)
		}
	}
}

type unit struct{}

func TestRegister(t *testing.T) {
	if err := Register("", unit{}); err != nil {
		t.Errorf("the same pair again: %v", err)
	}
	for want, e := range map[string]Entry{
		`the kind "unit" is taken by describe.unit`: {Kind: "unit", Example: colour(0)},
		`describe.unit is registered as "unit"`:     {Kind: "one", Example: unit{}},
		"no kind, no example":                       {Kind: "x"},
		"a version of -1":                           {Kind: "x", Example: 1, Version: -1},
	} {
		if err := RegisterEntry(e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if err := Register("", nil); err == nil {
		t.Error("an example that is nil was registered")
	}
	if err := RegisterText(Text{Example: 1}); err == nil {
		t.Error("a text without functions was registered")
	}
	if v, err := New("disc"); err != nil || v != (disc{}) {
		t.Errorf("new: %v, %v", v, err)
	}
	if v, err := New("shared"); err != nil || *v.(*shared) != (shared{}) {
		t.Errorf("new: %v, %v", v, err)
	}
	if _, err := New("nothing"); err == nil {
		t.Error("a kind that is not known was made")
	}
	if k := Kinds(); !slices.IsSorted(k) || !slices.Contains(k, "disc") {
		t.Errorf("kinds %q", k)
	}
	for v, want := range map[any]string{unit{}: "unit", colour(0): "colour", nil: "nil", [1]int{}: "[1]int"} {
		if got := Kind(v); got != want {
			t.Errorf("kind %q of %v, want %q", got, v, want)
		}
	}
}

// TestVersions reads a disc as it was written in each version.
func TestVersions(t *testing.T) {
	for _, text := range []string{
		`{"kind":"disc","config":{"R":2}}`,
		`{"kind":"disc","version":2,"config":{"Radius":2}}`,
		`{"kind":"disc","version":3,"config":{"Radius":2}}`,
	} {
		var s shape
		if err := Unmarshal([]byte(text), &s); err != nil || s != (disc{2}) {
			t.Errorf("%s: %v, %v", text, s, err)
		}
		var d disc
		if err := Unmarshal([]byte(text), &d); err != nil || d != (disc{2}) {
			t.Errorf("%s: %v, %v", text, d, err)
		}
		again, err := Marshal(d)
		if want := `{"kind":"disc","version":3,"config":{"Radius":2}}`; err != nil || string(again) != want {
			t.Errorf("%s, %v, want %s", again, err, want)
		}
	}
	var d disc
	for text, want := range map[string]string{
		`{"kind":"square"}`:          `want a "disc", have a "square"`,
		`{"kind":"disc"} 1`:          "more after its end",
		`{"kind":"disc","config":3}`: "cannot unmarshal number",
	} {
		if err := Unmarshal([]byte(text), &d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
	for _, target := range []any{nil, d, (*disc)(nil)} {
		if err := Unmarshal([]byte(`{}`), target); err == nil {
			t.Errorf("read into %T", target)
		}
	}
	if _, err := Marshal(nil); err == nil {
		t.Error("nil was written")
	}
}

func FuzzUnmarshal(f *testing.F) {
	text, err := Marshal(picture{Name: "x", Shapes: []shape{square{1}, list{}}, Every: map[string]float64{"a": 1}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"Size":[1,2,3],"Nested":{"Deep":4}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p, q picture
		if Unmarshal(text, &p) != nil || p.Nested.Deep != nil || p.Paint < 0 || p.Paint > 20 {
			return
		}
		again, err := Marshal(p)
		if err != nil {
			if strings.Contains(err.Error(), "cannot be saved") { // a kind that only tests of errors register
				return
			}
			t.Fatal(err)
		}
		if err := Unmarshal(again, &q); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
	})
}
