package data_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// numbersFile makes a file of rows of 30 numbers with 5 to 8 digits.
func numbersFile(rows int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for j := range 30 {
		fmt.Fprintf(&b, "x%d,", j)
	}
	b.Truncate(b.Len() - 1)
	for range rows {
		for j := range 30 {
			b.WriteByte(",\n"[boolByte(j == 0)])
			switch j % 3 {
			case 0:
				fmt.Fprintf(&b, "%.6g", r.NormFloat64())
			case 1:
				fmt.Fprintf(&b, "%.5f", r.Float64())
			default:
				fmt.Fprintf(&b, "%.7g", 100+30*r.NormFloat64())
			}
		}
	}
	return b.Bytes()
}

func boolByte(b bool) int {
	if b {
		return 1
	}
	return 0
}

// BenchmarkReadNumbers reads 30 columns of numbers; MB/s is of the file.
func BenchmarkReadNumbers(b *testing.B) {
	file := numbersFile(100000)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, _, err := (data.CSV{}).Read(bytes.NewReader(file), "numbers.csv"); err != nil {
			b.Fatal(err)
		}
	}
}
