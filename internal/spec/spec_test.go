package spec

import (
	"reflect"
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
}

type hidden struct{ side float64 }

func (h hidden) area() float64 { return h.side }

type fn func() float64

func (f fn) area() float64 { return f() }

func init() {
	Builtin("", square{}, list{}, hidden{}, plain{})
	Builtin("Test", fn(nil))
}

func TestRoundTrip(t *testing.T) {
	for _, want := range []picture{
		{},
		{Name: "one", Size: [2]int{1, 2}, Shapes: []shape{square{2}, nil, square{}, list{square{1.5}, list{}}}, One: square{1e-300}, Paint: 3},
		{Every: map[string]float64{"a": 1, "b": -2}},
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
	for want, v := range map[string]picture{
		"picture.Shapes[1]: the type spec.stranger is not registered": {Shapes: []shape{square{1}, stranger{}}},
		"picture.One(hidden): has the unexported field side":          {One: hidden{}},
		"picture.One(Testfn): a spec.fn cannot be saved":              {One: fn(func() float64 { return 1 })},
		"picture.Nested.Deep: a *int cannot be saved":                 {Nested: struct{ Deep *int }{&deep}},
	} {
		if _, err := Marshal(v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestUnmarshalRejects(t *testing.T) {
	nested := strings.Repeat(`{"kind":"list","config":[`, 200)
	for text, want := range map[string]string{
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
		`{"One":{"kind":"plain","config":{}}}`:               `"plain" is no spec.shape`,
		`{"One":` + nested + strings.Repeat("]}", 200) + "}": "nested more than 100 deep",
	} {
		var p picture
		if err := Unmarshal([]byte(text), &p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: error %v, want one with %q", text, err, want)
		}
	}
}

type plain struct{}

func TestRegister(t *testing.T) {
	if err := Register("plain", plain{}); err != nil {
		t.Errorf("the same pair again: %v", err)
	}
	if err := Register("plain", square{}); err == nil || !strings.Contains(err.Error(), `"plain" is taken by spec.plain`) {
		t.Errorf("error %v, want one about a name that is taken", err)
	}
	for v, want := range map[any]string{plain{}: "plain", colour(0): "colour", nil: "nil", [1]int{}: "[1]int"} {
		if got := Kind(v); got != want {
			t.Errorf("kind %q of %v, want %q", got, v, want)
		}
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
