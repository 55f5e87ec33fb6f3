package data

import "slices"

// LabelEncode turns class names into indices: classes are the different names,
// sorted, and labels the place of every row's name among them.
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
