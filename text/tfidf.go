package text

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TFIDF turns texts into rows of numbers, one for each term that the training texts have:
//
//	tf · idf,  idf = log((1+n)/(1+df)) + 1,
//
// divided by the row's Euclidean norm, where tf is how often the text has the term and df how
// many of the n training texts do, as scikit-learn's TfidfVectorizer has it. Terms are words of
// two or more letters, digits and underscores, in lower case, or runs of them; with Characters,
// runs of characters within words, which get a blank on either side.
type TFIDF struct {
	Characters        bool
	Shortest, Longest int     // words or characters of a term; 0: 1, and Shortest
	KeepCase          bool    // letters are not made lower case
	MinTexts          int     // terms of fewer texts are left out; 0: 1
	MaxShare          float64 // terms of a greater share of the texts are left out; 0: 1
	Most              int     // terms at most, those that occur most often, of equal ones the first by alphabet; 0: all
	Sublinear         bool    // 1 + log(tf) in place of tf
	Counts            bool    // tf alone: no idf, no norm
}

// Sparse is a matrix most of whose numbers are 0. Row i has the numbers
// Values[Offsets[i]:Offsets[i+1]] in the columns Columns[Offsets[i]:Offsets[i+1]], ascending.
type Sparse struct {
	Rows, Width int
	Offsets     []int
	Columns     []int32
	Values      []float64
}

// FittedTFIDF is a TFIDF with its terms.
type FittedTFIDF struct {
	TFIDF TFIDF
	Terms []string // by column, in the order of their bytes
	IDF   []float64

	column map[string]int32
}

// Fit finds the terms of training texts. It is an error if there are no texts, if settings are
// out of range, or if no term is left.
func (o TFIDF) Fit(texts []string) (*FittedTFIDF, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	if len(texts) == 0 {
		return nil, errors.New("text: TF-IDF of no texts")
	}
	in, count, last := map[string]int{}, map[string]int{}, map[string]int{} // texts, occurrences, the last text from 1
	for i, t := range texts {
		o.each(t, func(term string) {
			if _, ok := count[term]; !ok {
				term = strings.Clone(term)
			}
			count[term]++
			if last[term] != i+1 {
				last[term] = i + 1
				in[term]++
			}
		})
	}
	f := &FittedTFIDF{TFIDF: o}
	for term, n := range in {
		if n >= o.MinTexts && float64(n) <= o.MaxShare*float64(len(texts)) {
			f.Terms = append(f.Terms, term)
		}
	}
	slices.Sort(f.Terms)
	if o.Most > 0 && len(f.Terms) > o.Most {
		slices.SortStableFunc(f.Terms, func(a, b string) int { return count[b] - count[a] })
		f.Terms = f.Terms[:o.Most]
		slices.Sort(f.Terms)
	}
	if len(f.Terms) == 0 {
		return nil, fmt.Errorf("text: TF-IDF: of the %d terms of %d texts none is left", len(count), len(texts))
	}
	for _, term := range f.Terms {
		idf := 1.0
		if !o.Counts {
			idf = math.Log(float64(1+len(texts))/float64(1+in[term])) + 1
		}
		f.IDF = append(f.IDF, idf)
	}
	f.column = columns(f.Terms)
	return f, nil
}

func columns(terms []string) map[string]int32 {
	column := make(map[string]int32, len(terms))
	for i, term := range terms {
		column[term] = int32(i)
	}
	return column
}

// filled returns the settings with their defaults, or an error that says what is out of range.
func (o TFIDF) filled() (TFIDF, error) {
	o.Shortest = cmp.Or(o.Shortest, 1)
	o.Longest, o.MinTexts, o.MaxShare = cmp.Or(o.Longest, o.Shortest), cmp.Or(o.MinTexts, 1), cmp.Or(o.MaxShare, 1)
	if o.Shortest < 1 || o.Longest < o.Shortest || o.Longest > 100 || o.MinTexts < 1 || !(o.MaxShare > 0 && o.MaxShare <= 1) || o.Most < 0 {
		return o, fmt.Errorf("text: TF-IDF: terms of %d to %d, of %d texts or more, a share of %v, at most %d: want positive numbers in order, terms of up to 100, and a share of up to 1", o.Shortest, o.Longest, o.MinTexts, o.MaxShare, o.Most)
	}
	return o, nil
}

// Apply returns the rows of texts. Terms that the training texts do not have play no part. It is
// an error if there are no terms, or if settings are out of range.
func (f *FittedTFIDF) Apply(texts []string) (*Sparse, error) {
	if f == nil || len(f.Terms) == 0 || len(f.IDF) != len(f.Terms) {
		return nil, errors.New("text: TF-IDF is not fitted")
	}
	o, err := f.TFIDF.filled()
	if err != nil {
		return nil, err
	}
	column := f.column
	if column == nil {
		column = columns(f.Terms)
	}
	s := &Sparse{Rows: len(texts), Width: len(f.Terms), Offsets: []int{0}}
	count := map[int32]float64{}
	for _, t := range texts {
		clear(count)
		o.each(t, func(term string) {
			if c, ok := column[term]; ok {
				count[c]++
			}
		})
		from := len(s.Columns)
		for c := range count {
			s.Columns = append(s.Columns, c)
		}
		row := s.Columns[from:]
		slices.Sort(row)
		sum := 0.0
		for _, c := range row {
			v := count[c]
			if o.Sublinear {
				v = 1 + math.Log(v)
			}
			v *= f.IDF[c]
			sum += v * v
			s.Values = append(s.Values, v)
		}
		if norm := math.Sqrt(sum); !o.Counts && norm > 0 {
			for i := from; i < len(s.Values); i++ {
				s.Values[i] /= norm
			}
		}
		s.Offsets = append(s.Offsets, len(s.Columns))
	}
	return s, nil
}

// each calls f for the terms of a text, as often as they occur.
func (o TFIDF) each(text string, f func(term string)) {
	if !o.KeepCase {
		text = strings.ToLower(text)
	}
	if o.Characters {
		for _, w := range strings.Fields(text) {
			o.within(" "+w+" ", f)
		}
		return
	}
	var words []string
	from := -1
	end := func(to int) {
		if from >= 0 && utf8.RuneCountInString(text[from:to]) > 1 {
			words = append(words, text[from:to])
		}
		from = -1
	}
	for i, r := range text {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '_':
			end(i)
		case from < 0:
			from = i
		}
	}
	end(len(text))
	for n := o.Shortest; n <= o.Longest; n++ {
		for i := 0; i+n <= len(words); i++ {
			if n == 1 {
				f(words[i])
			} else {
				f(strings.Join(words[i:i+n], " "))
			}
		}
	}
}

// within calls f for the runs of characters of a word. One that is shorter than a run counts once.
func (o TFIDF) within(word string, f func(term string)) {
	var starts []int
	for i := range word {
		starts = append(starts, i)
	}
	starts = append(starts, len(word))
	all := len(starts) - 1
	for n := o.Shortest; n <= o.Longest; n++ {
		if n >= all {
			f(word)
			return
		}
		for i := 0; i+n <= all; i++ {
			f(word[starts[i]:starts[i+n]])
		}
	}
}
