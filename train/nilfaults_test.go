package train_test

import (
	"context"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

func TestFault36BuildOfNothing(t *testing.T) {
	s, err := data.FromRows("s", [][]float64{{1}, {2}, {3}, {4}}, []float64{1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]train.Estimator{
		"no net":              {},
		"no function":         {Net: models.ArchitectureFunc(nil)},
		"a build of no model": {Net: models.ArchitectureFunc(func(*data.Set, uint64) (*models.Model, error) { return nil, nil })},
		"a build of a zero":   {Net: models.ArchitectureFunc(func(*data.Set, uint64) (*models.Model, error) { return &models.Model{}, nil })},
	} {
		if _, err := e.Fit(context.Background(), s, 1); err == nil || strings.Contains(err.Error(), "panic") {
			t.Errorf("%s: have %v, want an error that is no panic", name, err)
		}
	}
}

// A Fitting that Fit has not made is that of no fit.
func TestFault37ZeroFitting(t *testing.T) {
	for name, f := range map[string]*train.Fitting{"nil": nil, "zero": {}} {
		f.KeepBest(1, 2)
		f.SetRateFactor(2)
		if err := f.RestoreBest(); err != nil || f.History().Epochs() != 0 {
			t.Errorf("%s: %v after %d epochs", name, err, f.History().Epochs())
		}
	}
}

// A nil *data.Set as Validation is none.
func TestNilValidation(t *testing.T) {
	var held *data.Set
	s, err := data.Iris()
	if err != nil {
		t.Fatal(err)
	}
	e := train.Estimator{Net: models.MLP{}, Config: train.Config{Epochs: 1, Validation: held}}
	m, h, err := e.Train(context.Background(), s)
	if err != nil || h.Get("val_loss") != nil {
		t.Fatal(err)
	}
	if _, err := train.Fit(context.Background(), m, s, train.Config{Epochs: 1, Validation: held}); err != nil {
		t.Error(err)
	}
}
