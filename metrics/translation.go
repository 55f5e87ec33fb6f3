package metrics

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bleuOrder is the largest number of words that BLEU counts together.
const bleuOrder = 4

// BLEUCounts are the counts of the BLEU score. Those of sentences add up to those of a corpus.
type BLEUCounts struct {
	Matches [bleuOrder]int // of 1 to 4 words in a row that a reference has too, each as often as there
	Total   [bleuOrder]int
	Words   int // of the translation
	Wanted  int // of the reference whose number of words is nearest, of equal ones the shorter
}

// CountBLEU counts a translation of one sentence against its references: Papineni, Roukos, Ward
// & Zhu, "BLEU: a Method for Automatic Evaluation of Machine Translation", 2002, with the words
// of mteval-v13a, as in SacreBLEU (Post, "A Call for Clarity in Reporting BLEU Scores", 2018). It
// is an error if there is no reference.
func CountBLEU(got string, want []string) (BLEUCounts, error) {
	var c BLEUCounts
	if len(want) == 0 {
		return c, errors.New("metrics: BLEU of a translation without a reference")
	}
	words := words13a(got)
	c.Words = len(words)
	best := map[string]int{}
	for i, w := range want {
		ref := words13a(w)
		d, least := abs(len(ref)-c.Words), abs(c.Wanted-c.Words)
		if i == 0 || d < least || d == least && len(ref) < c.Wanted {
			c.Wanted = len(ref)
		}
		for g, n := range grams(ref, bleuOrder) {
			best[g] = max(best[g], n)
		}
	}
	for g, n := range grams(words, bleuOrder) {
		order := strings.Count(g, gap)
		c.Total[order] += n
		c.Matches[order] += min(n, best[g])
	}
	return c, nil
}

// gap stands between words of a gram; it is in none.
const gap = "\x00"

