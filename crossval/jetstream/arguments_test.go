package jetstream

import (
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
)

// TestWrongArguments: nothing panics, and all says what is wrong.
func TestWrongArguments(t *testing.T) {
	c := embedded(t)
	for _, conn := range []*Conn{nil, {}, c} {
		_, e1 := conn.Run(t.Context(), nil, nil, RunOptions{})
		_, e2 := conn.Run(t.Context(), &crossval.Plan{}, nil, RunOptions{})
		_, e3 := conn.Validate(t.Context(), nil, nil, nil, crossval.Options{}, RunOptions{})
		e4 := conn.Remove(t.Context(), nil)
		for i, err := range []error{e1, e2, e3, e4} {
			if err == nil || strings.Contains(err.Error(), "panic") {
				t.Errorf("%d: error %v", i, err)
			}
		}
		if conn != c {
			if err := conn.Work(t.Context(), WorkOptions{}); err == nil {
				t.Error("worked without a connection")
			}
			conn.Close()
		}
	}
	if _, err := Connect(t.Context(), Server{Folder: "jetstream.go.mod/\x00"}, nil); err == nil {
		t.Error("a server in no folder")
	}
}
