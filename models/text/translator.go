package text

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/text/generate"
)

// Generator encodes source texts and returns a model that writes their translations, as
// generate.Sampler and generate.Beam take it: row i of its first step begins the translation of text
// i, with End. It serves one generation; several may run at once, each with a generator of its own.
func (t *Translation) Generator(ctx context.Context, sources [][]int) (generate.Model, error) {
	net, p, err := t.parts()
	if err != nil {
		return nil, err
	}
	if d := t.Model.Params().Dtype(); d != graph.Float32 {
		return nil, fmt.Errorf("text: translation with parameters of %v: want float32", d)
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("text: no source texts: %w", data.ErrEmpty)
	}
	if err := t.checkTexts("source", sources, 1); err != nil {
		return nil, err
	}
	g := &pairGenerator{t: t, net: net, parts: p, programs: map[[2]int]*pairStep{}}
	return g, g.encode(ctx, sources)
}

// pairGenerator writes translations. It keeps the states and caches of the rows of the latest step,
// and what the encoder has made of all source texts.
type pairGenerator struct {
	t     *Translation
	net   pairNet
	parts pairParts

	steps    int       // of the memory, padded
	lengths  []int     // of the source texts, with their end
	memory   []perRow  // of each source text
	states   []perRow  // of each row
	of       []int     // source text of each row
	now      *pairStep // of the latest step, whose inputs are the caches; nil: there was none
	done     int       // steps in the caches
	spare    []float32
	programs map[[2]int]*pairStep // by rows and capacity
}

// perRow holds as many values for each row.
type perRow struct {
	width  int
	values []float32
}

func (v perRow) row(i int) []float32 { return v.values[i*v.width : (i+1)*v.width] }

// encode runs the encoder.
func (g *pairGenerator) encode(ctx context.Context, sources [][]int) error {
	longest := 0
	for i, ids := range sources {
		longest = max(longest, len(ids)+1)
		g.lengths, g.of = append(g.lengths, len(ids)+1), append(g.of, i)
	}
	g.steps = data.PaddedSteps(longest)
	b, sealed := g.graph()
	memory, states := g.net.encode(b, g.parts, b.InputInt("source", len(sources), g.steps), b.InputInt("lengths", len(sources)))
	program, err := sealed(slices.Concat(memory, states))
	if err != nil {
		return err
	}
	tokens, err := inputInts(program, "source")
	if err != nil {
		return err
	}
	lengths, err := inputInts(program, "lengths")
	if err != nil {
		return err
	}
	for i := range tokens {
		tokens[i] = g.t.End
	}
	for i, ids := range sources {
		copy(tokens[i*g.steps:], ids)
	}
	copy(lengths, g.lengths)
	if err := program.Run(ctx); err != nil {
		return fmt.Errorf("text: %w", err)
	}
	kept := func(nodes []*graph.Node) (out []perRow) {
		for _, n := range nodes {
			v := slices.Clone(program.Floats32(n))
			out = append(out, perRow{len(v) / len(sources), v})
		}
		return out
	}
	g.memory, g.states = kept(memory), kept(states)
	return nil
}

// graph returns a builder on the model's parameters, and a function that compiles it. A part that
// the model does not have would get parameters of its own: the network is another one then.
func (g *pairGenerator) graph() (*graph.Builder, func(outputs []*graph.Node) (*graph.Program, error)) {
	params := g.t.Model.Params()
	before := len(params.All())
	b := graph.New(params, graph.Infer)
	return b, func(outputs []*graph.Node) (*graph.Program, error) {
		if err := b.Err(); err != nil {
			return nil, err
		}
		if len(params.All()) != before {
			return nil, errOtherNet
		}
		return graph.Compile(b, outputs...)
	}
}

// pairStep is a compiled step of a number of rows.
type pairStep struct {
	program                    *graph.Program
	rows, room                 int
	tokens, at, count, lengths []int
	memory, states, cache      []perRow
	nextStates, added          []*graph.Node
	logits                     *graph.Node
	of                         []int // source text whose memory lies in a row; -1: none
}

