package house

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// What a call may take.
const (
	mostTime   = 10 * time.Second
	mostMemory = 1 << 30 // bytes in use, and bytes allocated by one call
)

// TestWrongArguments is the test of fault 37: every exported function, and every
// method of every exported type, is called with combinations of zero, nil, empty,
// huge and NaN arguments and receivers, and of valid ones. None may panic, hang,
// or allocate beyond a bound. The calls run in processes of their own, so that one
// that takes a process down is reported by name and the others still run. Tag
// long tries far more combinations.
//
// Never tried, because Go's own conventions make a panic of it: a nil pointer as
// the receiver of a method that has a value receiver, and a nil context. A typed
// nil pointer in an interface is the caller's, as are nodes, tensors and readers of
// other libraries that were never made (a zero gorgonia.Node or tensor.Dense). Nothing
// else is left out but the packages that probed names.
func TestWrongArguments(t *testing.T) {
	if testing.Short() {
		t.Skip("calls everything exported")
	}
	if n := len(callables()); n < 500 {
		t.Fatalf("found %d functions and methods only", n)
	}
	faults := 0
	for start := 0; start >= 0; {
		start = probeFrom(t, start, &faults)
	}
	if faults > 0 {
		t.Errorf("%d calls went wrong", faults)
	}
}

// probeFrom runs a process that makes the calls from one on, and returns the call
// to go on with, -1 after the last.
func probeFrom(t *testing.T, start int, faults *int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestProbe$", "-test.timeout=0")
	cmd.Env = append(os.Environ(), "AEGIS_PROBE_FROM="+strconv.Itoa(start), "GOTRACEBACK=single", "HOME="+t.TempDir(), "AEGIS_DATA="+t.TempDir())
	cmd.Dir = t.TempDir()
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last, name, done := start-1, "nothing", false
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		kind, rest, _ := strings.Cut(lines.Text(), "\t")
		switch kind {
		case "call":
			number, what, _ := strings.Cut(rest, "\t")
			if last, err = strconv.Atoi(number); err != nil {
				t.Fatal(err)
			}
			name = what
		case "fault":
			*faults++
			t.Errorf("%s: %s", name, rest)
		case "done":
			done = true
			t.Logf("%s calls", rest)
		}
	}
	err = cmd.Wait()
	if done {
		return -1
	}
	if last < start {
		t.Fatalf("the process made no call: %v\n%s", err, &problems)
	}
	*faults++
	text := problems.String()
	if len(text) > 1500 {
		text = text[:1500]
	}
	t.Errorf("%s: the process ended: %v\n%s", name, err, text)
	return last + 1
}

// TestProbe is the process of TestWrongArguments.
func TestProbe(t *testing.T) {
	from, err := strconv.Atoi(os.Getenv("AEGIS_PROBE_FROM"))
	if err != nil {
		t.Skip("runs in a process of TestWrongArguments")
	}
	debug.SetMemoryLimit(mostMemory / 2)
	out := bufio.NewWriter(os.Stdout)
	var began atomic.Int64 // when the call began; 0: none
	go func() {
		used := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for ; ; time.Sleep(10 * time.Millisecond) {
			at := began.Load()
			if at == 0 {
				continue
			}
			if d := time.Since(time.Unix(0, at)); d > mostTime {
				debug.SetTraceback("all")
				panic(fmt.Sprint("still running after ", d))
			}
			if metrics.Read(used); used[0].Value.Uint64() > mostMemory {
				fmt.Fprintln(os.Stderr, used[0].Value.Uint64()>>20, "MiB in use")
				debug.SetTraceback("all")
				panic("out of bounds")
			}
		}
	}()
	n := 0
	for _, c := range callables() {
		for _, pick := range c.picks() {
			n++
			if n-1 < from {
				continue
			}
			fmt.Fprintf(out, "call\t%d\t%s\n", n-1, c.describe(pick))
			out.Flush()
			began.Store(time.Now().UnixNano())
			if what := c.call(pick); what != "" {
				fmt.Fprintf(out, "fault\t%s\n", strings.ReplaceAll(what, "\n", " "))
			}
			began.Store(0)
		}
	}
	fmt.Fprintf(out, "done\t%d\n", n)
	out.Flush()
}

