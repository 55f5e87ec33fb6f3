package search

import (
	"math"
	"math/rand/v2"

	"github.com/seed732fc211/aegis/crossval"
)

// Proposer proposes where to look next. Propose is called once for each trial of a round
// before any of them is fitted, so what it returns may depend on the outcomes of earlier
// rounds, the seed and the trial's number, and on nothing else: then a search has the same
// trials for any number of workers. All randomness comes from h.Seed and the number.
type Proposer interface {
	Propose(h History, number int) (Proposal, error)
}

// History is what a Proposer knows.
type History struct {
	Settings []Setting
	Seed     uint64
	Trials   []Trial // those of earlier rounds, then those already proposed in this one, which are pending
	Greater  bool    // a greater score is better
	Known    int     // proposals for this trial so far, each of which was of a known one
}

// Proposal is a trial to make.
type Proposal struct {
	Point Point
	Final bool // it competes to win; false: it is fitted in part, to learn where to look

	// Rung and Of are of ASHA: the number of the rung, and that of the trial that is promoted;
	// −1: none is.
	Rung, Of int

	more []override
}

// source returns a generator for a purpose and a number.
func source(seed uint64, purpose string, number int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, crossval.JobSeed(seed, purpose, number)))
}

// Random proposes points at random, independently (Bergstra & Bengio, "Random Search for
// Hyper-Parameter Optimization", 2012).
type Random struct{}

// Propose implements Proposer.
func (Random) Propose(h History, number int) (Proposal, error) {
	r := source(h.Seed, "random", number)
	p := make(Point, len(h.Settings))
	for i := range p {
		p[i] = r.Float64()
	}
	return Proposal{Point: p, Final: true, Of: -1}, nil
}

// loss returns the score of a trial, smaller is better: +Inf if it failed, NaN if it is
// pending.
func (h *History) loss(t *Trial) float64 {
	switch {
	case t.Failed != "":
		return math.Inf(1)
	case t.Folds == 0:
		return math.NaN()
	case h.Greater:
		return -t.Score
	}
	return t.Score
}
