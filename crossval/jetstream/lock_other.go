//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package jetstream

import "os"

func lock(*os.File) error { return nil }
