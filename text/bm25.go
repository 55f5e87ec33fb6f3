package text

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// BM25 ranks texts by a query (Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25
// and Beyond", 2009): the score of a text is the sum over the query's terms, each as often as the
// query has it, of
//
//	idf · tf·(k1+1) / (tf + k1·(1 − b + b·length/mean)),  idf = ln(1 + (n−df+0.5)/(df+0.5))
//
// where tf is the number of times the text has the term, df the number of texts, out of n, that have
// it, and length the number of terms in the text. The idf is Lucene's, which is positive for every
// term. Lucene omits the constant factor k1+1, which does not change the ranking.
//
// Texts and queries are split into terms by the analyser of [TFIDF], whose Sublinear and Counts must
// not be set. Terms that it discards do not count towards the length.
type BM25 struct {
	K1        float64 // how slowly repetitions of a term saturate; 0: 1.2
	B         float64 // how strongly scores are normalised by length, up to 1; 0: 0.75
	AnyLength bool    // b is 0: no normalisation by length
	Terms     TFIDF
}

// BM25Index is an inverted index of texts. It is safe for use by several goroutines.
type BM25Index struct {
	terms   TFIDF
	column  map[string]int32
	texts   int
	offsets []int     // of a term's entries
	text    []int32   // by entry, ascending within a term
	weight  []float64 // by entry, what the term adds to the text's score
}

// Hit is a text found by a search.
type Hit struct {
	Text  int // its number among the texts of the index
	Score float64
}

// Index builds the index of texts. It is an error if there are no texts, if a setting is out of
// range, or if no term is left.
func (o BM25) Index(texts []string) (*BM25Index, error) {
	o.K1, o.B = cmp.Or(o.K1, 1.2), cmp.Or(o.B, 0.75)
	if !(o.K1 > 0) || math.IsInf(o.K1, 0) || !(o.B > 0 && o.B <= 1) {
		return nil, fmt.Errorf("text: BM25: k1 %v, b %v: want a number above 0, and 0 to 1", o.K1, o.B)
	}
	if o.AnyLength {
		o.B = 0
	}
	if o.Terms.Sublinear || o.Terms.Counts {
		return nil, errors.New("text: BM25: the settings Sublinear and Counts of TF-IDF have no meaning")
	}
	o.Terms.Counts = true
	f, err := o.Terms.Fit(texts)
	if err != nil {
		return nil, fmt.Errorf("%w (BM25)", err)
	}
	s, err := f.Apply(texts)
	if err != nil {
		return nil, err
	}
	x := &BM25Index{terms: f.TFIDF, column: f.column, texts: s.Rows}
	o.weigh(x, s)
	return x, nil
}

// weigh turns counts by text into weights by term.
func (o BM25) weigh(x *BM25Index, s *Sparse) {
	x.offsets = make([]int, s.Width+1)
	for _, c := range s.Columns {
		x.offsets[c+1]++
	}
	for c := range s.Width {
		x.offsets[c+1] += x.offsets[c]
	}
	sum := 0.0
	for _, v := range s.Values {
		sum += v
	}
	mean := sum / float64(s.Rows)
	x.text, x.weight = make([]int32, len(s.Columns)), make([]float64, len(s.Columns))
	at := slices.Clone(x.offsets)
	for row := range s.Rows {
		from, to := s.Offsets[row], s.Offsets[row+1]
		length := 0.0
		for _, tf := range s.Values[from:to] {
			length += tf
		}
		slow := o.K1 * (1 - o.B + o.B*length/mean)
		for i := from; i < to; i++ {
			c, tf := s.Columns[i], s.Values[i]
			df := float64(x.offsets[c+1] - x.offsets[c])
			idf := math.Log1p((float64(s.Rows) - df + 0.5) / (df + 0.5))
			x.text[at[c]], x.weight[at[c]] = int32(row), idf*(tf*(o.K1+1)/(tf+slow))
			at[c]++
		}
	}
}

// Texts returns the number of texts.
func (x *BM25Index) Texts() int {
	if x == nil {
		return 0
	}
	return x.texts
}

// Search returns the k texts with the highest scores in descending order, ties by ascending number;
// fewer if fewer texts share a term with the query. It is an error if there is no index or
// k is below 1.
func (x *BM25Index) Search(query string, k int) ([]Hit, error) {
	if x == nil || x.column == nil {
		return nil, errors.New("text: BM25: there is no index")
	}
	if k < 1 {
		return nil, fmt.Errorf("text: BM25: the best %d texts: want 1 or more", k)
	}
	score := make([]float64, x.texts)
	var found []int32
	x.terms.each(query, func(term string) {
		c, ok := x.column[term]
		if !ok {
			return
		}
		for i := x.offsets[c]; i < x.offsets[c+1]; i++ {
			t := x.text[i]
			if score[t] == 0 { // weights are above 0
				found = append(found, t)
			}
			score[t] += x.weight[i]
		}
	})
	var best []Hit // a heap with the last on top once there are k
	for _, t := range found {
		h := Hit{int(t), score[t]}
		switch {
		case len(best) < k:
			if best = append(best, h); len(best) == k {
				for i := k/2 - 1; i >= 0; i-- {
					siftLast(best, i)
				}
			}
		case ahead(h, best[0]) < 0:
			best[0] = h
			siftLast(best, 0)
		}
	}
	slices.SortFunc(best, ahead)
	return best, nil
}

// ahead is negative if a hit comes before another: its score is greater, or its number smaller.
func ahead(a, b Hit) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Text, b.Text))
}

// siftLast moves the hit at i of a heap down to where none below it comes after it.
func siftLast(heap []Hit, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && ahead(heap[child+1], heap[child]) > 0 {
			child++
		}
		if ahead(heap[child], heap[i]) <= 0 {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}
