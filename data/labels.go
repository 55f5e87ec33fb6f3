package data

import "slices"

// LabelEncode turns class names into indices. classes are the distinct names, sorted;
// labels are the indices into classes of the given names.
func LabelEncode(names []string) (labels []int, classes []string) {
	classes = slices.Clone(names)
	slices.Sort(classes)
	classes = slices.Compact(classes)
	labels = make([]int, len(names))
	for i, n := range names {
		labels[i], _ = slices.BinarySearch(classes, n)
	}
	return labels, classes
}
