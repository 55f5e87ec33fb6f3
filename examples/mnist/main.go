// Command mnist trains a small convolutional network on the 60,000 images of
// MNIST and tells what it is worth on the 10,000 test images, how long that took
// and how much memory it needed; it draws the page of the training.
//
// The network is that of workload W2 with dropout. Network, augmentation and
// schedule were fixed beforehand; 5,000 of the training images are set aside to
// watch the training, and decide on nothing: with -all, they are trained on, too.
// The test images are predicted once, at the end.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/plots"
	"github.com/seed732fc211/aegis/train"
)

// job is a training.
type job struct {
	epochs int
	rows   int  // of the training images, those to watch included; 0: all
	all    bool // none is set aside to watch
	report string
}

func main() {
	var j job
	flag.IntVar(&j.epochs, "epochs", 15, "`NUMBER` of epochs")
	flag.IntVar(&j.rows, "rows", 0, "train on the first `NUMBER` of the training images (default: all)")
	flag.BoolVar(&j.all, "all", false, "train on the images, too, that are set aside to watch the training")
	flag.StringVar(&j.report, "report", "mnist.png", "`FILE` for the page: .png or .svg")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	set, test, err := data.MNIST()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := j.run(ctx, os.Stdout, set, test); err != nil {
		log.Fatal(err)
	}
}

// network is 3x3x32, pool, 3x3x64, pool, 128 units, classes.
func network(classes int) (*models.Model, error) {
	return models.Sequential(models.Config{Name: "mnist", Seed: 1}, models.Input("image", 28, 28, 1),
		layers.Conv2D{Filters: 32, Size: [2]int{3, 3}, Padding: layers.Same, Activation: layers.Relu},
		layers.MaxPool2D{Size: [2]int{2, 2}},
		layers.Conv2D{Filters: 64, Size: [2]int{3, 3}, Padding: layers.Same, Activation: layers.Relu},
		layers.MaxPool2D{Size: [2]int{2, 2}},
		layers.Dropout{Rate: 0.25},
		layers.Flatten{},
		layers.Dense{Units: 128, Activation: layers.Relu},
		layers.Dropout{Rate: 0.5},
		layers.Dense{Units: classes},
	)
}

// watched is the share of the training images that are set aside.
const watched = 1.0 / 12

// config is how the network is fitted.
func (j job) config(w io.Writer, held *data.Set) train.Config {
	return train.Config{
		Optimizer:  optim.Adam{LearningRate: 3e-3},
		Schedule:   optim.OneCycle{},
		Epochs:     j.epochs,
		BatchSize:  128,
		Seed:       1,
		Augment:    data.ImageAugment{Shift: 2, Rotate: 10, Scale: 0.1},
		Validation: held,
		Callbacks:  []train.Callback{train.Progress{W: w}},
	}
}

// run trains and returns the accuracy on the test images.
func (j job) run(ctx context.Context, w io.Writer, set, test *data.Set) (float64, error) {
	if j.rows > 0 {
		first := make([]int, min(j.rows, set.Len()))
		for i := range first {
			first[i] = i
		}
		var err error
		if set, err = set.Rows(first); err != nil {
			return 0, err
		}
	}
	rest, held, watching := set, (*data.Set)(nil), 0
	if !j.all {
		var err error
		if rest, held, err = set.Split(watched, 1); err != nil {
			return 0, err
		}
		watching = held.Len()
	}
	set = nil // its images are in the two parts
	m, err := network(len(rest.Classes))
	if err != nil {
		return 0, err
	}
	m.Info = models.Info{Task: data.Classify{}, Classes: rest.Classes}
	trained, _ := m.Params().Count()
	fmt.Fprintf(w, "%d images to train on, %d to watch, %d to test; %d parameters; threads: %d\n", rest.Len(), watching, test.Len(), trained, runtime.GOMAXPROCS(0))
	h, err := train.Fit(ctx, m, rest, j.config(w, held))
	if err != nil {
		return 0, err
	}
	pred, err := m.PredictRows(ctx, test.Without())
	if err != nil {
		return 0, err
	}
	accuracy, err := data.Accuracy.Score(test, pred)
	if err != nil {
		return 0, err
	}
	memory, err := peakMemory()
	if err != nil {
		return 0, err
	}
	took := h.Duration.Round(100 * time.Millisecond)
	fmt.Fprintf(w, "accuracy on the %d test images: %.2f%%\ntrained in %v, peak memory %d MB\n", test.Len(), 100*accuracy, took, memory>>20)
	page, err := plots.Training(plots.TrainingReport{
		Title: fmt.Sprintf("A convolutional network on %s: %.2f%% of the test images", test.Name, 100*accuracy), Curves: h.Curves,
		Rows: test, Prediction: pred, RowsName: "test images",
		Facts: []plots.Fact{
			{Name: "source", Value: test.Source},
			{Name: "images", Value: fmt.Sprintf("%d to train, %d to watch, %d to test", rest.Len(), watching, test.Len())},
			{Name: "network", Value: "3x3x32, max-pool 2, 3x3x64, max-pool 2, dropout 0.25, dense 128, dropout 0.5, dense 10; ReLU"},
			{Name: "parameters", Value: strconv.Itoa(trained)},
			{Name: "optimizer", Value: "Adam, one cycle up to 0.003, batch 128"},
			{Name: "augmentation", Value: "shifts to 2 pixels, turns to 10 degrees, sizes to 10%"},
			{Name: "test accuracy", Value: fmt.Sprintf("%.2f%%", 100*accuracy)},
			{Name: "time", Value: fmt.Sprintf("%v with %d threads", took, runtime.GOMAXPROCS(0))},
			{Name: "peak memory", Value: fmt.Sprintf("%d MB, the data included", memory>>20)},
			{Name: "versions", Value: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH},
		},
		Notes: notes(held),
	})
	if err != nil {
		return 0, err
	}
	if err := page.Save(j.report); err != nil {
		return 0, err
	}
	fmt.Fprintf(w, "report: %s\n", j.report)
	return accuracy, nil
}

// notes tell what the images of the page's figures are.
func notes(held *data.Set) []string {
	const lower = "The lower figures show the test images, predicted once, at the end."
	if held == nil {
		return []string{lower}
	}
	return []string{lower + " The curves' validation images decided on nothing."}
}

// peakMemory returns the most memory that the process has had at a time, in
// bytes: what Linux says, elsewhere what Go has taken from the system.
func peakMemory() (int, error) {
	f, err := os.Open("/proc/self/status")
	if errors.Is(err, os.ErrNotExist) {
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return int(s.Sys), nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(v), " kB"))
			return kb << 10, err
		}
	}
	return 0, errors.New("/proc/self/status does not tell the peak of memory")
}
