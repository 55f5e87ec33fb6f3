//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package crossval

import (
	"errors"
	"os"
	"syscall"
)

// lock keeps other processes from a file until this one closes it or ends.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errors.New("another process is writing it")
	}
	return err
}
