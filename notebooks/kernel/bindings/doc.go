// Package bindings tells the interpreter of a notebook about the packages that
// cells may import. All but this file is written by command bind.
package bindings

//go:generate go run ../bind -o .
