package ensemble

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/models"
)

// The file is a ZIP archive, whose members are stored as they are: ensemble.json says how
// they are joined, member0.safetensors is a model file, member1.json trees.
const (
	fileFormat  = "aegis-ensemble"
	fileVersion = 1
	fileIndex   = "ensemble.json"
)

// document is ensemble.json.
type document struct {
	Format   string          `json:"format"`
	Version  int             `json:"version"`
	Task     json.RawMessage `json:"task"`
	Target   string          `json:"target"`
	Classes  []string        `json:"classes,omitempty"`
	Features []data.Feature  `json:"features"`
	Members  []memberJSON    `json:"members"`
}

type memberJSON struct {
	Weight float64         `json:"weight"`
	File   string          `json:"file"`
	Trees  bool            `json:"trees,omitempty"`
	Before json.RawMessage `json:"before,omitempty"`
}

// ErrFormat is wrapped by the error of a file that holds no ensemble.
var ErrFormat = errors.New("this file holds no ensemble of Aegis")

// Save writes the model to a file, which is replaced atomically. Equal models give equal bytes.
func (m *Model) Save(path string) error {
	if err := m.check(); err != nil {
		return err
	}
	if err := atomicfile.Write(path, m.write); err != nil {
		return fmt.Errorf("ensemble: save: %w", err)
	}
	return nil
}

func (m *Model) write(w io.Writer) error {
	d := document{Format: fileFormat, Version: fileVersion, Target: m.Target, Classes: m.Classes, Features: m.Features}
	var err error
	if d.Task, err = data.MarshalTask(m.Task); err != nil {
		return err
	}
	parts := make([][]byte, len(m.Members))
	for i, one := range m.Members {
		j := memberJSON{Weight: one.Weight, File: fmt.Sprintf("member%d.safetensors", i), Trees: one.Trees != nil}
		var b bytes.Buffer
		if one.Trees != nil {
			j.File = fmt.Sprintf("member%d.json", i)
			err = json.NewEncoder(&b).Encode(one.Trees)
		} else {
			err = one.Net.Write(&b)
		}
		if err == nil && one.Before != nil {
			j.Before, err = describe.Marshal(&one.Before)
		}
		if err != nil {
			return fmt.Errorf("member %d: %w", i, err)
		}
		parts[i] = b.Bytes()
		d.Members = append(d.Members, j)
	}
	index, err := json.Marshal(d)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	put := func(name string, text []byte) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = f.Write(text)
		}
		return err
	}
	if err := put(fileIndex, index); err != nil {
		return err
	}
	for i, j := range d.Members {
		if err := put(j.File, parts[i]); err != nil {
			return err
		}
	}
	return z.Close()
}

// Load reads a file written by Save. The error wraps ErrFormat if the file is of another kind.
func Load(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ensemble: load: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("ensemble: load: %w", err)
	}
	m, err := Read(f, st.Size())
	if err != nil {
		return nil, fmt.Errorf("ensemble: load %s: %w", path, err)
	}
	return m, nil
}

// Read reads what Save writes from a reader of the given size. Nothing in a file makes it
// take more memory than a small multiple of that size.
func Read(r io.ReaderAt, size int64) (*Model, error) {
	if r == nil {
		return nil, ErrFormat
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrFormat, err)
	}
	left := size // parts that overlap could be read again and again
	text, err := part(z, fileIndex, &left)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrFormat, err)
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil || d.Format != fileFormat {
		return nil, ErrFormat
	}
	if d.Version != fileVersion {
		return nil, fmt.Errorf("version %d of the format is not known, only %d", d.Version, fileVersion)
	}
	m := &Model{Target: d.Target, Classes: d.Classes, Features: d.Features}
	if m.Task, err = data.UnmarshalTask(d.Task); err != nil {
		return nil, fmt.Errorf("%s: task: %w", fileIndex, err)
	}
	for i, j := range d.Members {
		one, err := j.read(z, &left)
		if err != nil {
			return nil, fmt.Errorf("member %d: %w", i, err)
		}
		m.Members = append(m.Members, one)
	}
	return m, m.check()
}

// read reads a member's part.
func (j *memberJSON) read(z *zip.Reader, left *int64) (Member, error) {
	one := Member{Weight: j.Weight}
	text, err := part(z, j.File, left)
	if err != nil {
		return one, err
	}
	if j.Before != nil {
		if err := describe.Unmarshal(j.Before, &one.Before); err != nil {
			return one, err
		}
	}
	if j.Trees {
		one.Trees = &baselines.TreeModel{}
		err = json.Unmarshal(text, one.Trees)
	} else {
		one.Net, _, err = models.Read(bytes.NewReader(text))
	}
	return one, err
}

// part returns a part of the archive, which must be stored as it is. left is how many bytes
// may still be read.
func part(z *zip.Reader, name string, left *int64) ([]byte, error) {
	for _, f := range z.File {
		if f.Name != name {
			continue
		}
		if f.Method != zip.Store || f.UncompressedSize64 > uint64(*left) {
			return nil, fmt.Errorf("%s: compressed, or larger than the file", name)
		}
		*left -= int64(f.UncompressedSize64)
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		defer r.Close()
		// One byte more, as the checksum is looked at where the part ends.
		text, err := io.ReadAll(io.LimitReader(r, int64(f.UncompressedSize64)+1))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return text, nil
	}
	return nil, fmt.Errorf("there is no %s", name)
}
