// Package check holds checks of arguments that several packages make.
package check

import "fmt"

// Classes reports the first row whose class is not in [0, n).
func Classes(classes []int, n int) error { return Labels(classes, 1, 0, n) }

// Labels reports the first row with a label that is not in [low, high), of perRow labels
// for each row.
func Labels(labels []int, perRow, low, high int) error {
	for i, c := range labels {
		if c < low || c >= high {
			return fmt.Errorf("row %d: class %d is not in [%d, %d)", i/perRow, c, low, high)
		}
	}
	return nil
}