// callable is a function, or a method with its receiver as the first argument.
type callable struct {
	name string
	fn   reflect.Value
	args [][]variant // what there is to choose from for each argument
}

// variant is one value for an argument.
type variant struct {
	name string
	make func(w *world) reflect.Value
}

// callables returns everything exported, by name.
func callables() []callable {
	var all []callable
	for _, f := range exportedFuncs {
		all = append(all, newCallable(f.name, f.fn))
	}
	for _, k := range exportedTypes {
		if k.typ.Kind() == reflect.Interface {
			continue
		}
		p := reflect.PointerTo(k.typ)
		for i := range p.NumMethod() {
			m := p.Method(i)
			fn := m.Func
			if v, ok := k.typ.MethodByName(m.Name); ok { // a value receiver
				fn = v.Func
			}
			all = append(all, newCallable(k.name+"."+m.Name, fn))
		}
	}
	slices.SortStableFunc(all, func(a, b callable) int { return strings.Compare(a.name, b.name) })
	return all
}

func newCallable(name string, fn reflect.Value) callable {
	c := callable{name: name, fn: fn}
	for i := range fn.Type().NumIn() {
		c.args = append(c.args, variants(fn.Type().In(i), 0))
	}
	return c
}

// picks returns the combinations to try: each argument in turn through all of its
// variants while the others are valid (or zero), then random ones.
func (c callable) picks() [][]int {
	good := make([]int, len(c.args))
	for i, vs := range c.args {
		if len(vs) == 0 {
			return nil // nothing can be made of this type
		}
		good[i] = len(vs) - 1 // the last is the valid one, if there is one
	}
	zero := make([]int, len(c.args))
	seen := map[string]bool{}
	var out [][]int
	add := func(p []int) {
		if key := fmt.Sprint(p); !seen[key] {
			seen[key] = true
			out = append(out, slices.Clone(p))
		}
	}
	add(zero)
	add(good)
	for i, vs := range c.args {
		for j := range vs {
			for _, rest := range [][]int{zero, good} {
				p := slices.Clone(rest)
				p[i] = j
				add(p)
			}
		}
	}
	h := fnv.New64a()
	io.WriteString(h, c.name)
	r := rand.New(rand.NewPCG(1, h.Sum64()))
	if sampled > 0 && len(out) > sampled {
		r.Shuffle(len(out)-2, func(i, j int) { out[i+2], out[j+2] = out[j+2], out[i+2] })
		out = out[:sampled]
	}
	for range random {
		p := make([]int, len(c.args))
		for i, vs := range c.args {
			p[i] = r.IntN(len(vs))
		}
		add(p)
	}
	return out
}

func (c callable) describe(pick []int) string {
	var args []string
	for i, j := range pick {
		args = append(args, c.args[i][j].name)
	}
	return c.name + "(" + strings.Join(args, ", ") + ")"
}

// call makes the call and returns what went wrong.
func (c callable) call(pick []int) (fault string) {
	w := &world{cancel: func() {}}
	defer func() { w.cancel() }()
	args := make([]reflect.Value, len(pick))
	for i, j := range pick {
		args[i] = c.args[i][j].make(w)
	}
	allocated := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(allocated)
	before := allocated[0].Value.Uint64()
	defer func() {
		if r := recover(); r != nil {
			fault = fmt.Sprintf("panic: %v, in %s", r, frame())
			return
		}
		metrics.Read(allocated)
		if n := allocated[0].Value.Uint64() - before; n > mostMemory {
			fault = fmt.Sprintf("allocated %d MiB", n>>20)
		}
	}()
	var results []reflect.Value
	if c.fn.Type().IsVariadic() {
		results = c.fn.CallSlice(args)
	} else {
		results = c.fn.Call(args)
	}
	for _, r := range results {
		use(w, r)
	}
	return ""
}

