package house

import "reflect"

var exportedFuncs = []struct {
	name string
	fn reflect.Value
}{}
var exportedTypes = []struct {
	name string
	typ reflect.Type
}{}
