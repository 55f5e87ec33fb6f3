package metrics

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// Sums are what a score of a corpus depends on: numbers of each of its rows, such as sentences, of
// which only the sums matter. Scores of resampled rows need no texts then: crossval/stats makes
// intervals and paired tests of them.
type Sums struct {
	Rows  [][]float64                  // (rows, numbers)
	Score func(sums []float64) float64 // of the sums of any rows; NaN of another number of numbers, or of none of what it divides by
}

// Total returns the score of all rows, NaN without any.
func (s Sums) Total() float64 {
	if len(s.Rows) == 0 || s.Score == nil {
		return math.NaN()
	}
	sum := make([]float64, len(s.Rows[0]))
	for _, row := range s.Rows {
		if len(row) != len(sum) {
			return math.NaN()
		}
		for j, v := range row {
			sum[j] += v
		}
	}
	return s.Score(sum)
}

// BLEUSums returns the counts of [CountBLEU] of each sentence, 10 numbers a row, and the score as in
// [BLEU], 0 to 100. Errors are as there.
func BLEUSums(got []string, want [][]string) (Sums, error) {
	if len(got) == 0 || len(got) != len(want) {
		return Sums{}, fmt.Errorf("metrics: BLEU of %d translations, %d have references", len(got), len(want))
	}
	s := Sums{Score: bleuOf}
	for i := range got {
		c, err := CountBLEU(got[i], want[i])
		if err != nil {
			return Sums{}, fmt.Errorf("%w (row %d)", err, i)
		}
		s.Rows = append(s.Rows, numbers(c.Matches[:], c.Total[:], []int{c.Words, c.Wanted}))
	}
	return s, nil
}

// bleuOf is the score of the sums of BLEUSums.
func bleuOf(sums []float64) float64 {
	if len(sums) != 2*bleuOrder+2 {
		return math.NaN()
	}
	var c BLEUCounts
	counts(sums, c.Matches[:], c.Total[:])
	c.Words, c.Wanted = int(sums[2*bleuOrder]), int(sums[2*bleuOrder+1])
	return c.Score()
}

// ChrFSums returns the counts of [CountChrF] of each sentence, 18 numbers a row, and the score as in
// [ChrF], 0 to 100. Errors are as there.
func ChrFSums(got []string, want [][]string) (Sums, error) {
	if len(got) == 0 || len(got) != len(want) {
		return Sums{}, fmt.Errorf("metrics: chrF of %d translations, %d have references", len(got), len(want))
	}
	s := Sums{Score: chrfOf}
	for i := range got {
		c, err := CountChrF(got[i], want[i])
		if err != nil {
			return Sums{}, fmt.Errorf("%w (row %d)", err, i)
		}
		s.Rows = append(s.Rows, numbers(c.Got[:], c.Want[:], c.Both[:]))
	}
	return s, nil
}

// chrfOf is the score of the sums of ChrFSums.
func chrfOf(sums []float64) float64 {
	if len(sums) != 3*chrfOrder {
		return math.NaN()
	}
	var c ChrFCounts
	counts(sums, c.Got[:], c.Want[:], c.Both[:])
	return c.Score()
}

// numbers joins lists of counts.
func numbers(lists ...[]int) (out []float64) {
	for _, list := range lists {
		for _, n := range list {
			out = append(out, float64(n))
		}
	}
	return out
}

// counts fills lists with sums of counts, which are whole.
func counts(sums []float64, lists ...[]int) {
	for _, list := range lists {
		for i := range list {
			list[i] = int(sums[0])
			sums = sums[1:]
		}
	}
}

// PerplexitySums returns the loss of each text in nats and its number of tokens, and the score as in
// [Perplexity]. It is an error if there are no texts, not as many numbers of tokens, a loss that is
// not a number of at least 0, or a number of tokens below 0; and if there is no token at all.
func PerplexitySums(nats []float64, tokens []int) (Sums, error) {
	rows, err := losses("perplexity", nats, tokens)
	return Sums{rows, perToken}, err
}

// perToken is the score of the sums of PerplexitySums.
func perToken(sums []float64) float64 { return math.Exp(meanOf(sums)) }

// BitsPerCharacterSums returns the loss of each text in nats and its number of characters, and the
// score as in [BitsPerCharacter]. Errors are as in [PerplexitySums].
func BitsPerCharacterSums(nats []float64, texts []string) (Sums, error) {
	characters := make([]int, len(texts))
	for i, t := range texts {
		characters[i] = utf8.RuneCountInString(t)
	}
	rows, err := losses("bits per character", nats, characters)
	return Sums{rows, bitsEach}, err
}

// bitsEach is the score of the sums of BitsPerCharacterSums.
func bitsEach(sums []float64) float64 { return meanOf(sums) / math.Ln2 }

// losses returns rows of a loss and of what it is of.
func losses(what string, nats []float64, of []int) ([][]float64, error) {
	if len(nats) == 0 || len(nats) != len(of) {
		return nil, fmt.Errorf("metrics: %s of %d losses, and the lengths of %d texts", what, len(nats), len(of))
	}
	all := 0
	rows := make([][]float64, len(nats))
	for i, v := range nats {
		if !(v >= 0) || math.IsInf(v, 0) || of[i] < 0 {
			return nil, fmt.Errorf("metrics: %s: row %d: a loss of %v over a length of %d", what, i, v, of[i])
		}
		rows[i] = []float64{v, float64(of[i])}
		all = max(all, of[i])
	}
	if all == 0 {
		return nil, fmt.Errorf("metrics: %s of %d texts without a token", what, len(nats))
	}
	return rows, nil
}

// MeanSums returns the values of rows, each with a 1, and their mean as the score: accuracy of hits
// that are 0 or 1, MRR of [ReciprocalRanks], recall of [RecallsAt]. It is an error if there are no
// values or one is not finite.
func MeanSums(values []float64) (Sums, error) {
	if len(values) == 0 {
		return Sums{}, ErrEmpty
	}
	s := Sums{Score: meanOf}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Sums{}, fmt.Errorf("metrics: row %d: the value %v is not finite", i, v)
		}
		s.Rows = append(s.Rows, []float64{v, 1})
	}
	return s, nil
}

// meanOf is the score of the sums of MeanSums.
func meanOf(sums []float64) float64 {
	if len(sums) != 2 {
		return math.NaN()
	}
	return sums[0] / sums[1]
}
