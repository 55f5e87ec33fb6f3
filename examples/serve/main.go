// Command serve runs a model file with package infer alone: without Gorgonia, and
// without what trains. It reads rows of numbers, separated by commas, from standard input
// and writes the outputs of each.
//
//	serve model.safetensors < rows.csv
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/infer"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: serve model.safetensors < rows.csv")
		os.Exit(2)
	}
	if err := serve(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(path string, in io.Reader, out io.Writer) error {
	m, err := infer.Open(path)
	if err != nil {
		return err
	}
	s, err := m.Session(1)
	if err != nil {
		return err
	}
	x := s.Input(0).Float32
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		cells := strings.Split(lines.Text(), ",")
		if len(cells) != len(x) {
			return fmt.Errorf("row %d has %d numbers, the model takes %d", n, len(cells), len(x))
		}
		for i, cell := range cells {
			v, err := strconv.ParseFloat(strings.TrimSpace(cell), 32)
			if err != nil {
				return fmt.Errorf("row %d: %w", n, err)
			}
			x[i] = float32(v)
		}
		if err := s.Run(context.Background()); err != nil {
			return err
		}
		fmt.Fprintln(out, s.Output(0).Float32)
	}
	return lines.Err()
}
