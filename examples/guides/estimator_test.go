package guides_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
)

// NearestMean predicts the class whose mean is nearest.
type NearestMean struct {
	Power float64 // of the distance; 0: 2
}

// Fit implements crossval.Estimator; the seed is not used.
func (e NearestMean) Fit(_ context.Context, train data.Source, _ uint64) (*data.Predictor, error) {
	rows, err := data.Collect(train)
	if err != nil {
		return nil, err
	}
	x, columns, err := rows.Table()
	if err != nil {
		return nil, err
	}
	labels, err := rows.Labels()
	if err != nil {
		return nil, err
	}
	counts, err := rows.ClassCounts()
	if err != nil {
		return nil, err
	}
	means := make([][]float64, len(counts))
	for c := range means {
		means[c] = make([]float64, columns)
	}
	for i, c := range labels {
		for j := range columns {
			means[c][j] += x[i*columns+j] / float64(counts[c])
		}
	}
	power := e.Power
	if power == 0 {
		power = 2
	}
	predict := func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
		x, width, err := rows.Table()
		if err != nil {
			return nil, err
		}
		if width != columns {
			return nil, errors.New("nearest mean: the rows have other columns than those it was fitted on")
		}
		p := &data.Prediction{Labels: make([]int, rows.Len())}
		for i := range p.Labels {
			least := math.Inf(1)
			for c, mean := range means {
				d := 0.0
				for j, m := range mean {
					d += math.Pow(math.Abs(x[i*columns+j]-m), power)
				}
				if counts[c] > 0 && d < least {
					p.Labels[i], least = c, d
				}
			}
		}
		return p, nil
	}
	return &data.Predictor{Predict: predict, Parameters: len(means) * columns}, nil
}

func init() {
	if err := describe.Register("guides.", NearestMean{}); err != nil {
		log.Fatal(err)
	}
}

func Example_estimator() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	candidates := []crossval.Candidate{
		{Name: "plain", Estimator: NearestMean{}},
		{Name: "standardised", Estimator: crossval.Preprocessed{Transform: data.Standardize{}, Estimator: NearestMean{Power: 1}}},
	}
	result, err := crossval.Validate(context.Background(), set, crossval.RepeatedStratifiedKFold{Repeats: 1, Seed: 1}, candidates, crossval.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range candidates {
		fmt.Printf("%s: accuracy %.2f\n", c.Name, result.Mean(c.Name, "accuracy"))
	}
	text, err := describe.Marshal(&candidates[1].Estimator)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	// Output:
	// plain: accuracy 0.91
	// standardised: accuracy 0.87
	// {"kind":"crossval.Preprocessed","config":{"Transform":{"kind":"data.Standardize"},"Estimator":{"kind":"guides.NearestMean","config":{"Power":1}}}}
}
