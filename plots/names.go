package plots

import (
	"strconv"
	"strings"
)

// shortNames cuts names to n characters so that they can still be told apart: at
// the end; where that makes two of them equal, what all begin and end with is left
// out; and where even that does, their number from 1 stands at the end.
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

func distinct(names []string) bool {
	seen := map[string]bool{}
	for _, n := range names {
		seen[n] = true
	}
	return len(seen) == len(names)
}

// shared returns how many characters all names begin and end with; what is left of
// none is empty. A few are not worth leaving out.
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

// oneLine makes one line of a name that holds line breaks, tabs or control characters.
func oneLine(s string) string {
	return strings.Join(strings.Fields(visible(s)), " ")
}

// shorten cuts a text that is longer than n characters.
func shorten(s string, n int) string {
	r := []rune(s)
	n = max(n, 4)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
