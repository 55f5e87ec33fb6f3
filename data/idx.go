package data

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxIDX bounds the number of values of an IDX file, so that a damaged header causes an
// error instead of exhausting memory.
const maxIDX = 1 << 30

// IDX is an array of bytes in the IDX format, the format of the MNIST files.
type IDX struct {
	Shape  []int
	Values []byte // row by row
}

// ReadIDX reads an array of unsigned bytes in the IDX format: two zero bytes, the type
// 0x08, the number of axes, the size of each as a big-endian 32-bit number, and the
// values. Other types, truncated files and trailing bytes are errors. Y. LeCun, C. Cortes
// and C. Burges, "The MNIST database of handwritten digits".
func ReadIDX(r io.Reader) (*IDX, error) {
	if r == nil {
		return nil, errors.New("data: IDX: no file to read")
	}
	in := bufio.NewReader(r)
	var head [4]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, fmt.Errorf("data: IDX: the header: %w", cutOff(err))
	}
	if head[0] != 0 || head[1] != 0 || head[3] == 0 {
		return nil, fmt.Errorf("data: IDX: the file begins with % x, which is not an IDX header", head)
	}
	if head[2] != 0x08 {
		return nil, fmt.Errorf("data: IDX: values of type %#02x: only unsigned bytes (0x08) are read", head[2])
	}
	x := &IDX{Shape: make([]int, head[3])}
	total := 1
	for i := range x.Shape {
		var size uint32
		if err := binary.Read(in, binary.BigEndian, &size); err != nil {
			return nil, fmt.Errorf("data: IDX: the size of axis %d: %w", i, cutOff(err))
		}
		if size > maxIDX || int64(total)*int64(size) > maxIDX { // both are at most 2^30, so the product cannot overflow
			return nil, fmt.Errorf("data: IDX: axis %d of size %d: more than %d values", i, size, maxIDX)
		}
		x.Shape[i] = int(size)
		total *= int(size)
	}
	values, err := readExactly(in, total)
	if err != nil {
		return nil, err
	}
	switch _, err := in.ReadByte(); {
	case err == nil:
		return nil, fmt.Errorf("data: IDX: bytes after the %d values of shape %v", total, x.Shape)
	case !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("data: IDX: %w", err)
	}
	x.Values = values
	return x, nil
}

// readExactly reads the number of bytes that a header declares. So that a false header
// does not exhaust memory, the buffer doubles as data arrives; the full size is allocated
// once a quarter has been read.
func readExactly(in io.Reader, total int) ([]byte, error) {
	const step = 1 << 20
	values := make([]byte, 0, min(total, step))
	for len(values) < total {
		if len(values) == cap(values) {
			size := 2 * len(values)
			if 4*len(values) >= total || size > total {
				size = total
			}
			values = append(make([]byte, 0, size), values...)
		}
		n, err := io.ReadFull(in, values[len(values):min(cap(values), total)])
		values = values[:len(values)+n]
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("data: IDX: %d of %d values: %w", len(values), total, io.ErrUnexpectedEOF)
		case err != nil:
			return nil, fmt.Errorf("data: IDX: %w", err)
		}
	}
	return values, nil
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
