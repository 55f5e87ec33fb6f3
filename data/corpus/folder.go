package corpus

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// mostFile bounds the size of a text, in bytes.
const mostFile = 256 << 20

// ReadFolder reads texts of classes: each folder in root, such as os.DirFS("mails"), is a class,
// and each file in it or below it a text. Classes and files are in alphabetical order, names that
// begin with a point are left out. The set has the columns "text" and "file" of texts, the latter
// with the paths, and the target "class".
//
// It is an error, which names the file, if a text is not valid UTF-8 or larger than 256 MiB, if a
// file lies in no folder, and if there are fewer than two folders with texts.
func ReadFolder(root fs.FS, name string) (*data.Set, error) {
	if root == nil {
		return nil, errors.New("corpus: no folder to read")
	}
	texts, files := data.TextColumn{Name: "text"}, data.TextColumn{Name: "file"}
	var classes []string
	var labels []int
	err := fs.WalkDir(root, ".", func(at string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case at != "." && strings.HasPrefix(path.Base(at), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		class, _, inside := strings.Cut(at, "/")
		if !inside {
			return fmt.Errorf("%s lies in no folder, whose name would be its class", at)
		}
		cell, err := readText(root, at)
		if err != nil {
			return err
		}
		if len(classes) == 0 || classes[len(classes)-1] != class {
			classes = append(classes, class)
		}
		texts.Cells, files.Cells, labels = append(texts.Cells, cell), append(files.Cells, at), append(labels, len(classes)-1)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("corpus: %s: %w", name, err)
	}
	if len(classes) < 2 {
		return nil, fmt.Errorf("corpus: %s: %d folders with texts: want at least two, one for each class", name, len(classes))
	}
	return &data.Set{
		Name: name, Texts: []data.TextColumn{texts, files}, Target: "class", Classes: classes,
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels))},
	}, nil
}

func readText(root fs.FS, at string) (string, error) {
	f, err := root.Open(at)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostFile+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", at, err)
	case len(text) > mostFile:
		return "", fmt.Errorf("%s: more than %d MiB", at, mostFile>>20)
	case !utf8.Valid(text):
		return "", fmt.Errorf("%s: not valid UTF-8", at)
	}
	return string(text), nil
}

// Labelled returns a set of texts and their classes; the columns are called "text" and "class".
func Labelled(name string, texts, labels []string) (*data.Set, error) {
	if len(texts) != len(labels) || len(texts) == 0 {
		return nil, fmt.Errorf("corpus: %s: %d texts and %d labels", name, len(texts), len(labels))
	}
	y, classes := data.LabelEncode(labels)
	if len(classes) < 2 {
		return nil, fmt.Errorf("corpus: %s: the only class is %q: want at least two", name, classes)
	}
	return &data.Set{
		Name: name, Texts: []data.TextColumn{{Name: "text", Cells: slices.Clone(texts)}}, Target: "class", Classes: classes,
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(len(y)), tensor.WithBacking(y))},
	}, nil
}
