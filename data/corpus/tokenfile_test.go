package corpus_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
)

func writeIDs(t testing.TB, size int, texts ...[]int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.tokens")
	err := corpus.WriteTokens(path, size, func(add func([]int) error) error {
		for _, ids := range texts {
			if err := add(ids); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTokenFile: windows of a file and of memory are the same rows, whatever order they are read
// in; every token but the first is a target once, and no window reaches beyond the end.
func TestTokenFile(t *testing.T) {
	for _, size := range []int{300, 1 << 16, 1<<16 + 1, 1 << 20} {
		ids := make([]int, 47)
		for i := range ids {
			ids[i] = i * 7919 % size
		}
		f, err := corpus.OpenTokens(writeIDs(t, size, ids[:20], nil, ids[20:]))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if all, err := f.Read(nil, 0, f.Len()); err != nil || !slices.Equal(all, ids) || f.Size() != size {
			t.Fatalf("read %v, %v", all, err)
		}
		src, err := f.Windows(0, 47, 9)
		if err != nil {
			t.Fatal(err)
		}
		if err := data.Check(src); err != nil {
			t.Fatal(err)
		}
		set, err := corpus.Windows("a.tokens", ids, size, 9)
		if err != nil {
			t.Fatal(err)
		}
		var prints [2]string
		for i, s := range []data.Source{src, set} {
			if prints[i], err = data.Fingerprint(s); err != nil {
				t.Fatal(err)
			}
		}
		read, err := data.Collect(data.View(src, []int{4, 0}))
		if err != nil || prints[0] != prints[1] || set.Len() != 5 {
			t.Fatalf("%d rows, %v", set.Len(), err)
		}
		if have, want := fmt.Sprint(read.Sequences[0].Values.Data(), read.Steps[0].Values.Data()), fmt.Sprint(append(slices.Clone(ids[36:45]), ids[:9]...), append(slices.Clone(ids[37:46]), ids[1:10]...)); have != want {
			t.Errorf("%s, want %s", have, want)
		}
		part, err := f.Windows(10, 30, 9)
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := data.Collect(part); err != nil || rows.Len() != 2 || rows.Steps[0].Values.Data().([]int)[17] != ids[28] {
			t.Errorf("a part: %v, %v", rows, err)
		}
	}
}

func TestTokenFileRefuses(t *testing.T) {
	path := writeIDs(t, 300, []int{1, 2, 3, 299})
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"empty": nil, "text": []byte("some text that is long enough for a header"), "cut": whole[:len(whole)-1], "no ids": whole[:24],
		"width": append(slices.Clone(whole[:20]), append([]byte{4, 0, 0, 0}, whole[24:]...)...),
	} {
		other := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(other, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := corpus.OpenTokens(other); err == nil {
			t.Errorf("%s is opened", name)
		}
	}
	bad := slices.Clone(whole)
	bad[len(bad)-1] = 0xff
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := corpus.OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Read(nil, 0, 4); err == nil || !strings.Contains(err.Error(), "is not in [0, 300)") {
		t.Errorf("error %v", err)
	}
	for _, c := range [][3]int{{0, 4, 4}, {0, 5, 2}, {-1, 4, 2}, {0, 4, 0}, {3, 2, 1}} {
		if _, err := f.Windows(c[0], c[1], c[2]); err == nil {
			t.Errorf("windows %v", c)
		}
	}
	if _, err := corpus.Windows("ids", []int{1, 2, 5}, 5, 1); err == nil || !strings.Contains(err.Error(), "token 2: the id 5") {
		t.Errorf("error %v", err)
	}
	missing := filepath.Join(t.TempDir(), "b.tokens")
	if err := corpus.WriteTokens(missing, 3, func(add func([]int) error) error { return add([]int{1, 3}) }); err == nil {
		t.Error("an id out of range is written")
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a file of half of the tokens is left")
	}
}

// FuzzOpenTokens: a file of any bytes is refused or read within bounds.
func FuzzOpenTokens(f *testing.F) {
	whole, err := os.ReadFile(writeIDs(f, 70000, []int{1, 2, 3, 69999}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := corpus.OpenTokens(path)
		if err != nil {
			return
		}
		defer file.Close()
		ids, err := file.Read(nil, 0, file.Len())
		for _, id := range ids {
			if id < 0 || id >= file.Size() {
				t.Fatalf("the id %d (%v)", id, err)
			}
		}
	})
}

func ExampleWindows() {
	rows, err := corpus.Windows("line", []int{7, 1, 4, 4, 2, 9}, 10, 2)
	if err != nil {
		panic(err)
	}
	fmt.Println(rows.Sequences[0].Values.Data(), rows.Steps[0].Values.Data())
	// Output: [7 1 4 4] [1 4 4 2]
}
