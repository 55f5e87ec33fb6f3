package corpus

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"gorgonia.org/tensor"
)

// The format of a file of tokens: the magic, the size of the vocabulary, and the bytes of an id, each
// a uint32; then the ids, of 2 bytes where the vocabulary allows it, else of 4. All little-endian.
const (
	tokenMagic  = "aegis-tokens-1\n\n"
	tokenHeader = len(tokenMagic) + 8
)

// WriteTokens writes the ids of texts, one text after another, to a file for OpenTokens. texts calls
// add with the ids of one text after another. size is that of the vocabulary. The file is there whole
// or not at all. It is an error if an id is not in [0, size).
func WriteTokens(path string, size int, texts func(add func(ids []int) error) error) error {
	if size < 1 || int64(size) > math.MaxInt32 {
		return fmt.Errorf("corpus: tokens of a vocabulary of %d: want 1 to %d", size, math.MaxInt32)
	}
	if texts == nil {
		return errors.New("corpus: tokens: the texts are nil")
	}
	width := idBytes(size)
	err := atomicfile.Write(path, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<16)
		out.WriteString(tokenMagic)
		binary.Write(out, binary.LittleEndian, [2]uint32{uint32(size), uint32(width)})
		written := 0
		err := texts(func(ids []int) error {
			var b [4]byte
			for _, id := range ids {
				if id < 0 || id >= size {
					return fmt.Errorf("corpus: token %d: the id %d is not in [0, %d)", written, id, size)
				}
				binary.LittleEndian.PutUint32(b[:], uint32(id))
				if _, err := out.Write(b[:width]); err != nil {
					return err
				}
				written++
			}
			return nil
		})
		if err != nil {
			return err
		}
		return out.Flush() // with the first error of all writes
	})
	if err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	return nil
}

// idBytes is the number of bytes of an id.
func idBytes(size int) int {
	if size <= 1<<16 {
		return 2
	}
	return 4
}

// TokenFile is a file of tokens that is read when needed. It may be used by several goroutines.
type TokenFile struct {
	name  string
	file  *os.File
	size  int
	width int
	count int
}

// OpenTokens opens a file that WriteTokens wrote. Close it in the end.
func OpenTokens(path string) (*TokenFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	t := &TokenFile{name: filepath.Base(path), file: f}
	if err := t.head(); err != nil {
		f.Close()
		return nil, fmt.Errorf("corpus: %s: %w", path, err)
	}
	return t, nil
}

func (t *TokenFile) head() error {
	st, err := t.file.Stat()
	if err != nil {
		return err
	}
	b := make([]byte, tokenHeader)
	if _, err := io.ReadFull(t.file, b); err != nil || string(b[:len(tokenMagic)]) != tokenMagic {
		return errors.New("this is not a file of tokens")
	}
	size, width := binary.LittleEndian.Uint32(b[len(tokenMagic):]), binary.LittleEndian.Uint32(b[len(tokenMagic)+4:])
	if size < 1 || size > math.MaxInt32 || int(width) != idBytes(int(size)) {
		return fmt.Errorf("a vocabulary of %d with ids of %d bytes", size, width)
	}
	body := st.Size() - int64(tokenHeader)
	if body%int64(width) != 0 || body == 0 || body/int64(width) > math.MaxInt32 {
		return fmt.Errorf("%d bytes of ids of %d bytes each: the file is cut, empty or too large", body, width)
	}
	t.size, t.width, t.count = int(size), int(width), int(body/int64(width))
	return nil
}

// Close closes the file; its windows can no longer be read.
func (t *TokenFile) Close() error {
	if t == nil || t.file == nil {
		return nil
	}
	return t.file.Close()
}

// Len returns the number of tokens.
func (t *TokenFile) Len() int {
	if t == nil {
		return 0
	}
	return t.count
}

// Size returns the size of the vocabulary.
func (t *TokenFile) Size() int {
	if t == nil {
		return 0
	}
	return t.size
}

