//go:build !long

package house

// How many combinations of arguments of a function are tried: sampled ones of those
// in which one argument is varied (0: all), and random ones.
const (
	sampled = 0
	random  = 12
)
