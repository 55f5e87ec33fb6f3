package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/models"
)

// State is a fit between two epochs. Together with the model it was saved with, it lets the
// fit continue as if it had not been stopped, bit for bit. Resuming does not change it.
type State struct {
	history   History
	steps     int
	factor    float64
	optimizer map[string]map[string][]float64
	best      *best
	weights   [][]float64 // with Config.Average, where the model holds the average; nil: none
	rows      int
}

// Epochs returns the number of completed epochs.
func (s *State) Epochs() int {
	if s == nil {
		return 0
	}
	return s.history.Epochs()
}

const (
	keyState  = "aegis.training"
	stateName = "optimizer/state/"
	bestName  = "optimizer/best/"
	lastName  = "optimizer/weights/"
)

type stateJSON struct {
	History   History    `json:"history"`
	Steps     int        `json:"steps"`
	Factor    float64    `json:"factor"`
	Rows      int        `json:"rows"`
	BestEpoch int        `json:"best_epoch,omitempty"`
	BestScore jsonNumber `json:"best_score,omitempty"`
	Averaged  bool       `json:"averaged,omitempty"`
}

// Checkpoint saves the model and the state of the fit to a file after every Every epochs and
// when the fit ends, for whatever reason. It always saves the state at the end of the last
// complete epoch, and after all callbacks have seen that epoch, wherever it stands among
// them. The file is also a model file; it is replaced atomically, so it is never incomplete.
// With Config.Average, the model in the file holds the average, and the weights are part of
// the state.
//
// With Every above 1 or BestOnly, a copy of the state is also kept in memory.
type Checkpoint struct {
	Path  string
	Every int // epochs; 0: 1
	// BestOnly names a curve, such as "val_loss": save only when it improves on its best
	// value, as EarlyStopping defines it. "": save always.
	BestOnly string
}

// Begin implements Callback.
func (c Checkpoint) Begin(f *Fitting) (Hook, error) {
	if c.Path == "" {
		return nil, errors.New("no path")
	}
	if f.made() {
		if err := f.Model.CheckSave(); err != nil { // report it before the first epoch, not after
			return nil, err
		}
	}
	if c.Every <= 0 {
		c.Every = 1
	}
	lowest, sign := math.Inf(1), f.sign(c.BestOnly)
	for _, v := range f.History().Get(c.BestOnly) { // of a resumed fit
		if sign*v < lowest {
			lowest = sign * v
		}
	}
	better := func() (bool, error) {
		if c.BestOnly == "" {
			return true, nil
		}
		v, err := f.monitored("checkpoint", c.BestOnly)
		if err != nil || !(sign*v < lowest) {
			return false, err
		}
		lowest = sign * v
		return true, nil
	}
	var pending *snapshot // an epoch that is not yet in the file
	return func(e *Event) error {
		switch e.Kind {
		case EpochDone:
			due, err := better()
			if err != nil || !due {
				return err
			}
			s, err := f.snapshot()
			if err != nil {
				return err
			}
			if e.Epoch%c.Every != 0 {
				pending = s
				return nil
			}
			pending = nil
			return s.save(f.Model, c.Path)
		case End:
			if pending != nil {
				return pending.save(f.Model, c.Path)
			}
		}
		return nil
	}, nil
}

// snapshot is the state of a fit at the end of an epoch.
type snapshot struct {
	weights [][]float64
	extra   models.Extra
}

func (f *Fitting) snapshot() (*snapshot, error) {
	opt, err := f.trainer.opt.State()
	if err != nil {
		return nil, err
	}
	s := stateJSON{History: *f.history, Steps: f.trainer.opt.Steps(), Factor: f.factor, Rows: f.trainer.answers.Len()}
	values := map[string][]float64{}
	for param, slots := range opt {
		for slot, v := range slots {
			values[stateName+slot+"/"+param] = v
		}
	}
	if f.best != nil {
		s.BestEpoch, s.BestScore = f.best.epoch, jsonNumber(f.best.score)
		for i, p := range f.Model.Params().All() {
			values[bestName+p.Path] = f.best.values[i]
		}
	}
	if a := f.trainer.average; a != nil {
		s.Averaged = true
		weights := a.weights()
		for i, p := range f.Model.Params().All() {
			values[lastName+p.Path] = weights[i]
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	return &snapshot{f.Model.Params().Snapshot(), models.Extra{Meta: map[string]string{keyState: string(text)}, Values: values}}, nil
}

// save writes the snapshot with its own weights, whatever the model holds by now.
func (s *snapshot) save(m *models.Model, path string) error {
	now := m.Params().Snapshot()
	if err := m.Params().Restore(s.weights); err != nil {
		return err
	}
	err := m.SaveWith(path, s.extra)
	return errors.Join(err, m.Params().Restore(now))
}

// LoadCheckpoint reads a file that Checkpoint saved: the model, and the state for
// Config.From. The caller must resume with the same rows, config and callbacks.
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
	for _, name := range slices.Sorted(maps.Keys(x.Values)) {
		v := x.Values[name]
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
	var err error
	if j.BestEpoch > 0 {
		s.best = &best{epoch: j.BestEpoch, score: float64(j.BestScore)}
		if s.best.values, err = vectors(m, x, bestName, "best"); err != nil {
			return nil, err
		}
	}
	if j.Averaged {
		s.weights, err = vectors(m, x, lastName, "last")
	}
	return s, err
}

// vectors returns the values stored for each parameter under a prefix.
func vectors(m *models.Model, x models.Extra, prefix, what string) ([][]float64, error) {
	var list [][]float64
	for _, p := range m.Params().All() {
		v := x.Values[prefix+p.Path]
		if len(v) != p.Size() {
			return nil, fmt.Errorf("state: the %s weights of %s are missing", what, p.Path)
		}
		list = append(list, v)
	}
	return list, nil
}

// resume continues a fit from a saved state.
func (f *Fitting) resume(s *State) error {
	if s.rows != f.trainer.answers.Len() {
		return fmt.Errorf("train: the checkpoint was made with %d training rows, there are %d", s.rows, f.trainer.answers.Len())
	}
	switch a := f.trainer.average; {
	case a != nil && s.weights == nil:
		return errors.New("train: the checkpoint is of a fit without a moving average: Config.Average must be 0")
	case a == nil && s.weights != nil:
		return errors.New("train: the checkpoint is of a fit with a moving average: set Config.Average")
	case a != nil:
		if len(s.weights) != len(a.params) {
			return fmt.Errorf("train: the checkpoint has weights of %d parameters, the model %d", len(s.weights), len(a.params))
		}
		for i, p := range a.params {
			if len(s.weights[i]) != p.Size() {
				return fmt.Errorf("train: the checkpoint has %d weights of %s, the model %d", len(s.weights[i]), p.Path, p.Size())
			}
		}
		a.setWeights(s.weights)
	}
	if err := f.trainer.opt.SetState(s.steps, s.optimizer); err != nil {
		return err
	}
	f.history, f.factor, f.best = s.history.clone(), s.factor, s.best
	f.history.Stopped = ""
	return nil
}
