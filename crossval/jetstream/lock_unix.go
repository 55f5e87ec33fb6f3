//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package jetstream

import (
	"errors"
	"os"
	"syscall"
)

// lock keeps other processes from a folder until this one closes the file or ends.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errors.New("another process has its server there")
	}
	return err
}
