package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/seed732fc211/aegis/data"
)

// TestCommands: the commands aegis and aegis-nats, each a binary of its own, give together
// what aegis crossval gives alone: with a server in the process, and with one of its own and
// two workers.
func TestCommands(t *testing.T) {
	folder := t.TempDir()
	for name, from := range map[string]string{"aegis": "../../../..", "aegis-nats": "."} {
		c := exec.Command("go", "build", "-o", filepath.Join(folder, name), map[string]string{"aegis": "./cmd/aegis", "aegis-nats": "."}[name])
		c.Dir = from
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	t.Chdir(t.TempDir())
	do := func(name string, args ...string) string {
		t.Helper()
		var status bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c := exec.CommandContext(ctx, filepath.Join(folder, name), args...)
		c.Stderr = &status
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, &status)
		}
		return string(out)
	}
	flags := []string{"--dataset", "wine", "--folds", "3", "--repeats", "1", "--epochs", "3", "--quiet"}
	do("aegis", append([]string{"crossval", "--report", "", "--json", "one.json"}, flags...)...)
	do("aegis", append([]string{"job", "plan", "--jobs", "jobs.json", "--rows", "rows.set"}, flags...)...)
	untimed := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		bits, _, ok := strings.Cut(string(text), `"timing"`)
		if !ok {
			t.Fatalf("no times in %s", name)
		}
		return bits
	}
	same := func() {
		t.Helper()
		do("aegis", "job", "merge", "--jobs", "jobs.json", "--report", "page.html", "--out", "many.json")
		if untimed("one.json") != untimed("many.json") {
			t.Error("the results differ")
		}
		if err := os.RemoveAll("jobs.results"); err != nil {
			t.Fatal(err)
		}
	}
	if out := do("aegis-nats", "crossval", "--jobs", "jobs.json", "--rows", "rows.set", "--quiet"); !strings.Contains(out, "logistic regression") || !strings.Contains(out, "results: jobs.results") {
		t.Errorf("output %s", out)
	}
	same()

	predicted := func(model string) string {
		t.Helper()
		return do("aegis", "predict", "--data", "wine.csv", "--model", model)
	}
	wine, err := data.Wine()
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := data.WriteCSV(&table, wine); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("wine.csv", table.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	space := `{"kind":"crossval/search.Space","config":{"Base":{"kind":"crossval/baselines.BoostedTrees","config":{"Settings":{"Iterations":5}}},
		"Settings":[{"Path":"Settings.Leaves","Domain":{"kind":"crossval/search.Int","config":{"Low":2,"High":8}}}]}}`
	if err := os.WriteFile("space.json", []byte(space), 0o666); err != nil {
		t.Fatal(err)
	}
	how := []string{"search", "--dataset", "wine", "--space", "space.json", "--trials", "8", "--folds", "4", "--report", "", "--quiet"}
	do("aegis", append(how, "--model", "one.zip")...)
	do("aegis", append(how, "--plan", "search.json", "--rows", "search.set")...)
	if out := do("aegis-nats", "search", "--search", "search.json", "--rows", "search.set", "--model", "many.zip", "--report", "page.svg", "--json", "trials.json", "--quiet"); !strings.Contains(out, "winner: trial") || !strings.Contains(out, "report: page.svg") {
		t.Errorf("output %s", out)
	}
	if predicted("one.zip") != predicted("many.zip") {
		t.Error("the searches found different models")
	}

	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	url := "nats://" + s.Addr().String()
	for range 2 {
		c := exec.Command(filepath.Join(folder, "aegis-nats"), "worker", "--url", url, "--parallel", "1")
		var status bytes.Buffer
		c.Stderr = &status
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			c.Process.Signal(os.Interrupt)
			if c.Wait(); c.ProcessState.ExitCode() != exitFailed || !strings.Contains(status.String(), "context canceled") {
				t.Errorf("worker: %v: %s", c.ProcessState, &status)
			}
		})
	}
	// A worker with other kernels refuses the plan, and the coordinator hears of it.
	refuser := exec.Command(filepath.Join(folder, "aegis-nats"), "worker", "--url", url)
	refuser.Env = append(os.Environ(), "AEGIS_KERNELS=portable")
	if err := refuser.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { refuser.Process.Kill(); refuser.Wait() })
	do("aegis-nats", "crossval", "--url", url, "--jobs", "jobs.json", "--rows", "rows.set", "--quiet")
	same()
	do("aegis-nats", "search", "--url", url, "--search", "search.json", "--rows", "search.set", "--model", "many.zip", "--report", "", "--quiet")
	if predicted("one.zip") != predicted("many.zip") {
		t.Error("with workers of their own, the search found another model")
	}
}

func TestUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", 0, "crossval"},
		{"walk", 2, "walk"},
		{"worker", 2, "--url is missing"},
		{"worker --url nats://127.0.0.1:1 --parallel -1", 2, "--parallel -1"},
		{"worker --url nats://127.0.0.1:1 --creds none", 1, "none"},
		{"crossval", 2, "want --jobs FILE and --rows FILE"},
		{"crossval --jobs none.json --rows none.set", 1, "none.json"},
		{"crossval --jobs a --rows b --ack-wait 1ms", 2, "--ack-wait 1ms"},
		{"crossval --jobs a --rows b --url nats://x --store s", 2, "--store"},
		{"search", 2, "want --search FILE and --rows FILE"},
		{"search --search a --rows b --report page.gif", 2, ".png, .svg or .html"},
		{"search --search none.json --rows none.set", 1, "none.json"},
		{"search --search a --rows b --workers -1", 2, "--workers -1"},
	} {
		var out bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		code := run(ctx, strings.Fields(c.args), &out, &out)
		cancel()
		if code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%q: exit code %d, want %d: %s", c.args, code, c.code, &out)
		}
	}
}
