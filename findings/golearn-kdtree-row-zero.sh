#!/usr/bin/env bash
# golearn's k-d tree takes empty places of the tree for row 0 at the origin.
#
# Version: github.com/sjwhitworth/golearn v0.0.0-20221228163002-74ae077eafb2 (December
# 2022, the latest), package kdtree, which knn.NewKnnClassifier(..., "kdtree", k) uses.
#
# A node of two rows has no right child; golearn puts a node without a value there.
# When a search walks through such a node, the distance is taken to a vector of zeros
# (mat.NewDense makes one of nil data), and the row of the node, never set, is 0. So
# the nearer a query is to the origin, where standardised tables have most rows, the
# more likely row 0 is among its neighbours, at the query's own distance from the
# origin, and more than once. There is no error.
#
# Seen: of four rows, the one at (100, 100) is the nearest to (0, 0), with distance 0.
# Of 200 queries to 2,000 rows of 10 standard normal numbers, row 0, which is more than
# 300 away from all of them, is among the five neighbours of 3, 10 times in all. The
# search "linear" is not concerned, and is also the faster one there.
#
# Needs Go. Fails if any of this changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'E'
module kdtree

go 1.22

require github.com/sjwhitworth/golearn v0.0.0-20221228163002-74ae077eafb2
E
cat >main.go <<'E'
package main

import (
	"fmt"
	"math/rand"

	"github.com/sjwhitworth/golearn/kdtree"
	"github.com/sjwhitworth/golearn/metrics/pairwise"
)

func search(rows [][]float64, k int, query []float64) ([]int, []float64) {
	t := kdtree.New()
	if err := t.Build(rows); err != nil {
		panic(err)
	}
	found, distances, err := t.Search(k, pairwise.NewEuclidean(), query)
	if err != nil {
		panic(err)
	}
	return found, distances
}

func main() {
	fmt.Println(search([][]float64{{100, 100}, {1, 1}, {2, 4}, {3, 2}}, 2, []float64{0, 0}))

	r := rand.New(rand.NewSource(1))
	rows := make([][]float64, 2000)
	for i := range rows {
		rows[i] = make([]float64, 10)
		for j := range rows[i] {
			rows[i][j] = r.NormFloat64()
		}
	}
	for j := range rows[0] {
		rows[0][j] = 100
	}
	t := kdtree.New()
	if err := t.Build(rows); err != nil {
		panic(err)
	}
	queries, times := 0, 0
	for i := 0; i < 200; i++ {
		x := make([]float64, 10)
		for j := range x {
			x[j] = r.NormFloat64()
		}
		found, _, err := t.Search(5, pairwise.NewEuclidean(), x)
		if err != nil {
			panic(err)
		}
		before := times
		for _, row := range found {
			if row == 0 {
				times++
			}
		}
		if times > before {
			queries++
		}
	}
	fmt.Println("row 0:", queries, "queries,", times, "times")
}
E
go mod tidy >/dev/null 2>&1 || { go mod tidy; exit 1; }
out=$(go run .)
printf '%s\n' "$out"
want='[0 1] [0 1.4142135623730951]
row 0: 3 queries, 10 times'
if [ "$out" != "$want" ]; then
	echo "this has changed; it was:" >&2
	printf '%s\n' "$want" >&2
	exit 1
fi
echo "as seen"
