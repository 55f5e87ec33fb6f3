package search

import (
	"time"

	"github.com/seed732fc211/aegis/crossval"
)

// Trial is one point of a space with what it has scored.
type Trial struct {
	Number    int // from 0
	Round     int // from 0
	Point     Point
	Values    []Value // of the open settings
	Estimator crossval.Estimator

	Rung, Of int  // see Proposal
	Final    bool // competes to win
	Same     int  // the number of an earlier trial with the same description, whose fits are its own; −1: none

	Folds   int       // that it was fitted on
	Scores  []float64 // of these folds, in their order; the metric that decides
	Score   float64   // mean over all folds; of a trial that was dropped an estimate: see Race
	Dropped string    // why it was not fitted on all folds; "": it was, or has failed
	Failed  string    // the error of its first fit that failed; "": none did
	Fit     time.Duration
	Predict time.Duration

	text []byte // its description
	all  int    // number of folds of the search
}

// Complete reports whether the trial was fitted on all folds.
func (t *Trial) Complete() bool {
	return t != nil && t.Failed == "" && t.Dropped == "" && t.Folds > 0 && t.Folds == t.all
}

// Event is a fit that begins or ends.
type Event struct {
	Trial    int
	Values   []Value
	Repeat   int // from 0
	Fold     int // from 0
	Finished bool
	Err      error   // of a fit that failed
	Best     float64 // the best score of a complete trial; NaN: there is none yet
	Trials   int     // proposed so far
	Fits     int     // finished so far
	Elapsed  time.Duration
}
