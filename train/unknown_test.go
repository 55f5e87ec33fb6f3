package train_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

// inOrder delivers the rows of a set in order, without their number; in pass number short, one
// row fewer.
func inOrder(set *data.Set, short int) data.Source {
	pass := 0
	return data.Sequential{Like: set, Open: func() (func(int, *data.Set) error, error) {
		pass++
		at, end := 0, set.Len()
		if pass == short {
			end--
		}
		return func(n int, into *data.Set) error {
			n = min(n, end-at)
			if n == 0 {
				return io.EOF
			}
			at += n
			part, err := set.Rows(numbers(at-n, at))
			if err == nil {
				*into = *part
			}
			return err
		}, nil
	}}
}

// sums is rows of three numbers with the sign of their sum as class.
func sums(t testing.TB, n int) *data.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(8, 1))
	x, labels := make([][]float64, n), make([]int, n)
	for i := range x {
		x[i] = []float64{r.NormFloat64(), 5 * r.NormFloat64(), r.NormFloat64()}
		if x[i][0]+x[i][1]+x[i][2] > 0 {
			labels[i] = 1
		}
	}
	set, err := data.FromLabels("sums", x, labels, []string{"below", "above"})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func fitted(t *testing.T, src data.Source, epochs int) (*models.Model, string) {
	t.Helper()
	e := train.Estimator{
		Net: models.MLP{Hidden: []int{4}}, Preprocess: data.Standardize{}, Seed: 3,
		Config: train.Config{Epochs: epochs, BatchSize: 1000},
	}
	m, h, err := e.Train(context.Background(), src)
	if err != nil {
		t.Fatal(err)
	}
	return m, fmt.Sprint(m.Params().Snapshot(), h.Curves)
}

// TestRowsInOrder: rows whose number is not known give the model of the same rows in memory, if
// they are one window; of more windows, that of a set whose shuffled blocks come in their order.
func TestRowsInOrder(t *testing.T) {
	set := sums(t, 5000)
	m, known := fitted(t, set, 3)
	_, unknown := fitted(t, inOrder(set, 0), 3)
	if known != unknown {
		t.Error("a window of rows in order gives another model than a set")
	}
	p, err := m.PredictRows(context.Background(), inOrder(set, 0))
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.PredictRows(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Proba, want.Proba) {
		t.Error("the predictions of rows in order are others")
	}

	const n = data.WindowRows + 2*data.BlockRows + 333
	large := sums(t, n)
	b, err := data.NewBatches(n, 1000, true, 3)
	if err != nil {
		t.Fatal(err)
	}
	b.Epoch(1)
	moved := make([]int, n) // block k of the large set is the one that comes in place of k
	at := 0
	for w := range b.Windows() {
		for _, r := range b.Rows(nil, w) {
			moved[r] = at
			at++
		}
	}
	shuffled, err := large.Rows(moved)
	if err != nil {
		t.Fatal(err)
	}
	fit := func(src data.Source) string {
		t.Helper()
		m, err := models.MLP{Hidden: []int{4}}.Build(large, 3)
		if err != nil {
			t.Fatal(err)
		}
		h, err := train.Fit(context.Background(), m, src, train.Config{Epochs: 1, BatchSize: 1000, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(m.Params().Snapshot(), h.At("loss", 1))
	}
	if fit(inOrder(large, 0)) != fit(shuffled) {
		t.Error("windows of rows in order are trained on in another way")
	}
}

// TestUnknownMistakes: what needs the number of rows, or other rows in another pass, is an error.
func TestUnknownMistakes(t *testing.T) {
	ctx := context.Background()
	set := sums(t, 300)
	net := train.Estimator{Net: models.MLP{Hidden: []int{4}}, Config: train.Config{Epochs: 3}}
	some := net
	some.Config.ValidationFraction = 0.2
	_, _, err := some.Train(ctx, inOrder(set, 0))
	_, err2 := crossval.Validate(ctx, inOrder(set, 0), crossval.KFold{K: 3}, []crossval.Candidate{{Name: "net", Estimator: net}}, crossval.Options{})
	m, _ := fitted(t, set, 1)
	_, err3 := train.Fit(ctx, m, inOrder(set, 0), train.Config{Epochs: 1, ValidationFraction: 0.2})
	_, err4 := data.Collect(data.View(inOrder(set, 0), []int{1}))
	for i, err := range []error{err, err2, err3, err4} {
		if !errors.Is(err, data.ErrUnknown) {
			t.Errorf("case %d: error %v", i, err)
		}
	}
	large := sums(t, data.WindowRows+10)
	for _, c := range []struct {
		name  string
		short int // the pass that gives one row fewer
		want  string
	}{
		{"fewer rows in the second epoch", 4, "fewer than the 262154 rows"},
		{"more rows than in the first pass", 1, "more than the 262153 rows"},
	} {
		model, err := models.MLP{Hidden: []int{4}}.Build(set, 3)
		if err != nil {
			t.Fatal(err)
		}
		_, err = train.Fit(ctx, model, inOrder(large, c.short), train.Config{Epochs: 2, BatchSize: 4096})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}
