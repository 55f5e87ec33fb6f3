package data_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/seed732fc211/aegis/data"
)

// fruit is a table of weights with two kinds.
func fruit() *data.Set {
	s, err := data.FromLabels("fruit", [][]float64{{150}, {160}, {6}, {155}, {7}}, []int{0, 0, 1, 0, 1}, []string{"apple", "cherry"})
	if err != nil {
		log.Fatal(err)
	}
	return s
}

func ExampleNewTable() {
	s, err := data.NewTable("rooms", []data.Feature{{Name: "area"}, {Name: "floor", Levels: []string{"wood", "stone"}}}, [][]float64{{20, 0}, {12.5, 1}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Len(), s.Features[1].Levels)
	// Output: 2 [wood stone]
}

func ExampleFromRows() {
	s, err := data.FromRows("line", [][]float64{{1}, {2}, {3}}, []float64{2, 4, 6})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Task(), s.Len())
	// Output: regress 3
}

func ExampleFromLabels() {
	fmt.Println(fruit().Task(), fruit().Classes)
	// Output: classify [apple cherry]
}

// A view picks rows without copying them; Collect does.
func ExampleView() {
	cherries, err := data.Collect(data.View(fruit(), []int{2, 4}))
	if err != nil {
		log.Fatal(err)
	}
	v, _, err := cherries.Table()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v)
	// Output: [6 7]
}

// What a fitted transform makes of rows, whenever they are read.
func ExampleTransformed() {
	train := data.View(fruit(), []int{0, 1, 3})
	fitted, err := data.MinMax{}.Fit(train)
	if err != nil {
		log.Fatal(err)
	}
	first, err := data.Head(data.Transformed(fruit(), fitted), 2)
	if err != nil {
		log.Fatal(err)
	}
	v, _, err := first.Table()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v)
	// Output: [0 1]
}

// A source is read by row numbers.
func ExampleSet_Stream() {
	st, err := fruit().Stream()
	if err != nil {
		log.Fatal(err)
	}
	part := &data.Set{}
	if err := st.Load([]int{4, 0}, part); err != nil {
		log.Fatal(err)
	}
	labels, err := part.Labels()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(st.Rows, labels)
	// Output: 5 [1 0]
}

// Rows that are made one after another, and never kept.
func ExampleSequential() {
	like, err := data.FromRows("squares", [][]float64{{0}}, []float64{0})
	if err != nil {
		log.Fatal(err)
	}
	squares := data.Sequential{Like: like, Open: func() (func(int, *data.Set) error, error) {
		at := 0
		return func(n int, into *data.Set) error {
			if at == 1000 {
				return io.EOF
			}
			n = min(n, 1000-at)
			x, y := make([][]float64, n), make([]float64, n)
			for i := range n {
				v := float64(at + i)
				x[i], y[i] = []float64{v}, v*v
			}
			at += n
			made, err := data.FromRows("squares", x, y)
			if err == nil {
				*into = *made
			}
			return err
		}, nil
	}}
	scale, err := data.MinMax{}.Fit(squares)
	if err != nil {
		log.Fatal(err)
	}
	set, err := data.Collect(data.Transformed(squares, scale))
	if err != nil {
		log.Fatal(err)
	}
	v, _, _ := set.Table()
	_, err = data.Collect(data.View(squares, []int{7}))
	fmt.Println(set.Len(), v[999], errors.Is(err, data.ErrUnknown))
	// Output: 1000 1 true
}

