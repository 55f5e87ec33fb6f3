#!/usr/bin/env bash
# gonum/plot's Legend.Rectangle tells the wrong side: with Left it is the rectangle at
# the right edge, without Left that at the left one, where Draw does what Left says.
#
# Version: gonum.org/v1/plot v0.17.0.
#
# Rectangle is documented as the extent of the legend, and is what a caller keeps free,
# or frames, beside points that are drawn. The width and the height are right, the top
# and the bottom too; the existing tests only use the width. XOffs and YOffs, which
# Draw adds, are not in it either.
#
# Seen on a canvas of 300 x 100 points, by recording where the text is drawn:
#   Left true:  text from x = 23.0, Rectangle from 229.0 to 300.0
#   Left false: text from x = 229.0, Rectangle from 0.0 to 71.0
#
# Needs Go. Fails if any of this changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'E'
module legend

go 1.24

require gonum.org/v1/plot v0.17.0
E
cat >main.go <<'E'
package main

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
)

func main() {
	for _, left := range []bool{true, false} {
		legend := plot.NewLegend()
		legend.Left = left
		legend.Add("validation")
		record := &recorder.Canvas{}
		c := draw.Canvas{Canvas: record, Rectangle: vg.Rectangle{Max: vg.Point{X: 300, Y: 100}}}
		legend.Draw(c)
		r := legend.Rectangle(c)
		for _, a := range record.Actions {
			if text, ok := a.(*recorder.FillString); ok {
				fmt.Printf("Left %v: text from x = %.1f, Rectangle from %.1f to %.1f\n", left, text.Point.X, r.Min.X, r.Max.X)
			}
		}
	}
}
E
go mod tidy >/dev/null 2>&1 || { go mod tidy; exit 1; }
out=$(go run .)
printf '%s\n' "$out"
want='Left true: text from x = 23.0, Rectangle from 229.0 to 300.0
Left false: text from x = 229.0, Rectangle from 0.0 to 71.0'
if [ "$out" != "$want" ]; then
	echo "this has changed; it was:" >&2
	printf '%s\n' "$want" >&2
	exit 1
fi
echo "as seen"
