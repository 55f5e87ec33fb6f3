package models

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
)

// RowPrediction is a model's prediction for one row.
type RowPrediction struct {
	Class string    // for a classification
	Label int       // the index of Class in Info.Classes
	Proba []float64 // per class, in the order of Info.Classes, or per label; nil for a regression
	Value float64   // for a regression, in the target's units

	Labels []int     // of tasks with several labels, such as data.MultiLabel; nil: only Label
	Values []float64 // of tasks with several values, such as data.Quantile; nil: only Value

	Unknown []string // columns with a level not seen in training
	Absent  []string // columns that the row lacks; their values are missing
}

// RowPredictor predicts raw rows of a table one by one, through the whole pipeline:
// cells, preprocessing, network, calibration and costs. Its results equal those of
// Model.PredictRows. A service keeps one and may use it from several goroutines at once, but
// not while the model is being trained.
//
//	import _ "github.com/seed732fc211/aegis/models/tabular" // layers used by aegis train
//
//	m, err := models.Load("model.safetensors")
//	r, err := m.RowPredictor()
//	p, err := r.PredictMap(map[string]any{"age": 31, "city": "Lyon", "since": time.Now()})
//	fmt.Println(p.Class, p.Proba)
type RowPredictor struct {
	model *Model
	info  Info // a copy from when the RowPredictor was made
	rules *data.Rules
	cells []*data.CellReader

	mu   sync.Mutex
	free []*rowWorker

	fields sync.Map // maps reflect.Type to []int or error: see fieldsOf
}

// rowWorker is the memory for one row in progress.
type rowWorker struct {
	raw, ready []float64 // columns of the raw table and of the preprocessed one
	transform  *data.RowTransform
	predictor  *Predictor
	values, p  []float64       // of the output, and of one member's
	said       data.Prediction // holds its labels and values
}

// RowPredictor returns a RowPredictor for the columns of Info.Features. It is an error if
// Info has none, if the model's input is not a single table, or if Info.Preprocess holds
// transforms from outside package data. Info is read once: after changing it, make another
// RowPredictor.
func (m *Model) RowPredictor() (*RowPredictor, error) {
	if !m.made() {
		return nil, errNotMade
	}
	switch {
	case len(m.Info.Features) == 0:
		return nil, errors.New("models: rows: the model's Info names no columns")
	case m.inputs != 1 || len(m.shapes[0]) != 1 || m.net.Stages[0].Int:
		return nil, errors.New("models: rows: the model's input is not one table")
	}
	r := &RowPredictor{model: m, info: m.Info}
	for _, f := range m.Info.Features {
		c, err := data.NewCellReader(f)
		if err != nil {
			return nil, fmt.Errorf("models: rows: %w", err)
		}
		r.cells = append(r.cells, c)
	}
	var err error
	if r.rules, err = r.info.Rules(m.OutputShapes()[0].TotalSize()); err != nil {
		return nil, err
	}
	w, err := r.newWorker()
	if err != nil {
		return nil, err
	}
	r.free = append(r.free, w)
	return r, nil
}

func (r *RowPredictor) newWorker() (*rowWorker, error) {
	m := r.model
	t, err := data.NewRowTransform(r.info.Preprocess, r.info.Features)
	if err != nil {
		return nil, fmt.Errorf("models: rows: %w", err)
	}
	in, out := len(t.In()), len(t.Out())
	if in != len(r.cells) || out != m.shapes[0][0] {
		return nil, fmt.Errorf("models: rows: the row has %d columns, preprocessing makes %d of %d, and the model takes %d", len(r.cells), out, in, m.shapes[0][0])
	}
	p, err := m.Predictor(1)
	if err != nil {
		return nil, err
	}
	units := m.OutputShapes()[0].TotalSize()
	return &rowWorker{
		raw: make([]float64, in), ready: make([]float64, out), transform: t, predictor: p, values: make([]float64, units), p: make([]float64, units),
		said: data.Prediction{Labels: make([]int, r.rules.Labels), Values: make([]float64, r.rules.Values)},
	}, nil
}

// mostFree is the number of idle workers that are kept.
const mostFree = 64

func (r *RowPredictor) take() (*rowWorker, error) {
	r.mu.Lock()
	if n := len(r.free); n > 0 {
		w := r.free[n-1]
		r.free = r.free[:n-1]
		r.mu.Unlock()
		return w, nil
	}
	r.mu.Unlock()
	return r.newWorker()
}

