package crossval

import "errors"

// ErrSkipped is wrapped by the error of an [Estimator] that declines to be fitted,
// on a set that is too large for it, say. It is no failure: the others' results
// stand, and the error's text says why there are none of this candidate.
//
//	return nil, fmt.Errorf("%w: too large: %d rows, at most %d", crossval.ErrSkipped, n, most)
var ErrSkipped = errors.New("not run")
