package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(text string, err error) func(io.Writer) error {
	return func(w io.Writer) error {
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		return err
	}
}

// only checks that a folder holds one file, with the given text.
func only(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%q (%v), want %q", got, err, want)
	}
	if list, err := os.ReadDir(filepath.Dir(path)); err != nil || len(list) != 1 {
		t.Errorf("%d files (%v), want 1", len(list), err)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.txt")
	if err := Write(path, write("first", nil)); err != nil {
		t.Fatal(err)
	}
	only(t, path, "first")
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("second ", 1<<16)
	if err := Write(path, write(long, nil)); err != nil {
		t.Fatal(err)
	}
	only(t, path, long)
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want that of the old file", st.Mode(), err)
	}
}

func TestFailureKeepsTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.txt")
	if err := Write(path, write("old", nil)); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("no more ink")
	if err := Write(path, write(strings.Repeat("half ", 1<<16), cause)); !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	}
	only(t, path, "old")
}

func TestErrorsNameThePath(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none", "out.txt")
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	inFolder := filepath.Join(folder, "full")
	if err := os.WriteFile(filepath.Join(inFolder, "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{missing, inFolder} {
		err := Write(path, write("text", nil))
		if err == nil || !strings.Contains(err.Error(), path+":") || strings.Contains(err.Error(), path+"/.") {
			t.Errorf("error %v, want one about %s", err, path)
		}
	}
	if list, _ := os.ReadDir(folder); len(list) != 1 {
		t.Errorf("a temporary file is left: %v", list)
	}
	f, err := os.CreateTemp(folder, "")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := (target{f, "there.txt"}).Write([]byte("x")); err == nil || !strings.Contains(err.Error(), "there.txt") {
		t.Errorf("error %v of a closed file, want one about there.txt", err)
	}
}
