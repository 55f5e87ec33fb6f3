// Package spec writes configurations as JSON and reads them back. A
// configuration is a struct of plain fields, slices and interfaces; a value in
// an interface is written as {"kind": name, "config": {...}} under the name that
// its type was registered with.
package spec

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
)

var (
	mu      sync.RWMutex
	byName  = map[string]reflect.Type{}
	byType  = map[reflect.Type]string{}
	textual = reflect.TypeFor[encoding.TextMarshaler]()
)

// Register gives the type of example a name. The same pair may be registered again.
func Register(name string, example any) error {
	t := reflect.TypeOf(example)
	mu.Lock()
	defer mu.Unlock()
	if old, ok := byName[name]; ok && old != t {
		return fmt.Errorf("the kind %q is taken by %v", name, old)
	}
	byName[name], byType[t] = t, name
	return nil
}

// Builtin registers this module's own types under their type names, with a
// prefix where a name would have two meanings.
func Builtin(prefix string, examples ...any) {
	for _, e := range examples {
		if err := Register(prefix+reflect.TypeOf(e).Name(), e); err != nil {
			panic(err) // two types of this module have one name
		}
	}
}

// Kind returns the name that v's type is registered with, else its type name, of
// a pointer that of the type it points to.
func Kind(v any) string {
	t := reflect.TypeOf(v)
	mu.RLock()
	defer mu.RUnlock()
	if name, ok := byType[t]; ok {
		return name
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

type tagged struct {
	Kind   string          `json:"kind"`
	Config json.RawMessage `json:"config"`
}

// Marshal writes v. A type inside an interface that is not registered, and a
// function, are errors that name the place.
func Marshal(v any) ([]byte, error) {
	return encode(reflect.ValueOf(v), reflect.TypeOf(v).String())
}

func encode(v reflect.Value, at string) (json.RawMessage, error) {
	if v.Kind() != reflect.Interface && v.Type().Implements(textual) {
		return json.Marshal(v.Interface())
	}
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return json.RawMessage("null"), nil
		}
		mu.RLock()
		name, ok := byType[v.Elem().Type()]
		mu.RUnlock()
		if !ok {
			return nil, fmt.Errorf("%s: the type %v is not registered, so it cannot be saved", at, v.Elem().Type())
		}
		config, err := encode(v.Elem(), at+"("+name+")")
		if err != nil {
			return nil, err
		}
		return json.Marshal(tagged{name, config})
	case reflect.Struct:
		var b bytes.Buffer
		b.WriteByte('{')
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				return nil, fmt.Errorf("%s: has the unexported field %s, so it cannot be saved", at, f.Name)
			}
			if v.Field(i).IsZero() {
				continue
			}
			value, err := encode(v.Field(i), at+"."+f.Name)
			if err != nil {
				return nil, err
			}
			if b.Len() > 1 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q:%s", f.Name, value)
		}
		b.WriteByte('}')
		return b.Bytes(), nil
	case reflect.Slice, reflect.Array:
		var b bytes.Buffer
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			value, err := encode(v.Index(i), fmt.Sprintf("%s[%d]", at, i))
			if err != nil {
				return nil, err
			}
			b.Write(value)
		}
		b.WriteByte(']')
		return b.Bytes(), nil
	case reflect.Func, reflect.Chan, reflect.Pointer, reflect.UnsafePointer:
		return nil, fmt.Errorf("%s: a %v cannot be saved", at, v.Type())
	}
	return json.Marshal(v.Interface())
}

// Unmarshal reads what Marshal wrote into the value that target points to.
func Unmarshal(data []byte, target any) error {
	return decode(data, reflect.ValueOf(target).Elem(), reflect.TypeOf(target).Elem().String(), 0)
}

const maxDepth = 100

func decode(data json.RawMessage, v reflect.Value, at string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%s: nested more than %d deep", at, maxDepth)
	}
	if v.Kind() != reflect.Interface && v.Type().Implements(textual) {
		return wrap(at, json.Unmarshal(data, v.Addr().Interface()))
	}
	switch v.Kind() {
	case reflect.Interface:
		if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
			v.SetZero()
			return nil
		}
		var t tagged
		if err := strict(data, &t); err != nil {
			return wrap(at, err)
		}
		mu.RLock()
		typ, ok := byName[t.Kind]
		mu.RUnlock()
		if !ok {
			return fmt.Errorf("%s: the kind %q is not known here: import the package that has it, such as models/tabular for the nets of aegis train, or register it", at, t.Kind)
		}
		if !typ.Implements(v.Type()) {
			return fmt.Errorf("%s: %q is no %v", at, t.Kind, v.Type())
		}
		e := reflect.New(typ).Elem()
		if err := decode(t.Config, e, at+"("+t.Kind+")", depth+1); err != nil {
			return err
		}
		v.Set(e)
		return nil
	case reflect.Struct:
		fields := map[string]json.RawMessage{}
		if err := json.Unmarshal(data, &fields); err != nil {
			return wrap(at, err)
		}
		for name, value := range fields {
			f, ok := v.Type().FieldByName(name)
			if !ok || !f.IsExported() {
				return fmt.Errorf("%s: has no field %q", at, name)
			}
			if err := decode(value, v.FieldByIndex(f.Index), at+"."+name, depth+1); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice, reflect.Array:
		var list []json.RawMessage
		if err := json.Unmarshal(data, &list); err != nil {
			return wrap(at, err)
		}
		s := v
		if v.Kind() == reflect.Slice {
			s = reflect.MakeSlice(v.Type(), len(list), len(list))
		} else if len(list) != v.Len() {
			return fmt.Errorf("%s: %d values, want %d", at, len(list), v.Len())
		}
		for i, e := range list {
			if err := decode(e, s.Index(i), fmt.Sprintf("%s[%d]", at, i), depth+1); err != nil {
				return err
			}
		}
		if v.Kind() == reflect.Slice {
			v.Set(s)
		}
		return nil
	}
	return wrap(at, json.Unmarshal(data, v.Addr().Interface()))
}

func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

func wrap(at string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", at, err)
}
