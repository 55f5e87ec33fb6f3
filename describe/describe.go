// Package describe converts configurations to JSON and back. It is the single registry
// of everything that can be described: layers, initialisers, losses, optimizers,
// transforms, callbacks, estimators, splitters and more.
//
// A configuration is a value with exported fields only: numbers, strings, slices, maps,
// structs and interfaces. A value held in an interface is written together with the kind
// its type is registered under:
//
//	{"kind": "layers.Dense", "version": 2, "config": {"Units": 8}}
//
// Zero fields are omitted, and a missing field reads as zero, which is its default.
// Version 1 is omitted. Unknown fields, unknown kinds and versions newer than the
// registered one are errors. Fields tagged `describe:"-"`, such as a writer for progress
// output, are not part of the description.
//
// Numbers round-trip exactly; NaN and infinities are the strings "NaN", "+Inf", "-Inf".
package describe

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
)

// Entry registers one type.
type Entry struct {
	Kind    string // its name in JSON
	Version int    // version of its fields; 0: 1
	Example any    // a value of the type, or a pointer

	// Upgrade converts the fields of an older version to this one; nil: older versions
	// are read unchanged.
	Upgrade func(version int, config map[string]json.RawMessage) error
	// Check validates a value after reading; nil: no check.
	Check func(v any) error
}

// Text registers a type that is written as a string.
type Text struct {
	Example any
	Write   func(v any) (string, error)
	Read    func(text string) (any, error)
}

var (
	mu     sync.RWMutex
	byKind = map[string]Entry{}
	byType = map[reflect.Type]string{}
	texts  = map[reflect.Type]Text{}

	textual = reflect.TypeFor[encoding.TextMarshaler]()
)

// Register registers the types of the examples, each under the prefix followed by its
// type name. Registering a type again is allowed; a kind taken by another type is an error.
func Register(prefix string, examples ...any) error {
	for i, e := range examples {
		if e == nil {
			return fmt.Errorf("describe: register: example %d is nil", i)
		}
		t := reflect.TypeOf(e)
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if err := RegisterEntry(Entry{Kind: prefix + t.Name(), Example: e}); err != nil {
			return err
		}
	}
	return nil
}

// RegisterEntry is Register for a single type with a version, an upgrade or a check.
func RegisterEntry(e Entry) error {
	if e.Kind == "" || e.Example == nil || e.Version < 0 {
		return fmt.Errorf("describe: register %q: no kind, no example or a version of %d", e.Kind, e.Version)
	}
	e.Version = max(e.Version, 1)
	t := reflect.TypeOf(e.Example)
	mu.Lock()
	defer mu.Unlock()
	if old, ok := byKind[e.Kind]; ok && reflect.TypeOf(old.Example) != t {
		return fmt.Errorf("describe: register: the kind %q is taken by %T", e.Kind, old.Example)
	}
	if old, ok := byType[t]; ok && old != e.Kind {
		return fmt.Errorf("describe: register %q: %v is registered as %q", e.Kind, t, old)
	}
	byKind[e.Kind], byType[t] = e, e.Kind
	return nil
}

// RegisterText makes values of a type be written as strings. Types that implement
// encoding.TextMarshaler and TextUnmarshaler need not be registered.
func RegisterText(x Text) error {
	if x.Example == nil || x.Write == nil || x.Read == nil {
		return errors.New("describe: register a text: the example, Write or Read is nil")
	}
	mu.Lock()
	defer mu.Unlock()
	texts[reflect.TypeOf(x.Example)] = x
	return nil
}

// Kinds returns all registered kinds in alphabetical order.
func Kinds() []string {
	mu.RLock()
	defer mu.RUnlock()
	out := make([]string, 0, len(byKind))
	for k := range byKind {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// New returns the zero value of a kind: the configuration with all defaults.
func New(kind string) (any, error) {
	e, ok := entry(kind)
	if !ok {
		return nil, unknown(kind)
	}
	t := reflect.TypeOf(e.Example)
	if t.Kind() == reflect.Pointer {
		return reflect.New(t.Elem()).Interface(), nil
	}
	return reflect.Zero(t).Interface(), nil
}

// Kind returns the kind v's type is registered under, or the type's name if it is not
// registered. For a pointer it is the name of the type pointed to.
func Kind(v any) string {
	t := reflect.TypeOf(v)
	if kind, ok := kindOf(t); ok {
		return kind
	}
	if t == nil {
		return "nil"
	}
	if t.Name() == "" && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" {
		return t.String()
	}
	return t.Name()
}

func entry(kind string) (Entry, bool) {
	mu.RLock()
	defer mu.RUnlock()
	e, ok := byKind[kind]
	return e, ok
}

func kindOf(t reflect.Type) (string, bool) {
	mu.RLock()
	defer mu.RUnlock()
	kind, ok := byType[t]
	return kind, ok
}

func textOf(t reflect.Type) (Text, bool) {
	mu.RLock()
	defer mu.RUnlock()
	x, ok := texts[t]
	return x, ok
}

func unknown(kind string) error {
	if len(kind) > 60 {
		kind = kind[:60] + "..."
	}
	return fmt.Errorf("the kind %q is not known here: import the package that has it, such as models/tabular for the nets of aegis train, or register it with describe.Register", kind)
}

// maxDepth limits nesting.
const maxDepth = 100

// tagged is the JSON form of a value in an interface.
type tagged struct {
	Kind    string          `json:"kind"`
	Version int             `json:"version,omitempty"` // 0: 1
	Config  json.RawMessage `json:"config,omitempty"`
}
