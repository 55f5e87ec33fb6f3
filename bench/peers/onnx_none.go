//go:build !cgo

package main

import (
	"errors"

	"github.com/seed732fc211/aegis/bench/workload"
)

var errNoCgo = errors.New("built without cgo")

func onnxVersion() (string, error) { return "", errNoCgo }

func openONNX(request, workload.Workload) (*session, error) { return nil, errNoCgo }
