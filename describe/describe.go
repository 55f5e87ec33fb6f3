// Package describe writes configurations as JSON and makes them again. It is the one
// registry of everything that can be described: layers, initialisers, losses,
// optimizers, transforms, callbacks, estimators, splitters and the rest.
//
// A configuration is a value of plain exported fields: numbers, texts, slices, maps,
// structs and interfaces. A value that stands in an interface is written with the kind
// that its type was registered under:
//
//	{"kind": "Dense", "version": 2, "config": {"Units": 8}}
//
// Fields that are zero are left out, and a field that is not there is zero when read,
// which is its default. A version of 1 is left out. An unknown field, an unknown kind
// and a version newer than the registered one are errors. A field with the tag
// `describe:"-"` is no part of a description, such as a writer for progress.
//
// Numbers keep every bit; NaN and infinities are the texts "NaN", "+Inf" and "-Inf".
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

// Entry is a type that can be written down.
type Entry struct {
	Kind    string // its name in JSON
	Version int    // of its fields; 0: 1
	Example any    // a value, or a pointer, of the type

	// Upgrade changes a config of an older version, by field, to one of this version; nil:
	// older ones are read as they are.
	Upgrade func(version int, config map[string]json.RawMessage) error
	// Check finds what is wrong with a value that was read; nil: nothing is.
	Check func(v any) error
}

// Text is a type that is written as a text.
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

// Register gives the types of the examples kinds: the prefix and the type's name. The
// same pair may be registered again; a kind that another type has is an error.
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

// RegisterEntry is Register for one type, with all that can be said of it.
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

// RegisterText makes values of a type be written as texts wherever they stand. A type
// with the methods MarshalText and UnmarshalText is so already.
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

// Kind returns the kind of v's type, of one that is not registered its name, of a
// pointer that of the type it points to.
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

// maxDepth bounds how deep values are nested.
const maxDepth = 100

// tagged is a value with its kind.
type tagged struct {
	Kind    string          `json:"kind"`
	Version int             `json:"version,omitempty"` // 0: 1
	Config  json.RawMessage `json:"config,omitempty"`
}