func (g *pairGenerator) step(rows, room int) (*pairStep, error) {
	if s := g.programs[[2]int{rows, room}]; s != nil {
		return s, nil
	}
	b, sealed := g.graph()
	in := pairInputs{tokens: b.InputInt("tokens", rows, 1), lengths: b.InputInt("lengths", rows)}
	names := map[string][]string{}
	inputs := func(kind string, n int, shape func(k int) []int) (out []*graph.Node) {
		for k := range n {
			name := fmt.Sprint(kind, " ", k)
			names[kind] = append(names[kind], name)
			out = append(out, b.Input(name, shape(k)...))
		}
		return out
	}
	in.memory = inputs("memory", len(g.memory), func(k int) []int { return []int{rows, g.steps, g.memory[k].width / g.steps} })
	in.states = inputs("state", len(g.states), func(k int) []int { return []int{rows, g.states[k].width} })
	in.cache = inputs("cache", g.parts.caches, func(int) []int { return []int{rows, room, g.parts.width} })
	if g.parts.caches > 0 {
		in.at, in.counts = b.InputInt("at", rows), b.InputInt("count", rows)
	}
	s := &pairStep{rows: rows, room: room, of: slices.Repeat([]int{-1}, rows)}
	s.logits, s.nextStates, s.added = g.net.step(b, g.parts, in)
	var err error
	if s.program, err = sealed(slices.Concat([]*graph.Node{s.logits}, s.nextStates, s.added)); err != nil {
		return nil, err
	}
	if err := s.bind(names, rows); err != nil {
		return nil, err
	}
	for i := range s.lengths {
		s.lengths[i] = 1
	}
	g.programs[[2]int{rows, room}] = s
	return s, nil
}

// bind finds the memory of the inputs.
func (s *pairStep) bind(names map[string][]string, rows int) (err error) {
	for name, to := range map[string]*[]int{"tokens": &s.tokens, "lengths": &s.lengths, "at": &s.at, "count": &s.count} {
		if len(names["cache"]) == 0 && (name == "at" || name == "count") {
			continue
		}
		if *to, err = inputInts(s.program, name); err != nil {
			return err
		}
	}
	for kind, to := range map[string]*[]perRow{"memory": &s.memory, "state": &s.states, "cache": &s.cache} {
		for _, name := range names[kind] {
			v, err := inputFloats(s.program, name)
			if err != nil {
				return err
			}
			*to = append(*to, perRow{len(v) / rows, v})
		}
	}
	return nil
}

// leastPairRoom is the capacity of the first caches; it doubles when they are full.
const leastPairRoom = 16

// powerFrom returns the least power of two times least that is at least n.
func powerFrom(least, n int) int {
	for least < n {
		least *= 2
	}
	return least
}

// Step implements generate.Model.
func (g *pairGenerator) Step(parents, ids []int, logits []float32) error {
	rows := len(ids)
	if err := checkStep(parents, ids, logits, g.t.Vocab, len(g.of)); err != nil {
		return err
	}
	if g.now == nil && rows != len(g.lengths) {
		return fmt.Errorf("text: a first step of %d rows for %d source texts", rows, len(g.lengths))
	}
	if g.done > g.t.Longest {
		return fmt.Errorf("text: a translation of more than %d tokens", g.t.Longest)
	}
	s, err := g.step(powerFrom(1, rows), powerFrom(leastPairRoom, g.done+1))
	if err != nil {
		return err
	}
	g.move(s, parents)
	for i := range s.tokens {
		s.tokens[i] = g.t.End // of rows that are not used
	}
	copy(s.tokens, ids)
	for i := range s.at {
		s.at[i], s.count[i] = g.done, g.done+1
	}
	if err := s.program.Run(context.Background()); err != nil {
		return err
	}
	for k, n := range s.added {
		v, width := s.program.Floats32(n), g.parts.width
		for i := range rows {
			copy(s.cache[k].row(i)[g.done*width:], v[i*width:(i+1)*width])
		}
	}
	for k, n := range s.nextStates {
		g.states[k].values = append(g.states[k].values[:0], s.program.Floats32(n)[:rows*g.states[k].width]...)
	}
	g.now, g.done = s, g.done+1
	copy(logits, s.program.Floats32(s.logits))
	return nil
}

// move brings to each row what its parent has.
func (g *pairGenerator) move(to *pairStep, parents []int) {
	of := make([]int, len(parents))
	for i, p := range parents {
		of[i] = g.of[p]
		for k := range to.states {
			copy(to.states[k].row(i), g.states[k].row(p))
		}
		if to.of[i] == of[i] {
			continue
		}
		to.of[i], to.lengths[i] = of[i], g.lengths[of[i]]
		for k := range to.memory {
			copy(to.memory[k].row(i), g.memory[k].row(of[i]))
		}
	}
	g.of = of
	if g.now == nil {
		return
	}
	if g.now == to && inPlace(parents) {
		return
	}
	n := g.done * g.parts.width
	for k := range to.cache {
		from := g.now.cache[k]
		if g.now == to { // rows may change places
			g.spare = append(g.spare[:0], from.values...)
			from.values = g.spare
		}
		for i, p := range parents {
			if g.now != to || i != p {
				copy(to.cache[k].row(i)[:n], from.row(p)[:n])
			}
		}
	}
}

// inPlace reports whether every row continues itself.
func inPlace(parents []int) bool {
	for i, p := range parents {
		if i != p {
			return false
		}
	}
	return true
}
