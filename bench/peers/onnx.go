//go:build cgo

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"

	"github.com/seed732fc211/aegis/bench/workload"
	onnx "github.com/yalue/onnxruntime_go"
)

// onnxLibrary is the variable that names the shared library of ONNX Runtime.
const onnxLibrary = "ONNXRUNTIME_LIBRARY"

var startONNX = sync.OnceValue(func() error {
	path := os.Getenv(onnxLibrary)
	if path == "" {
		return errors.New(onnxLibrary + " is not set")
	}
	onnx.SetSharedLibraryPath(path)
	return onnx.InitializeEnvironment()
})

func onnxVersion() (string, error) {
	if err := startONNX(); err != nil {
		return "", err
	}
	return onnx.GetVersion(), nil
}

// openONNX makes a session of a model in a file, with its batches in memory.
func openONNX(r request, w workload.Workload) (*session, error) {
	if err := startONNX(); err != nil {
		return nil, err
	}
	if r.Kind != "inference" {
		return nil, fmt.Errorf("ONNX Runtime has no %s", r.Kind)
	}
	set, err := rowsOf(w, false)
	if err != nil {
		return nil, err
	}
	o, err := newONNX(r.Model, w, set, r.Rows)
	if err != nil {
		return nil, err
	}
	at := 0
	s := &session{close: o.close, step: func() (int, error) {
		at = (at + 1) % len(o.inputs)
		return r.Rows, o.run(at)
	}}
	if r.Rows == 1 {
		s.every = 64
	}
	return s, nil
}

// onnxModel is a model at work.
type onnxModel struct {
	session *onnx.DynamicAdvancedSession
	inputs  [][]onnx.Value
	output  []onnx.Value
	logits  *onnx.Tensor[float32]
}

func newONNX(path string, w workload.Workload, set rows, batch int) (*onnxModel, error) {
	options, err := onnx.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	err = errors.Join(
		options.SetIntraOpNumThreads(runtime.GOMAXPROCS(0)), options.SetInterOpNumThreads(1),
		options.SetGraphOptimizationLevel(onnx.GraphOptimizationLevelEnableAll))
	if err != nil {
		return nil, err
	}
	o := &onnxModel{}
	if o.session, err = onnx.NewDynamicAdvancedSession(path, []string{"x"}, []string{"y"}, options); err != nil {
		return nil, err
	}
	shape := []int64{int64(batch)}
	for _, d := range w.Shape {
		shape = append(shape, int64(d))
	}
	if w.Name == "W2" { // channels first, as PyTorch has written the model; there is one
		shape[1], shape[3] = shape[3], shape[1]
	}
	for at := 0; at+batch <= len(set.labels) && len(o.inputs) < 2048; at += batch {
		x, err := onnx.NewTensor(onnx.NewShape(shape...), set.x[at*set.width:(at+batch)*set.width])
		if err != nil {
			return nil, errors.Join(err, o.close())
		}
		o.inputs = append(o.inputs, []onnx.Value{x})
	}
	units := w.Classes
	if w.Table {
		units = 1
	}
	if o.logits, err = onnx.NewEmptyTensor[float32](onnx.NewShape(int64(batch), int64(units))); err != nil {
		return nil, errors.Join(err, o.close())
	}
	o.output = []onnx.Value{o.logits}
	if err := o.check(path + ".want"); err != nil {
		return nil, errors.Join(err, o.close())
	}
	return o, nil
}

// check holds the logits of the first batch to those in a file, as float32.
func (o *onnxModel) check(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := o.run(0); err != nil {
		return err
	}
	have := o.logits.GetData()
	if len(raw) != 4*len(have) {
		return fmt.Errorf("%s has %d bytes for %d logits", path, len(raw), len(have))
	}
	for i, v := range have {
		want := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		if !(math.Abs(float64(v-want)) <= 1e-4*max(1, math.Abs(float64(want)))) {
			return fmt.Errorf("ONNX Runtime is wrong: logit %d is %v, PyTorch has %v", i, v, want)
		}
	}
	return nil
}

// run predicts a batch into logits.
func (o *onnxModel) run(batch int) error { return o.session.Run(o.inputs[batch], o.output) }

func (o *onnxModel) close() error {
	err := o.session.Destroy()
	for _, x := range o.inputs {
		err = errors.Join(err, x[0].Destroy())
	}
	if o.logits != nil {
		err = errors.Join(err, o.logits.Destroy())
	}
	return err
}
