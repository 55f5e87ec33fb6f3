package generate

import "math"

// choice takes one of the tokens that logits offer. Its buffers are made once.
type choice struct {
	temperature float64
	k           int
	p           float64
	weight      []float64 // exp((logit − largest)/temperature)
	ids         []int32   // a heap, then the tokens taken from it
}

func newChoice(s Sampler) *choice {
	c := &choice{temperature: s.Temperature, k: s.TopK, p: s.TopP}
	if c.k == 0 || c.k > s.Vocab {
		c.k = s.Vocab
	}
	if c.p == 0 {
		c.p = 1
	}
	if c.temperature > 0 {
		c.weight = make([]float64, s.Vocab)
		if c.k < s.Vocab || c.p < 1 {
			c.ids = make([]int32, s.Vocab)
		}
	}
	return c
}

// next returns the token that a number u of [0, 1) draws, and the logarithm of its probability by
// the logits as they are.
func (c *choice) next(logits []float32, u float64) (id int, logProb float64, err error) {
	best, log, err := largest(logits)
	if err != nil {
		return 0, 0, err
	}
	top := float64(logits[best])
	if c.temperature > 0 {
		sum := 0.0
		for i, l := range logits {
			w := math.Exp((float64(l) - top) / c.temperature)
			c.weight[i] = w
			sum += w
		}
		if c.ids == nil {
			best = c.draw(u * sum)
		} else {
			best = c.drawMostProbable(logits, u, sum)
		}
	}
	return best, float64(logits[best]) - top - log, nil
}

// draw returns the first token at which the weights add up to more than a number.
func (c *choice) draw(at float64) int {
	last := 0
	for i, w := range c.weight {
		if w == 0 {
			continue
		}
		if last = i; at < w {
			break
		}
		at -= w
	}
	return last
}

// drawMostProbable draws one of the k most probable tokens, of which those are left that reach a
// share of p.
func (c *choice) drawMostProbable(logits []float32, u, sum float64) int {
	taken, mass := c.takeMostProbable(logits, c.p*sum)
	if c.k < len(logits) && c.p < 1 { // the share is that of the k tokens
		share := c.p * mass
		mass = 0
		for j := range taken {
			id := taken[len(taken)-1-j]
			if mass += c.weight[id]; mass >= share {
				taken = taken[len(taken)-1-j:]
				break
			}
		}
	}
	at, last := u*mass, taken[len(taken)-1]
	for j := range taken {
		last = taken[len(taken)-1-j]
		if w := c.weight[last]; at < w {
			break
		} else {
			at -= w
		}
	}
	return int(last)
}

// takeMostProbable takes the k most probable tokens from a heap, or, if k is all of them, those
// whose weights reach a mass. It returns them in ascending order, and the sum of their weights.
func (c *choice) takeMostProbable(logits []float32, enough float64) (taken []int32, mass float64) {
	for i := range c.ids {
		c.ids[i] = int32(i)
	}
	for i := len(c.ids)/2 - 1; i >= 0; i-- {
		sift(c.ids, i, logits)
	}
	n := len(c.ids)
	for len(c.ids)-n < c.k {
		w := c.weight[c.ids[0]]
		if n < len(c.ids) && (w == 0 || c.k == len(c.ids) && mass >= enough) {
			break
		}
		mass += w
		n--
		c.ids[0], c.ids[n] = c.ids[n], c.ids[0]
		sift(c.ids[:n], 0, logits)
	}
	return c.ids[n:], mass
}

// sift moves the token at i of a heap down to where no token below it is more probable.
func sift(heap []int32, i int, logits []float32) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && before(heap[child+1], heap[child], logits) {
			child++
		}
		if !before(heap[child], heap[i], logits) {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// before returns whether a token is more probable than another, or as probable and the first.
func before(a, b int32, logits []float32) bool {
	if logits[a] != logits[b] {
		return logits[a] > logits[b]
	}
	return a < b
}
