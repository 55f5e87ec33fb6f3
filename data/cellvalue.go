package data

import (
	"fmt"
	"math"
	"reflect"
	"time"
)

var timeType = reflect.TypeFor[time.Time]()

// reflected reads a value of a less common type.
func (c *CellReader) reflected(v any) (float64, error) { return c.Reflect(reflect.ValueOf(v)) }

// Reflect is Value for a reflect.Value, such as the field of a struct.
func (c *CellReader) Reflect(v reflect.Value) (float64, error) {
	if c == nil || !c.made {
		return 0, errNoReader
	}
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return math.NaN(), nil
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid:
		return math.NaN(), nil
	case reflect.String:
		return c.Text(v.String())
	case reflect.Bool:
		return c.Bool(v.Bool())
	case reflect.Float32:
		return c.single(float32(v.Float()))
	case reflect.Float64:
		return c.Number(v.Float())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return c.integer(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return c.unsigned(v.Uint())
	case reflect.Struct:
		if v.Type().ConvertibleTo(timeType) && v.CanInterface() {
			return c.Time(v.Convert(timeType).Interface().(time.Time))
		}
	}
	return 0, fmt.Errorf("a value of type %v: want a text, a number, a bool or a time.Time", v.Type())
}

func (c *CellReader) unsigned(v uint64) (float64, error) {
	if v <= math.MaxInt64 {
		return c.integer(int64(v))
	}
	if c.code != nil {
		return c.level(fmt.Append(nil, v)), nil
	}
	return c.Number(float64(v))
}
