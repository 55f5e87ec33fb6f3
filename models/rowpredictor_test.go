package models_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// mixed returns a table of 15 columns: 9 numbers, 5 categories, one time.
func mixed(t testing.TB, rows int, seed uint64) *data.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	s := &data.Set{Name: "mixed"}
	for j := range 9 {
		s.Features = append(s.Features, data.Feature{Name: fmt.Sprint("n", j)})
	}
	for j := range 5 {
		s.Features = append(s.Features, data.Feature{Name: fmt.Sprint("c", j), Levels: []string{"red", "green", "blue", "7", "yes"}[:3+j%3]})
	}
	s.Features = append(s.Features, data.Feature{Name: "when", Time: "2006-01-02 15:04:05"})
	p := len(s.Features)
	v := make([]float64, rows*p)
	for i := range v {
		f := s.Features[i%p]
		switch {
		case r.IntN(15) == 0:
			v[i] = math.NaN()
		case f.Levels != nil:
			v[i] = float64(r.IntN(len(f.Levels)))
		case f.Time != "":
			v[i] = float64(1_700_000_000 + r.IntN(10_000_000))
		default:
			v[i] = 100 * r.NormFloat64()
		}
	}
	s.Inputs = []*tensor.Dense{tensor.New(tensor.WithShape(rows, p), tensor.WithBacking(v))}
	y := make([]float64, rows)
	for i := range y {
		y[i] = float64(i % 3)
	}
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(rows), tensor.WithBacking(y))}
	return s
}

// server returns a model for the table with all that Info can hold.
func server(t testing.TB, s *data.Set, change func(i *models.Info), units int, seed uint64) *models.Model {
	t.Helper()
	numbers := data.Pipeline{data.Impute{}, data.Standardize{}}
	fitted, err := data.Pipeline{data.Columns{Numbers: numbers, Times: data.Pipeline{data.ExpandTimes{}, data.Impute{}, data.Standardize{}}, Categories: data.OneHot{}}}.Fit(s)
	if err != nil {
		t.Fatal(err)
	}
	ready, err := fitted.Apply(s)
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.Sequential(models.Config{Seed: seed}, models.Input("x", ready.Inputs[0].Shape()[1]), layers.Dense{Units: 32, Activation: layers.Relu}, layers.Dense{Units: units})
	if err != nil {
		t.Fatal(err)
	}
	m.Info = models.Info{Task: data.Regress{}, Features: s.Features, Preprocess: fitted}
	change(&m.Info)
	return m
}

// servers are models of every kind.
func servers(t testing.TB, s *data.Set) map[string]*models.Model {
	three := []string{"a", "b", "c"}
	regress := func(i *models.Info) {
		i.Scales = []models.TargetScale{{Mean: 5, Scale: 3, Range: [2]float64{4, 6}}}
	}
	logarithmic := func(i *models.Info) {
		i.Scales = []models.TargetScale{{Mean: 0.1, Scale: 1.5, Center: 100, Width: 7}}
	}
	temper := func(i *models.Info) {
		i.Task, i.Classes, i.Calibration = data.Classify{}, three, &models.Calibration{Temperature: 2}
	}
	all := map[string]*models.Model{
		"regression": server(t, s, regress, 1, 1),
		"two classes": server(t, s, func(i *models.Info) {
			i.Task, i.Classes = data.Classify{}, []string{"no", "yes"}
		}, 1, 2),
		"three classes, costs": server(t, s, func(i *models.Info) {
			temper(i)
			i.Costs = [][]float64{{0, 1, 9}, {1, 0, 1}, {1, 1, 0}}
		}, 3, 3),
		"isotonic": server(t, s, func(i *models.Info) {
			f := models.Isotonic{X: []float64{0, 0.3, 1}, Y: []float64{0.1, 0.2, 0.9}}
			i.Task, i.Classes, i.Calibration = data.Classify{}, three, &models.Calibration{Steps: []models.Isotonic{f, f, f}}
		}, 3, 4),
		"logarithmic target":      server(t, s, logarithmic, 1, 12),
		"members side by side":    server(t, s, func(i *models.Info) { temper(i); i.Members = 4 }, 12, 5),
		"members of a regression": server(t, s, func(i *models.Info) { regress(i); i.Members = 4 }, 4, 6),
	}
	for name, members := range map[string][]*models.Model{
		"bag of classifiers":             {server(t, s, temper, 3, 7), server(t, mixed(t, 50, 9), temper, 3, 8)},
		"bag of logarithmic regressions": {server(t, s, logarithmic, 1, 13), server(t, mixed(t, 50, 7), regress, 1, 14)},
		"bag of regressions":             {server(t, s, regress, 1, 9), server(t, mixed(t, 50, 8), regress, 1, 10)},
	} {
		bag, err := models.Bag(members...)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = bag
	}
	return all
}

