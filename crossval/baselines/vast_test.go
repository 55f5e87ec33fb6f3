package baselines_test

import (
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
)

// TestVastTargets: with targets whose squares overflow a baseline is right or says why
// it is not fitted; none takes them for equal.
func TestVastTargets(t *testing.T) {
	text := "x,y\n"
	for i := range 60 {
		text += string(rune('0'+i%10)) + "." + string(rune('0'+i/10)) + "," + string(rune('1'+i%9)) + "e200\n"
	}
	set, _, err := data.CSV{Target: "y", AsTask: "regress"}.Read(strings.NewReader(text), "vast.csv")
	if err != nil {
		t.Fatal(err)
	}
	res, err := crossval.Validate(t.Context(), set, crossval.KFold{K: 3}, baselines.Default(set.Task()), crossval.Options{Seed: 1})
	if res == nil {
		t.Fatal(err)
	}
	failed := map[string]string{}
	for _, f := range res.Failed {
		failed[f.Candidate] = f.Message
	}
	for _, name := range []string{"elastic net", "random forest", "boosted trees", "golearn tree", "golearn forest"} {
		if !strings.Contains(failed[name], "up to 1e") {
			t.Errorf("%s: %q, want an error about the size of the targets", name, failed[name])
		}
	}
	for _, name := range []string{"linear regression", "ridge"} {
		if failed[name] != "" || !(res.Mean(name, "RMSE") < 1e201) {
			t.Errorf("%s: RMSE %v, %s", name, res.Mean(name, "RMSE"), failed[name])
		}
	}
}
