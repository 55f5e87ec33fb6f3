package main

import (
	"fmt"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/data"
)

// rows are a set as plain slices.
type rows struct {
	x      []float32
	width  int // values of a row
	labels []int
}

// rowsOf returns the rows that a workload trains on, or those that it predicts.
func rowsOf(w workload.Workload, training bool) (rows, error) {
	train, predict, _, err := w.Data()
	if err != nil {
		return rows{}, err
	}
	if training {
		return plain(train)
	}
	return plain(predict)
}

func plain(set *data.Set) (rows, error) {
	labels, err := set.Labels()
	if err != nil {
		return rows{}, err
	}
	r := rows{labels: labels}
	switch v := set.Inputs[0].Data().(type) {
	case []float32:
		r.x = v
	case []float64:
		r.x = make([]float32, len(v))
		for i, f := range v {
			r.x[i] = float32(f)
		}
	default:
		return r, fmt.Errorf("%s: rows of type %T", set.Name, v)
	}
	r.width = len(r.x) / len(labels)
	return r, nil
}