// Read appends the tokens from to to−1 to ids.
func (t *TokenFile) Read(ids []int, from, to int) ([]int, error) {
	if t == nil || t.file == nil {
		return ids, errors.New("corpus: no file of tokens is open")
	}
	if from < 0 || to < from || to > t.count {
		return ids, fmt.Errorf("corpus: %s: tokens %d to %d of %d", t.name, from, to, t.count)
	}
	b := make([]byte, (to-from)*t.width)
	if _, err := t.file.ReadAt(b, int64(tokenHeader)+int64(from)*int64(t.width)); err != nil {
		return ids, fmt.Errorf("corpus: %s: %w", t.name, err)
	}
	for ; len(b) > 0; b = b[t.width:] {
		id := int(binary.LittleEndian.Uint16(b))
		if t.width == 4 {
			id = int(binary.LittleEndian.Uint32(b))
		}
		if id >= t.size {
			return ids, fmt.Errorf("corpus: %s: the id %d is not in [0, %d)", t.name, id, t.size)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// Windows returns the rows that a language model learns from: of the tokens from to to−1, row i has
// steps tokens from from+i·steps on, and as the target of each step the token that follows. No token
// is a target twice, and every one but the first is, except for fewer than steps at the end.
//
// Rows are read from the file when they are needed; what training holds in memory is the targets, 8
// bytes a token.
func (t *TokenFile) Windows(from, to, steps int) (data.Source, error) {
	if t == nil || t.file == nil {
		return nil, errors.New("corpus: no file of tokens is open")
	}
	if err := checkWindows(from, to, steps, t.count); err != nil {
		return nil, fmt.Errorf("corpus: %s: %w", t.name, err)
	}
	return windows{t, from, (to - from - 1) / steps, steps}, nil
}

// checkWindows checks that there is at least one window.
func checkWindows(from, to, steps, count int) error {
	if steps < 1 || steps > longestText || from < 0 || to > count || to-from <= steps {
		return fmt.Errorf("windows of %d steps in tokens %d to %d of %d: want 1 to %d steps, and more tokens than that", steps, from, to, count, longestText)
	}
	return nil
}

// windows is a source of the windows of a file.
type windows struct {
	of         *TokenFile
	from, rows int
	steps      int
}

// Stream implements data.Source.
func (w windows) Stream() (*data.Stream, error) {
	like := &data.Set{}
	if err := w.load([]int{0}, like); err != nil {
		return nil, err
	}
	return &data.Stream{Rows: w.rows, Like: like, Load: w.load}, nil
}

func (w windows) load(rows []int, into *data.Set) error {
	if len(rows) == 0 {
		return data.ErrEmpty
	}
	inputs, targets := make([]int, 0, len(rows)*w.steps), make([]int, 0, len(rows)*w.steps)
	var ids []int
	for _, r := range rows {
		if r < 0 || r >= w.rows {
			return fmt.Errorf("corpus: %s: row %d of %d rows", w.of.name, r, w.rows)
		}
		at := w.from + r*w.steps
		var err error
		if ids, err = w.of.Read(ids[:0], at, at+w.steps+1); err != nil {
			return err
		}
		inputs, targets = append(inputs, ids[:w.steps]...), append(targets, ids[1:]...)
	}
	*into = *windowSet(w.of.name, inputs, targets, w.of.size, w.steps)
	return nil
}

// windowSet makes a set of windows.
func windowSet(name string, inputs, targets []int, size, steps int) *data.Set {
	offsets := make([]int, len(inputs)/steps+1)
	for i := range offsets {
		offsets[i] = i * steps
	}
	sequence := func(name string, ids []int) []data.Sequences {
		return []data.Sequences{{Name: name, Values: tensor.New(tensor.WithShape(len(ids)), tensor.WithBacking(ids)), Offsets: offsets, Size: size}}
	}
	return &data.Set{Name: name, Sequences: sequence("tokens", inputs), Steps: sequence("next", targets), Target: "next"}
}

// Windows is [TokenFile.Windows] of tokens in memory, of a vocabulary of size.
func Windows(name string, ids []int, size, steps int) (*data.Set, error) {
	if err := checkWindows(0, len(ids), steps, len(ids)); err != nil {
		return nil, fmt.Errorf("corpus: %s: %w", name, err)
	}
	for i, id := range ids {
		if id < 0 || id >= size {
			return nil, fmt.Errorf("corpus: %s: token %d: the id %d is not in [0, %d)", name, i, id, size)
		}
	}
	n := (len(ids) - 1) / steps * steps
	return windowSet(name, append([]int(nil), ids[:n]...), append([]int(nil), ids[1:n+1]...), size, steps), nil
}
