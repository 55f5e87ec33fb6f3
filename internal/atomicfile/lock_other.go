//go:build !unix || solaris || aix

package atomicfile

import (
	"os"
	"time"
)

// Without locks a temporary file counts as left behind after a day.
const leftBehind = 24 * time.Hour

// closeToRename: Windows does not rename a file that is open.
const closeToRename = true

func lock(*os.File) {}

func stale(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && time.Since(st.ModTime()) > leftBehind
}

// syncFolder does nothing: these systems offer no such operation.
func syncFolder(string) error { return nil }
