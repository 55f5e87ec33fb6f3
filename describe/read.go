package describe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
)

// Unmarshal decodes what Marshal wrote into *target, which may have a registered type, an
// interface type that the kind implements, or an unregistered type written without a kind.
func Unmarshal(text []byte, target any) error {
	p := reflect.ValueOf(target)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return errors.New("describe: unmarshal: the target is no pointer to a value")
	}
	v := p.Elem()
	kind, ok := kindOf(v.Type())
	if !ok {
		return read(text, v, v.Type().String(), 0)
	}
	var t tagged
	if err := strict(text, &t); err != nil {
		return wrap(kind, err)
	}
	if t.Kind != kind {
		return fmt.Errorf("want a %q, have a %q", kind, t.Kind)
	}
	e, err := readTagged(t, v.Type().String(), 0)
	if err != nil {
		return err
	}
	v.Set(e)
	return nil
}

// readTagged decodes a value from its kind and config.
func readTagged(t tagged, at string, depth int) (reflect.Value, error) {
	e, ok := entry(t.Kind)
	if !ok {
		return reflect.Value{}, wrap(at, unknown(t.Kind))
	}
	t.Version = max(t.Version, 1)
	if t.Version > e.Version {
		return reflect.Value{}, fmt.Errorf("%s: %q is written in version %d, newer than version %d, which is known here", at, t.Kind, t.Version, e.Version)
	}
	at += "(" + t.Kind + ")"
	if t.Version < e.Version && e.Upgrade != nil {
		var err error
		if t.Config, err = upgrade(e, t); err != nil {
			return reflect.Value{}, wrap(at, err)
		}
	}
	typ := reflect.TypeOf(e.Example)
	out := reflect.New(typ).Elem()
	into := out
	if typ.Kind() == reflect.Pointer {
		out.Set(reflect.New(typ.Elem()))
		into = out.Elem()
	}
	if len(t.Config) > 0 {
		if err := read(t.Config, into, at, depth+1); err != nil {
			return out, err
		}
	}
	if e.Check != nil {
		if err := e.Check(out.Interface()); err != nil {
			return out, wrap(at, err)
		}
	}
	return out, nil
}

// upgrade converts a config to the registered version.
func upgrade(e Entry, t tagged) (json.RawMessage, error) {
	config := map[string]json.RawMessage{}
	if len(t.Config) > 0 {
		if err := json.Unmarshal(t.Config, &config); err != nil {
			return nil, err
		}
	}
	if err := e.Upgrade(t.Version, config); err != nil {
		return nil, fmt.Errorf("from version %d to %d: %w", t.Version, e.Version, err)
	}
	return json.Marshal(config)
}

func read(text json.RawMessage, v reflect.Value, at string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%s: nested more than %d deep", at, maxDepth)
	}
	if x, ok := textOf(v.Type()); ok {
		return wrap(at, readText(text, x, v))
	}
	if v.Kind() != reflect.Interface && v.Type().Implements(textual) {
		return wrap(at, json.Unmarshal(text, v.Addr().Interface()))
	}
	switch v.Kind() {
	case reflect.Interface:
		if bytes.Equal(bytes.TrimSpace(text), []byte("null")) {
			v.SetZero()
			return nil
		}
		var t tagged
		if err := strict(text, &t); err != nil {
			return wrap(at, err)
		}
		e, err := readTagged(t, at, depth)
		if err != nil {
			return err
		}
		if !e.Type().AssignableTo(v.Type()) {
			return fmt.Errorf("%s: %q is no %v", at, t.Kind, v.Type())
		}
		v.Set(e)
		return nil
	case reflect.Struct:
		return readStruct(text, v, at, depth)
	case reflect.Map:
		return readMap(text, v, at, depth)
	case reflect.Slice, reflect.Array:
		return readList(text, v, at, depth)
	case reflect.Float32, reflect.Float64:
		switch string(text) {
		case `"NaN"`:
			v.SetFloat(math.NaN())
			return nil
		case `"+Inf"`:
			v.SetFloat(math.Inf(1))
			return nil
		case `"-Inf"`:
			v.SetFloat(math.Inf(-1))
			return nil
		}
	case reflect.Func, reflect.Chan, reflect.Pointer, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("%s: a %v cannot be read", at, v.Type())
	}
	return wrap(at, json.Unmarshal(text, v.Addr().Interface()))
}

func readText(text json.RawMessage, x Text, v reflect.Value) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	value, err := x.Read(s)
	if err != nil {
		return err
	}
	r := reflect.ValueOf(value)
	if !r.IsValid() || r.Type() != v.Type() {
		return fmt.Errorf("%q was read as a %T, want a %v", s, value, v.Type())
	}
	v.Set(r)
	return nil
}

func readStruct(text json.RawMessage, v reflect.Value, at string, depth int) error {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &fields); err != nil {
		return wrap(at, err)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f, ok := v.Type().FieldByName(name)
		if !ok || !f.IsExported() || len(f.Index) != 1 || skipped(f) {
			return fmt.Errorf("%s: has no field %q", at, name)
		}
		if err := read(fields[name], v.FieldByIndex(f.Index), at+"."+name, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func readMap(text json.RawMessage, v reflect.Value, at string, depth int) error {
	if v.Type().Key().Kind() != reflect.String {
		return fmt.Errorf("%s: a %v cannot be read", at, v.Type())
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(text, &values); err != nil {
		return wrap(at, err)
	}
	if values == nil {
		v.SetZero()
		return nil
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(values)))
	for _, k := range slices.Sorted(maps.Keys(values)) {
		e := reflect.New(v.Type().Elem()).Elem()
		if err := read(values[k], e, fmt.Sprintf("%s[%q]", at, k), depth+1); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(k).Convert(v.Type().Key()), e)
	}
	return nil
}

func readList(text json.RawMessage, v reflect.Value, at string, depth int) error {
	if v.Kind() == reflect.Slice && plain(v.Type().Elem()) {
		p := reflect.New(v.Type())
		if json.Unmarshal(text, p.Interface()) == nil {
			v.Set(p.Elem())
			return nil
		} // else an error, or a number that is not finite
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return wrap(at, err)
	}
	s := v
	if v.Kind() == reflect.Slice {
		if list == nil {
			v.SetZero()
			return nil
		}
		s = reflect.MakeSlice(v.Type(), len(list), len(list))
	} else if len(list) != v.Len() {
		return fmt.Errorf("%s: %d values, want %d", at, len(list), v.Len())
	}
	for i, e := range list {
		if err := read(e, s.Index(i), fmt.Sprintf("%s[%d]", at, i), depth+1); err != nil {
			return err
		}
	}
	if v.Kind() == reflect.Slice {
		v.Set(s)
	}
	return nil
}

func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("there is more after its end")
	}
	return nil
}
