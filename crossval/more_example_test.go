package crossval_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
)

// A result is saved, and read in another process, with all its scores and predictions.
func ExampleLoadResult() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	candidates, err := baselines.Select(data.Classify{}, []string{"majority"})
	if err != nil {
		log.Fatal(err)
	}
	r, err := crossval.Validate(context.Background(), set, crossval.StratifiedKFold{K: 3}, candidates, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(dir, "result.json")
	if err := r.Save(path); err != nil {
		log.Fatal(err)
	}
	again, err := crossval.LoadResult(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Data.Name, again.Data.Rows, len(again.RunsOf("majority")))
	// Output: iris 150 3
}

// The seed of a fit depends on its candidate and fold alone.
func ExampleJobSeed() {
	fmt.Println(crossval.JobSeed(1, "net", 0), crossval.JobSeed(1, "net", 1))
	// Output: 3606482657947661944 11077663173216608473
}
