package crossval

import (
	"fmt"
	"math/rand/v2"

	"github.com/seed732fc211/aegis/data"
)

// KFold divides the rows into K folds whose sizes differ by at most 1; each row is a test
// row once. The first n mod K folds of n rows have the extra row, as in scikit-learn's
// KFold.
type KFold struct {
	K       int  // number of folds; 0: 10
	Shuffle bool // false: folds are blocks of neighbouring rows
	Seed    uint64
}

// Split returns the test rows of K folds. It is an error if K is less than 2
// or more than the number of rows.
func (f KFold) Split(s *data.Set) ([]Split, error) {
	k, err := checkK(f.String(), f.K, s)
	if err != nil {
		return nil, err
	}
	var g *rand.Rand
	if f.Shuffle {
		g = generator(f.Seed, "fold", 0)
	}
	return TestSplits(blocks(s.Len(), k, g)), nil
}

// String returns "10-fold" or "10-fold, shuffled with seed 1".
func (f KFold) String() string {
	return fmt.Sprintf("%d-fold%s", orTen(f.K), shuffled(f.Shuffle, f.Seed))
}

func shuffled(on bool, seed uint64) string {
	if on {
		return fmt.Sprintf(", shuffled with seed %d", seed)
	}
	return ""
}

// blocks divides the rows, shuffled if g is not nil, into k blocks.
func blocks(n, k int, g *rand.Rand) [][]int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	if g != nil {
		g.Shuffle(n, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	folds := make([][]int, k)
	for i := range folds {
		size := n / k
		if i < n%k {
			size++
		}
		folds[i], rows = rows[:size:size], rows[size:]
	}
	return folds
}

// RepeatedKFold repeats a shuffled [KFold], each time with another order of the rows. On few
// rows, many repeats make the test of [Compare] find too many differences: see
// [Result.Caveats].
type RepeatedKFold struct {
	K       int // number of folds; 0: 10
	Repeats int // number of repeats; 0: 10, as Bouckaert & Frank (2004) advise
	Seed    uint64
}

// Split returns the test rows of K times Repeats folds, repeat by repeat.
func (f RepeatedKFold) Split(s *data.Set) ([]Split, error) {
	k, err := checkK(f.String(), f.K, s)
	if err != nil {
		return nil, err
	}
	return repeated(f.String(), f.Repeats, f.Seed, func(g *rand.Rand) ([][]int, error) {
		return blocks(s.Len(), k, g), nil
	})
}

// String returns "10 times 10-fold, shuffled with seed 0".
func (f RepeatedKFold) String() string {
	return times(orTen(f.Repeats)) + fmt.Sprintf("%d-fold%s", orTen(f.K), shuffled(true, f.Seed))
}

// repeated joins the folds of several repeats, each with its own generator.
func repeated(what string, repeats int, seed uint64, once func(*rand.Rand) ([][]int, error)) ([]Split, error) {
	repeats = orTen(repeats)
	if repeats < 1 {
		return nil, fmt.Errorf("crossval: %s: want 1 repeat or more, have %d", what, repeats)
	}
	if repeats > mostRepeats {
		return nil, fmt.Errorf("crossval: %s: %d repeats: want at most %d", what, repeats, mostRepeats)
	}
	var all [][]int
	for r := range repeats {
		folds, err := once(generator(seed, "fold", r))
		if err != nil {
			return nil, err
		}
		all = append(all, folds...)
	}
	return TestSplits(all), nil
}

// times describes the number of repeats, if there are several.
func times(repeats int) string {
	if repeats == 1 {
		return ""
	}
	return fmt.Sprintf("%d times ", repeats)
}
