package house

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/seed732fc211/aegis/train"
)

// describable are the interfaces whose implementations can be written down.
var describable = []reflect.Type{
	reflect.TypeFor[layers.Layer](), reflect.TypeFor[layers.Joiner](), reflect.TypeFor[graph.Initializer](), reflect.TypeFor[graph.Penalty](),
	reflect.TypeFor[graph.Constraint](), reflect.TypeFor[losses.Loss](), reflect.TypeFor[optim.Optimizer](), reflect.TypeFor[optim.Schedule](),
	reflect.TypeFor[data.Transform](), reflect.TypeFor[data.Fitted](), reflect.TypeFor[data.Augmenter](), reflect.TypeFor[data.Task](), reflect.TypeFor[models.Architecture](),
	reflect.TypeFor[train.Callback](), reflect.TypeFor[crossval.Estimator](), reflect.TypeFor[crossval.Splitter](), reflect.TypeFor[tabular.Recipe](),
}

// unwritable are types that cannot be written down, and why.
var unwritable = map[string]string{
	"optim.Gorgonia": "it holds a solver of Gorgonia, whose settings cannot be read",
}

// TestEverythingIsRegistered holds every exported type that implements a describable
// interface to being registered, functions aside.
func TestEverythingIsRegistered(t *testing.T) {
	found := 0
	excused := maps.Clone(unwritable)
	for _, e := range exportedTypes {
		delete(excused, e.name)
		if e.typ.Kind() == reflect.Interface || e.typ.Kind() == reflect.Func || unwritable[e.name] != "" {
			continue
		}
		for _, i := range describable {
			if !e.typ.Implements(i) {
				continue
			}
			found++
			if kind := describe.Kind(reflect.Zero(e.typ).Interface()); !slices.Contains(describe.Kinds(), kind) {
				t.Errorf("%s is a %v and not registered", e.name, i)
			}
		}
	}
	if found < 100 {
		t.Errorf("found %d types only", found)
	}
	for name := range excused {
		t.Errorf("%s is excused and not there", name)
	}
}

// TestEveryKindIsReadAsWritten writes and reads every registered kind, with all
// defaults and with every field set.
func TestEveryKindIsReadAsWritten(t *testing.T) {
	kinds := describe.Kinds()
	if len(kinds) < 100 {
		t.Errorf("there are %d kinds only", len(kinds))
	}
	for _, kind := range kinds {
		zero, err := describe.New(kind)
		if err != nil {
			t.Fatal(err)
		}
		full := reflect.New(reflect.TypeOf(zero)).Elem()
		fill(t, full, 0)
		for _, v := range []any{zero, full.Interface()} {
			text, err := describe.Marshal(v)
			if err != nil {
				t.Errorf("%s: %v", kind, err)
				continue
			}
			target := reflect.New(reflect.TypeOf(v))
			err = describe.Unmarshal(text, target.Interface())
			if strings.HasPrefix(kind, "data.Fitted") && err != nil {
				continue // what no fit gives is refused
			}
			if err != nil {
				t.Errorf("%s: %s: %v", kind, text, err)
				continue
			}
			if got := target.Elem().Interface(); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", v) {
				t.Errorf("%s: %s was read as %+v, want %+v", kind, text, got, v)
			}
			again, err := describe.Marshal(target.Elem().Interface())
			if err != nil || string(again) != string(text) {
				t.Errorf("%s: written again %s, %v, want %s", kind, again, err, text)
			}
		}
	}
}

// fill sets v and all that is in it to something that is not zero.
func fill(t *testing.T, v reflect.Value, depth int) {
	t.Helper()
	switch v.Type() {
	case reflect.TypeFor[graph.Dtype]():
		v.Set(reflect.ValueOf(graph.Float64))
		return
	case reflect.TypeFor[layers.Activation]():
		v.Set(reflect.ValueOf(layers.LeakyRelu(0.3)))
		return
	case reflect.TypeFor[data.Metric]():
		v.Set(reflect.ValueOf(data.Brier))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
		if v.Kind() == reflect.Uint64 {
			v.SetUint(1<<63 + 1) // more than a float64 holds
		}
	case reflect.Float32, reflect.Float64:
		v.SetFloat(0.1)
	case reflect.String:
		v.SetString("\"é\x00")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		e := reflect.New(v.Type().Elem()).Elem()
		fill(t, e, depth+1)
		v.SetMapIndex(reflect.ValueOf("k").Convert(v.Type().Key()), e)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("describe") != "-" {
				fill(t, v.Field(i), depth+1)
			}
		}
	case reflect.Interface:
		if v.Type() == reflect.TypeFor[data.Source]() {
			return // rows are no part of a description
		}
		for _, kind := range describe.Kinds() {
			e, err := describe.New(kind)
			if err != nil {
				t.Fatal(err)
			}
			if typ := reflect.TypeOf(e); typ.Implements(v.Type()) && typ.Kind() == reflect.Struct {
				value := reflect.New(typ).Elem()
				if depth < 4 {
					fill(t, value, depth+1)
				}
				v.Set(value)
				return
			}
		}
		t.Errorf("nothing implements %v", v.Type())
	}
}
