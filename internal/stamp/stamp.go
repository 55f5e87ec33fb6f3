// Package stamp identifies the running program: results are bit-identical only between
// programs with equal stamps.
package stamp

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// Version of the command and the library.
const Version = "0.1.0"

// Kernels names the set of kernels chosen by internal/kernel at startup; empty in a
// program without them.
var Kernels string

// Build identifies how a program was built.
type Build struct {
	Aegis   string `json:"aegis"`             // version, and the commit where it is known
	Kernels string `json:"kernels,omitempty"` // see Kernels
	Arch    string `json:"arch"`              // as Go names it: where it fuses x·y + z, bits differ
}

// Now returns the running program's Build.
func Now() Build { return Build{Version + commit(), Kernels, runtime.GOARCH} }

const module = "github.com/seed732fc211/aegis"

// commit identifies this module's source: its version if it is a dependency, otherwise the
// commit, with a plus sign if files were modified. A module of this repository that replaces
// the dependency by the repository's own folder has its commit.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	ours := info.Main.Path == module || strings.HasPrefix(info.Main.Path, module+"/") && replaced(info)
	if !ours {
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

// replaced reports whether this module stands in a folder in place of a version.
func replaced(info *debug.BuildInfo) bool {
	for _, d := range info.Deps {
		if d.Path == module {
			return d.Replace != nil && (d.Replace.Version == "" || d.Replace.Version == "(devel)")
		}
	}
	return false
}