// A file of rows to predict is read a part at a time, however large it is.
func ExampleCSV_ScanRows() {
	schema := data.Schema{Features: []data.Feature{{Name: "area"}, {Name: "floor", Levels: []string{"wood", "stone"}}}}
	file := strings.NewReader("floor,area\nstone,12.5\nclay,20\n")
	report, err := data.CSV{}.ScanRows(file, "rooms.csv", schema, func(rows *data.Set) error {
		v, _, err := rows.Table()
		fmt.Println(rows.Len(), v)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Warnings[0])
	// Output:
	// 2 [12.5 1 20 -1]
	// row 3, column floor: 1 row has a level that did not occur in training: "clay"
}

// The accuracy of five rows, of which three came first.
func ExampleMetric_Running() {
	accuracy := data.Accuracy.Running()
	first, _ := data.Collect(data.View(fruit(), []int{0, 1, 2}))
	rest, _ := data.Collect(data.View(fruit(), []int{3, 4}))
	_ = accuracy.Add(first, &data.Prediction{Labels: []int{0, 0, 1}})
	_ = accuracy.Add(rest, &data.Prediction{Labels: []int{0, 0}})
	fmt.Println(accuracy.Score())
	// Output: 0.8 <nil>
}

// Sets are in memory, and Parquet files of plain numbers are not: what reads their rows right into
// float32 is nil for others.
func ExampleFloat32Reader() {
	read, err := data.Float32Reader(fruit())
	fmt.Println(read == nil, err)
	// Output: true <nil>
}

// Two recordings with two channels: three steps and one.
func ExampleNewSequences() {
	signal, err := data.NewSequences("signal", 2, [][]float64{{1, 10, 2, 20, 3, 30}, {4, 40}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signal.Rows(), signal.Len(0), signal.Len(1), signal.Values.Shape(), signal.Offsets)
	// Output: 2 3 1 (4, 2) [0 3 4]
}

// Texts as token ids.
func ExampleNewIntSequences() {
	tokens, err := data.NewIntSequences("tokens", [][]int{{5, 3, 9}, {}, {7}})
	if err != nil {
		log.Fatal(err)
	}
	set := &data.Set{Name: "texts", Sequences: []data.Sequences{tokens}}
	fmt.Println(set.Lengths(), data.PaddedSteps(3), data.PaddedSteps(33))
	// Output: [3 0 1] 8 40
}

// Rows of similar length in a batch: without ByLength, each would be padded to 8 or 9 steps.
func ExampleBatches_ByLength() {
	lengths := []int{1, 9, 2, 8, 1, 9, 2, 8}
	b, err := data.NewBatches(len(lengths), 4, true, 1)
	if err != nil {
		log.Fatal(err)
	}
	if err := b.ByLength(lengths); err != nil {
		log.Fatal(err)
	}
	b.Epoch(1)
	for rows := b.Next(); rows != nil; rows = b.Next() {
		for _, r := range rows {
			fmt.Print(lengths[r])
		}
		fmt.Println()
	}
	// Unordered output:
	// 1122
	// 8899
}

// Ten rows in batches of four: each epoch has an order of its own, the same for the same
// seed.
func ExampleNewBatches() {
	b, err := data.NewBatches(10, 4, true, 1)
	if err != nil {
		log.Fatal(err)
	}
	for epoch := 1; epoch <= 2; epoch++ {
		b.Epoch(epoch)
		for rows := b.Next(); rows != nil; rows = b.Next() {
			fmt.Print(len(rows), " ")
		}
	}
	fmt.Println(b.Count(false), b.Count(true))
	// Output: 4 4 2 4 4 2 3 2
}

// One row at a time, as a service gets them.
func ExampleNewRowTransform() {
	fitted, err := data.Standardize{}.Fit(fruit())
	if err != nil {
		log.Fatal(err)
	}
	t, err := data.NewRowTransform(fitted, fruit().Features)
	if err != nil {
		log.Fatal(err)
	}
	out := make([]float64, 1)
	if err := t.Apply(out, []float64{95.6}); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", out)
	// Output: [0.000]
}

func ExampleWriteCSV() {
	var b bytes.Buffer
	if err := data.WriteCSV(&b, fruit()); err != nil {
		log.Fatal(err)
	}
	fmt.Print(b.String())
	// Output:
	// x0,class
	// 150,apple
	// 160,apple
	// 6,cherry
	// 155,apple
	// 7,cherry
}

func ExampleLabelEncode() {
	fmt.Println(data.LabelEncode([]string{"oak", "ash", "oak"}))
	// Output: [1 0 1] [ash oak]
}

// The same rows have the same fingerprint, a view of them, too.
func ExampleFingerprint() {
	a, err := data.Fingerprint(fruit())
	if err != nil {
		log.Fatal(err)
	}
	b, err := data.Fingerprint(data.View(fruit(), []int{0, 1, 2, 3, 4}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(a), a == b)
	// Output: 64 true
}

func ExampleRegisterMetric() {
	share := data.Metric{Name: "share of apples", Range: [2]float64{0, 1}, Score: func(_ *data.Set, p *data.Prediction) (float64, error) {
		n := 0.0
		for _, l := range p.Labels {
			if l == 0 {
				n++
			}
		}
		return n / float64(len(p.Labels)), nil
	}}
	if err := data.RegisterMetric(share); err != nil {
		log.Fatal(err)
	}
	v, err := share.Score(fruit(), &data.Prediction{Labels: []int{0, 0, 1, 1, 1}})
	fmt.Println(v, err)
	// Output: 0.4 <nil>
}
