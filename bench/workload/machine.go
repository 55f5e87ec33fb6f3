package workload

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// SetThreads makes Go and the kernels compute with so many threads, until the
// returned function sets back what was before.
func SetThreads(n int) (restore func()) {
	procs, threads := runtime.GOMAXPROCS(n), kernel.Threads()
	kernel.SetThreads(n)
	return func() {
		runtime.GOMAXPROCS(procs)
		kernel.SetThreads(threads)
	}
}

// CPU returns the processor's name where the system tells it, else its
// architecture.
func CPU() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	facts := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan() && s.Text() != ""; {
		if name, value, ok := strings.Cut(s.Text(), ":"); ok {
			facts[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	name := facts["model name"]
	if name == "" {
		return runtime.GOARCH
	}
	if facts["cpu family"] != "" {
		name += fmt.Sprintf(" (family %s, model %s)", facts["cpu family"], facts["model"])
	}
	flags := " " + facts["flags"] + " "
	for _, f := range []struct{ flag, name string }{{"avx512f", "AVX-512"}, {"avx2", "AVX2"}} {
		if strings.Contains(flags, " "+f.flag+" ") {
			return name + ", " + f.name
		}
	}
	return name
}
