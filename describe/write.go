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
	"strconv"
)

// Marshal encodes v, together with its kind if its type is registered. Given a pointer to
// an interface, it encodes the value inside, whose type must be registered. Unregistered
// types in interfaces, functions, channels, pointers and unexported fields are errors that
// name the field.
func Marshal(v any) ([]byte, error) {
	r := reflect.ValueOf(v)
	if !r.IsValid() {
		return nil, errors.New("nil cannot be saved")
	}
	if kind, ok := kindOf(r.Type()); ok {
		return writeTagged(r, kind, kind, 0)
	}
	if r.Kind() == reflect.Pointer && !r.IsNil() && r.Elem().Kind() == reflect.Interface {
		r = r.Elem()
	}
	return write(r, r.Type().String(), 0)
}

// writeTagged writes a value of a registered type with its kind.
func writeTagged(v reflect.Value, kind, at string, depth int) (json.RawMessage, error) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil, fmt.Errorf("%s: a pointer that is nil cannot be saved", at)
		}
		v = v.Elem()
	}
	config, err := write(v, at, depth+1)
	if err != nil {
		return nil, err
	}
	e, _ := entry(kind)
	t := tagged{Kind: kind, Version: e.Version, Config: config}
	if t.Version == 1 {
		t.Version = 0
	}
	if string(config) == "{}" {
		t.Config = nil
	}
	return json.Marshal(t)
}

func write(v reflect.Value, at string, depth int) (json.RawMessage, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s: nested more than %d deep", at, maxDepth)
	}
	if text, ok := textOf(v.Type()); ok {
		s, err := text.Write(v.Interface())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		return json.Marshal(s)
	}
	if v.Kind() != reflect.Interface && v.Type().Implements(textual) {
		text, err := json.Marshal(v.Interface())
		return text, wrap(at, err)
	}
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return json.RawMessage("null"), nil
		}
		kind, ok := kindOf(v.Elem().Type())
		if !ok {
			return nil, fmt.Errorf("%s: the type %v is not registered, so it cannot be saved: describe.Register it", at, v.Elem().Type())
		}
		return writeTagged(v.Elem(), kind, at+"("+kind+")", depth)
	case reflect.Struct:
		return writeStruct(v, at, depth)
	case reflect.Map:
		return writeMap(v, at, depth)
	case reflect.Slice, reflect.Array:
		if plain(v.Type().Elem()) {
			if text, err := json.Marshal(v.Interface()); err == nil {
				return text, nil
			} // else a number that is not finite
		}
		return join('[', ']', v.Len(), func(i int) (json.RawMessage, error) {
			return write(v.Index(i), fmt.Sprintf("%s[%d]", at, i), depth+1)
		})
	case reflect.Float32, reflect.Float64:
		if x := v.Float(); math.IsNaN(x) || math.IsInf(x, 0) {
			return strconv.AppendQuote(nil, strconv.FormatFloat(x, 'g', -1, 64)), nil
		}
	case reflect.Func, reflect.Chan, reflect.Pointer, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return nil, fmt.Errorf("%s: a %v cannot be saved", at, v.Type())
	}
	text, err := json.Marshal(v.Interface())
	return text, wrap(at, err)
}

func writeStruct(v reflect.Value, at string, depth int) (json.RawMessage, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if skipped(f) {
			continue
		}
		if !f.IsExported() {
			return nil, fmt.Errorf("%s: has the unexported field %s, so it cannot be saved", at, f.Name)
		}
		if v.Field(i).IsZero() {
			continue
		}
		value, err := write(v.Field(i), at+"."+f.Name, depth+1)
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
}

// skipped reports whether a field is excluded from descriptions.
func skipped(f reflect.StructField) bool { return f.Tag.Get("describe") == "-" }

// writeMap writes a map in key order.
func writeMap(v reflect.Value, at string, depth int) (json.RawMessage, error) {
	if v.Type().Key().Kind() != reflect.String {
		return nil, fmt.Errorf("%s: a %v cannot be saved: keys have to be texts", at, v.Type())
	}
	values := map[string]reflect.Value{}
	for _, k := range v.MapKeys() {
		values[k.String()] = v.MapIndex(k)
	}
	keys := slices.Sorted(maps.Keys(values))
	return join('{', '}', len(keys), func(i int) (json.RawMessage, error) {
		value, err := write(values[keys[i]], fmt.Sprintf("%s[%q]", at, keys[i]), depth+1)
		if err != nil {
			return nil, err
		}
		key, err := json.Marshal(keys[i])
		return slices.Concat(key, []byte{':'}, value), err
	})
}

// join writes n values between brackets.
func join(open, end byte, n int, value func(i int) (json.RawMessage, error)) (json.RawMessage, error) {
	out := []byte{open}
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		text, err := value(i)
		if err != nil {
			return nil, err
		}
		out = append(out, text...)
	}
	return append(out, end), nil
}

// plain reports whether encoding/json already writes finite values of a type the way
// this package does.
func plain(t reflect.Type) bool {
	if _, ok := textOf(t); ok {
		return false
	}
	k := t.Kind()
	return k == reflect.Bool || k >= reflect.Int && k <= reflect.Float64 && k != reflect.Uint8 && k != reflect.Uintptr
}

func wrap(at string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", at, err)
}
