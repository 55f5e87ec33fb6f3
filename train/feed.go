package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models"
)

// feed supplies the batches of a source. Rows in memory are converted once, before the
// first step; those of a file are read one window at a time, the next in the background
// while the current one is being trained on. Rows that are read one by one, such as images,
// are read one batch at a time in the same way.
type feed struct {
	order   *data.Batches
	table   *table
	answers *data.Set // targets and weights of all rows
	lengths []int     // sequence length of each row; nil: no sequences
	full    int       // drop batches of fewer rows; 0: keep all

	stream  *data.Stream // nil: all rows are in the table
	again   data.Source  // reopened for every epoch, because it is read in order; nil: not needed
	model   *models.Model
	window  int           // the window now in the table
	ahead   *data.Batches // the batches that are read in the background; nil: windows are
	ready   chan loaded
	free    chan *table // tables that can be read into
	stop    context.CancelFunc
	done    chan struct{}
	local   []int
	broken  error                                         // from reopening the source
	narrow  func(rows []int, dst []float32) (bool, error) // reads inputs directly as float32; nil: see raw
	raw     *data.Set                                     // the rows of a window before conversion
	numbers []int                                         // their row numbers
}

// loaded is a window that was read, or an error.
type loaded struct {
	table *table
	err   error
}

// order configures how rows are put into batches.
type order struct {
	size     int
	shuffle  bool
	byLength bool // batch rows of similar length together
	seed     uint64
}

// newFeed opens a source for a model.
func newFeed(m *models.Model, src data.Source, o order) (*feed, error) {
	answers, err := data.Answers(src)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	f := &feed{answers: answers, model: m, window: -1, lengths: answers.Lengths()}
	if f.order, err = f.batched(o); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	st, err := src.Stream()
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if st.InMemory || !st.ByRow && answers.Len() <= data.WindowRows {
		set, err := data.Collect(src)
		if err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		if err := checkRows(set); err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		f.answers = set // metrics may need the inputs, too
		f.table, err = newTable(m, set)
		return f, err
	}
	f.stream, f.raw = st, &data.Set{}
	if st.Rows == data.Unknown {
		f.again = src
		f.order.InOrder()
	}
	first := 0
	if st.ByRow {
		if f.ahead, err = f.batched(o); err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		first, f.numbers = batchRead, upTo(nil, min(o.size, answers.Len()))
	}
	f.order.Epoch(1)
	// This reveals the shapes, and any fault in the first rows.
	if f.table, err = f.read(first, &table{own: true}); err != nil {
		return nil, err
	}
	f.table.w = answers.Weights
	if st.ByRow {
		return f, nil
	}
	return f, f.narrowed(m, src)
}

// batchRead stands for a window where numbers has the rows of a batch.
const batchRead = -1