// row returns the cells of a row of codes as a caller may write them.
func row(features []data.Feature, codes []float64, way func(n int) int) map[string]any {
	cells := map[string]any{"a column of no model": struct{}{}}
	for k, f := range features {
		v := codes[k]
		switch {
		case math.IsNaN(v):
			if missing := []any{nil, "", "NA", math.NaN(), time.Time{}, (*float64)(nil)}; f.Time == "" {
				cells[f.Name] = slices.Delete(missing, 4, 5)[way(5)]
			} else {
				cells[f.Name] = slices.Delete(missing, 3, 4)[way(5)]
			}
		case f.Levels != nil && v < 0:
			cells[f.Name] = "a level of its own"
		case f.Levels != nil && f.Levels[int(v)] == "7":
			cells[f.Name] = []any{"7", 7, uint8(7), 7.0, float32(7)}[way(5)]
		case f.Levels != nil && f.Levels[int(v)] == "yes":
			cells[f.Name] = []any{"yes", true}[way(2)]
		case f.Levels != nil:
			cells[f.Name] = []any{f.Levels[int(v)], " " + f.Levels[int(v)] + " "}[way(2)]
		case f.Time != "":
			at := time.Unix(int64(v), 0).UTC()
			cells[f.Name] = []any{at, at.Format(f.Time), &at}[way(3)]
		default:
			cells[f.Name] = []any{v, fmt.Sprint(v), json.Number(fmt.Sprint(v)), &v}[way(4)]
		}
	}
	return cells
}

// Whatever the model and however the cells are written, a row alone is what it is
// among others.
func TestRowsAreThoseOfPredictRows(t *testing.T) {
	train := mixed(t, 80, 1)
	for name, m := range servers(t, train) {
		t.Run(name, func(t *testing.T) {
			r, err := m.RowPredictor()
			if err != nil {
				t.Fatal(err)
			}
			rapid.Check(t, func(t *rapid.T) {
				s := mixedOf(t, train.Features)
				want, err := m.PredictRows(ctx, s)
				if err != nil {
					t.Fatal(err)
				}
				codes, p, _ := s.Table()
				for i := range s.Len() {
					cells := row(train.Features, codes[i*p:(i+1)*p], func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "way") })
					got, err := r.PredictMap(cells)
					if err != nil {
						t.Fatal(err)
					}
					again, err := m.PredictMap(cells)
					if err != nil || !reflect.DeepEqual(got, again) {
						t.Fatalf("Model.PredictMap: %v, %v, want %v", again, err, got)
					}
					coded, err := r.PredictCodes(codes[i*p : (i+1)*p])
					if err != nil || !reflect.DeepEqual(got, coded) {
						t.Fatalf("PredictCodes: %v, %v, want %v", coded, err, got)
					}
					same(t, got, want, i, m.Info.Classes)
				}
			})
		})
	}
}

// mixedOf draws rows, some of their levels unknown.
func mixedOf(t *rapid.T, features []data.Feature) *data.Set {
	n := rapid.IntRange(1, 3).Draw(t, "rows")
	p := len(features)
	v := make([]float64, n*p)
	for i := range v {
		f := features[i%p]
		switch {
		case rapid.IntRange(0, 9).Draw(t, "missing") == 0:
			v[i] = math.NaN()
		case f.Levels != nil:
			v[i] = float64(rapid.IntRange(-1, len(f.Levels)-1).Draw(t, "level"))
		case f.Time != "":
			v[i] = float64(rapid.IntRange(0, 2_000_000_000).Draw(t, "time"))
		default:
			v[i] = rapid.Float64Range(-1e6, 1e6).Draw(t, "number")
		}
	}
	return &data.Set{Features: features, Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(n, p), tensor.WithBacking(v))}}
}

func same(t *rapid.T, got models.RowPrediction, want *data.Prediction, i int, classes []string) {
	if want.Labels == nil {
		if got.Value != want.Values[i] || got.Proba != nil || got.Class != "" {
			t.Fatalf("row %d: %v, want %v", i, got, want.Values[i])
		}
		return
	}
	k := len(classes)
	if got.Label != want.Labels[i] || got.Class != classes[got.Label] || !slices.Equal(got.Proba, want.Proba[i*k:(i+1)*k]) {
		t.Fatalf("row %d: %v, want %v %v", i, got, want.Labels[i], want.Proba[i*k:(i+1)*k])
	}
}

