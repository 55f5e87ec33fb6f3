// Command recommend compares ways to recommend on made-up sequences of which the truth is known, so that the best
// possible scores are, and prints a table as Markdown.
//
//	go run ./bench/recommend
//
// On Debian's dependencies the command aegis recommend compares them; the time that ALS, BPR and a search take beside NumPy, SciPy
// and PyTorch is measured by a test: go test -tags peer -run TestPeer -v ./models/recommend.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/seed732fc211/aegis/crossval/stats"
	models "github.com/seed732fc211/aegis/models/recommend"
	"github.com/seed732fc211/aegis/recipes/recommend"
)

func main() {
	users := flag.Int("users", 3000, "number of users")
	items := flag.Int("items", 300, "number of items")
	follow := flag.Float64("follow", 0.5, "probability that an item follows from the one before")
	seed := flag.Uint64("seed", 2, "seed of the rows and of the comparison")
	flag.Parse()
	if err := compare(models.Made{Users: *users, Items: *items, Follow: *follow}, *seed); err != nil {
		log.Fatal(err)
	}
}

func compare(made models.Made, seed uint64) error {
	ctx := context.Background()
	x, truth, err := made.Make(seed)
	if err != nil {
		return err
	}
	s := &recommend.Study{Rows: x, Seed: seed}
	if err := s.Prepare(); err != nil {
		return err
	}
	fmt.Printf("%s.\n\n", s)
	fmt.Println("| model | NDCG@10 | recall@10 | MRR@10 | coverage | seconds to fit |\n|---|---|---|---|---|---|")
	best, err := s.ScoreOf(ctx, "the truth", truth)
	if err != nil {
		return err
	}
	row(best)
	var scores []*recommend.Score
	for _, c := range recommend.Candidates(nil) {
		v, err := s.Score(ctx, c)
		if err != nil {
			return err
		}
		row(v)
		scores = append(scores, v)
	}
	chosen := recommend.Chosen(scores)
	list, err := s.Compare(chosen, append(scores, best))
	if err != nil {
		return err
	}
	fmt.Printf("\nChosen on the validation items: %s.\n\n", chosen.Name)
	for _, c := range list {
		fmt.Printf("- %s\n", c.Verdict())
	}
	return nil
}

func row(s *recommend.Score) {
	interval := func(t stats.Test) string { return fmt.Sprintf("%.4f (%.4f to %.4f)", t.Estimate, t.Low, t.High) }
	fmt.Printf("| %s | %s | %s | %.4f | %.3f | %.2f |\n", s.Name, interval(s.NDCG), interval(s.Recall), s.MRR.Estimate, s.Coverage, s.FitTime.Round(10*time.Millisecond).Seconds())
}
