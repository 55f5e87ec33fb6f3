package jetstream_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/jetstream"
	"github.com/seed732fc211/aegis/data"
)

// A server, a worker and a coordinator, here all in one process. With a URL in Server, each
// would be on a machine of its own.
func ExampleConn_Validate() {
	conn, err := jetstream.Connect(context.Background(), jetstream.Server{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- conn.Work(ctx, jetstream.WorkOptions{}) }()

	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	result, err := conn.Validate(context.Background(), set, crossval.StratifiedKFold{K: 5, Shuffle: true, Seed: 1}, []crossval.Candidate{
		{Name: "majority", Estimator: baselines.Majority{}}, {Name: "logistic regression", Estimator: baselines.LogisticRegression{}},
	}, crossval.Options{Seed: 1}, jetstream.RunOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f %.3f\n", result.Mean("majority", "accuracy"), result.Mean("logistic regression", "accuracy"))
	stop()
	fmt.Println(<-ended)
	// Output:
	// 0.333 0.980
	// context canceled
}
