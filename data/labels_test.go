package data_test

import (
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

func TestLabelEncode(t *testing.T) {
	// sklearn.preprocessing.LabelEncoder().fit_transform(["cat", "dog", "ant", "cat"])
	labels, classes := data.LabelEncode([]string{"cat", "dog", "ant", "cat"})
	if !slices.Equal(labels, []int{1, 2, 0, 1}) || !slices.Equal(classes, []string{"ant", "cat", "dog"}) {
		t.Errorf("labels %v, classes %v", labels, classes)
	}
	if labels, classes = data.LabelEncode(nil); len(labels) != 0 || len(classes) != 0 {
		t.Errorf("of nothing: %v, %v", labels, classes)
	}
}
