package crossval_test

import (
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
)

// TestGroupsStayWhole: rows that are ranked within groups are not tested apart from those
// that they were trained with, and the result has the groups when it is read again.
func TestGroupsStayWhole(t *testing.T) {
	var x [][]float64
	var y []float64
	var groups []int
	for i := range 24 {
		x, y, groups = append(x, []float64{float64(i % 5)}), append(y, float64(i%3)), append(groups, 10+i/4)
	}
	set, err := data.FromRows("answers", x, y)
	if err != nil {
		t.Fatal(err)
	}
	set.Groups = groups
	if set, err = set.Posing(data.Rank{At: 2}); err != nil {
		t.Fatal(err)
	}
	candidates := []crossval.Candidate{{Name: "nearest", Estimator: baselines.KNN{K: 3}}}
	if _, err := crossval.Validate(t.Context(), set, crossval.KFold{K: 3, Shuffle: true}, candidates, crossval.Options{}); err == nil || !strings.Contains(err.Error(), "divides group") {
		t.Errorf("error %v", err)
	}
	res, err := crossval.Validate(t.Context(), set, crossval.GroupKFold{K: 3}, candidates, crossval.Options{})
	if err != nil || len(res.Failed) > 0 {
		t.Fatal(err, res)
	}
	var b strings.Builder
	if err := res.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	again, err := crossval.ReadResult(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if !data.SameTask(again.Data.Task, data.Rank{At: 2}) || len(again.Data.Groups) != 24 || again.Data.Groups[4] != 11 || again.Metrics[0].Name != "NDCG@2" {
		t.Errorf("%+v, %v", again.Data, again.Metrics)
	}
	if _, err := crossval.ReadResult(strings.NewReader(strings.Replace(b.String(), `"groups":[10,`, `"groups":[`, 1))); err == nil || !strings.Contains(err.Error(), "24 rows have 23 groups") {
		t.Errorf("error %v", err)
	}
}
