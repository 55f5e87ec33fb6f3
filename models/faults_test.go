package models_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/safetensors"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
)

// A file of some hundred bytes must not ask for a billion networks one on another,
// nor for memory without bound.
func TestFault34DepthAndSizesFromAFile(t *testing.T) {
	for _, c := range []struct{ name, layer, want string }{
		{"depth", `{"kind":"layers.GRU","config":{"Units":1,"Depth":1000000000}}`, "depth 1000000000: want at most 1024"},
		{"depth within the bound", `{"kind":"layers.GRU","config":{"Units":1,"Depth":1000}}`, "kernel is missing"},
		{"LSTM", `{"kind":"layers.LSTM","config":{"Units":1,"Depth":1000000000,"Bidirectional":true}}`, "depth 1000000000: want at most 1024"},
		{"units", `{"kind":"layers.SimpleRNN","config":{"Units":1000000000}}`, "1000000000 units: want at most"},
		{"a kernel beyond memory", `{"kind":"layers.GRU","config":{"Units":200000000}}`, "more elements than memory is taken for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			meta := map[string]string{"aegis.format": strconv.Itoa(models.FormatVersion), "aegis.model": `{"type":"float32","network":{"Stages":[{"Scope":"x","Input":true,"Shape":[4,3]},{"Scope":"0.GRU","Layer":` +
				c.layer + `,"From":[0]}],"Outputs":[1]},"info":{"task":"regress"}}`}
			var raw bytes.Buffer
			if err := safetensors.WriteSummed(&raw, "aegis.sha256", meta, nil); err != nil {
				t.Fatal(err)
			}
			failed := make(chan error, 1)
			go func() {
				_, _, err := models.Read(&raw)
				failed <- err
			}()
			select {
			case err := <-failed:
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("have %v, want %q", err, c.want)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("models.Read does not return")
			}
		})
	}
}

func TestFault36NilArgumentsOfAModel(t *testing.T) {
	m, err := models.Sequential(models.Config{}, models.Input("x", 3), layers.Dense{Units: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Evaluate(ctx, nil, losses.MSE{}); err == nil {
		t.Error("Evaluate of no set: no error")
	}
	if _, err := m.Evaluate(ctx, &data.Set{}, nil); err == nil {
		t.Error("Evaluate without a loss: no error")
	}
	if _, err := (models.MLP{}).Build(nil, 1); err == nil {
		t.Error("an MLP for no set: no error")
	}
}

// A nil or zero Model is an empty one.
func TestFault37ZeroModel(t *testing.T) {
	for name, m := range map[string]*models.Model{"nil": nil, "zero": {}} {
		if _, err := m.Predict(ctx); err == nil || !strings.Contains(err.Error(), "nil or zero") {
			t.Errorf("%s: Predict: %v", name, err)
		}
		if err := m.Save(t.TempDir() + "/m"); err == nil {
			t.Errorf("%s: Save: no error", name)
		}
		if _, err := m.Predictor(1); err == nil {
			t.Errorf("%s: Predictor: no error", name)
		}
		if s := m.Summary(); len(s.Rows) != 0 || s.All != 0 || m.Name() != "" || m.Params() != nil || len(m.InputNames()) != 0 {
			t.Errorf("%s: has layers or parameters: %v", name, s)
		}
	}
}
