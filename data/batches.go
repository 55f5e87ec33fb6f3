package data

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Batches divides the rows of every epoch into batches. The order depends only on the seed
// and the epoch. Next does not allocate after the first epoch.
//
// Up to WindowRows rows are shuffled together. Larger sets are shuffled in two steps so
// that a file can be read a few blocks at a time: blocks of BlockRows rows are put in
// random order, then rows are shuffled within windows of WindowRows. The last batch of
// each window holds the remainder and may be smaller.
type Batches struct {
	n, size int
	shuffle bool
	seed    uint64

	inOrder bool  // blocks come in the order of the source
	lengths []int // number of steps by row; nil: batches are not sorted by length
	groups  []int // group by row; nil: no groups

	epoch  int
	blocks []int // order of the blocks
	window int   // current window
	order  []int // rows of the window, shuffled
	at     int
}

// mostBatched is the maximum number of rows.
const mostBatched int64 = 1 << 40

// NewBatches divides n rows into batches of the given size. Call Epoch before Next.
func NewBatches(n, size int, shuffle bool, seed uint64) (*Batches, error) {
	if n < 1 || size < 1 {
		return nil, fmt.Errorf("data: %d rows in batches of %d: want at least 1 of each", n, size)
	}
	if int64(n) > mostBatched {
		return nil, fmt.Errorf("data: batches of %d rows: want at most %d", n, mostBatched)
	}
	b := &Batches{n: n, size: min(size, n, WindowRows), shuffle: shuffle, seed: seed, window: -1}
	return b, nil
}

// ByLength puts rows of similar length into a batch, to reduce padding. The rows of every
// 64 shuffled batches are sorted by length, equal lengths keeping their shuffled order,
// and cut into batches. If rows are shuffled, these batches are then put in random order.
// The rows of an incomplete batch at the end of a window are set aside before sorting.
// lengths has one number per row.
func (b *Batches) ByLength(lengths []int) error {
	if b == nil || len(lengths) != b.n {
		return fmt.Errorf("data: batches: %d lengths for other rows", len(lengths))
	}
	b.lengths = lengths
	return nil
}

// InOrder keeps blocks in the order of the source, for rows that can only be read in order
// ([Unknown]): rows are then shuffled only within windows.
func (b *Batches) InOrder() {
	if b != nil {
		b.inOrder = true
	}
}

// pooledBatches is the number of batches whose rows are sorted by length together.
const pooledBatches = 64

// pool sorts the rows of a window by length.
func (b *Batches) pool(r *rand.Rand) {
	whole := len(b.order) / b.size
	shorter := func(i, j int) int { return cmp.Compare(b.lengths[i], b.lengths[j]) }
	for k := 0; k < whole; k += pooledBatches {
		slices.SortStableFunc(b.order[k*b.size:min(k+pooledBatches, whole)*b.size], shorter)
	}
	if r == nil {
		return
	}
	r.Shuffle(whole, func(i, j int) {
		for k := range b.size {
			b.order[i*b.size+k], b.order[j*b.size+k] = b.order[j*b.size+k], b.order[i*b.size+k]
		}
	})
}

// Together makes the rows of each group within a window adjacent. Groups come in the order
// of their first rows after shuffling. groups has the group of each row. Call it before
// Epoch.
func (b *Batches) Together(groups []int) error {
	if b == nil || b.n == 0 {
		return errors.New("data: batches that are nil or zero: NewBatches makes them")
	}
	if len(groups) != b.n {
		return fmt.Errorf("data: %d groups for %d rows", len(groups), b.n)
	}
	b.groups = groups
	return nil
}

// together makes the rows of each group of the window adjacent.
func (b *Batches) together() {
	of := map[int][]int{}
	var order []int
	for _, row := range b.order {
		g := b.groups[row]
		if of[g] == nil {
			order = append(order, g)
		}
		of[g] = append(of[g], row)
	}
	b.order = b.order[:0]
	for _, g := range order {
		b.order = append(b.order, of[g]...)
	}
}

