// Package atomicfile writes files that are there whole or not at all.
package atomicfile

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write makes a file of what write gives: into a temporary file beside path,
// synced, then renamed. After an error path is as it was.
func Write(path string, write func(w io.Writer) error) (err error) {
	mode := fs.FileMode(0o644)
	if st, err := os.Stat(path); err == nil {
		mode = st.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
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
	if err := f.Chmod(mode); err != nil {
		return about(path, err)
	}
	if err := f.Sync(); err != nil {
		return about(path, err)
	}
	if err := f.Close(); err != nil {
		return about(path, err)
	}
	return about(path, os.Rename(f.Name(), path))
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