// grams counts runs of 1 to order words.
func grams(words []string, order int) map[string]int {
	count := map[string]int{}
	for from := range words {
		for n := 1; n <= order && from+n <= len(words); n++ {
			count[strings.Join(words[from:from+n], gap)]++
		}
	}
	return count
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// Add returns the counts of both.
func (c BLEUCounts) Add(o BLEUCounts) BLEUCounts {
	for i := range c.Matches {
		c.Matches[i] += o.Matches[i]
		c.Total[i] += o.Total[i]
	}
	c.Words += o.Words
	c.Wanted += o.Wanted
	return c
}

// Score returns the score, 0 to 100:
//
//	100 · min(1, exp(1 − Wanted/Words)) · (p₁·p₂·p₃·p₄)^(1/4),  pₙ = Matches[n−1]/Total[n−1]
//
// The k-th pₙ without a match counts as 1/(2^k·Total), SacreBLEU's smoothing "exp". The score is
// 0 if there are no 4 words in a row, or no match at all.
func (c BLEUCounts) Score() float64 {
	sum, halves := 0.0, 1.0
	for i, n := range c.Total {
		m := float64(c.Matches[i])
		if n <= 0 || c.Matches[0] <= 0 {
			return 0
		}
		if m == 0 {
			halves *= 2
			m = 1 / halves
		}
		sum += math.Log(m/float64(n)) / bleuOrder
	}
	if c.Words < c.Wanted {
		sum += 1 - float64(c.Wanted)/float64(c.Words)
	}
	return 100 * math.Exp(sum)
}

// BLEU returns the score of translations of a corpus, 0 to 100: [BLEUCounts.Score] of the sum of
// [CountBLEU] over its sentences. It is an error if there are no sentences, or not as many lists
// of references.
func BLEU(got []string, want [][]string) (float64, error) {
	if len(got) == 0 || len(got) != len(want) {
		return 0, fmt.Errorf("metrics: BLEU of %d translations, %d have references", len(got), len(want))
	}
	var sum BLEUCounts
	for i := range got {
		c, err := CountBLEU(got[i], want[i])
		if err != nil {
			return 0, fmt.Errorf("%w (row %d)", err, i)
		}
		sum = sum.Add(c)
	}
	return sum.Score(), nil
}

// words13a divides a text into words as mteval-v13a does: punctuation is apart, but for periods
// and commas between digits.
func words13a(text string) []string {
	text = strings.NewReplacer("<skipped>", "", "-\n", "", "\n", " ").Replace(text)
	if strings.Contains(text, "&") {
		for _, r := range [][2]string{{"&quot;", `"`}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}} {
			text = strings.ReplaceAll(text, r[0], r[1])
		}
	}
	// Each rule is applied to what the one before has made.
	var b strings.Builder
	b.WriteByte(' ')
	for _, r := range text {
		if apart13a(r) {
			b.WriteString(" " + string(r) + " ")
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte(' ')
	digit := func(r rune) bool { return r >= '0' && r <= '9' }
	point := func(r rune) bool { return r == '.' || r == ',' }
	s := pairwise([]rune(b.String()), func(a, b rune) bool { return !digit(a) && point(b) }, func(a, b rune) []rune { return []rune{a, ' ', b, ' '} })
	s = pairwise(s, func(a, b rune) bool { return point(a) && !digit(b) }, func(a, b rune) []rune { return []rune{' ', a, ' ', b} })
	s = pairwise(s, func(a, b rune) bool { return digit(a) && b == '-' }, func(a, b rune) []rune { return []rune{a, ' ', b, ' '} })
	return strings.Fields(string(s))
}

// apart13a reports whether a character is a word of its own: punctuation of ASCII but . , - '
func apart13a(r rune) bool {
	switch {
	case r >= '{' && r <= '~', r >= '[' && r <= '`', r >= ' ' && r <= '&', r >= '(' && r <= '+', r >= ':' && r <= '@', r == '/':
		return true
	}
	return false
}

// pairwise replaces pairs of neighbours, from the left, none of which overlap.
func pairwise(s []rune, is func(a, b rune) bool, by func(a, b rune) []rune) []rune {
	var out []rune
	for i := 0; i < len(s); i++ {
		if i+1 < len(s) && is(s[i], s[i+1]) {
			out = append(out, by(s[i], s[i+1])...)
			i++
		} else {
			out = append(out, s[i])
		}
	}
	return out
}

// chrfOrder is the largest number of characters that chrF counts together.
const chrfOrder = 6

// ChrFCounts are the counts of the chrF score: of 1 to 6 characters in a row, those of the
// translation, of the reference, and of both. Those of sentences add up to those of a corpus.
type ChrFCounts struct {
	Got, Want, Both [chrfOrder]int
}

// CountChrF counts a translation of one sentence against its references: Popović, "chrF:
// character n-gram F-score for automatic MT evaluation", 2015, without white space. Of several
// references the one with the best score counts, as in SacreBLEU. It is an error if there is
// none.
func CountChrF(got string, want []string) (ChrFCounts, error) {
	if len(want) == 0 {
		return ChrFCounts{}, errors.New("metrics: chrF of a translation without a reference")
	}
	have := characters(got)
	var best ChrFCounts
	most := -1.0
	for _, w := range want {
		var c ChrFCounts
		ref := characters(w)
		for n := range chrfOrder {
			for g, k := range have[n] {
				c.Got[n] += k
				c.Both[n] += min(k, ref[n][g])
			}
			for _, k := range ref[n] {
				c.Want[n] += k
			}
		}
		if s := c.Score(); s > most {
			best, most = c, s
		}
	}
	return best, nil
}

// characters counts runs of 1 to 6 characters, by their length less 1.
func characters(text string) (out [chrfOrder]map[string]int) {
	s := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	var starts []int
	for i := range s {
		starts = append(starts, i)
	}
	starts = append(starts, len(s))
	for n := range out {
		out[n] = map[string]int{}
		for i := 0; i+n+1 < len(starts); i++ {
			out[n][s[starts[i]:starts[i+n+1]]]++
		}
	}
	return out
}

// Add returns the counts of both.
func (c ChrFCounts) Add(o ChrFCounts) ChrFCounts {
	for i := range c.Got {
		c.Got[i] += o.Got[i]
		c.Want[i] += o.Want[i]
		c.Both[i] += o.Both[i]
	}
	return c
}

// Score returns the score, 0 to 100, the F-score with β = 2 of the mean precision and the mean
// recall over the lengths that both texts have:
//
//	100 · 5·P·R / (4·P + R),  P = mean of Both/Got, R = mean of Both/Want
//
// It is 0 if nothing is in both.
func (c ChrFCounts) Score() float64 {
	precision, recall, orders := 0.0, 0.0, 0.0
	for i := range c.Got {
		if c.Got[i] > 0 && c.Want[i] > 0 {
			precision += float64(c.Both[i]) / float64(c.Got[i])
			recall += float64(c.Both[i]) / float64(c.Want[i])
			orders++
		}
	}
	if !(precision+recall > 0) {
		return 0
	}
	precision, recall = precision/orders, recall/orders
	return 100 * 5 * precision * recall / (4*precision + recall)
}

// ChrF returns the score of translations of a corpus, 0 to 100: [ChrFCounts.Score] of the sum of
// [CountChrF] over its sentences. Errors are as for [BLEU].
func ChrF(got []string, want [][]string) (float64, error) {
	if len(got) == 0 || len(got) != len(want) {
		return 0, fmt.Errorf("metrics: chrF of %d translations, %d have references", len(got), len(want))
	}
	var sum ChrFCounts
	for i := range got {
		c, err := CountChrF(got[i], want[i])
		if err != nil {
			return 0, fmt.Errorf("%w (row %d)", err, i)
		}
		sum = sum.Add(c)
	}
	return sum.Score(), nil
}

// RougeL returns the F-score of the longest common subsequence of words of two texts, 0 to 1:
// Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004, of whole texts, with β = 1.
//
//	2·P·R / (P + R),  P = common/words of got, R = common/words of want
//
// Words are runs of letters and digits, in lower case. It is 0 if there is no common word, and an
// error if a text has no word.
func RougeL(got, want string) (float64, error) {
	words := func(text string) []string {
		return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	}
	a, b := words(got), words(want)
	if len(a) == 0 || len(b) == 0 {
		return 0, fmt.Errorf("metrics: ROUGE-L of %d and %d words", len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	common := float64(slices.Max(row))
	if common == 0 {
		return 0, nil
	}
	precision, recall := common/float64(len(a)), common/float64(len(b))
	return 2 * precision * recall / (precision + recall), nil
}

// Perplexity returns the perplexity of a language model, exp of the mean loss of a token in nats.
// It is an error if there are no tokens, or the loss is not a number of at least 0.
func Perplexity(nats float64, tokens int) (float64, error) {
	if tokens < 1 || !(nats >= 0) || math.IsInf(nats, 0) {
		return 0, fmt.Errorf("metrics: perplexity: a loss of %v over %d tokens", nats, tokens)
	}
	return math.Exp(nats / float64(tokens)), nil
}

// BitsPerCharacter returns the loss of a language model on a text, in bits for each of its
// characters: it compares models whose tokens differ. Errors are as for [Perplexity].
func BitsPerCharacter(nats float64, text string) (float64, error) {
	n := utf8.RuneCountInString(text)
	if n < 1 || !(nats >= 0) || math.IsInf(nats, 0) {
		return 0, fmt.Errorf("metrics: bits per character: a loss of %v over %d characters", nats, n)
	}
	return nats / math.Ln2 / float64(n), nil
}