func TestPredictStruct(t *testing.T) {
	train := mixed(t, 80, 1)
	m := servers(t, train)["regression"]
	type request struct {
		N0, N1     float32
		N2         int
		Count      *int64 `aegis:"n3"`
		C0         string
		Level      string    `aegis:"c1"`
		Flag       bool      `aegis:"c2"`
		When       time.Time `aegis:"when"`
		Comment    []string  `aegis:"-"`
		unexported int
	}
	count := int64(9)
	at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	got, err := m.PredictStruct(&request{N0: 1.5, N1: 2, N2: -3, Count: &count, C0: "red", Level: "violet", Flag: true, When: at, unexported: 1})
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.PredictMap(map[string]any{"n0": 1.5, "n1": 2, "n2": "-3", "n3": 9, "c0": "red", "c1": "violet", "c2": "yes", "when": "2024-05-06 07:08:09"})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("have %v, want %v", got, want)
	}
	if !slices.Equal(got.Unknown, []string{"c1"}) || len(got.Absent) != 7 {
		t.Errorf("unknown %q, absent %q", got.Unknown, got.Absent)
	}
}

func TestRowMistakes(t *testing.T) {
	train := mixed(t, 80, 1)
	m := servers(t, train)["two classes"]
	good := row(train.Features, make([]float64, 15), func(int) int { return 0 })
	with := func(name string, v any) func() error {
		return func() error {
			cells := map[string]any{}
			for k, v := range good {
				cells[k] = v
			}
			cells[name] = v
			_, err := m.PredictMap(cells)
			return err
		}
	}
	of := func(v any) func() error {
		return func() error { _, err := m.PredictStruct(v); return err }
	}
	for _, c := range []struct {
		name string
		call func() error
		want string
	}{
		{"a text for a number", with("n3", "many"), `column "n3": "many" is not a number`},
		{"a slice", with("n3", []float64{1}), `column "n3": a value of type []float64`},
		{"a time for a number", with("n0", time.Now()), `column "n0": a time in a column that holds none`},
		{"infinite", with("n0", math.Inf(1)), `column "n0": +Inf is not finite`},
		{"a number for a time", with("when", 5), `column "when": 5 is a number, want a time`},
		{"no time", with("when", "soon"), `column "when": "soon" is not a time`},
		{"nothing", func() error { _, err := m.PredictMap(nil); return err }, `none of the model's columns, such as "n0"`},
		{"no struct", of(5), "a row of type int: want a struct"},
		{"nil", of(nil), "a row of type <nil>"},
		{"a field for no column", of(struct {
			X int `aegis:"age"`
		}{}), `field X is tagged "age"`},
		{"no field", of(struct{ X int }{}), "no field for any"},
		{"two fields", of(struct {
			N0 int
			X  int `aegis:"n0"`
		}{}), `fields N0 and X are both column "n0"`},
		{"a short row", func() error {
			r, err := m.RowPredictor()
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.PredictCodes([]float64{1})
			return err
		}, "a row of 1 values: want 15"},
		{"no columns", func() error {
			_, err := wideNet(t).PredictMap(map[string]any{})
			return err
		}, "names no columns"},
	} {
		if err := c.call(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", c.name, err, c.want)
		}
	}
}

func TestRowPredictorIsSafeForSeveral(t *testing.T) {
	train := mixed(t, 80, 1)
	m := servers(t, train)["three classes, costs"]
	codes, p, _ := train.Table()
	want, err := m.PredictRows(ctx, train)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.RowPredictor()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < train.Len(); i += 2 {
				got, err := r.PredictCodes(codes[i*p : (i+1)*p])
				if err != nil || !slices.Equal(got.Proba, want.Proba[i*3:(i+1)*3]) {
					t.Errorf("row %d: %v, %v", i, got, err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkPredictMap(b *testing.B) {
	train := mixed(b, 80, 1)
	for name, m := range servers(b, train) {
		r, err := m.RowPredictor()
		if err != nil {
			b.Fatal(err)
		}
		cells := row(train.Features, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 0, 1, 1_700_000_000}, func(int) int { return 0 })
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.PredictMap(cells); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPredictOneRow(b *testing.B) {
	m := wideNet(b)
	x := tensor.New(tensor.WithShape(1, 20), tensor.WithBacking(make([]float32, 20)))
	p, err := m.Predictor(1)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Model", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := m.Predict(ctx, x); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Predictor", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := p.Run(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}