// Epoch begins an epoch.
func (b *Batches) Epoch(epoch int) {
	if b == nil || b.n == 0 {
		return
	}
	if b.blocks == nil {
		b.blocks = numbered(0, (b.n+BlockRows-1)/BlockRows)
		b.order = make([]int, 0, min(b.n, WindowRows))
	}
	b.epoch, b.window, b.at, b.order = epoch, -1, 0, b.order[:0]
	if b.shuffle && !b.inOrder && b.n > WindowRows {
		for i := range b.blocks {
			b.blocks[i] = i
		}
		whole := b.n / BlockRows // an incomplete block stays last
		r := rand.New(rand.NewPCG(b.seed, uint64(epoch)))
		r.Shuffle(whole, func(i, j int) { b.blocks[i], b.blocks[j] = b.blocks[j], b.blocks[i] })
	}
}

const windowBlocks = WindowRows / BlockRows

// Count returns the number of batches in an epoch; if full is true, it counts only full
// ones.
func (b *Batches) Count(full bool) int {
	if b == nil || b.n == 0 {
		return 0
	}
	of := func(rows int) int {
		if full {
			return rows / b.size
		}
		return (rows + b.size - 1) / b.size
	}
	return b.n/WindowRows*of(WindowRows) + of(b.n%WindowRows)
}

// Windows returns the number of windows in an epoch.
func (b *Batches) Windows() int {
	if b == nil {
		return 0
	}
	return (b.n + WindowRows - 1) / WindowRows
}

// Window returns the number, from 0, of the window of the batch returned last; −1 before
// the first batch of an epoch.
func (b *Batches) Window() int {
	if b == nil || b.blocks == nil {
		return -1
	}
	return b.window
}

// Rows appends the rows of a window of the current epoch to dst, block by block, in source
// order within each block.
func (b *Batches) Rows(dst []int, window int) []int {
	if b == nil || b.blocks == nil || window < 0 || window >= b.Windows() {
		return dst
	}
	for _, k := range b.blocks[window*windowBlocks : min((window+1)*windowBlocks, len(b.blocks))] {
		for i := k * BlockRows; i < min((k+1)*BlockRows, b.n); i++ {
			dst = append(dst, i)
		}
	}
	return dst
}

// Places appends to dst the positions that rows of the current window have in the result
// of Rows.
func (b *Batches) Places(dst, rows []int) []int {
	if b == nil || b.window < 0 {
		return dst
	}
	blocks := b.blocks[b.window*windowBlocks : min((b.window+1)*windowBlocks, len(b.blocks))]
	for _, r := range rows {
		for k, block := range blocks {
			if r/BlockRows == block {
				dst = append(dst, k*BlockRows+r%BlockRows)
				break
			}
		}
	}
	return dst
}

// Next returns the rows of the next batch, or nil at the end of the epoch. The slice is
// valid until the next window begins.
func (b *Batches) Next() []int {
	if b == nil || b.blocks == nil {
		return nil
	}
	if b.at >= len(b.order) {
		if b.window+1 >= b.Windows() {
			return nil
		}
		b.window++
		b.begin()
	}
	rows := b.order[b.at:min(b.at+b.size, len(b.order))]
	b.at += b.size
	return rows
}

// begin shuffles the current window. A single window uses the random stream of the epoch
// itself.
func (b *Batches) begin() {
	b.at = 0
	b.order = b.Rows(b.order[:0], b.window)
	if b.groups != nil {
		defer b.together()
	}
	if !b.shuffle {
		if b.lengths != nil {
			b.pool(nil)
		}
		return
	}
	stream := uint64(b.epoch)
	if b.n > WindowRows {
		stream += uint64(b.window+1) << 32
	}
	r := rand.New(rand.NewPCG(b.seed, stream))
	r.Shuffle(len(b.order), func(i, j int) { b.order[i], b.order[j] = b.order[j], b.order[i] })
	if b.lengths != nil {
		b.pool(r)
	}
}