// use calls what a result offers without arguments of its own: methods of what a
// constructor made, and functions such as a train.Hook with zeros.
func use(w *world, r reflect.Value) {
	for r.Kind() == reflect.Interface && !r.IsNil() {
		r = r.Elem()
	}
	if r.Kind() == reflect.Interface {
		return // nil
	}
	t := r.Type()
	if t.Kind() == reflect.Func && ours(t) && !r.IsNil() {
		in := make([]reflect.Value, t.NumIn())
		for i := range in {
			if in[i] = reflect.Zero(t.In(i)); in[i].Kind() == reflect.Pointer {
				in[i] = reflect.New(t.In(i).Elem())
			}
		}
		r.Call(in)
		return
	}
	if !ours(t) && (t.Kind() != reflect.Pointer || !ours(t.Elem())) || t.Kind() == reflect.Pointer && r.IsNil() {
		return
	}
	for i := range t.NumMethod() {
		if m := r.Method(i); m.Type().NumIn() == 0 {
			m.Call(nil)
		}
	}
}

// frame returns the innermost function of this module on the stack of a panic.
func frame() string {
	_, stack, _ := strings.Cut(string(debug.Stack()), "panic(")
	lines := strings.Split(stack, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, module) && i+1 < len(lines) {
			place, _, _ := strings.Cut(strings.TrimSpace(lines[i+1]), " ")
			parts := strings.Split(place, "/")
			return strings.Join(parts[max(0, len(parts)-2):], "/")
		}
	}
	return "?"
}

// world holds the valid arguments of one call, so that its nodes are those of its
// builder.
type world struct {
	cancel func() // of the context
	b      *graph.Builder
	model  *models.Model
}

// context ends soon: what is asked to go on for ever has to obey it.
func (w *world) context() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	w.cancel = cancel
	return ctx
}

func (w *world) builder() *graph.Builder {
	if w.b == nil {
		w.b = graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	}
	return w.b
}

func (w *world) node() *graph.Node {
	const name = "a node"
	b := w.builder()
	for _, n := range b.ExprGraph().Inputs() {
		if n.Name() == name {
			return n
		}
	}
	return b.Input(name, 4, 2)
}

func (w *world) net() *models.Model {
	if w.model == nil {
		var err error
		w.model, err = models.Sequential(models.Config{Seed: 1}, models.Input("x", 2), layers.Dense{Units: 1})
		if err != nil {
			panic(err)
		}
	}
	return w.model
}

func table() *data.Set {
	s, err := data.FromRows("set", [][]float64{{1, 2}, {3, 4}, {5, 7}, {0, 2}}, []float64{1, 2, 3, 4})
	if err != nil {
		panic(err)
	}
	return s
}

