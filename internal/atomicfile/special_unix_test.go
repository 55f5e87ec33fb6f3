//go:build unix && !solaris && !aix

package atomicfile

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPipe: a FIFO is written to, not replaced.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string)
	go func() {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		got <- string(text)
	}()
	if err := Write(path, write("through the pipe", nil)); err != nil {
		t.Fatal(err)
	}
	if text := <-got; text != "through the pipe" {
		t.Errorf("read %q", text)
	}
	if st, err := os.Lstat(path); err != nil || st.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe has become %v (%v)", st.Mode(), err)
	}
}

func TestDevice(t *testing.T) {
	if err := Write(os.DevNull, write("nothing", nil)); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Lstat(os.DevNull); err != nil || st.Mode()&os.ModeCharDevice == 0 {
		t.Fatalf("%s has become %v (%v)", os.DevNull, st.Mode(), err)
	}
}

// TestStandardStream: what is on standard output stays there, before and behind a file
// that is written to /dev/stdout, also where that leads to a regular file.
func TestStandardStream(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	defer func(old *os.File) { os.Stdout = old }(os.Stdout)
	os.Stdout = f
	for _, name := range []string{"/dev/stdout", "/proc/self/fd/1", "/dev/fd/../stdout"} {
		f.WriteString("first ")
		if err := Write(name, write("the file ", nil)); err != nil {
			t.Fatal(err)
		}
		f.WriteString("last\n")
	}
	text, err := os.ReadFile(path)
	if want := strings.Repeat("first the file last\n", 3); err != nil || string(text) != want {
		t.Errorf("standard output is %q, %v; want %q", text, err, want)
	}
}

// TestSymlink: the target gets the content, the link stays; a link to a file
// that is not there makes that file.
func TestSymlink(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	link, real := filepath.Join(dir, "link"), filepath.Join(other, "real")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"made", "changed"} {
		if err := Write(link, write(text, nil)); err != nil {
			t.Fatal(err)
		}
		only(t, real, text)
		if st, err := os.Lstat(link); err != nil || st.Mode()&os.ModeSymlink == 0 {
			t.Fatalf("the link has become %v (%v)", st.Mode(), err)
		}
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	if err := Write(loop, write("", nil)); err == nil {
		t.Error("a link to itself was written")
	}
}

func TestUmask(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	path := filepath.Join(t.TempDir(), "secret")
	if err := Write(path, write("x", nil)); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", st.Mode(), err)
	}
}

// TestKilled writes in a process that is killed half-way: its temporary file is
// gone after the next write, and that of a writer at work is not touched.
func TestKilled(t *testing.T) {
	if path := os.Getenv("AEGIS_WRITE_AND_WAIT"); path != "" {
		err := Write(path, func(w io.Writer) error {
			os.Stdout.WriteString("writing\n")
			time.Sleep(time.Hour)
			return nil
		})
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "out")
	c := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	c.Env = append(os.Environ(), "AEGIS_WRITE_AND_WAIT="+path)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("writing\n"))); err != nil {
		t.Fatal(err)
	}
	temporaries := func() (n int) {
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), prefix(path)) {
				n++
			}
		}
		return n
	}
	if err := Write(path, write("beside", nil)); err != nil {
		t.Fatal(err)
	}
	if n := temporaries(); n != 1 {
		t.Errorf("%d temporary files while a process writes, want 1", n)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	c.Wait()
	if err := Write(path, write("after", nil)); err != nil {
		t.Fatal(err)
	}
	only(t, path, "after")
}