func (r *RowPredictor) give(w *rowWorker) {
	r.mu.Lock()
	if len(r.free) < mostFree {
		r.free = append(r.free, w)
	}
	r.mu.Unlock()
}

var errNoRowPredictor = errors.New("models: the row predictor is nil or zero: Model.RowPredictor makes one")

func (r *RowPredictor) made() bool { return r != nil && r.model != nil }

// Features returns the columns of a row, in order.
func (r *RowPredictor) Features() []data.Feature {
	if !r.made() {
		return nil
	}
	return append([]data.Feature(nil), r.info.Features...)
}

// PredictMap predicts a row given as cells by column name. A cell is anything that
// data.CellReader.Value takes: text as in a file, any number, a bool, or a time.Time. nil,
// "" and absent columns are missing values. Columns that the model does not know are
// ignored, but at least one of its own must be present. A level not seen in training is
// listed in Unknown. A cell of the wrong type, or one that cannot be parsed, is an error
// that names the column.
func (r *RowPredictor) PredictMap(row map[string]any) (RowPrediction, error) {
	var out RowPrediction
	if !r.made() {
		return out, errNoRowPredictor
	}
	w, err := r.take()
	if err != nil {
		return out, err
	}
	defer r.give(w)
	for k, c := range r.cells {
		name := r.info.Features[k].Name
		v, there := row[name]
		if !there {
			out.Absent = append(out.Absent, name)
		}
		if w.raw[k], err = c.Value(v); err != nil {
			return RowPrediction{}, fmt.Errorf("models: column %q: %w", name, err)
		}
	}
	if len(out.Absent) == len(r.cells) {
		return RowPrediction{}, fmt.Errorf("models: the row has none of the model's columns, such as %q", r.info.Features[0].Name)
	}
	return r.run(w, out)
}

// PredictStruct is PredictMap for a struct or a pointer to one: an exported field is matched
// with a column by its tag, aegis:"name", or else by its own name, ignoring case. aegis:"-"
// leaves a field out; a tag that names no column is an error.
func (r *RowPredictor) PredictStruct(row any) (RowPrediction, error) {
	var out RowPrediction
	if !r.made() {
		return out, errNoRowPredictor
	}
	v := reflect.ValueOf(row)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return out, fmt.Errorf("models: a row of type %T: want a struct", row)
	}
	fields, err := r.fieldsOf(v.Type())
	if err != nil {
		return out, err
	}
	w, err := r.take()
	if err != nil {
		return out, err
	}
	defer r.give(w)
	for k, c := range r.cells {
		if w.raw[k] = math.NaN(); fields[k] < 0 {
			out.Absent = append(out.Absent, r.info.Features[k].Name)
			continue
		}
		if w.raw[k], err = c.Reflect(v.Field(fields[k])); err != nil {
			return RowPrediction{}, fmt.Errorf("models: column %q: %w", r.info.Features[k].Name, err)
		}
	}
	return r.run(w, out)
}

// fieldsOf returns the field of a struct for each column, −1 for none.
func (r *RowPredictor) fieldsOf(t reflect.Type) ([]int, error) {
	if known, ok := r.fields.Load(t); ok {
		if list, ok := known.([]int); ok {
			return list, nil
		}
		return nil, known.(error)
	}
	list, err := matchFields(t, r.info.Features)
	if err != nil {
		r.fields.Store(t, err)
		return nil, err
	}
	r.fields.Store(t, list)
	return list, nil
}

func matchFields(t reflect.Type, features []data.Feature) ([]int, error) {
	list := make([]int, len(features))
	for k := range list {
		list[k] = -1
	}
	matched := false
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("aegis")
		if !f.IsExported() || tag == "-" {
			continue
		}
		name := tag
		if !tagged || tag == "" {
			name, tagged = f.Name, false
		}
		k := columnOf(name, features, !tagged)
		switch {
		case k < 0 && tagged:
			return nil, fmt.Errorf("models: %v: field %s is tagged %q, which is none of the model's columns", t, f.Name, tag)
		case k < 0:
			continue
		case list[k] >= 0:
			return nil, fmt.Errorf("models: %v: fields %s and %s are both column %q", t, t.Field(list[k]).Name, f.Name, features[k].Name)
		}
		list[k], matched = i, true
	}
	if !matched {
		return nil, fmt.Errorf("models: %v has no field for any of the model's columns, such as %q", t, features[0].Name)
	}
	return list, nil
}

