package translate

import (
	"cmp"
	"fmt"
	"slices"
)

// Point says that a source word and a target word of a pair translate each other, by their
// numbers from 0.
type Point struct{ Source, Target int }

// GrowDiagFinalAnd makes one alignment of a pair from those of two directions (Och & Ney, "A
// Systematic Comparison of Various Statistical Alignment Models", 2003; Koehn, Och & Marcu,
// "Statistical Phrase-Based Translation", 2003). It begins with the points that both have. Then
// points that one of them has are added that are neighbours of a point, diagonals included, and
// whose source or target word has no point yet, until there are no more; at last those of forward,
// then of backward, whose source and target word both have none. Points are visited by target
// word, then by source word; the result is in that order. It is an error if a number is negative.
func GrowDiagFinalAnd(forward, backward []Point) ([]Point, error) {
	forward, backward = sorted(forward), sorted(backward)
	union := sorted(slices.Concat(forward, backward))
	for _, p := range union {
		if p.Source < 0 || p.Target < 0 {
			return nil, fmt.Errorf("translate: an alignment has the point (%d, %d)", p.Source, p.Target)
		}
	}
	g := &growing{point: map[Point]bool{}, source: map[int]bool{}, target: map[int]bool{}}
	for _, p := range union {
		_, a := slices.BinarySearchFunc(forward, p, byTarget)
		_, b := slices.BinarySearchFunc(backward, p, byTarget)
		if a && b {
			g.add(p)
		}
	}
	g.grow(union)
	for _, p := range slices.Concat(forward, backward) {
		if !g.source[p.Source] && !g.target[p.Target] {
			g.add(p)
		}
	}
	var out []Point
	for _, p := range union {
		if g.point[p] {
			out = append(out, p)
		}
	}
	return out, nil
}

// growing is an alignment to which points are added, and the words that have one.
type growing struct {
	point          map[Point]bool
	source, target map[int]bool
}

func (g *growing) add(p Point) { g.point[p], g.source[p.Source], g.target[p.Target] = true, true, true }

// neighbours are the steps to them: those beside a point, then the diagonals.
var neighbours = [8]Point{{0, -1}, {-1, 0}, {0, 1}, {1, 0}, {-1, -1}, {1, -1}, {-1, 1}, {1, 1}}

// grow adds neighbours of points that the union has.
func (g *growing) grow(union []Point) {
	for grown := true; grown; {
		grown = false
		for _, p := range union {
			if !g.point[p] {
				continue
			}
			for _, by := range neighbours {
				n := Point{p.Source + by.Source, p.Target + by.Target}
				if g.point[n] || g.source[n.Source] && g.target[n.Target] {
					continue
				}
				if _, ok := slices.BinarySearchFunc(union, n, byTarget); ok {
					g.add(n)
					grown = true
				}
			}
		}
	}
}

// byTarget orders points by target word, then by source word.
func byTarget(a, b Point) int {
	return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Source, b.Source))
}

// sorted returns points in order, each once.
func sorted(points []Point) []Point {
	out := slices.Clone(points)
	slices.SortFunc(out, byTarget)
	return slices.Compact(out)
}
