package line

import (
	"bytes"
	"testing"
)

func TestLine(t *testing.T) {
	var b bytes.Buffer
	l := Line{W: &b}
	for _, text := range []string{"12345678", "too soon", "too soon, too"} {
		if err := l.Show(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.End("ändé"); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "\r12345678\rändé    \n"; got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}
