// Package builtin registers this module's own types with package describe, under the
// package path and type name, such as "models/tabular.MLP".
package builtin

import (
	"reflect"
	"strings"

	"github.com/seed732fc211/aegis/describe"
)

// Register registers the types of the examples.
func Register(examples ...any) {
	for _, e := range examples {
		Entry(describe.Entry{Example: e})
	}
}

// Entry registers a type with a full describe.Entry; its kind is filled in.
func Entry(e describe.Entry) {
	t := reflect.TypeOf(e.Example)
	e.Kind = strings.TrimPrefix(t.PkgPath(), "github.com/seed732fc211/aegis/") + "." + t.Name()
	if err := describe.RegisterEntry(e); err != nil {
		panic(err) // two types of this module have one kind
	}
}

// Text registers a type that is written as a string.
func Text(x describe.Text) {
	if err := describe.RegisterText(x); err != nil {
		panic(err) // a part of x is missing
	}
}
