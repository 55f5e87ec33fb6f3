// Command calibrate measures by simulation how often the tests and intervals of Aegis are
// wrong, and writes docs/calibration.md:
//
//	go run ./bench/calibrate -write docs/calibration.md
//
// The same seed gives the same document on any machine. On two cores it takes some minutes.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
)

func main() {
	out := flag.String("write", "", "`FILE` to write; empty: standard output")
	sims := flag.Int("simulations", 2000, "`NUMBER` of simulated pairs for each test and design")
	nested := flag.Int("nested", 1000, "`NUMBER` of simulated searches for each design")
	flag.Parse()
	var text strings.Builder
	if err := write(&text, *sims, *nested); err != nil {
		log.Fatal(err)
	}
	if *out == "" {
		fmt.Print(text.String())
		return
	}
	if err := os.WriteFile(*out, []byte(text.String()), 0o644); err != nil {
		log.Fatal(err)
	}
}

func write(w io.Writer, sims, nested int) error {
	fmt.Fprintf(w, `# How often the tests and intervals are wrong

Made by [bench/calibrate](../bench/calibrate/main.go): `+"`go run ./bench/calibrate -write docs/calibration.md`"+`. The same seed
gives the same document on any machine. Shares stand with their Wilson interval of 95%%; a share whose interval does not hold
its nominal value is in bold.

## Tests: two models that are equally good

%d simulated pairs of equal models for each test and design. "Rejected" is the share of p-values below 0.05, which should be
0.05. The models of a cross-validation classify by the nearer class mean of one of two columns with the same distribution; both
are trained on the folds' training rows. On rows and data sets, scores are drawn as said.

| test | design | rejected at 0.05 | at 0.01 |
|---|---|---|---|
`, sims)
	for _, c := range tests() {
		p, err := repeat(sims, c.name+c.design, c.run)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", c.name, c.design, err)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", c.name, c.design, share(below(p, 0.05), len(p), 0.05, c.conservative), share(below(p, 0.01), len(p), 0.01, c.conservative))
	}
	fmt.Fprint(w, testNotes)
	fmt.Fprintf(w, `
## Intervals: how often they hold the truth

%d simulations for each row; an interval of 95%% should hold the truth in 0.95.

| interval | design | holds the truth | mean width |
|---|---|---|---|
`, sims)
	for _, c := range intervals() {
		if err := c.write(w, sims); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, `
## Searches: what the winner is worth

%d simulated searches for each row, among 8 settings by 5 inner folds. Ridge regression on n rows of 10 columns, of which 3 matter, is a
stable learner: its true mean absolute error is known exactly, as inputs and noise are normal. Nearest neighbours on two
classes of 4 columns are an unstable one: the truth is the accuracy on 10,000 other rows. The truth is always that of the
model that the search fits to the n rows. "Optimistic" is the corrected interval of the winner's inner folds, "corrected" the
bootstrap bias correction of Tsamardinos et al. (2018), "nested" the corrected interval of the whole search on 10 outer folds.

| learner | n | estimate | holds the truth | mean of estimate less truth | mean width |
|---|---|---|---|---|---|
`, nested)
	all, err := learners()
	if err != nil {
		return err
	}
	for i := range all {
		for _, n := range []int{60, 100, 200} {
			if err := all[i].searches(w, n, nested); err != nil {
				return err
			}
		}
	}
	_, err = io.WriteString(w, searchNotes)
	return err
}

// simulation is a test in a design; run makes data of two equal models and returns p.
type simulation struct {
	name, design string
	run          func(r *rand.Rand) (float64, error)
	conservative bool // known to reject too rarely: a share below the level is not marked
}

// repeat runs simulations side by side, each with a generator of its own.
func repeat[T any](n int, name string, run func(*rand.Rand) (T, error)) ([]T, error) {
	out, errs := make([]T, n), make([]error, n)
	h := uint64(14695981039346656037)
	for _, c := range []byte(name) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				out[i], errs[i] = run(rand.New(rand.NewPCG(h, uint64(i))))
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func below(p []float64, level float64) int {
	n := 0
	for _, v := range p {
		if v < level {
			n++
		}
	}
	return n
}

// share formats a share of n with its Wilson interval, in bold if that does not hold the
// nominal value.
func share(k, n int, nominal float64, conservative bool) string {
	low, high := wilson(k, n)
	p := float64(k) / float64(n)
	mark := ""
	if high < nominal && !conservative || low > nominal {
		mark = "**"
	}
	return fmt.Sprintf("%s%.3f%s (%.3f to %.3f)", mark, p, mark, low, high)
}

// wilson returns the score interval of 95% of a share.
func wilson(k, n int) (low, high float64) {
	const z = 1.959963984540054
	p, m := float64(k)/float64(n), float64(n)
	center, half := (p+z*z/(2*m))/(1+z*z/m), z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))/(1+z*z/m)
	return max(0, center-half), min(1, center+half)
}
