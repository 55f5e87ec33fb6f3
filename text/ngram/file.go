package ngram

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"
	"os"

	"github.com/seed732fc211/aegis/internal/atomicfile"
)

// magic begins a file, with the version of its format.
const magic = "aegis n-gram model 1\n"

// Save writes the model to a file, which is replaced atomically.
func (m *Model) Save(name string) error {
	if err := atomicfile.Write(name, m.Write); err != nil {
		return fmt.Errorf("ngram: %w", err)
	}
	return nil
}

// Load reads a model from a file that [Model.Save] has written.
func Load(name string) (*Model, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("ngram: %w", err)
	}
	defer f.Close()
	m, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, name)
	}
	return m, nil
}

// Write writes the model: the counts of its n-grams, with which [Read] makes the same
// probabilities. After a line with the version come unsigned varints (order, vocabulary; for each
// level the number of contexts and of successors; for each context its first token + 1 (0 for
// the mark), the number of its children and of its successors, and for each of those its token
// less the one before, and its count), then the CRC-32 of all before, little-endian.
func (m *Model) Write(w io.Writer) error {
	if m.Order() == 0 || w == nil {
		return errors.New("ngram: write the model: it is not fitted, or the writer is nil")
	}
	sum := crc32.NewIEEE()
	b := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	b.WriteString(magic) // the writer keeps its first error for Flush
	var buf [binary.MaxVarintLen64]byte
	put := func(v int32) { b.Write(binary.AppendUvarint(buf[:0], uint64(v))) }
	put(int32(m.order))
	put(int32(m.vocab))
	for d := range m.levels {
		m.levels[d].write(put)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("ngram: %w", err)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32())); err != nil {
		return fmt.Errorf("ngram: %w", err)
	}
	return nil
}

func (l *level) write(put func(int32)) {
	put(int32(len(l.token)))
	put(int32(len(l.word)))
	for i, token := range l.token {
		put(token - Begin)
		put(l.child[i+1] - l.child[i])
		put(l.next[i+1] - l.next[i])
		before := int32(0)
		for k := l.next[i]; k < l.next[i+1]; k++ {
			put(l.word[k] - before)
			put(l.count[k])
			before = l.word[k]
		}
	}
}

// Read reads a model that [Model.Write] has written, and nothing after it. It is an error if a
// number does not fit the others, or the checksum does not fit all.
func Read(r io.Reader) (*Model, error) {
	if r == nil {
		return nil, errors.New("ngram: read a model: the reader is nil")
	}
	in := &summed{r: bufio.NewReaderSize(r, 1<<16), sum: crc32.NewIEEE()}
	m, err := in.model()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("ngram: read a model: %w", err)
	}
	return m, nil
}

// summed reads bytes and numbers, and sums up what it has read.
type summed struct {
	r   *bufio.Reader
	sum hash.Hash32
	one [1]byte
}

// ReadByte reads a byte.
func (s *summed) ReadByte() (byte, error) {
	b, err := s.r.ReadByte()
	if err == nil {
		s.one[0] = b
		s.sum.Write(s.one[:])
	}
	return b, err
}

// number reads a number of least to most.
func (s *summed) number(what string, least, most int) (int, error) {
	v, err := binary.ReadUvarint(s)
	if err != nil {
		return 0, err
	}
	if v < uint64(least) || v > uint64(most) {
		return 0, fmt.Errorf("%s of %d: want %d to %d", what, v, least, most)
	}
	return int(v), nil
}

func (s *summed) model() (*Model, error) {
	for i := range len(magic) {
		if b, err := s.ReadByte(); err != nil {
			return nil, err
		} else if b != magic[i] {
			return nil, fmt.Errorf("it does not begin with %q", magic)
		}
	}
	order, err := s.number("an order", 1, mostOrder)
	if err != nil {
		return nil, err
	}
	vocab, err := s.number("a vocabulary", 1, mostVocab)
	if err != nil {
		return nil, err
	}
	m := &Model{order: order, vocab: vocab, levels: make([]level, order)}
	contexts := 1
	for d := range m.levels {
		if contexts, err = s.level(&m.levels[d], contexts, vocab, d == order-1); err != nil {
			return nil, fmt.Errorf("contexts of %d tokens: %w", d, err)
		}
	}
	if err := s.end(); err != nil {
		return nil, err
	}
	if err := m.finish(); err != nil {
		return nil, err
	}
	return m, m.ascends()
}

// level reads a level with the given number of contexts, and returns how many the next one has.
func (s *summed) level(l *level, contexts, vocab int, last bool) (children int, err error) {
	if _, err := s.number("a number of contexts", contexts, contexts); err != nil {
		return 0, err
	}
	successors, err := s.number("a number of successors", contexts, math.MaxInt32)
	if err != nil {
		return 0, err
	}
	mostChildren := min(vocab+1, math.MaxInt32)
	if last {
		mostChildren = 0
	}
	for range contexts {
		token, err := s.number("a token", 0, vocab)
		if err != nil {
			return 0, err
		}
		n, err := s.number("a number of children", 0, min(mostChildren, math.MaxInt32-children))
		if err != nil {
			return 0, err
		}
		l.add(int32(token+Begin), children)
		children += n
		if err := s.successors(l, vocab, successors); err != nil {
			return 0, err
		}
	}
	if len(l.word) != successors {
		return 0, fmt.Errorf("%d successors of %d", len(l.word), successors)
	}
	return children, nil
}

// successors reads those of the last context of a level that has some in all.
func (s *summed) successors(l *level, vocab, all int) error {
	n, err := s.number("a number of successors", 1, min(vocab, all-len(l.word)))
	if err != nil {
		return err
	}
	word := 0
	for k := range n {
		step, err := s.number("a step to the next successor", min(k, 1), vocab-1-word)
		if err != nil {
			return err
		}
		count, err := s.number("a count", 1, math.MaxInt32)
		if err != nil {
			return err
		}
		word += step
		l.word, l.count = append(l.word, int32(word)), append(l.count, int32(count))
	}
	return nil
}

// end reads the checksum, after which nothing may come.
func (s *summed) end() error {
	want := s.sum.Sum32()
	var b [4]byte
	if _, err := io.ReadFull(s.r, b[:]); err != nil {
		return err
	}
	if got := binary.LittleEndian.Uint32(b[:]); got != want {
		return fmt.Errorf("its checksum is %08x, that of what was read %08x", got, want)
	}
	switch _, err := s.r.ReadByte(); {
	case err == nil:
		return errors.New("there is something after it")
	case err != io.EOF:
		return err
	}
	return nil
}

// ascends checks that the children of every context are in order.
func (m *Model) ascends() error {
	for d := 1; d < m.order; d++ {
		parents, l := &m.levels[d-1], &m.levels[d]
		for i := range parents.token {
			for k := parents.child[i] + 1; k < parents.child[i+1]; k++ {
				if l.token[k] <= l.token[k-1] {
					return fmt.Errorf("contexts of %d tokens: %d comes after %d", d, l.token[k], l.token[k-1])
				}
			}
		}
	}
	return nil
}
