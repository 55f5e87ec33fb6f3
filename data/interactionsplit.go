package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// InteractionSplitter divides interactions into those to train on and items that are to be
// recommended.
type InteractionSplitter interface {
	Split(x *Interactions, seed uint64) (*InteractionSplit, error)
}

// InteractionSplit is a division of interactions. Users and items are numbered in Train as in what was
// divided. A held-out item is one that the user does not have in Train, and that occurs in Train with another
// user: no model that knows items by their users alone can recommend others, nor know a user without rows.
// What is left out for that is counted, by what is in Train alone.
type InteractionSplit struct {
	How      string // the split in words
	Train    *Interactions
	Relevant [][]int // held-out items of each user, in ascending order; nil: none
	Pairs    int     // of them, in all
	Tested   int     // users with at least one

	Repeats  int // held-out rows of a pair that Train has, or that is held out already
	NewUsers int // held-out pairs of users without a row in Train
	NewItems int // held-out pairs of items without a row in Train
	Unused   int // rows that are in neither, as Train would know of what came after
}

// String says what was divided, and how.
func (s *InteractionSplit) String() string {
	if s == nil {
		return "no split"
	}
	out := fmt.Sprintf("%s: %d rows to train, %d held-out pairs of %d users", s.How, s.Train.Len(), s.Pairs, s.Tested)
	for _, c := range []struct {
		n    int
		what string
	}{
		{s.Repeats, "held-out rows repeat a pair"}, {s.NewUsers, "held-out pairs are of users without a row to train"},
		{s.NewItems, "are of items without one"}, {s.Unused, "rows are later than what is held out of their user"},
	} {
		if c.n > 0 {
			out += fmt.Sprintf("; %d %s", c.n, c.what)
		}
	}
	return out
}

// newInteractionSplit makes a split of rows.
func newInteractionSplit(how string, x *Interactions, train, held []int, unused int) (*InteractionSplit, error) {
	s := &InteractionSplit{How: how, Train: x.take(train), Relevant: make([][]int, len(x.Users)), Unused: unused}
	type pair struct{ user, item int }
	users, items, have := make([]bool, len(x.Users)), make([]bool, len(x.Items)), map[pair]bool{}
	for _, i := range train {
		users[x.User[i]], items[x.Item[i]], have[pair{x.User[i], x.Item[i]}] = true, true, true
	}
	for _, i := range held {
		p := pair{x.User[i], x.Item[i]}
		switch {
		case have[p]:
			s.Repeats++
			continue
		case !users[p.user]:
			s.NewUsers++
		case !items[p.item]:
			s.NewItems++
		default:
			s.Relevant[p.user] = append(s.Relevant[p.user], p.item)
			s.Pairs++
		}
		have[p] = true
	}
	for u := range s.Relevant {
		if len(s.Relevant[u]) > 0 {
			slices.Sort(s.Relevant[u])
			s.Tested++
		}
	}
	if s.Tested == 0 || len(train) == 0 {
		return nil, fmt.Errorf("data: %s: %s leaves %d rows to train and no pair to test (%d of users without a row to train, %d of such items)", x.Name, how, len(train), s.NewUsers, s.NewItems)
	}
	return s, nil
}

// LeaveLast holds out of each user the item that is new to it last, by the first time of each of its items,
// the later row where times are equal. Users with fewer than Least different items are trained on only. What a user does at
// or after the time of the held-out item is left out, but for rows at that time that come before it.
//
// Of a user the past alone is known. Of other users rows are trained on that are later than what is held out,
// which [SplitByTime] rules out: Ji et al. 2020, arXiv:2010.11060.
type LeaveLast struct {
	Least int // 0: 2
}