// valid makes values of types that only their package makes.
var valid = map[reflect.Type]func(w *world) any{
	reflect.TypeFor[*graph.Builder](): func(w *world) any { return w.builder() },
	reflect.TypeFor[*graph.Node]():    func(w *world) any { return w.node() },
	reflect.TypeFor[*graph.Params]():  func(w *world) any { return w.net().Params() },
	reflect.TypeFor[*graph.Param]():   func(w *world) any { return w.net().Params().All()[0] },
	reflect.TypeFor[*graph.Program](): func(w *world) any {
		p, err := graph.Compile(w.builder(), w.builder().Square(w.node()))
		if err != nil {
			return (*graph.Program)(nil) // the call has made a mistake with the builder
		}
		return p
	},
	reflect.TypeFor[graph.Dtype]():              func(*world) any { return graph.Float32 },
	reflect.TypeFor[*models.Model]():            func(w *world) any { return w.net() },
	reflect.TypeFor[*models.Tensor]():           func(*world) any { return models.Input("x", 2) },
	reflect.TypeFor[*data.Set]():                func(*world) any { return table() },
	reflect.TypeFor[*tensor.Dense]():            func(*world) any { return tensor.New(tensor.WithShape(4, 2), tensor.WithBacking(make([]float64, 8))) },
	reflect.TypeFor[*rand.Rand]():               func(*world) any { return rand.New(rand.NewPCG(1, 2)) },
	reflect.TypeFor[context.Context]():          func(w *world) any { return w.context() },
	reflect.TypeFor[io.Writer]():                func(*world) any { return io.Discard },
	reflect.TypeFor[io.Reader]():                func(*world) any { return strings.NewReader("x,y\n1,2\n3,4\n") },
	reflect.TypeFor[layers.Layer]():             func(*world) any { return layers.Dense{Units: 2} },
	reflect.TypeFor[data.Fitted]():              func(*world) any { return data.FittedPipeline{} },
	reflect.TypeFor[data.Transform]():           func(*world) any { return data.Standardize{} },
	reflect.TypeFor[graph.Initializer]():        func(*world) any { return graph.Zeros{} },
	reflect.TypeFor[error]():                    func(*world) any { return io.ErrUnexpectedEOF },
	reflect.TypeFor[time.Duration]():            func(*world) any { return time.Millisecond },
	reflect.TypeFor[map[string]*tensor.Dense](): func(*world) any { return map[string]*tensor.Dense{} },
}

// onlyValid are types of which nothing else is tried: see TestWrongArguments.
var onlyValid = map[reflect.Type]bool{reflect.TypeFor[context.Context](): true}

// variants returns what is tried for a type: its zero first, a valid value last.
func variants(t reflect.Type, depth int) []variant {
	var out []variant
	add := func(name string, f func(w *world) reflect.Value) { out = append(out, variant{name, f}) }
	value := func(name string, v any) {
		add(name, func(*world) reflect.Value { return reflect.ValueOf(v).Convert(t) })
	}
	if !onlyValid[t] {
		add(zeroName(t), func(*world) reflect.Value { return reflect.Zero(t) })
		switch t.Kind() {
		case reflect.Bool:
			value("true", true)
		case reflect.Int, reflect.Int64:
			if t != reflect.TypeFor[time.Duration]() {
				value("the largest", math.MaxInt)
				value("1e9", 1_000_000_000)
			}
			value("-1", -1)
			value("2", 2)
		case reflect.Int8, reflect.Int16, reflect.Int32:
			value("-1", -1)
			value("2", 2)
		case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
			value("largest", uint64(math.MaxUint64))
			value("2", 2)
		case reflect.Float32, reflect.Float64:
			for _, v := range []float64{math.NaN(), math.Inf(1), 1e300, -1, 0.5} {
				value(fmt.Sprint(v), v)
			}
		case reflect.String:
			value(`"\x00%d"`, "\x00%d")
			value(`"x"`, "x")
		case reflect.Func:
			add("func", func(w *world) reflect.Value { return returnsZero(t) })
		case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct, reflect.Pointer:
			compounds(t, depth, add)
		case reflect.Interface:
			implementations(t, depth, add)
		}
	}
	if f := valid[t]; f != nil {
		add("valid", func(w *world) reflect.Value {
			v := reflect.New(t).Elem()
			v.Set(reflect.ValueOf(f(w)))
			return v
		})
	}
	return out
}

func zeroName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Func, reflect.Interface, reflect.Chan:
		return "nil"
	case reflect.Struct:
		return t.String() + "{}"
	}
	return fmt.Sprint(reflect.Zero(t).Interface())
}

