package ops

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// Attribute is an argument of an operation that is not an operand, such as the axis of a
// Concat. docs/operations.md lists the attributes of every operation.
type Attribute struct {
	Name  string // ONNX's name where it has one, such as "axis" or "epsilon"
	Value any    // an int, uint64, float64, bool, string, []int or fmt.Stringer
}

// String returns the attribute as name=value, such as "axes=[0 2]". It is exact: two
// values with the same text are equal.
func (a Attribute) String() string { return string(a.AppendTo(nil)) }

// AppendTo appends what String returns.
func (a Attribute) AppendTo(s []byte) []byte {
	s = append(s, a.Name...)
	s = append(s, '=')
	switch v := a.Value.(type) {
	case int:
		return strconv.AppendInt(s, int64(v), 10)
	case uint64:
		return strconv.AppendUint(s, v, 10)
	case float64:
		return strconv.AppendFloat(s, v, 'g', -1, 64)
	case bool:
		return strconv.AppendBool(s, v)
	case string:
		return append(s, v...)
	case fmt.Stringer:
		return append(s, v.String()...)
	case []int:
		s = append(s, '[')
		for i, n := range v {
			if i > 0 {
				s = append(s, ' ')
			}
			s = strconv.AppendInt(s, int64(n), 10)
		}
		return append(s, ']')
	default:
		return fmt.Append(s, v)
	}
}

// Kernel is an operation whose operands have known types and shapes.
type Kernel struct {
	Out     Spec  // of the result
	Alias   bool  // the result is the first operand's memory under another shape
	InPlace []int // operands whose memory the result may take over

	f32 func(*call[float32]) run
	f64 func(*call[float64]) run
}

// run computes one operation on the memory it was bound to.
type run = func() error

// call is the memory that an operation is bound to. An operand of type Int is in ints.
type call[T kernel.Float] struct {
	out     []T
	outInts []int
	in      [][]T
	ints    [][]int
}

// Prepare checks an operation of the given kind and returns it. Every kind that a
// program for inference has is known, besides those that a training saves for its
// gradients; gradients and noise are not.
//
// The attributes, their types and those of the operands, and all shapes are checked: an
// operation that Prepare accepts reads and writes only memory that it is bound to. What
// is made of integers alone, such as the result of OneHot, is of the given float type.
func Prepare(float Type, kind string, attributes []Attribute, operands ...Spec) (*Kernel, error) {
	return PrepareAt(0, float, kind, attributes, operands...)
}

// Known reports whether Prepare knows a kind.
func Known(kind string) bool { return kinds[kind] != nil }

// Bind gives the operation its memory and returns what computes it. The memories are of
// the types and sizes that the operation was prepared for.
func (k *Kernel) Bind(out Memory, in ...Memory) func() error {
	if out.Float64 != nil || hasFloat64(in) {
		c := &call[float64]{out: out.Float64, outInts: out.Int, in: make([][]float64, len(in)), ints: make([][]int, len(in))}
		for i, m := range in {
			c.in[i], c.ints[i] = m.Float64, m.Int
		}
		return k.f64(c)
	}
	c := &call[float32]{out: out.Float32, outInts: out.Int, in: make([][]float32, len(in)), ints: make([][]int, len(in))}
	for i, m := range in {
		c.in[i], c.ints[i] = m.Float32, m.Int
	}
	return k.f32(c)
}

func hasFloat64(list []Memory) bool {
	for _, m := range list {
		if m.Float64 != nil {
			return true
		}
	}
	return false
}

// operation is what the rule of a kind reads. The first mistake is kept.
type operation struct {
	float      Type // of what is made of integers alone
	attributes []Attribute
	read       map[string]bool // the attributes that the rule knows
	batch      int             // that symbolic sizes stand for
	in         []Spec
	err        error
}

// PrepareAt is Prepare with integers among the attributes that follow the batch, texts
// such as "3N+1".
func PrepareAt(batch int, float Type, kind string, attributes []Attribute, operands ...Spec) (*Kernel, error) {
	rule := kinds[kind]
	if rule == nil {
		return nil, fmt.Errorf("there is no operation %q", kind)
	}
	o := &operation{float: float, attributes: attributes, read: map[string]bool{}, batch: batch, in: operands}
	k := rule(o)
	if o.err == nil {
		o.err = CheckShape(k.Out.Shape)
	}
	for _, a := range attributes {
		if o.err == nil && !o.read[a.Name] {
			o.err = fmt.Errorf("it has no attribute %q, or the attribute stands twice", a.Name)
		}
		delete(o.read, a.Name)
	}
	if o.err != nil {
		return nil, fmt.Errorf("%s: %w", kind, o.err)
	}
	return &k, nil
}

func (o *operation) fail(format string, args ...any) {
	if o.err == nil {
		o.err = fmt.Errorf(format, args...)
	}
}

// operands fails unless there are from least to most operands.
func (o *operation) operands(least, most int) bool {
	if len(o.in) < least || len(o.in) > most {
		o.fail("%d operands", len(o.in))
	}
	return o.err == nil
}

