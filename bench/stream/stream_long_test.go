//go:build long && linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed732fc211/aegis/data/parquet"
)

// TestFlatMemory: a process fits a net to a file ten times as large as the memory that it
// takes at most. AEGIS_STREAM names a file that is kept for the next time.
func TestFlatMemory(t *testing.T) {
	if path := os.Getenv("AEGIS_STREAM_CHILD"); path != "" {
		src, err := parquet.File{Path: path}.Open()
		if err != nil {
			t.Fatal(err)
		}
		opened := peak()
		if _, err := fit(src, 1, 16, false); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("opened with %s, peak %s\n", opened, peak())
		return
	}
	const rows = 20_000_000
	path := os.Getenv("AEGIS_STREAM")
	if path == "" {
		path = filepath.Join(t.TempDir(), "rows.parquet")
	}
	if _, err := os.Stat(path); err != nil {
		var disk syscall.Statfs_t
		if err := syscall.Statfs(filepath.Dir(path), &disk); err == nil && uint64(disk.Bavail)*uint64(disk.Bsize) < rows*columns*9 {
			t.Skip("the disk has no room for the file")
		}
		if err := write(path, rows, "none"); err != nil {
			t.Fatal(err)
		}
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	limit := st.Size() / 10
	cmd := exec.Command(os.Args[0], "-test.run", "^TestFlatMemory$", "-test.timeout", "30m")
	cmd.Env = append(os.Environ(), "AEGIS_STREAM_CHILD="+path, fmt.Sprintf("GOMEMLIMIT=%d", limit*85/100)) // what is not Go's heap comes on top
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, text, _ := strings.Cut(string(out), ", peak ")
	var mb int64
	if _, err := fmt.Sscanf(text, "%d MB", &mb); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	t.Logf("file of %d MB: %s", st.Size()>>20, out)
	if mb<<20 > limit {
		t.Errorf("a peak of %d MB for a file of %d MB", mb, st.Size()>>20)
	}
}
