package main

import (
	"bytes"
	"encoding/json"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
)

// leftOut lists the baselines that this build cannot run.
func leftOut() []baselines.Missing { return nil }

func resultJSON(res *crossval.Result) (json.RawMessage, error) {
	var b bytes.Buffer
	err := res.WriteJSON(&b)
	return b.Bytes(), err
}
