package corpus

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seed732fc211/aegis/data"
)

// howToDo says how a file of a collection is had.
const howToDo = "data/testdata/fetch-texts.sh of Aegis makes it"

// collection is a set of texts whose file is not part of Aegis.
type collection struct {
	name   string
	file   string // in the folder texts of data.Folder
	sum    string // its SHA-256 in hex; "": it is in listsFile
	source string
	texts  []string // columns of texts
	target string   // column of the class; "": none
	group  string   // the column of texts whose equal cells are a group; "": none
}

// read returns the contents of a file in the folder of texts.
func (c collection) read(file string) ([]byte, error) {
	dir, err := data.Folder()
	if err != nil {
		return nil, fmt.Errorf("corpus: %s: %w", c.name, err)
	}
	path := filepath.Join(dir, "texts", file)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("corpus: %s: %w: there is no %s; %s", c.name, data.ErrAbsent, path, howToDo)
	}
	if err != nil {
		return nil, fmt.Errorf("corpus: %s: %w", c.name, err)
	}
	return raw, nil
}

// contents returns the contents of the collection's file, which has the SHA-256.
func (c collection) contents(sum string) ([]byte, error) {
	raw, err := c.read(c.file)
	if err != nil {
		return nil, err
	}
	have := sha256.Sum256(raw)
	if got := hex.EncodeToString(have[:]); got != sum {
		return nil, fmt.Errorf("corpus: %s: %s is not the expected file: its SHA-256 is %s, not %s; remove it: %s anew", c.name, c.file, got, sum, howToDo)
	}
	return raw, nil
}

// set returns the rows of the collection's file.
func (c collection) set() (*data.Set, error) {
	sum, source, rows := c.sum, c.source, 0
	if sum == "" {
		l, err := c.lists()
		if err != nil {
			return nil, err
		}
		sum, rows = l.Files[c.file].SHA256, l.Files[c.file].Rows
		source = fmt.Sprintf("Debian %s %s, main, lists of %s; %s with SHA-256 %s; %s", l.Release.Codename, l.Release.Version, l.Release.Date, c.file, sum, c.source)
	}
	raw, err := c.contents(sum)
	if err != nil {
		return nil, err
	}
	file, err := data.JSONLines(bytes.NewReader(raw), c.file)
	if err != nil {
		return nil, fmt.Errorf("corpus: %s: %w", c.name, err)
	}
	if rows > 0 && file.Rows != rows {
		return nil, fmt.Errorf("corpus: %s: %s has %d rows, and %d in %s", c.name, c.file, file.Rows, rows, listsFile)
	}
	s, err := c.collect(file)
	if err != nil {
		return nil, fmt.Errorf("corpus: %s: %w", c.name, err)
	}
	s.Name, s.Source = c.name, source
	return s, nil
}

// collect makes a set of a file's columns.
func (c collection) collect(file data.ColumnFile) (*data.Set, error) {
	how := data.CSV{Target: c.target, NoTarget: c.target == "", KeepAll: true, Types: map[string]data.ColumnType{}}
	if c.target != "" {
		how.AsTask = "classify"
	}
	for _, name := range c.texts {
		how.Types[name] = data.Text
	}
	src, err := how.Source(file)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	s, err := data.Collect(src)
	if err != nil {
		return nil, err
	}
	if s.Len() != file.Rows {
		return nil, fmt.Errorf("%d of %d rows have no %s", file.Rows-s.Len(), file.Rows, c.target)
	}
	if c.group == "" {
		return s, nil
	}
	at, err := columnOf(s, c.group)
	if err != nil {
		return nil, err
	}
	s.Groups, _ = data.LabelEncode(s.Texts[at].Cells)
	return s, nil
}

// listsFile says of what date Debian's lists are, and what was made of them.
const listsFile = "debian.json"

// lists are the contents of listsFile.
type lists struct {
	Release struct{ Codename, Version, Date string }
	Files   map[string]struct {
		SHA256 string
		Rows   int
	}
}

// lists reads listsFile and checks that it has what the collection needs.
func (c collection) lists() (lists, error) {
	var l lists
	raw, err := c.read(listsFile)
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return l, fmt.Errorf("corpus: %s: %s: %w; %s anew", c.name, listsFile, err, howToDo)
	}
	if f := l.Files[c.file]; len(f.SHA256) != 2*sha256.Size || f.Rows < 1 || l.Release.Date == "" {
		return l, fmt.Errorf("corpus: %s: %s lacks the date of the lists, or rows and SHA-256 of %s; %s anew", c.name, listsFile, c.file, howToDo)
	}
	return l, nil
}
