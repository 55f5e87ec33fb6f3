package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/seed732fc211/aegis/models"
)

// State is a fit between two epochs: with the model it was saved with, the fit
// goes on as if it had not been stopped, bit for bit.
type State struct {
	history   History
	steps     int
	factor    float64
	optimizer map[string]map[string][]float64
	best      *best
	rows      int
}

// Epochs returns the number of epochs done.
func (s *State) Epochs() int { return s.history.Epochs() }

const (
	keyState  = "aegis.training"
	stateName = "optimizer/state/"
	bestName  = "optimizer/best/"
)

type stateJSON struct {
	History   History `json:"history"`
	Steps     int     `json:"steps"`
	Factor    float64 `json:"factor"`
	Rows      int     `json:"rows"`
	BestEpoch int     `json:"best_epoch,omitempty"`
	BestScore float64 `json:"best_score,omitempty"`
}

// Checkpoint saves the model and the state of the fit to a file after every
// Every epochs, and at the end. The file is a model file, too. It is there whole
// or not at all.
type Checkpoint struct {
	Path     string
	Every    int    // epochs; 0: 1
	BestOnly string // the name of a curve, such as "val_loss": save only when it is lower than ever
}

// Begin implements Callback.
func (c Checkpoint) Begin(f *Fitting) (Hook, error) {
	if c.Path == "" {
		return nil, errors.New("no path")
	}
	if c.Every <= 0 {
		c.Every = 1
	}
	lowest := math.Inf(1)
	for _, v := range f.history.Get(c.BestOnly) {
		lowest = math.Min(lowest, v)
	}
	return func(e *Event) error {
		if e.Kind != EpochEnd || e.Epoch%c.Every != 0 && e.Epoch != f.Config.Epochs {
			return nil
		}
		if c.BestOnly != "" {
			v := f.history.Last(c.BestOnly)
			if math.IsNaN(v) {
				return fmt.Errorf("checkpoint: there is no curve %q; there are %q", c.BestOnly, f.history.Names())
			}
			if v >= lowest {
				return nil
			}
			lowest = v
		}
		return f.save(c.Path)
	}, nil
}

func (f *Fitting) save(path string) error {
	opt, err := f.trainer.opt.State()
	if err != nil {
		return err
	}
	s := stateJSON{History: *f.history, Steps: f.trainer.opt.Steps(), Factor: f.factor, Rows: f.trainer.table.rows}
	values := map[string][]float64{}
	for param, slots := range opt {
		for slot, v := range slots {
			values[stateName+slot+"/"+param] = v
		}
	}
	if f.best != nil {
		s.BestEpoch, s.BestScore = f.best.epoch, f.best.score
		for i, p := range f.Model.Params().All() {
			values[bestName+p.Path] = f.best.values[i]
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return f.Model.SaveWith(path, models.Extra{Meta: map[string]string{keyState: string(text)}, Values: values})
}

// LoadCheckpoint reads what Checkpoint saved: the model, and the state for
// Config.From. Rows, config and callbacks of the resumed fit have to be those of
// the first; that is the caller's part.
func LoadCheckpoint(path string) (*models.Model, *State, error) {
	m, x, err := models.LoadWith(path)
	if err != nil {
		return nil, nil, fmt.Errorf("train: checkpoint: %w", err)
	}
	s, err := readState(m, x)
	if err != nil {
		return nil, nil, fmt.Errorf("train: checkpoint %s: %w", path, err)
	}
	return m, s, nil
}

func readState(m *models.Model, x models.Extra) (*State, error) {
	text, ok := x.Meta[keyState]
	if !ok {
		return nil, errors.New("a model without the state of a fit")
	}
	var j stateJSON
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	for _, c := range j.History.Curves {
		if len(c.Values) != j.History.Epochs() {
			return nil, fmt.Errorf("state: curve %q has %d values for %d epochs", c.Name, len(c.Values), j.History.Epochs())
		}
	}
	s := &State{history: j.History, steps: j.Steps, factor: j.Factor, rows: j.Rows, optimizer: map[string]map[string][]float64{}}
	for name, v := range x.Values {
		rest, ok := strings.CutPrefix(name, stateName)
		if !ok {
			continue
		}
		slot, param, ok := strings.Cut(rest, "/")
		if !ok {
			return nil, fmt.Errorf("state: vector %q", name)
		}
		if s.optimizer[param] == nil {
			s.optimizer[param] = map[string][]float64{}
		}
		s.optimizer[param][slot] = v
	}
	if j.BestEpoch > 0 {
		s.best = &best{epoch: j.BestEpoch, score: j.BestScore}
		for _, p := range m.Params().All() {
			v := x.Values[bestName+p.Path]
			if len(v) != p.Size() {
				return nil, fmt.Errorf("state: the best weights of %s are missing", p.Path)
			}
			s.best.values = append(s.best.values, v)
		}
	}
	return s, nil
}

// resume takes a fit up where it was saved.
func (f *Fitting) resume(s *State) error {
	if s.rows != f.trainer.table.rows {
		return fmt.Errorf("train: the checkpoint was made with %d training rows, there are %d", s.rows, f.trainer.table.rows)
	}
	if err := f.trainer.opt.SetState(s.steps, s.optimizer); err != nil {
		return err
	}
	h := s.history
	f.history, f.factor, f.best = &h, s.factor, s.best
	f.history.Stopped = ""
	return nil
}
