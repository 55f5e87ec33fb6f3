// Package atomicfile writes files that are there whole or not at all.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Write makes a file of what write gives: into a temporary file beside it,
// synced, then renamed, and the folder synced too. After an error the file is as
// it was. An existing file keeps its permissions; a new one gets 0666 less the
// umask.
//
// A symbolic link is followed, so that its target changes and the link stays. A
// device, a pipe or a socket cannot be replaced and is written to as a stream; so is a
// standard stream (/dev/stdout), wherever it leads.
// Temporary files that a killed process left for the same name are removed.
func Write(path string, write func(w io.Writer) error) error {
	if f := standard(path); f != nil {
		w := bufio.NewWriterSize(f, 1<<16)
		if err := write(w); err != nil {
			return err
		}
		return w.Flush()
	}
	real, mode, err := resolve(path)
	if err != nil {
		return about(path, err)
	}
	if mode.Type() != 0 && !mode.IsDir() {
		return stream(path, write)
	}
	return replace(path, real, mode, write)
}

// Check returns an error, before the work, if no file could be written at path; "" is none.
func Check(path string) error {
	if path == "" {
		return nil
	}
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() && !st.IsDir() {
		return nil // a device or a pipe is written to as it is
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	dir := filepath.Dir(path)
	st, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if !st.IsDir() {
		return fmt.Errorf("cannot write %s: %s is not a folder", path, dir)
	}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return fmt.Errorf("cannot write %s: it is a folder", path)
	}
	f, err := os.CreateTemp(dir, ".aegis-*")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	f.Close()
	return os.Remove(f.Name())
}

// standard returns the standard stream that a path names, nil of another path. It must
// be written to where it stands: opened anew, a file that it leads to would lose what
// was written before, and replaced, what is written after.
func standard(path string) *os.File {
	switch filepath.ToSlash(filepath.Clean(path)) {
	case "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1":
		return os.Stdout
	case "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2":
		return os.Stderr
	}
	return nil
}

// resolve returns the path of the file that is meant, links followed, and its
// mode: 0 if it does not exist yet.
func resolve(path string) (real string, mode fs.FileMode, err error) {
	st, err := os.Stat(path)
	if err == nil {
		if st.Mode().Type() != 0 {
			return path, st.Mode(), nil
		}
		real, err = filepath.EvalSymlinks(path)
		return real, st.Mode(), err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", 0, err
	}
	const maxLinks = 40 // as Linux
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil { // no link: the file is to be made here
			return path, 0, nil
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", 0, errors.New("too many symbolic links")
}

func stream(path string, write func(w io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

func replace(path, real string, mode fs.FileMode, write func(w io.Writer) error) (err error) {
	removeStale(real)
	f, err := temporary(real)
	if err != nil {
		return about(path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(target{f, path}, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if mode != 0 {
		if err := f.Chmod(mode.Perm()); err != nil {
			return about(path, err)
		}
	}
	if err := f.Sync(); err != nil {
		return about(path, err)
	}
	if closeToRename {
		if err := f.Close(); err != nil {
			return about(path, err)
		}
	}
	if err := os.Rename(f.Name(), real); err != nil {
		return about(path, err)
	}
	f.Close() // until here the lock says that the file is in use
	return syncFolder(filepath.Dir(real))
}

// prefix begins the names of a file's temporary files. A name may have 255 bytes.
func prefix(path string) string {
	base := filepath.Base(path)
	return "." + base[:min(len(base), 200)] + ".aegis-"
}

// temporary makes a file beside path and locks it.
func temporary(path string) (*os.File, error) {
	const tries = 100
	for range tries {
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf("%s%08x", prefix(path), rand.Uint32()))
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		lock(f)
		if st, err := f.Stat(); err == nil {
			if there, err := os.Lstat(name); err == nil && os.SameFile(st, there) {
				return f, nil
			}
		}
		f.Close() // another process took it for stale before it was locked
	}
	return nil, errors.New("no name is free for a temporary file")
}

// removeStale removes temporary files of path that no process has locked.
func removeStale(path string) {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // Write will say what is wrong with the folder
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix(path)) || !e.Type().IsRegular() {
			continue
		}
		name := filepath.Join(dir, e.Name())
		if f, err := os.OpenFile(name, os.O_RDWR, 0); err == nil {
			if stale(f) {
				os.Remove(name)
			}
			f.Close()
		}
	}
}

// target is the temporary file; its errors name the path that is meant.
type target struct {
	f    *os.File
	path string
}

func (t target) Write(p []byte) (int, error) {
	n, err := t.f.Write(p)
	return n, about(t.path, err)
}

// about returns err as one about path, whatever file it names.
func about(path string, err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return &fs.PathError{Op: p.Op, Path: path, Err: p.Err}
	case errors.As(err, &l):
		return &fs.PathError{Op: l.Op, Path: path, Err: l.Err}
	}
	return err
}
