package train

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/internal/line"
	"github.com/seed732fc211/aegis/optim"
)

// Callback takes part in a fit. Begin is called once per fit and returns the hook for its
// events, so a Callback is only configuration and can serve several fits at once. In a
// resumed fit, f.History holds the earlier epochs.
type Callback interface {
	Begin(f *Fitting) (Hook, error)
}

// CallbackFunc adapts a function to Callback.
type CallbackFunc func(f *Fitting) (Hook, error)

// Begin calls f.
func (c CallbackFunc) Begin(f *Fitting) (Hook, error) {
	if c == nil {
		return nil, errors.New("train: the callback's function is nil")
	}
	return c(f)
}

// Hook is called at every event of a fit. Returning ErrStop ends the fit; any other error
// makes it fail.
type Hook func(e *Event) error

// OnEpoch returns a Callback that calls f after every epoch.
func OnEpoch(f func(e *Event) error) Callback {
	return CallbackFunc(func(*Fitting) (Hook, error) {
		return func(e *Event) error {
			if f == nil || e.Kind != EpochEnd {
				return nil
			}
			return f(e)
		}, nil
	})
}

// Kind is the kind of an Event.
type Kind uint8

// The events of a fit.
const (
	Begin     Kind = iota // before the first epoch
	BatchEnd              // after a batch, which with Config.Accumulate need not end in a step
	EpochEnd              // after an epoch's scores have been recorded
	EpochDone             // after all callbacks have seen EpochEnd, even if one stopped the fit
	Diverged              // a loss or gradient is not finite; ErrStop ends the fit without an error
	End                   // after the last epoch, an error or a stop
)

// Event is something that happened in a fit.
type Event struct {
	*Fitting
	Kind  Kind
	Epoch int     // counted from 1
	Batch int     // BatchEnd: counted from 1
	Loss  float64 // BatchEnd: the batch's mean loss before the step, without penalties
	Err   error   // Diverged, End
}

// EarlyStopping ends a fit when a curve has not improved for Patience epochs, and restores
// the weights of the best epoch, however the fit ends. Prechelt (1998), "Early stopping —
// but when?".
//
// For losses and penalties lower is better; for metrics, Metric.Greater decides. Epochs
// whose value is NaN are skipped, with a note in the history.
type EarlyStopping struct {
	Monitor  string  // "": "val_loss"
	Patience int     // 0: 10
	MinDelta float64 // a value must be better by more than this
	Latest   bool    // prefer the latest of equally good epochs, not the first
	KeepLast bool    // leave the last weights in place
}

// Begin implements Callback.
func (s EarlyStopping) Begin(f *Fitting) (Hook, error) {
	if s.Monitor == "" {
		s.Monitor = "val_loss"
	}
	if s.Patience == 0 {
		s.Patience = 10
	}
	if s.Patience < 0 || !(s.MinDelta >= 0) {
		return nil, fmt.Errorf("patience %d and min delta %v must not be negative", s.Patience, s.MinDelta)
	}
	best, at := math.Inf(1), 0
	sign := f.sign(s.Monitor)
	better := func(v float64) bool { return v < best-s.MinDelta || s.Latest && v <= best }
	for i, v := range f.History().Get(s.Monitor) { // of a resumed fit
		if better(sign * v) {
			best, at = sign*v, i+1
		}
	}
	worn := func(epoch int) error {
		if epoch-at < s.Patience {
			return nil
		}
		f.history.Stopped = fmt.Sprintf("%s has not improved since epoch %d", s.Monitor, at)
		return ErrStop
	}
	return func(e *Event) error {
		switch e.Kind {
		case Begin: // a resumed fit that had already stopped
			return worn(e.Epoch)
		case EpochEnd:
			v, err := f.monitored("early stopping", s.Monitor)
			if err != nil {
				return err
			}
			if better(sign * v) {
				best, at = sign*v, e.Epoch
				f.KeepBest(e.Epoch, v)
			}
			return worn(e.Epoch)
		case End:
			if !s.KeepLast {
				return f.RestoreBest()
			}
		}
		return nil
	}, nil
}

// monitored returns the last value of a curve. A curve that does not exist is an error; a
// value that is NaN is noted in the history.
func (f *Fitting) monitored(who, name string) (float64, error) {
	if !f.made() {
		return 0, fmt.Errorf("%s: %w", who, errNoFitting)
	}
	if f.History().Get(name) == nil {
		return 0, fmt.Errorf("%s: there is no curve %q; there are %q", who, name, f.history.Names())
	}
	v := f.history.Last(name)
	if math.IsNaN(v) {
		f.history.note("%s passed over epochs in which %s is not a number", who, name)
	}
	return v, nil
}

// sign returns the factor that makes lower values of a curve better.
func (f *Fitting) sign(curve string) float64 {
	if f == nil {
		return 1
	}
	name := strings.TrimPrefix(curve, "val_")
	for _, m := range f.Config.Metrics {
		if m.Name == name && m.Greater {
			return -1
		}
	}
	for _, m := range f.Config.Outputs {
		if m.Name == name && m.Greater {
			return -1
		}
	}
	return 1
}

// ReduceOnPlateau lowers the learning rate when a curve stops improving, as EarlyStopping
// defines it.
type ReduceOnPlateau struct {
	Monitor string // "": "val_loss"
	Rule    optim.Plateau
}

