package parquet_test

import (
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/parquet"
)

// A file is read to memory, or opened as a source whose rows are read when they are
// wanted.
func ExampleFile() {
	file := parquet.File{Path: "testdata/duckdb-zstd-v2.parquet"}
	rows, columns, err := file.Size()
	if err != nil {
		log.Fatal(err)
	}
	set, report, err := file.Read()
	if err != nil {
		log.Fatal(err)
	}
	source, err := file.Open()
	if err != nil {
		log.Fatal(err)
	}
	first, err := data.Head(source, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows, columns, set.Len() == rows, len(report.Columns), first.Features[0].Name)
	// Output: 3000 26 true 29 b
}