// floats fails unless the given operands are of one float type, which it returns.
func (o *operation) floats(which ...int) Type {
	var t Type
	for k, i := range which {
		if i >= len(o.in) {
			continue
		}
		s := o.in[i]
		if k == 0 {
			t = s.Type
		}
		if s.Type == Int || s.Type != t {
			o.fail("operand %d is %v, want floats of one type", i, s)
		}
	}
	return t
}

// ints fails unless an operand is of type Int.
func (o *operation) ints(i int) {
	if i < len(o.in) && o.in[i].Type != Int {
		o.fail("operand %d is %v, want int", i, o.in[i])
	}
}

// shape returns the shape of an operand, and fails unless it has rank axes; −1: any.
func (o *operation) shape(i, rank int) []int {
	if i >= len(o.in) {
		o.fail("operand %d is missing", i)
		return make([]int, max(rank, 0))
	}
	s := o.in[i].Shape
	if rank >= 0 && len(s) != rank {
		o.fail("operand %d is %v, want %d axes", i, o.in[i], rank)
		return make([]int, rank)
	}
	return s
}

// is fails unless an operand has the given shape. An operand that is not there has any.
func (o *operation) is(i int, shape ...int) {
	if i >= len(o.in) {
		return
	}
	s := o.in[i].Shape
	ok := len(s) == len(shape)
	for k := 0; ok && k < len(s); k++ {
		ok = s[k] == shape[k]
	}
	if !ok {
		o.fail("operand %d is %v, want %s", i, o.in[i], Dims(shape))
	}
}

// value returns an attribute; an absent one is nil.
func (o *operation) value(name string) any {
	o.read[name] = true
	for _, a := range o.attributes {
		if a.Name == name {
			return a.Value
		}
	}
	return nil
}

// has reports whether there is an attribute.
func (o *operation) has(name string) bool { return o.value(name) != nil }

func (o *operation) wrong(name, want string) {
	o.fail("attribute %s is %v, want %s", name, o.value(name), want)
}

func (o *operation) int(name string) int {
	n, ok := intOf(o.value(name), o.batch)
	if !ok {
		o.wrong(name, "an integer")
	}
	return n
}

// intOf reads an integer, which may be a text such as "3N+1" of the batch N.
func intOf(v any, batch int) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case json.Number:
		n, err := v.Int64()
		return int(n), err == nil && int64(int(n)) == n
	case string:
		var s Size
		if batch < 1 || s.UnmarshalText([]byte(v)) != nil {
			return 0, false
		}
		return s.At(batch), true
	}
	return 0, false
}

func (o *operation) intList(name string, length int) []int {
	var list []int
	ok := true
	switch v := o.value(name).(type) {
	case []int:
		list = v
	case []any:
		list = make([]int, len(v))
		for i, e := range v {
			n, is := intOf(e, o.batch)
			list[i], ok = n, ok && is
		}
	default:
		ok = false
	}
	if !ok || length >= 0 && len(list) != length {
		o.wrong(name, "a list of integers")
		return make([]int, max(length, 0))
	}
	return list
}

func (o *operation) number(name string) float64 {
	switch v := o.value(name).(type) {
	case float64:
		return v
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f
		}
	}
	o.wrong(name, "a number")
	return 0
}

func (o *operation) bool(name string) bool {
	v, ok := o.value(name).(bool)
	if !ok {
		o.wrong(name, "true or false")
	}
	return v
}

func (o *operation) text(name string) string {
	switch v := o.value(name).(type) {
	case string:
		return v
	case json.Number:
	case fmt.Stringer:
		return v.String()
	}
	o.wrong(name, "a text")
	return ""
}

// axis returns the attribute axis, which is in [0, rank).
func (o *operation) axis(rank int) int {
	a := o.int("axis")
	if a < 0 || a >= rank {
		o.fail("axis %d of a value with %d axes", a, rank)
		return 0
	}
	return a
}

// lastAxis fails unless the attribute axis is that of the last axis of operand 0, and
// returns its size.
func (o *operation) lastAxis() int {
	s := o.shape(0, -1)
	if o.err != nil || len(s) == 0 {
		o.fail("a scalar has no axis")
		return 1
	}
	if a := o.int("axis"); a != len(s)-1 {
		o.fail("axis %d, want the last", a)
	}
	return s[len(s)-1]
}

// activation is a function that is applied to the result of a product.
type activation struct {
	fn    kernel.UnaryFn
	alpha float64
}

func (o *operation) activation() activation {
	text := o.text("activation")
	if o.err != nil {
		return activation{}
	}
	if fn, ok := functions[text]; ok {
		switch fn {
		case kernel.Elu:
			return activation{fn, 1}
		case kernel.LeakyRelu, kernel.Power:
		default:
			return activation{fn: fn}
		}
	}
	inner, leaky := strings.CutPrefix(text, "LeakyRelu(")
	inner, closed := strings.CutSuffix(inner, ")")
	alpha, err := json.Number(inner).Float64()
	if !leaky || !closed || err != nil {
		o.fail("there is no activation %q", text)
	}
	return activation{kernel.LeakyRelu, alpha}
}

// walk prepares two operands to be walked over a shape.
func (o *operation) walk(shape, a, b []int) kernel.Strided {
	w, ok := kernel.NewStrided(shape, a, b)
	if !ok {
		o.fail("more than %d axes", kernel.MaxDims)
	}
	return w
}
