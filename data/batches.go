package data

import (
	"fmt"
	"math/rand/v2"
)

// Batches hands out the rows of every epoch in batches. The order is a function of the
// seed and the epoch alone. Next does not allocate after the first epoch.
//
// Up to WindowRows rows are shuffled as one. Of more, blocks of BlockRows rows are taken
// in random order, and the rows of each window of WindowRows shuffled, so that a file is
// read a few blocks at a time. The last batch of a window, like that of an epoch, is what
// is left.
type Batches struct {
	n, size int
	shuffle bool
	seed    uint64

	epoch  int
	blocks []int // the order of the blocks
	window int   // the one that rows are taken from
	order  []int // its rows, shuffled
	at     int
}

// mostBatched is how many rows can be numbered.
const mostBatched int64 = 1 << 40

// NewBatches makes batches of size rows out of n, the last one of a window being what is
// left. Epoch has to be called before Next.
func NewBatches(n, size int, shuffle bool, seed uint64) (*Batches, error) {
	if n < 1 || size < 1 {
		return nil, fmt.Errorf("data: %d rows in batches of %d: want at least 1 of each", n, size)
	}
	if int64(n) > mostBatched {
		return nil, fmt.Errorf("data: batches of %d rows: want at most %d", n, mostBatched)
	}
	b := &Batches{n: n, size: min(size, n, WindowRows), shuffle: shuffle, seed: seed, window: b0}
	return b, nil
}

// b0 is before the first window.
const b0 = -1

// Epoch begins an epoch.
func (b *Batches) Epoch(epoch int) {
	if b == nil || b.n == 0 {
		return
	}
	if b.blocks == nil {
		b.blocks = numbered(0, (b.n+BlockRows-1)/BlockRows)
		b.order = make([]int, 0, min(b.n, WindowRows))
	}
	b.epoch, b.window, b.at, b.order = epoch, b0, 0, b.order[:0]
	if b.shuffle && b.n > WindowRows {
		for i := range b.blocks {
			b.blocks[i] = i
		}
		whole := b.n / BlockRows // what is left of a block stays at the end
		r := rand.New(rand.NewPCG(b.seed, uint64(epoch)))
		r.Shuffle(whole, func(i, j int) { b.blocks[i], b.blocks[j] = b.blocks[j], b.blocks[i] })
	}
}

const windowBlocks = WindowRows / BlockRows

// Count returns the number of batches of an epoch; with full alone, of those that have as
// many rows as a batch has.
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

// Windows returns the number of windows of an epoch.
func (b *Batches) Windows() int {
	if b == nil {
		return 0
	}
	return (b.n + WindowRows - 1) / WindowRows
}

// Window returns the number of the window, from 0, that the latest batch is of; -1 before
// the first batch of an epoch.
func (b *Batches) Window() int {
	if b == nil || b.blocks == nil {
		return b0
	}
	return b.window
}

// Rows appends the rows of a window of this epoch to dst, in the order in which they lie
// in a file, block by block.
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

// Places appends where rows of the present window are among those that Rows lists.
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

// Next returns the rows of the next batch, nil at the end of the epoch. The
// slice is good until the next window begins.
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

// begin draws the order of a window. That of the only one is drawn from the epoch's
// numbers themselves.
func (b *Batches) begin() {
	b.at = 0
	b.order = b.Rows(b.order[:0], b.window)
	if !b.shuffle {
		return
	}
	stream := uint64(b.epoch)
	if b.n > WindowRows {
		stream += uint64(b.window+1) << 32
	}
	r := rand.New(rand.NewPCG(b.seed, stream))
	r.Shuffle(len(b.order), func(i, j int) { b.order[i], b.order[j] = b.order[j], b.order[i] })
}
