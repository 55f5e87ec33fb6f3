package images

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// Folder returns the pictures of a folder, such as os.DirFS("photos"), as rows, which are decoded
// when they are read, several at a time; neither the order of rows nor any bit of them depends on how
// many. Each folder in root is a class, and each file in it or below it a row. Classes and files are
// in alphabetical order, and names that begin with a point are left out. The rows have one input of
// float32 in [0, 1] of shape (rows, Height, Width, channels), the column "file" of texts, with the
// paths, and the target "class".
//
// It is an error if a file lies in no folder, if there are fewer than two classes, if a file is
// called otherwise than pictures are, and if the first picture cannot be decoded. Others are found
// when they are read, by an error that names the file; [Check] finds all of them before.
func Folder(root fs.FS, name string, o Options) (data.Indexed, error) {
	o, err := o.check()
	if err != nil {
		return data.Indexed{}, err
	}
	if o.Height == 0 {
		return data.Indexed{}, errors.New("images: a folder needs Height and Width, as all rows have one size")
	}
	files, err := list(root, o)
	if err != nil {
		return data.Indexed{}, fmt.Errorf("images: %s: %w", name, err)
	}
	answers := &data.Set{Name: name, Texts: []data.TextColumn{{Name: "file", Cells: files}}}
	if !o.Unlabelled {
		var labels []int
		if labels, answers.Classes, err = classes(files); err != nil {
			return data.Indexed{}, fmt.Errorf("images: %s: %w", name, err)
		}
		answers.Target = "class"
		answers.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels))}
	}
	rows := data.Indexed{Answers: answers, Load: func(rows []int, into *data.Set) error {
		if err := o.load(root, files, rows, into); err != nil {
			return fmt.Errorf("images: %s: %w", name, err)
		}
		return nil
	}}
	// Some of the rows, to show their shape.
	if rows.Like, err = answers.Rows([]int{0}); err != nil {
		return data.Indexed{}, fmt.Errorf("images: %s: %w", name, err)
	}
	return rows, rows.Load([]int{0}, rows.Like)
}

// Check decodes all pictures that Folder would read, and returns one error, which names the file, for
// each that cannot be.
func Check(root fs.FS, o Options) ([]error, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	files, err := list(root, o)
	if err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	broken := make([]error, len(files))
	o.each(len(files), func(i int) error {
		if _, _, _, err := o.read(root, files[i], nil); err != nil {
			broken[i] = fmt.Errorf("images: %s: %w", files[i], err)
		}
		return nil
	})
	return slices.DeleteFunc(broken, func(err error) bool { return err == nil }), nil
}

// list returns the paths of all pictures in alphabetical order of their parts.
func list(root fs.FS, o Options) (files []string, err error) {
	if root == nil {
		return nil, errors.New("there is no folder to read")
	}
	err = fs.WalkDir(root, ".", func(at string, d fs.DirEntry, err error) error {
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
		switch strings.ToLower(path.Ext(at)) {
		case ".jpg", ".jpeg", ".png", ".webp":
			files = append(files, at)
			return nil
		}
		if o.SkipOthers {
			return nil
		}
		return fmt.Errorf("%s is not called .jpg, .jpeg, .png or .webp; Options.SkipOthers leaves such files out", at)
	})
	if err == nil && len(files) == 0 {
		err = errors.New("there are no pictures")
	}
	return files, err
}

// classes returns the number of each file's class and the names of all classes.
func classes(files []string) (labels []int, names []string, err error) {
	for _, at := range files {
		class, _, inside := strings.Cut(at, "/")
		if !inside {
			return nil, nil, fmt.Errorf("%s lies in no folder, whose name would be its class; Options.Unlabelled reads pictures without classes", at)
		}
		if len(names) == 0 || names[len(names)-1] != class {
			names = append(names, class)
		}
		labels = append(labels, len(names)-1)
	}
	if len(names) < 2 {
		return nil, nil, fmt.Errorf("the only folder with pictures is %s: want at least two, one for each class", names[0])
	}
	return labels, names, nil
}

// read decodes a file.
func (o Options) read(root fs.FS, at string, dst []float32) (h, w int, pix []float32, err error) {
	f, err := root.Open(at)
	if err != nil {
		return 0, 0, nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, mostFile+1))
	if err != nil {
		return 0, 0, nil, err
	}
	return o.decode(raw, dst)
}

// load decodes rows into the input of a set.
func (o Options) load(root fs.FS, files []string, rows []int, into *data.Set) error {
	shape := tensor.Shape{len(rows), o.Height, o.Width, o.channels()}
	width := o.Height * o.Width * o.channels()
	if len(rows) > (1<<31-1)/width {
		return fmt.Errorf("%d pictures of %d x %d at once do not fit: read fewer rows", len(rows), o.Height, o.Width)
	}
	var pix []float32
	if len(into.Inputs) == 1 && into.Inputs[0] != nil && slices.Equal(into.Inputs[0].Shape(), shape) {
		pix, _ = into.Inputs[0].Data().([]float32)
	}
	if pix == nil {
		pix = make([]float32, len(rows)*width)
		into.Inputs = []*tensor.Dense{tensor.New(tensor.WithShape(shape...), tensor.WithBacking(pix))}
	}
	return o.each(len(rows), func(i int) error {
		if _, _, _, err := o.read(root, files[rows[i]], pix[i*width:(i+1)*width]); err != nil {
			return fmt.Errorf("%s: %w", files[rows[i]], err)
		}
		return nil
	})
}

// each calls f with 0 to n−1, several at a time, and returns the error of the smallest number.
func (o Options) each(n int, f func(i int) error) error {
	workers := o.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var failed atomic.Bool
	var wait sync.WaitGroup
	var lock sync.Mutex
	at, first := n, error(nil)
	for range min(workers, n) {
		wait.Go(func() {
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := f(i); err != nil {
					failed.Store(true)
					lock.Lock()
					if i < at {
						at, first = i, err
					}
					lock.Unlock()
				}
			}
		})
	}
	wait.Wait()
	return first
}