// Split implements InteractionSplitter. There is nothing random in it. It is an error if times are not known.
func (l LeaveLast) Split(x *Interactions, _ uint64) (*InteractionSplit, error) {
	if err := x.check(); err != nil {
		return nil, err
	}
	if x.Time == nil {
		return nil, fmt.Errorf("data: %s: leaving out the last item of each user needs times: there are none", x.Name)
	}
	if l.Least < 0 {
		return nil, fmt.Errorf("data: leave last out: users of at least %d items: want at least 0", l.Least)
	}
	rows := make([]int, x.Len())
	for i := range rows {
		rows[i] = i
	}
	slices.SortStableFunc(rows, x.before)
	var train, held []int
	unused := 0
	for from := 0; from < len(rows); {
		to := from
		seen := map[int]bool{}
		last := from // the row that has the last new item
		for ; to < len(rows) && x.User[rows[to]] == x.User[rows[from]]; to++ {
			if item := x.Item[rows[to]]; !seen[item] {
				seen[item], last = true, to
			}
		}
		if len(seen) < max(2, l.Least) {
			train = append(train, rows[from:to]...)
		} else {
			train, held = append(train, rows[from:last]...), append(held, rows[last])
			unused += to - last - 1
		}
		from = to
	}
	return newInteractionSplit("the last new item of each user is held out", x, train, held, unused)
}

// SplitByTime trains on what was before a time and tests on the rest, as a model that is put to use does.
// Rows of one time are on one side.
type SplitByTime struct {
	Share float64 // of the rows that are held out, at least; 0: 0.2
	At    float64 // with Fixed, rows from this time on are held out, and Share is ignored
	Fixed bool
}

// Split implements InteractionSplitter. There is nothing random in it. It is an error if times are not known.
func (t SplitByTime) Split(x *Interactions, _ uint64) (*InteractionSplit, error) {
	if err := x.check(); err != nil {
		return nil, err
	}
	if x.Time == nil {
		return nil, fmt.Errorf("data: %s: a split by time needs times: there are none", x.Name)
	}
	at := t.At
	if !t.Fixed {
		share, err := heldOut(t.Share)
		if err != nil {
			return nil, err
		}
		times := slices.Sorted(slices.Values(x.Time))
		at = times[len(times)-max(1, int(math.Round(share*float64(len(times)))))]
	} else if math.IsNaN(at - at) {
		return nil, fmt.Errorf("data: a split at the time %v", at)
	}
	var train, held []int
	for i, v := range x.Time {
		if v < at {
			train = append(train, i)
		} else {
			held = append(held, i)
		}
	}
	return newInteractionSplit(fmt.Sprintf("rows from the time %.10g on are held out", at), x, train, held, 0)
}

// heldOut returns the share to hold out.
func heldOut(share float64) (float64, error) {
	if share == 0 {
		share = 0.2
	}
	if !(share > 0 && share < 1) {
		return 0, fmt.Errorf("data: a share of %v held out: want it between 0 and 1", share)
	}
	return share, nil
}

// RandomShare holds out a random share of the different items of each user: the nearest whole number, at
// least one, and never all. Users with fewer than Least items are trained on only. All rows of a pair go together. It is for
// data without times: with them, it trains on what came after.
type RandomShare struct {
	Share float64 // 0: 0.2
	Least int     // 0: 2
}

// Split implements InteractionSplitter. The same seed holds out the same pairs.
func (r RandomShare) Split(x *Interactions, seed uint64) (*InteractionSplit, error) {
	if err := x.check(); err != nil {
		return nil, err
	}
	share, err := heldOut(r.Share)
	if err != nil {
		return nil, err
	}
	if r.Least < 0 {
		return nil, fmt.Errorf("data: random share: users of at least %d items: want at least 0", r.Least)
	}
	h, err := x.Histories()
	if err != nil {
		return nil, err
	}
	type pair struct{ user, item int }
	out := map[pair]bool{}
	g := rand.New(rand.NewPCG(seed, 0x73706c6974))
	for u := range x.Users {
		items, _ := h.Of(u)
		if len(items) < max(2, r.Least) {
			continue
		}
		n := min(max(1, int(math.Round(share*float64(len(items))))), len(items)-1)
		mixed := slices.Sorted(slices.Values(items)) // whatever the order of the rows
		g.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		for _, v := range mixed[:n] {
			out[pair{u, v}] = true
		}
	}
	var train, held []int
	for i, u := range x.User {
		if out[pair{u, x.Item[i]}] {
			held = append(held, i)
		} else {
			train = append(train, i)
		}
	}
	return newInteractionSplit(fmt.Sprintf("a random share of %g of the items of each user is held out", share), x, train, held, 0)
}
