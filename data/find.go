package data

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrAbsent is the cause of errors about data sets that are not on this machine.
var ErrAbsent = errors.New("the files are not on this machine")

// collection is a data set whose files are not part of Aegis.
type collection struct {
	name    string
	folder  string            // in the folder of the user's data sets
	places  []string          // other folders that may have the files
	sums    map[string]string // SHA-256 in hex by file name
	howToDo string
}

// Folder returns the folder of the user's data sets, which need not exist: $AEGIS_DATA if it
// is set, otherwise aegis in the user's cache folder. It is an error if there is neither.
func Folder() (string, error) {
	if dir := os.Getenv("AEGIS_DATA"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "aegis"), nil
}

// read returns the contents of a file from the first place that has it. A file with the
// wrong SHA-256 is an error rather than skipped; the error says what to do.
func (c collection) read(name string) ([]byte, error) {
	places := c.places
	if dir, err := Folder(); err == nil {
		places = append([]string{filepath.Join(dir, c.folder)}, places...)
	}
	for _, place := range places {
		path := filepath.Join(place, name)
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("data: %s: %w", c.name, err)
		}
		sum := sha256.Sum256(raw)
		if got := hex.EncodeToString(sum[:]); got != c.sums[name] {
			return nil, fmt.Errorf("data: %s: %s is not the expected file: its SHA-256 is %s, not %s; remove it, and %s", c.name, path, got, c.sums[name], c.howToDo)
		}
		return raw, nil
	}
	return nil, fmt.Errorf("data: %s: %w: %s was looked for in %s; %s", c.name, ErrAbsent, name, strings.Join(places, ", "), c.howToDo)
}

// readGzip returns the contents of a compressed file.
func (c collection) readGzip(name string) (io.Reader, error) {
	raw, err := c.read(name)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("data: %s: %s: %w", c.name, name, err)
	}
	return z, nil
}

// moduleCache returns the folder of a module in the module cache, given the module's path
// and version as escaped by the Go command.
func moduleCache(escaped string) []string {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return []string{filepath.Join(dir, filepath.FromSlash(escaped))}
	}
	var places []string
	for _, dir := range filepath.SplitList(os.Getenv("GOPATH")) {
		places = append(places, filepath.Join(dir, "pkg", "mod", filepath.FromSlash(escaped)))
	}
	if home, err := os.UserHomeDir(); err == nil && len(places) == 0 {
		places = append(places, filepath.Join(home, "go", "pkg", "mod", filepath.FromSlash(escaped)))
	}
	return places
}
