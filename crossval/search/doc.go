// Package search looks for the settings that make an estimator predict best, and says what
// the result is worth.
//
// A Space is a description with some settings left open. A Search proposes trials (Sobol,
// TPE, ASHA), fits them on inner folds, drops those that can no longer win, and returns an
// Outcome: the winner, an ensemble of the best trials, and two estimates of its score, the
// optimistic one of the search itself and one that is corrected for having chosen. A Search
// is a crossval.Estimator, so crossval.Validate gives its nested estimate, beside any other
// candidate's.
//
//	s := search.Search{Space: space, Trials: 50, Seed: 1}
//	out, err := s.Run(ctx, rows)
//	fmt.Print(out.Table())
//	model, err := out.Best().Fit(ctx, rows, 1)
//
// A search that is bounded by trials has the same outcome, bit by bit, for any number of
// workers, and across an interruption with a log.
package search
