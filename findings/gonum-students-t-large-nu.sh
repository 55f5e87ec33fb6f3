#!/usr/bin/env bash
# gonum's Student's t gives quantiles of small probabilities that are far out for many degrees
# of freedom, from between a thousand and a hundred thousand on; its CDF is right there, so that
# the CDF of the quantile is not the probability.
#
# Version: gonum.org/v1/gonum v0.17.0 (stat/distuv).
#
# True, by R 4.2.2 (qt) and SciPy 1.10.1 (t.ppf): Quantile(1e-10) is -6.4279 for 1e3 degrees,
# -6.3620 for 1e5, -6.3614 for 1e6, -6.3613 for 1e7 and 1e8. What is returned grows with the
# root of the degrees.
#
# Needs Go. Fails if any of this changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'E'
module students

go 1.24

require gonum.org/v1/gonum v0.17.0
E
cat >main.go <<'E'
package main

import (
	"fmt"

	"gonum.org/v1/gonum/stat/distuv"
)

func main() {
	for _, nu := range []float64{1e3, 1e5, 1e6, 1e7, 1e8} {
		t := distuv.StudentsT{Sigma: 1, Nu: nu}
		fmt.Printf("nu %.0e: Quantile(1e-10) = %.4g, 2*CDF(-5) = %.4g\n", nu, t.Quantile(1e-10), 2*t.CDF(-5))
	}
}
E
go mod tidy >/dev/null 2>&1 || { go mod tidy; exit 1; }
out=$(go run .)
printf '%s\n' "$out"
want='nu 1e+03: Quantile(1e-10) = -6.428, 2*CDF(-5) = 6.767e-07
nu 1e+05: Quantile(1e-10) = -81.65, 2*CDF(-5) = 5.743e-07
nu 1e+06: Quantile(1e-10) = -258.2, 2*CDF(-5) = 5.734e-07
nu 1e+07: Quantile(1e-10) = -816.5, 2*CDF(-5) = 5.733e-07
nu 1e+08: Quantile(1e-10) = -2582, 2*CDF(-5) = 5.733e-07'
if [ "$out" != "$want" ]; then
	echo "this has changed; it was:" >&2
	printf '%s\n' "$want" >&2
	exit 1
fi
echo "as seen"
