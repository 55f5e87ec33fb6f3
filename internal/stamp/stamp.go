// Package stamp says what computes here: results are the same bits only where it says
// the same.
package stamp

import (
	"runtime"
	"runtime/debug"
)

// Version of the command and the library.
const Version = "0.1.0"

// Kernels names the set of kernels that internal/kernel has chosen when the program
// began; empty in a program without them.
var Kernels string

// Build is what a program was made of.
type Build struct {
	Aegis   string `json:"aegis"`             // version, and the commit where it is known
	Kernels string `json:"kernels,omitempty"` // see Kernels
	Arch    string `json:"arch"`              // as Go names it: where it fuses x·y + z, bits differ
}

// Now returns that of this program.
func Now() Build { return Build{Version + commit(), Kernels, runtime.GOARCH} }

const module = "github.com/seed732fc211/aegis"

// commit returns what more is known of this module's source: as another's dependency its
// version there, else the commit, with a plus where files had been changed.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	if info.Main.Path != module {
		for _, d := range info.Deps {
			if d.Path == module && d.Version != "" {
				return "-" + d.Version
			}
		}
		return ""
	}
	revision, changed := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = "-" + s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			if s.Value == "true" {
				changed = "+"
			}
		}
	}
	return revision + changed
}
