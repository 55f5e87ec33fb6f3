//go:build unix && !solaris && !aix

package atomicfile

import (
	"os"
	"syscall"
)

const closeToRename = false

// lock marks a temporary file as one in use; the mark ends with the process.
func lock(f *os.File) { syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// stale reports whether no process has the file locked.
func stale(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// syncFolder makes a rename last through a power failure.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !isUnsupported(err) {
		return err
	}
	return nil
}

// isUnsupported reports whether a file system cannot sync folders.
func isUnsupported(err error) bool {
	e, ok := err.(*os.PathError)
	return ok && (e.Err == syscall.EINVAL || e.Err == syscall.ENOTSUP)
}
