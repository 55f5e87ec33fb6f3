// Package filelock keeps other processes from a file.
package filelock

import "errors"

// ErrHeld is the error of a file that another process has locked.
var ErrHeld = errors.New("another process is writing it")
