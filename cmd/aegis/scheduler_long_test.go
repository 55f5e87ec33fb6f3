//go:build long

package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// needed looks for programs. Where AEGIS_SCHEDULERS is set, as in .ci/run, it is an error
// that one is missing, otherwise a reason to skip.
func needed(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("AEGIS_SCHEDULERS") != "" {
				t.Fatalf("%s is not installed, and AEGIS_SCHEDULERS is set", p)
			}
			t.Skipf("%s is not installed (Debian: slurm-wlm, parallel)", p)
		}
	}
}

// binary builds the command and puts it first on the path.
func binary(t *testing.T) {
	t.Helper()
	folder := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(folder, "aegis"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// shell runs a line in bash and returns what it writes.
func shell(t *testing.T, line string) string {
	t.Helper()
	var status bytes.Buffer
	c := exec.CommandContext(t.Context(), "bash", "-c", line)
	c.Stderr = &status
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s%s", line, err, out, &status)
	}
	return string(out)
}

// compared plans a cross-validation in jobs.json, and returns a function that merges it and
// compares it with the same in one process. The binary makes both, as its version is another
// than that of the test.
func compared(t *testing.T, flags string) func() {
	t.Helper()
	shell(t, "aegis crossval --quiet --report '' --json one.json "+flags)
	shell(t, "aegis job plan --quiet --jobs jobs.json "+flags)
	return func() {
		t.Helper()
		shell(t, "aegis job merge --jobs jobs.json --report many.png --out many.json")
		if !bytes.Equal(untimed(t, "one.json"), untimed(t, "many.json")) {
			t.Error("the files of results differ")
		}
	}
}

// TestParallel runs all jobs by GNU parallel, with the line of docs/scale.md.
func TestParallel(t *testing.T) {
	needed(t, "parallel")
	binary(t)
	t.Chdir(t.TempDir())
	same := compared(t, "--dataset iris --folds 5 --repeats 1 --epochs 4")
	shell(t, "parallel --will-cite -j 2 aegis job run --quiet --jobs jobs.json --index {} ::: {0..44}")
	same()
}

// TestSlurm runs examples/jobs/slurm.sh in a Slurm of one node, for root. Some of the tasks
// are cancelled, and submitted again by the same line.
func TestSlurm(t *testing.T) {
	needed(t, "munged", "slurmctld", "slurmd", "sbatch", "scancel", "squeue", "sinfo")
	if os.Getuid() != 0 {
		t.Skip("slurmd wants to be root")
	}
	script, err := filepath.Abs("../../examples/jobs/slurm.sh")
	if err != nil {
		t.Fatal(err)
	}
	binary(t)
	slurm(t)
	t.Chdir(t.TempDir())
	wine, err := data.Wine()
	saved(t, "wine.csv", wine, err)
	same := compared(t, "--data wine.csv --target cultivar --folds 4 --repeats 1 --models 'net,majority,golearn tree' --epochs 5")
	submit := `sbatch --parsable --array="$(aegis job list --jobs jobs.json --only missing)" ` + script + " jobs.json"

	first := strings.TrimSpace(shell(t, submit))
	if first == "" {
		t.Fatal("no number of an array")
	}
	for shell(t, "aegis job list --jobs jobs.json --only done") == "\n" {
		time.Sleep(50 * time.Millisecond)
	}
	shell(t, "scancel "+first)
	for shell(t, "squeue --noheader") != "" {
		time.Sleep(50 * time.Millisecond)
	}
	if shell(t, "aegis job list --jobs jobs.json --only missing") == "\n" {
		t.Log("all tasks had ended before they were cancelled")
	} else {
		shell(t, strings.Replace(submit, "--parsable", "--wait", 1))
		t.Logf("a result each %v", resultEach(t, "jobs.results"))
	}
	same()
	if left, _ := filepath.Glob("jobs.results/.*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// resultEach returns how long after each other results were written, in the mean but for the
// first, which is that of an array that was cancelled.
func resultEach(t *testing.T, folder string) time.Duration {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(folder, "job-*.json"))
	if err != nil || len(list) < 3 {
		t.Fatalf("%d results, %v", len(list), err)
	}
	var times []time.Time
	for _, name := range list {
		st, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, st.ModTime())
	}
	slices.SortFunc(times, time.Time.Compare)
	last := len(times) - 1
	return (times[last].Sub(times[1]) / time.Duration(last-1)).Round(10 * time.Millisecond)
}

// port returns a TCP port that is free.
func port(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// slurm starts a Slurm of this machine alone.
func slurm(t *testing.T) {
	t.Helper()
	folder, err := os.MkdirTemp("", "slurm") // a short name: sockets have 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	for _, name := range []string{"state", "spool"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	key := make([]byte, 1024)
	rand.Read(key)
	if err := os.WriteFile(filepath.Join(folder, "munge.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	conf := filepath.Join(folder, "slurm.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, `ClusterName=aegis
SlurmctldHost=%[1]s(127.0.0.1)
SlurmctldPort=%[3]d
SlurmdPort=%[4]d
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=%[2]s/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=2
StateSaveLocation=%[2]s/state
SlurmdSpoolDir=%[2]s/spool
SlurmctldPidFile=%[2]s/slurmctld.pid
SlurmdPidFile=%[2]s/slurmd.pid
SlurmctldLogFile=%[2]s/slurmctld.log
SlurmdLogFile=%[2]s/slurmd.log
NodeName=%[1]s NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`, host, folder, port(t), port(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLURM_CONF", conf)
	in := func(name string) string { return filepath.Join(folder, name) }
	for _, args := range [][]string{
		{"munged", "--foreground", "--force", "--key-file=" + in("munge.key"), "--socket=" + in("munge.socket"), "--pid-file=" + in("munged.pid"),
			"--log-file=" + in("munged.log"), "--seed-file=" + in("munged.seed")},
		{"slurmctld", "-D"}, {"slurmd", "-D"},
	} {
		c := exec.Command(args[0], args[1:]...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			c.Process.Signal(os.Interrupt)
			timer := time.AfterFunc(10*time.Second, func() { c.Process.Kill() })
			defer timer.Stop()
			c.Wait()
		})
		for range 100 { // munged's socket, before who needs it
			if _, err := os.Stat(in("munge.socket")); err == nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	for range 600 {
		if out, err := exec.Command("sinfo", "--noheader", "--format=%t").Output(); err == nil && strings.TrimSpace(string(out)) == "idle" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	log, _ := os.ReadFile(in("slurmctld.log"))
	more, _ := os.ReadFile(in("slurmd.log"))
	t.Fatalf("Slurm does not start:\n%s\n%s", log, more)
}
