package plots

import (
	"strconv"
	"strings"
)

// shortNames cuts names to n characters so that they stay distinct. It cuts at the end; if
// that makes two names equal, it drops their common beginning and end; if even that does, it
// appends their numbers, from 1.
func shortNames(names []string, n int) []string {
	n = max(n, 4)
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = shorten(oneLine(name), n)
	}
	if distinct(out) {
		return out
	}
	head, tail := shared(names)
	taken := map[string]bool{}
	for i, name := range names {
		r := []rune(oneLine(name))
		short := string(r[head : len(r)-tail])
		if head > 0 {
			short = "…" + short
		}
		if tail > 0 {
			short += "…"
		}
		out[i] = shorten(short, n)
		if taken[out[i]] {
			number := "…" + strconv.Itoa(i+1)
			r := []rune(out[i])
			out[i] = string(r[:max(0, min(len(r), n)-len([]rune(number)))]) + number
		}
		taken[out[i]] = true
	}
	return out
}

// lastParts shortens paths, such as Recipe.Net.Dropout, to what follows their last dot, if the
// names stay distinct.
func lastParts(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n
		if at := strings.LastIndex(n, "."); at >= 0 && at+1 < len(n) && !strings.Contains(n, " ") {
			out[i] = n[at+1:]
		}
	}
	if distinct(out) {
		return out
	}
	return names
}

func distinct(names []string) bool {
	seen := map[string]bool{}
	for _, n := range names {
		seen[n] = true
	}
	return len(seen) == len(names)
}

// shared returns the numbers of characters that all names have in common at the beginning
// and at the end. It leaves no name empty, and ignores a common part of only a few
// characters.
func shared(names []string) (head, tail int) {
	const few = 4
	first := []rune(oneLine(names[0]))
	head, tail = len(first), len(first)
	shortest := len(first)
	for _, name := range names[1:] {
		r := []rune(oneLine(name))
		shortest = min(shortest, len(r))
		k := 0
		for k < min(head, len(r)) && r[k] == first[k] {
			k++
		}
		head, k = k, 0
		for k < min(tail, len(r)) && r[len(r)-1-k] == first[len(first)-1-k] {
			k++
		}
		tail = k
	}
	if head < few {
		head = 0
	}
	if tail < few || head+tail >= shortest {
		tail = 0
	}
	if head >= shortest {
		head = 0
	}
	return head, tail
}

// oneLine replaces line breaks, tabs and control characters in a name.
func oneLine(s string) string {
	return strings.Join(strings.Fields(visible(s)), " ")
}

// shorten cuts a text longer than n characters.
func shorten(s string, n int) string {
	r := []rune(s)
	n = max(n, 4)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