// Begin implements Callback.
func (r ReduceOnPlateau) Begin(f *Fitting) (Hook, error) {
	if r.Monitor == "" {
		r.Monitor = "val_loss"
	}
	if err := r.Rule.Check(); err != nil {
		return nil, err
	}
	var state optim.PlateauState
	sign := f.sign(r.Monitor)
	next := func(v float64) {
		if !math.IsNaN(v) {
			state = r.Rule.Next(state, sign*v)
			f.SetRateFactor(state.Factor)
		}
	}
	for _, v := range f.History().Get(r.Monitor) { // of a resumed fit
		next(v)
	}
	return func(e *Event) error {
		if e.Kind != EpochEnd {
			return nil
		}
		v, err := f.monitored("reduce on plateau", r.Monitor)
		if err != nil {
			return err
		}
		next(v)
		return nil
	}, nil
}

// TerminateOnNaN ends a fit without an error when a loss or gradient is no longer finite;
// without it, the fit fails.
type TerminateOnNaN struct{}

// Begin implements Callback.
func (TerminateOnNaN) Begin(f *Fitting) (Hook, error) {
	return func(e *Event) error {
		if e.Kind != Diverged {
			return nil
		}
		f.history.Stopped = e.Err.Error()
		return ErrStop
	}, nil
}

// Progress writes a progress line after every epoch.
type Progress struct {
	W     io.Writer `describe:"-"` // nil: os.Stderr
	Every int       // epochs; 0: 1
	Line  bool      // overwrite one line, at most ten times a second; for notebooks and terminals
}

// Begin implements Callback.
func (p Progress) Begin(f *Fitting) (Hook, error) {
	if p.W == nil {
		p.W = os.Stderr
	}
	if p.Every <= 0 {
		p.Every = 1
	}
	if p.Line {
		return f.overwrite(&line.Line{W: p.W}, p.Every), nil
	}
	return func(e *Event) error {
		if e.Kind != EpochEnd || e.Epoch%p.Every != 0 && e.Epoch != f.Config.Epochs {
			return nil
		}
		h := f.history
		_, err := fmt.Fprintf(p.W, "%s  (of %d epochs)  %v\n", h, f.Config.Epochs, h.Times[len(h.Times)-1].Round(time.Millisecond))
		return err
	}, nil
}

// overwrite returns the hook of a progress line that is overwritten, and ends with the fit.
func (f *Fitting) overwrite(l *line.Line, every int) Hook {
	return func(e *Event) error {
		switch {
		case e.Kind == EpochEnd && e.Epoch%every == 0:
			return l.Show(fmt.Sprintf("%s  (of %d epochs)", f.history, f.Config.Epochs))
		case e.Kind == End && f.history.Epochs() > 0:
			text := fmt.Sprintf("%s  (of %d epochs)", f.history, f.Config.Epochs)
			if f.history.Stopped != "" {
				text += "; stopped: " + f.history.Stopped
			}
			return l.End(text)
		}
		return nil
	}
}

// CSVLog writes the curves to a CSV file, one row per epoch. A resumed fit rewrites the
// file, including the earlier epochs.
type CSVLog struct{ Path string }

// Begin implements Callback.
func (l CSVLog) Begin(f *Fitting) (Hook, error) {
	file, err := os.Create(l.Path)
	if err != nil {
		return nil, err
	}
	w := csv.NewWriter(file)
	var names []string
	return logger(file, func(epoch int) error {
		if names == nil {
			names = f.history.Names()
			if err := w.Write(append([]string{"epoch"}, names...)); err != nil {
				return err
			}
		}
		if !slices.Equal(names, f.history.Names()) {
			return errors.New("csv log: the curves have changed")
		}
		row := []string{strconv.Itoa(epoch)}
		for _, n := range names {
			row = append(row, strconv.FormatFloat(f.history.At(n, epoch), 'g', -1, 64))
		}
		if err := w.Write(row); err != nil {
			return err
		}
		w.Flush()
		return w.Error()
	}), nil
}

// JSONLog writes the curves to a file, one JSON object per line and epoch. A resumed fit
// rewrites the file, including the earlier epochs.
type JSONLog struct{ Path string }

// Begin implements Callback.
func (l JSONLog) Begin(f *Fitting) (Hook, error) {
	file, err := os.Create(l.Path)
	if err != nil {
		return nil, err
	}
	enc := json.NewEncoder(file)
	return logger(file, func(epoch int) error {
		row := map[string]any{"epoch": epoch}
		for _, n := range f.history.Names() {
			row[n] = jsonNumber(f.history.At(n, epoch)) // NaN is null
		}
		return enc.Encode(row)
	}), nil
}

// logger calls write for every epoch, starting with those before a resume, and closes the
// file at the end.
func logger(file *os.File, write func(epoch int) error) Hook {
	return func(e *Event) error {
		switch e.Kind {
		case Begin:
			for epoch := 1; epoch <= e.Epoch; epoch++ {
				if err := write(epoch); err != nil {
					return err
				}
			}
		case EpochEnd:
			return write(e.Epoch)
		case End:
			return file.Close()
		}
		return nil
	}
}

func init() {
	builtin.Register(Estimator{}, Checkpoint{}, EarlyStopping{}, ReduceOnPlateau{}, TerminateOnNaN{}, Progress{}, CSVLog{}, JSONLog{})
}
