package ensemble_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/recipes/ensemble"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/seed732fc211/aegis/trees"
)

// table is a made-up file of numbers with gaps, categories and times.
func table(t testing.TB, classes bool) *data.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("size,colour,day,y\n")
	for range 120 {
		size, colour := 10*r.Float64(), []string{"red", "green", "blue"}[r.IntN(3)]
		y := size + 3*float64(len(colour)) + r.NormFloat64()
		cell := fmt.Sprintf("%.2f", y)
		if classes {
			cell = map[bool]string{true: "high", false: "low"}[y > 17]
		}
		text := fmt.Sprintf("%.3f", size)
		if r.IntN(10) == 0 {
			text = ""
		}
		fmt.Fprintf(&b, "%s,%s,2024-%02d-%02d,%s\n", text, colour, 1+r.IntN(12), 1+r.IntN(28), cell)
	}
	set, _, err := data.CSV{Target: "y"}.Read(strings.NewReader(b.String()), "made up")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// quick is a search of a few trials whose ensemble has a net, boosted trees and a forest.
func quick(t *testing.T, set *data.Set) *search.Outcome {
	t.Helper()
	small := tabular.Estimator{Recipe: tabular.Tuned{Recipe: tabular.Adaptive{Simple: true}, Epochs: 8}, Bag: 2}
	s := search.Search{
		Space: search.Space{Base: crossval.Preprocessed{Estimator: small}, Settings: []search.Setting{{
			Path: "Estimator", Name: "model", Domain: search.Choice{Values: []any{
				baselines.Prepared{Estimator: baselines.BoostedTrees{Settings: trees.Boosting{Iterations: 9}}},
				baselines.Prepared{Estimator: baselines.RandomForest{Settings: trees.Forest{Trees: 9}}},
			}},
		}}},
		Proposer: search.Sobol{}, Trials: 4, Folds: 3, Race: search.Race{Full: true}, Seed: 1,
	}
	o, err := s.Run(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	o.Weights = []search.Weight{{Trial: 0, Weight: 0.5}, {Trial: 1, Weight: 0.3}, {Trial: 2, Weight: 0.2}}
	return o
}

// TestSavedAsTrained: an ensemble of nets and trees predicts the mean of its members, and the
// same to the bit after it was saved and read; equal ensembles are equal files.
func TestSavedAsTrained(t *testing.T) {
	for _, classes := range []bool{true, false} {
		set := table(t, classes)
		o := quick(t, set)
		m, err := ensemble.Train(t.Context(), set, o)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Members) != 3 || m.Members[0].Net == nil || m.Members[1].Trees == nil || m.Members[1].Before == nil {
			t.Fatalf("members %+v", m.Members)
		}
		blend, err := o.Best().Fit(t.Context(), set, 1)
		if err != nil {
			t.Fatal(err)
		}
		want, err := blend.Predict(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		have, err := m.PredictRows(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(have.Values, want.Values) || !slices.Equal(have.Proba, want.Proba) || !slices.Equal(have.Labels, want.Labels) {
			t.Errorf("the saved kind predicts other than search.Blend")
		}
		dir := t.TempDir()
		one, two := filepath.Join(dir, "one.zip"), filepath.Join(dir, "two.zip")
		if err := errors.Join(m.Save(one), m.Save(two)); err != nil {
			t.Fatal(err)
		}
		a, err := os.ReadFile(one)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(two)
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("two files of one ensemble differ (%v)", err)
		}
		back, err := ensemble.Load(one)
		if err != nil {
			t.Fatal(err)
		}
		read, err := back.PredictRows(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(have.Values, read.Values) || !slices.Equal(have.Proba, read.Proba) || !slices.Equal(have.Labels, read.Labels) {
			t.Errorf("the ensemble predicts something else after it was read")
		}
		damaged(t, a)
	}
}

// damaged checks that no damage of a file passes, or panics.
func damaged(t *testing.T, file []byte) {
	t.Helper()
	if _, err := ensemble.Read(bytes.NewReader(nil), 0); !errors.Is(err, ensemble.ErrFormat) {
		t.Errorf("an empty file: %v", err)
	}
	r := rand.New(rand.NewPCG(5, 5))
	for k := range 300 {
		wrong := slices.Clone(file)
		at := r.IntN(len(wrong))
		if k < 150 {
			at = 40 + r.IntN(800) // in the index
		}
		wrong[at] ^= byte(1 + r.IntN(255))
		m, err := ensemble.Read(bytes.NewReader(wrong), int64(len(wrong)))
		if err == nil {
			again, _ := ensemble.Read(bytes.NewReader(file), int64(len(file)))
			if fmt.Sprintf("%+v", m.Features) != fmt.Sprintf("%+v", again.Features) || len(m.Members) != len(again.Members) {
				t.Errorf("byte %d of %d was changed without an error", at, len(wrong))
			}
		}
	}
	for _, n := range []int{1, len(file) / 2, len(file) - 1} {
		if _, err := ensemble.Read(bytes.NewReader(file[:n]), int64(n)); err == nil {
			t.Errorf("a file of %d of %d bytes is read", n, len(file))
		}
	}
}

// TestTrainRefuses: what cannot be saved is an error that says so.
func TestTrainRefuses(t *testing.T) {
	set := table(t, true)
	o := quick(t, set)
	o.Trials[0].Estimator = baselines.Majority{}
	if _, err := ensemble.Train(t.Context(), set, o); err == nil || !strings.Contains(err.Error(), "Majority cannot be saved") {
		t.Errorf("error %v", err)
	}
	o.Trials[0].Estimator = baselines.Prepared{Estimator: baselines.KNN{}, Encode: true}
	if _, err := ensemble.Train(t.Context(), set, o); err == nil || !strings.Contains(err.Error(), "Encode cannot be saved") {
		t.Errorf("error %v", err)
	}
	if _, err := ensemble.Train(t.Context(), set, nil); err == nil {
		t.Error("no outcome is no error")
	}
}

// TestSpace: every setting of the space leads to an estimator, for all tasks, and those that
// trees cannot predict have none.
func TestSpace(t *testing.T) {
	set := table(t, false)
	quantiles, err := set.Posing(data.Quantile{Levels: []float64{0.1, 0.9}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set      *data.Set
		families int
	}{{table(t, true), 5}, {set, 5}, {quantiles, 3}} {
		s, err := ensemble.Space(c.set)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(s.Settings[0].Domain.(search.Choice).Values); n != c.families {
			t.Errorf("%d families, want %d", n, c.families)
		}
		if err := ensemble.Savable(s); err != nil {
			t.Error(err)
		}
		// A search checks the whole space before it fits.
		if _, err := (search.Search{Space: s, Trials: 1, Folds: 2}).Run(t.Context(), c.set); err != nil {
			t.Error(err)
		}
	}
}

// TestSavable: that a model could not be saved is known before a search.
func TestSavable(t *testing.T) {
	nets, knn := tabular.Estimator{}, baselines.Prepared{Estimator: baselines.KNN{}}
	among := func(values ...any) search.Space {
		return search.Space{Base: crossval.Preprocessed{Estimator: nets}, Settings: []search.Setting{{Path: "Estimator", Domain: search.Choice{Values: values}}}}
	}
	for want, s := range map[string]search.Space{
		"KNN cannot be saved":          among(nets, knn),
		"Encode cannot be saved":       among(baselines.Prepared{Estimator: baselines.RandomForest{}, Encode: true}),
		"Estimator cannot be saved":    among(baselines.Prepared{Estimator: nets}),
		"Majority cannot be saved":     {Base: baselines.Majority{}},
		"Preprocessed cannot be saved": {Base: crossval.Preprocessed{Estimator: nets, Transform: data.Standardize{}}},
		"<nil> cannot be saved":        {},
	} {
		if err := ensemble.Savable(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// FuzzRead: no bytes make Read panic or take much memory.
func FuzzRead(f *testing.F) {
	set := table(f, true)
	expanded, err := (data.ExpandTimes{}).Fit(set)
	if err != nil {
		f.Fatal(err)
	}
	rows, err := expanded.Apply(set)
	if err != nil {
		f.Fatal(err)
	}
	m, err := baselines.BoostedTrees{Settings: trees.Boosting{Iterations: 2, Leaves: 3}}.Train(f.Context(), rows, 1)
	if err != nil {
		f.Fatal(err)
	}
	e := &ensemble.Model{Members: []ensemble.Member{{Weight: 1, Trees: m, Before: expanded}}, Features: set.Features, Task: set.Task(), Target: set.Target, Classes: set.Classes}
	path := filepath.Join(f.TempDir(), "m.zip")
	if err := e.Save(path); err != nil {
		f.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := ensemble.Read(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		if _, err := m.PredictRows(t.Context(), set); err != nil {
			t.Log(err)
		}
	})
}