// compounds adds values that hold others.
func compounds(t reflect.Type, depth int, add func(string, func(w *world) reflect.Value)) {
	if depth > 3 {
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		if !ours(t.Elem()) {
			return
		}
		for _, v := range variants(t.Elem(), depth+1) {
			add("&"+v.name, func(w *world) reflect.Value {
				p := reflect.New(t.Elem())
				p.Elem().Set(v.make(w))
				return p
			})
		}
	case reflect.Slice:
		add("empty", func(*world) reflect.Value { return reflect.MakeSlice(t, 0, 0) })
		for _, v := range variants(t.Elem(), depth+1) {
			for _, n := range []int{1, 2} {
				add(fmt.Sprintf("%d of %s", n, v.name), func(w *world) reflect.Value {
					s := reflect.MakeSlice(t, n, n)
					for i := range n {
						s.Index(i).Set(v.make(w))
					}
					return s
				})
			}
		}
	case reflect.Map:
		add("empty", func(*world) reflect.Value { return reflect.MakeMap(t) })
		values := variants(t.Elem(), depth+1)
		for _, k := range variants(t.Key(), depth+1) {
			v := values[len(values)-1]
			add(fmt.Sprintf("map of %s to %s", k.name, v.name), func(w *world) reflect.Value {
				m := reflect.MakeMap(t)
				m.SetMapIndex(k.make(w), v.make(w))
				return m
			})
		}
	case reflect.Struct:
		if !ours(t) {
			return
		}
		// All fields of one kind of value, and each field alone with each value.
		fields := 0
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				fields++
			}
		}
		if fields == 0 {
			return
		}
		for k := 1; k <= 5; k++ {
			add(fmt.Sprintf("%s{all %d}", t, k), func(w *world) reflect.Value {
				s := reflect.New(t).Elem()
				for i := range t.NumField() {
					if f := t.Field(i); f.IsExported() {
						if vs := variants(f.Type, depth+1); len(vs) > 0 {
							s.Field(i).Set(vs[k%len(vs)].make(w))
						}
					}
				}
				return s
			})
		}
		if depth > 1 {
			return
		}
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() {
				continue
			}
			for _, v := range variants(f.Type, depth+2) {
				add(fmt.Sprintf("%s{%s: %s}", t, f.Name, v.name), func(w *world) reflect.Value {
					s := reflect.New(t).Elem()
					s.Field(i).Set(v.make(w))
					return s
				})
			}
		}
	}
}

func ours(t reflect.Type) bool {
	return strings.HasPrefix(t.PkgPath(), strings.TrimSuffix(module, "/"))
}

// implementations adds exported types that implement an interface.
func implementations(t reflect.Type, depth int, add func(string, func(w *world) reflect.Value)) {
	if t.NumMethod() == 0 {
		for _, v := range []any{0, math.MaxInt, math.NaN(), "x", []int{1}, struct{}{}} {
			add(fmt.Sprintf("any(%v)", v), func(*world) reflect.Value {
				x := reflect.New(t).Elem()
				x.Set(reflect.ValueOf(v))
				return x
			})
		}
		return
	}
	if depth > 1 || !ours(t) {
		return
	}
	for _, k := range exportedTypes {
		typ := k.typ
		if typ.Kind() == reflect.Interface || !typ.Implements(t) {
			if typ = reflect.PointerTo(typ); k.typ.Kind() == reflect.Interface || !typ.Implements(t) {
				continue
			}
		}
		add(k.name, func(*world) reflect.Value {
			x := reflect.New(t).Elem()
			if typ.Kind() == reflect.Pointer {
				x.Set(reflect.New(typ.Elem()))
			} else {
				x.Set(reflect.Zero(typ))
			}
			return x
		})
	}
}

// returnsZero makes a function that returns zeros.
func returnsZero(t reflect.Type) reflect.Value {
	return reflect.MakeFunc(t, func([]reflect.Value) []reflect.Value {
		var out []reflect.Value
		for i := range t.NumOut() {
			out = append(out, reflect.Zero(t.Out(i)))
		}
		return out
	})
}