// batched puts the rows into batches.
func (f *feed) batched(o order) (*data.Batches, error) {
	b, err := data.NewBatches(f.answers.Len(), o.size, o.shuffle, o.seed)
	if err != nil {
		return nil, err
	}
	if f.lengths != nil && o.byLength {
		if err := b.ByLength(f.lengths); err != nil {
			return nil, err
		}
	}
	if grouped(f.model) {
		if err := b.Together(f.answers.Groups); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// upTo appends 0 to n−1 to dst.
func upTo(dst []int, n int) []int {
	for i := range n {
		dst = append(dst, i)
	}
	return dst
}

// narrowed finds out whether inputs can be read directly into a table.
func (f *feed) narrowed(m *models.Model, src data.Source) error {
	if r, ok := src.(reweighed); ok { // reweighing does not change the inputs
		src = r.of
	}
	if m.Params().Dtype() != graph.Float32 || len(m.InputNames()) != 1 || len(m.InputShape(0)) != 1 || f.table.inputs[0].f32 == nil {
		return nil
	}
	if err := f.answers.ValidateAnswers(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	var err error
	if f.narrow, err = data.Float32Reader(src); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// readNarrow reads one window directly into a table. It reports false for a window that must
// be checked value by value.
func (f *feed) readNarrow(into *table) (bool, error) {
	like, c := f.table.inputs[0], at(&into.inputs, 0)
	if n := len(f.numbers) * like.width(); len(c.f32) != n {
		c.f32 = make([]float32, n)
	}
	c.name, c.shape = like.name, like.shape
	ok, err := f.narrow(f.numbers, c.f32)
	if err != nil || !ok {
		return false, err
	}
	answers := *f.answers
	answers.Inputs, answers.Texts = nil, nil
	part, err := answers.Rows(f.numbers)
	if err != nil {
		return false, err
	}
	return true, into.fillAnswers(f.model, part)
}

var errOtherRows = errors.New("every pass has to give the same rows")

// checkRows checks that a network can take these rows.
func checkRows(s *data.Set) error {
	if err := s.Validate(); err != nil {
		return err
	}
	return complete(s)
}

// read reads one window of the current epoch, or the rows in numbers, into a table.
func (f *feed) read(window int, into *table) (*table, error) {
	if window != batchRead {
		f.numbers = f.order.Rows(f.numbers[:0], window)
	}
	if f.narrow != nil {
		if ok, err := f.readNarrow(into); ok || err != nil {
			return into, err
		}
	}
	err := f.stream.Load(f.numbers, f.raw)
	if f.again != nil && (errors.Is(err, io.EOF) || err == nil && f.raw.Len() < len(f.numbers)) {
		return nil, fmt.Errorf("train: %s: fewer than the %d rows that there were in the first pass: %w", f.raw.Name, f.answers.Len(), errOtherRows)
	}
	if f.again != nil && err == nil && window == f.order.Windows()-1 {
		if more := f.stream.Load([]int{f.answers.Len()}, &data.Set{}); !errors.Is(more, io.EOF) {
			return nil, fmt.Errorf("train: %s: more than the %d rows that there were in the first pass: %w", f.raw.Name, f.answers.Len(), cmp.Or(more, errOtherRows))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if err := checkRows(f.raw); err != nil {
		var row *data.RowError
		if errors.As(err, &row) && row.Row < len(f.numbers) {
			err = &data.RowError{Row: f.numbers[row.Row], Err: fmt.Errorf("%w (row %d of the file)", err, f.numbers[row.Row])}
		}
		return nil, fmt.Errorf("train: %w", err)
	}
	return into, into.fill(f.model, f.raw)
}

// epoch starts an epoch.
func (f *feed) epoch(ctx context.Context, epoch int) {
	f.close()
	f.order.Epoch(epoch)
	f.window = -1
	if f.stream == nil {
		return
	}
	if f.ahead != nil {
		f.ahead.Epoch(epoch)
	}
	if f.again != nil {
		if f.stream, f.broken = f.again.Stream(); f.broken != nil {
			return
		}
	}
	ctx, f.stop = context.WithCancel(ctx)
	f.ready, f.done = make(chan loaded), make(chan struct{})
	if f.free == nil { // one table is read while the other is in use
		f.free = make(chan *table, 2)
		f.free <- &table{own: true}
	}
	go f.readAll(ctx, f.ready, f.done)
}

// parts returns how many windows or batches of an epoch are read.
func (f *feed) parts() int {
	if f.ahead != nil {
		return f.batches()
	}
	return f.order.Windows()
}

// readAll reads the windows or batches of an epoch one after another.
func (f *feed) readAll(ctx context.Context, ready chan<- loaded, done chan<- struct{}) {
	defer close(done)
	for w := range f.parts() {
		if f.ahead != nil {
			w, f.numbers = batchRead, append(f.numbers[:0], f.following(f.ahead)...)
		}
		var t *table
		select {
		case t = <-f.free:
		case <-ctx.Done():
			return
		}
		next := loaded{table: t}
		_, next.err = f.read(w, t)
		select {
		case ready <- next:
		case <-ctx.Done():
			f.free <- t
			return
		}
	}
}

// close stops the background reader.
func (f *feed) close() {
	if f.stop != nil {
		f.stop()
		<-f.done
		f.stop = nil
	}
}

// following returns the rows of the next batch that is kept.
func (f *feed) following(b *data.Batches) []int {
	for {
		rows := b.Next()
		if rows == nil || f.full == 0 || len(rows) >= f.full {
			return rows
		}
	}
}

// next returns the rows of the next batch and their positions in the table.
func (f *feed) next(ctx context.Context) (rows, local []int, err error) {
	rows = f.following(f.order)
	if f.stream == nil {
		return rows, rows, nil
	}
	if f.broken != nil {
		return nil, nil, fmt.Errorf("train: %w", f.broken)
	}
	if w := f.order.Window(); w != f.window || f.ahead != nil {
		select {
		case got := <-f.ready:
			if got.err != nil {
				f.free <- got.table
				return nil, nil, got.err
			}
			f.table.swap(got.table)
			f.free <- got.table
			f.window = w
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	if f.ahead != nil {
		f.local = upTo(f.local[:0], len(rows))
		return rows, f.local, nil
	}
	f.local = f.order.Places(f.local[:0], rows)
	return rows, f.local, nil
}

// steps returns the number of steps to which the rows are padded, 0 without sequences.
func (f *feed) steps(rows []int) int {
	if f.lengths == nil {
		return 0
	}
	longest := 0
	for _, r := range rows {
		longest = max(longest, f.lengths[r])
	}
	return data.PaddedSteps(longest)
}

// longest returns steps for all rows.
func (f *feed) longest() int {
	if f.lengths == nil {
		return 0
	}
	return data.PaddedSteps(slices.Max(f.lengths))
}

// batches returns the number of batches in an epoch.
func (f *feed) batches() int { return f.order.Count(f.full > 0) }
