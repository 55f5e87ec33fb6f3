package crossval

import "errors"

// ErrSkipped is wrapped by the error of an [Estimator] that declines to be fitted, for
// instance because a set is too large for it. It is not a failure: the other candidates'
// results stand, and the error's text gives the reason.
//
//	return nil, fmt.Errorf("%w: too large: %d rows, at most %d", crossval.ErrSkipped, n, most)
var ErrSkipped = errors.New("not run")
