package search

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ASHA is asynchronous successive halving (Li et al., "A System for Massively Parallel
// Hyperparameter Tuning", 2020) in rounds of fixed size: trials begin with little of a
// resource, such as epochs or rows, and those that are among the best 1/Eta of their rung are
// given Eta times as much. Trials with the whole resource compete to win. A promotion goes
// before a new trial, and depends on earlier rounds alone.
type ASHA struct {
	Proposer  Proposer // of new trials; nil: Random; TPE learns from trials with the whole resource alone
	Path      string   // of the resource, a whole number below the space's Base: "Recipe.Epochs"
	Low, High int      // the resource of the lowest rung and of the whole
	Eta       int      // 0: 3
}

// Propose implements Proposer. It is an error if Path is empty, if Low and High are not
// positive and in order, or if Eta is 1 or negative.
func (a ASHA) Propose(h History, number int) (Proposal, error) {
	rungs, err := a.rungs()
	if err != nil {
		return Proposal{}, err
	}
	for rung := len(rungs) - 2; rung >= 0; rung-- {
		if t := a.promotable(&h, rung); t != nil {
			return a.on(rungs, rung+1, Proposal{Point: slices.Clone(t.Point), Of: t.Number}), nil
		}
	}
	proposer := a.Proposer
	if proposer == nil {
		proposer = Random{}
	}
	if _, nested := proposer.(ASHA); nested {
		return Proposal{}, errors.New("search: ASHA: its proposer is ASHA")
	}
	p, err := proposer.Propose(h, number)
	if err != nil {
		return Proposal{}, err
	}
	p.Of = -1
	return a.on(rungs, 0, p), nil
}

// rungs returns the resource of each rung, from Low in steps of about Eta to High.
func (a ASHA) rungs() ([]int, error) {
	eta := orDefault(a.Eta, 3)
	if a.Path == "" || a.Low < 1 || a.High < a.Low || eta < 2 {
		return nil, fmt.Errorf("search: ASHA: from %d to %d of %q by a factor of %d: want a path, positive numbers in order, and a factor of 2 or more", a.Low, a.High, a.Path, eta)
	}
	if a.Low == a.High {
		return []int{a.High}, nil
	}
	steps := max(1, int(math.Round(math.Log(float64(a.High)/float64(a.Low))/math.Log(float64(eta)))))
	out := make([]int, steps+1)
	for k := range out {
		out[k] = int(math.Round(float64(a.High) / math.Pow(float64(eta), float64(steps-k))))
	}
	out[0] = a.Low
	return slices.Compact(out), nil
}

func (a ASHA) on(rungs []int, rung int, p Proposal) Proposal {
	p.Rung, p.Final = rung, rung == len(rungs)-1
	p.more = append(p.more, override{a.Path, rungs[rung]})
	return p
}

// promotable returns the best trial of a rung that is among the best 1/Eta of it and has not
// been promoted.
func (a ASHA) promotable(h *History, rung int) *Trial {
	promoted := map[int]bool{}
	var list []*Trial
	for i := range h.Trials {
		t := &h.Trials[i]
		if t.Of >= 0 {
			promoted[t.Of] = true
		}
		if t.Number > 0 && t.Same < 0 && t.Rung == rung && !math.IsNaN(h.loss(t)) {
			list = append(list, t)
		}
	}
	slices.SortStableFunc(list, func(x, y *Trial) int { return cmp.Compare(h.loss(x), h.loss(y)) })
	for _, t := range list[:len(list)/orDefault(a.Eta, 3)] {
		if !promoted[t.Number] && t.Failed == "" {
			return t
		}
	}
	return nil
}
