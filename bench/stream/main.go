// Command stream measures training on a Parquet file that is not read to memory against
// the same training in memory, and how much memory each takes.
//
//	go run ./bench/stream [-rows 20000000] [-memory 3000000] [-file FILE] [-cpuprofile FILE]
//
// It writes a file of 30 columns of numbers and a class, as pandas would: row groups of
// 1,048,576 rows, pages of 1 MiB, ZSTD or whatever -compression says. Then it fits the same
// net, with its inputs standardised, to the file, and to its first rows in memory.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/parquet"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

func main() {
	rows := flag.Int("rows", 20_000_000, "`ROWS` of the file")
	memory := flag.Int("memory", 3_000_000, "`ROWS` of the fit in memory; 0: none")
	metrics := flag.Bool("metrics", false, "score the training rows, too")
	epochs := flag.Int("epochs", 2, "`EPOCHS`")
	hidden := flag.Int("hidden", 64, "`UNITS` of both hidden layers")
	file := flag.String("file", filepath.Join(os.TempDir(), "aegis-stream.parquet"), "`FILE`, which is written if it is not there")
	packed := flag.String("compression", "none", "`HOW` pages are packed: none, snappy or zstd")
	profile := flag.String("cpuprofile", "", "`FILE` for a profile of the fit from the file")
	flag.StringVar(&heap, "memprofile", "", "`FILE` for a profile of the memory in use at the end of an epoch")
	flag.Parse()
	if err := run(*rows, *memory, *epochs, *hidden, *metrics, *file, *packed, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "stream:", err)
		os.Exit(1)
	}
}

func run(rows, memory, epochs, hidden int, metrics bool, file, packed, profile string) error {
	if _, err := os.Stat(file); err != nil {
		begin := time.Now()
		if err := write(file, rows, packed); err != nil {
			return err
		}
		fmt.Printf("wrote %s in %v\n", file, time.Since(begin).Round(time.Second))
	}
	st, err := os.Stat(file)
	if err != nil {
		return err
	}
	begin := time.Now()
	src, err := parquet.File{Path: file}.Open()
	if err != nil {
		return err
	}
	defer src.Close()
	fmt.Printf("%d rows, %.2f GB; opened in %v, peak memory %s\n", src.Report().Rows, float64(st.Size())/1e9, time.Since(begin).Round(time.Millisecond), peak())
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
	}
	fromFile, err := fit(src, epochs, hidden, metrics)
	pprof.StopCPUProfile()
	if err != nil {
		return err
	}
	fmt.Printf("from the file: %.0f rows/s; peak memory %s\n", fromFile, peak())
	if memory == 0 {
		return nil
	}
	set, err := data.Head(src, memory)
	if err != nil {
		return err
	}
	runtime.GC()
	inMemory, err := fit(set, epochs, hidden, metrics)
	if err != nil {
		return err
	}
	fmt.Printf("in memory, %d rows: %.0f rows/s; peak memory %s\n", set.Len(), inMemory, peak())
	fmt.Printf("from the file at %.0f%% of the speed in memory\n", 100*fromFile/inMemory)
	return nil
}

// fit returns the rows per second of the best epoch, and prints the CPU time of a row in the
// cheapest, which others on the machine change less.
func fit(rows data.Source, epochs, hidden int, metrics bool) (float64, error) {
	st, err := rows.Stream()
	if err != nil {
		return 0, err
	}
	best, last, spent, cheapest := 0.0, time.Time{}, 0.0, math.Inf(1)
	e := train.Estimator{
		Net: models.MLP{Hidden: []int{hidden, hidden}}, Preprocess: data.Standardize{}, Seed: 1,
		Config: train.Config{Epochs: epochs, BatchSize: 1024, Callbacks: []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
			return func(e *train.Event) error {
				switch e.Kind {
				case train.Begin:
					last, spent = time.Now(), cpu()
				case train.EpochEnd:
					if err := writeHeap(); err != nil {
						return err
					}
					best, cheapest = max(best, float64(st.Rows)/time.Since(last).Seconds()), min(cheapest, cpu()-spent)
					last, spent = time.Now(), cpu()
				}
				return nil
			}, nil
		})}},
	}
	if !metrics {
		e.Config.Metrics = []data.Metric{}
	}
	begin := time.Now()
	_, h, err := e.Train(context.Background(), rows)
	if err != nil {
		return 0, err
	}
	fmt.Printf("  %v in all, %v; %.2f µs of CPU a row\n", time.Since(begin).Round(time.Millisecond), h, 1e6*cheapest/float64(st.Rows))
	return best, nil
}

var heap string

// writeHeap writes the profile of the memory, once.
func writeHeap() error {
	if heap == "" {
		return nil
	}
	f, err := os.Create(heap)
	if err != nil {
		return err
	}
	defer f.Close()
	heap = ""
	return pprof.WriteHeapProfile(f)
}

// cpu returns the seconds of CPU that the process has used, where the system tells, to 10 ms.
func cpu() float64 {
	b, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return math.NaN()
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 13 {
		return math.NaN()
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}

// peak returns the most memory that the process has held, where the system tells.
func peak() string {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "not known"
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			return fmt.Sprintf("%d MB", kb/1024)
		}
	}
	return "not known"
}

// columns of the file, beside the class.
const columns = 30

// write writes a file of random numbers.
func write(path string, rows int, packed string) error {
	group := pq.Group{"y": pq.Leaf(pq.Int32Type)}
	for k := range columns {
		group[fmt.Sprintf("x%02d", k)] = pq.Leaf(pq.DoubleType)
	}
	options := []pq.WriterOption{pq.NewSchema("rows", group), pq.MaxRowsPerRowGroup(1 << 20), pq.PageBufferSize(1 << 20)}
	switch packed {
	case "none":
	case "snappy":
		options = append(options, pq.Compression(&pq.Snappy))
	case "zstd":
		options = append(options, pq.Compression(&pq.Zstd))
	default:
		return fmt.Errorf("compression %q: want none, snappy or zstd", packed)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := pq.NewGenericWriter[any](f, options...)
	r := rand.New(rand.NewPCG(1, 2))
	buffer := make([]pq.Row, 1000)
	for first := 0; first < rows; first += len(buffer) {
		buffer = buffer[:min(len(buffer), rows-first)]
		for i := range buffer {
			row := buffer[i][:0]
			sum := 0.0
			for k := range columns {
				v := r.NormFloat64() * float64(k+1)
				sum += v / float64(k+1)
				row = append(row, pq.DoubleValue(v).Level(0, 0, k))
			}
			y := int32(0)
			if sum > 0 {
				y = 1
			}
			buffer[i] = append(row, pq.Int32Value(y).Level(0, 0, columns))
		}
		if _, err := w.WriteRows(buffer); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Close()
}