// columnOf returns the index of a column by its name or, if folded, by a name that differs
// only in case; −1 if there is none.
func columnOf(name string, features []data.Feature, folded bool) int {
	at := -1
	for k, f := range features {
		if f.Name == name {
			return k
		}
		if folded && at < 0 && strings.EqualFold(f.Name, name) {
			at = k
		}
	}
	return at
}

// PredictCodes predicts a row given as one value per column of Features. A missing value is
// NaN, a category is the code of its level or −1 for an unknown level, and a time is in
// seconds since 1970.
func (r *RowPredictor) PredictCodes(row []float64) (RowPrediction, error) {
	if !r.made() {
		return RowPrediction{}, errNoRowPredictor
	}
	if len(row) != len(r.cells) {
		return RowPrediction{}, fmt.Errorf("models: a row of %d values: want %d", len(row), len(r.cells))
	}
	w, err := r.take()
	if err != nil {
		return RowPrediction{}, err
	}
	defer r.give(w)
	copy(w.raw, row)
	return r.run(w, RowPrediction{})
}

// run predicts the row in w.raw.
func (r *RowPredictor) run(w *rowWorker, out RowPrediction) (RowPrediction, error) {
	for k, f := range r.info.Features {
		if f.Levels != nil && w.raw[k] == -1 {
			out.Unknown = append(out.Unknown, f.Name)
		}
	}
	if err := w.transform.Apply(w.ready, w.raw); err != nil {
		return RowPrediction{}, fmt.Errorf("models: %w", err)
	}
	if err := w.compute(); err != nil {
		return RowPrediction{}, err
	}
	i := &r.info
	if err := finite(w.values, 1); err != nil {
		return RowPrediction{}, err
	}
	w.said.Proba = nil
	if r.rules.Proba > 0 {
		w.said.Proba = make([]float64, r.rules.Proba)
	}
	i.readRow(r.rules, &w.said, w.values, w.p)
	out.Proba = w.said.Proba
	switch r.rules.Labels {
	case 0:
	case 1:
		if out.Label = w.said.Labels[0]; out.Label < len(i.Classes) {
			out.Class = i.Classes[out.Label]
		}
	default:
		out.Labels = slices.Clone(w.said.Labels)
	}
	switch r.rules.Values {
	case 0:
	case 1:
		out.Value = w.said.Values[0]
	default:
		out.Values = slices.Clone(w.said.Values)
	}
	return out, nil
}

// compute runs the network on w.ready and stores the first output in w.values.
func (w *rowWorker) compute() error {
	in := w.predictor.in[0]
	if in.Dtype() == graph.Float32 {
		convert(in.Float32s(), w.ready)
	} else {
		copy(in.Float64s(), w.ready)
	}
	if err := w.predictor.Run(context.Background()); err != nil {
		return err
	}
	out := w.predictor.out[0]
	if out.Dtype() == graph.Float32 {
		convert(w.values, out.Float32s())
	} else {
		copy(w.values, out.Float64s())
	}
	return nil
}

// PredictMap predicts one raw row as RowPredictor.PredictMap does. The first call makes the
// RowPredictor, which is kept: change Info before it, or make a RowPredictor yourself.
func (m *Model) PredictMap(row map[string]any) (RowPrediction, error) {
	r, err := m.rowPredictor()
	if err != nil {
		return RowPrediction{}, err
	}
	return r.PredictMap(row)
}

// PredictStruct predicts one raw row as RowPredictor.PredictStruct does, using the same
// RowPredictor as PredictMap.
func (m *Model) PredictStruct(row any) (RowPrediction, error) {
	r, err := m.rowPredictor()
	if err != nil {
		return RowPrediction{}, err
	}
	return r.PredictStruct(row)
}

func (m *Model) rowPredictor() (*RowPredictor, error) {
	if !m.made() {
		return nil, errNotMade
	}
	m.rowsOnce.Lock()
	defer m.rowsOnce.Unlock()
	if m.rows == nil {
		r, err := m.RowPredictor()
		if err != nil {
			return nil, err
		}
		m.rows = r
	}
	return m.rows, nil
}
