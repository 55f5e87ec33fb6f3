package crossval_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
)

// StepAt predicts class 1 where the first column is above its limit. As it is registered,
// it can be written down.
type StepAt struct{ Limit float64 }

func (s StepAt) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	return threshold(s.Limit).Fit(ctx, train, seed)
}

func init() {
	if err := describe.Register("example.com/steps.", StepAt{}); err != nil {
		log.Fatal(err)
	}
}

// A session, such as a search's, whose fits run elsewhere: here, by what a worker on another
// machine does.
func ExampleElsewhere() {
	elsewhere := func(ctx context.Context, p *crossval.Plan, rows data.Source, jobs []int, done func(*crossval.Outcome)) error {
		worker, err := p.Worker(rows)
		if err != nil {
			return err
		}
		for _, i := range jobs {
			outcome, err := worker.Run(ctx, i)
			if err != nil {
				return err
			}
			done(outcome)
		}
		return nil
	}
	session, err := crossval.Open(steps(), crossval.StratifiedKFold{K: 3}, crossval.Options{Seed: 1, Elsewhere: elsewhere})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	for _, limit := range []float64{7.5, 5.5} {
		c := crossval.Candidate{Name: fmt.Sprint("step at ", limit), Estimator: StepAt{limit}}
		if err := session.Run(context.Background(), []crossval.Candidate{c}, nil); err != nil {
			log.Fatal(err)
		}
		fmt.Println(c.Name, session.Result().Mean(c.Name, "accuracy"))
	}
	// Output:
	// step at 7.5 0.8333333333333334
	// step at 5.5 1
}

// A validation of two candidates on three folds, whose jobs could run on six machines.
func ExamplePlan() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	plan, err := crossval.NewPlan(steps(), crossval.StratifiedKFold{K: 3}, []crossval.Candidate{
		{Name: "right", Estimator: StepAt{5.5}}, {Name: "near", Estimator: StepAt{7.5}},
	}, crossval.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	jobs := filepath.Join(folder, "jobs.json")
	if err := plan.Save(jobs); err != nil {
		log.Fatal(err)
	}

	// Each machine reads the plan and the rows.
	var outcomes []*crossval.Outcome
	for i := range plan.Len() {
		there, err := crossval.LoadPlan(jobs)
		if err != nil {
			log.Fatal(err)
		}
		worker, err := there.Worker(steps())
		if err != nil {
			log.Fatal(err)
		}
		outcome, err := worker.Run(context.Background(), i)
		if err != nil {
			log.Fatal(err)
		}
		file := filepath.Join(folder, fmt.Sprintf("job-%d.json", i))
		if err := outcome.Save(file); err != nil {
			log.Fatal(err)
		}
		back, err := crossval.LoadOutcome(file)
		if err != nil {
			log.Fatal(err)
		}
		outcomes = append(outcomes, back)
	}

	result, err := plan.Merge(outcomes)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(plan.Len(), "jobs,", len(result.Runs), "runs")
	_, err = plan.Merge(outcomes[:4])
	var missing *crossval.MissingError
	fmt.Println(errors.As(err, &missing), missing)
	// Output:
	// 6 jobs, 6 runs
	// true crossval: 2 jobs have no outcome: 4-5
}

// A failed fit is an outcome like any other.
func ExampleWorker() {
	plan, err := crossval.NewPlan(steps(), crossval.StratifiedKFold{K: 3}, []crossval.Candidate{{Name: "dry", Estimator: failing{"error"}}}, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	worker, err := plan.Worker(steps())
	if err != nil {
		log.Fatal(err)
	}
	outcome, err := worker.Run(context.Background(), 0)
	fmt.Println(outcome.Failure.Stage, outcome.Failure.Message, err)
	// Output: fit no more ink <nil>
}

// The list that sbatch --array takes.
func ExampleRanges() {
	fmt.Println(crossval.Ranges([]int{0, 1, 2, 3, 7, 9, 10}))
	// Output: 0-3,7,9-10
}
