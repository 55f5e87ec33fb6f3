package crossval

import (
	"encoding/json"
	"math"
	"strconv"
)

// The file format of a result: its name and version.
const (
	formatName    = "aegis-crossval"
	formatVersion = 1
)

// file is a Result in its JSON form, with the times separate from the rest.
type file struct {
	Format     string          `json:"format"`
	Version    int             `json:"version"`
	Data       fileData        `json:"data"`
	Seed       uint64          `json:"seed,string"`
	Splitter   string          `json:"splitter"`
	Metrics    []fileMetric    `json:"metrics"`
	Candidates []fileCandidate `json:"candidates"`
	Splits     []fileSplit     `json:"splits"`
	Runs       []fileRun       `json:"runs"`
	Failed     []fileFailure   `json:"failed,omitempty"`
	Leaks      []Leak          `json:"leaks,omitempty"`
	Timing     []fileTiming    `json:"timing,omitempty"` // by the index of the run in Runs
}

type fileData struct {
	Name    string          `json:"name"`
	Source  string          `json:"source,omitempty"`
	Rows    int             `json:"rows"`
	Task    json.RawMessage `json:"task"`
	Target  string          `json:"target,omitempty"`
	Columns []string        `json:"target_columns,omitempty"`
	Classes []string        `json:"classes,omitempty"`
	Labels  []int           `json:"labels,omitempty"`
	Values  []number        `json:"values,omitempty"`

	Groups   []int    `json:"groups,omitempty"`
	Features []string `json:"features,omitempty"`
}

type fileMetric struct {
	Name    string    `json:"name"`
	Greater bool      `json:"greater"`
	Range   [2]number `json:"range,omitzero"`
}

type fileCandidate struct {
	Name     string `json:"name"`
	Baseline bool   `json:"baseline,omitempty"`
}

type fileSplit struct {
	Repeat int   `json:"repeat"`
	Fold   int   `json:"fold"`
	Train  []int `json:"train,omitempty"` // absent: all rows that are not in test
	Test   []int `json:"test"`

	Resampled bool `json:"resampled,omitempty"` // train was drawn with replacement
}

type fileRun struct {
	Candidate  string      `json:"candidate"`
	Split      int         `json:"split"`
	Seed       uint64      `json:"seed,string"`
	Scores     []number    `json:"scores"`
	Labels     []int       `json:"labels,omitempty"`
	Proba      []number    `json:"proba,omitempty"`
	Values     []number    `json:"values,omitempty"`
	Curves     []fileCurve `json:"curves,omitempty"`
	BestEpoch  int         `json:"best_epoch,omitempty"`
	Parameters int         `json:"parameters,omitempty"`
	Notes      []string    `json:"notes,omitempty"`
	Importance []number    `json:"importance,omitempty"`
}

type fileCurve struct {
	Name   string   `json:"name"`
	Values []number `json:"values"`
}

type fileFailure struct {
	Candidate string `json:"candidate"`
	Message   string `json:"message"`
	Skipped   bool   `json:"skipped,omitempty"`
}

type fileTiming struct {
	Fit     int64 `json:"fit_ns"`
	Predict int64 `json:"predict_ns"`
}

// number is a float64 that JSON holds as a string if it is NaN or infinite.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return strconv.AppendQuote(nil, strconv.FormatFloat(v, 'g', -1, 64)), nil
	}
	return json.Marshal(float64(n))
}

func (n *number) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `"NaN"`:
		*n = number(math.NaN())
		return nil
	case `"+Inf"`:
		*n = number(math.Inf(1))
		return nil
	case `"-Inf"`:
		*n = number(math.Inf(-1))
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

func convert[To, From ~float64](from []From) []To {
	if from == nil {
		return nil
	}
	to := make([]To, len(from))
	for i, v := range from {
		to[i] = To(v)
	}
	return to
}
