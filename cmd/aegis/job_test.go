package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/data"
)

// untimed cuts the times off the JSON of a cross-validation.
func untimed(t testing.TB, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(raw, []byte(`"timing"`))
	if at < 0 {
		t.Fatalf("no times in %s", path)
	}
	return raw[:at]
}

// noTimes are a command's words about times, and the names of files.
var noTimes = regexp.MustCompile(`[0-9.]+(ns|µs|ms|s)\b|\d+ fits .*|(results|report): .*| {2,}|fit +predict`)

// must runs the command and wants it to succeed.
func must(t testing.TB, args ...string) string {
	t.Helper()
	var out, status bytes.Buffer
	if code := run(t.Context(), args, &out, &status); code != 0 {
		t.Fatalf("aegis %s: exit code %d: %s", strings.Join(args, " "), code, &status)
	}
	return out.String()
}

// saved writes a data set as a CSV file.
func saved(t testing.TB, name string, set *data.Set, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := data.WriteCSV(&b, set); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestJobs: jobs, merged, are what crossval gives in one process: file, table and page.
func TestJobs(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("AEGIS_FONTS", "none")
	wine, err := data.Wine()
	saved(t, "wine.csv", wine, err)
	diabetes, err := data.Diabetes()
	saved(t, "diabetes.csv", diabetes, err)
	write(t, "groups.csv", rows("a;b;day;who;y", 60, func(i int) string { return fmt.Sprintf("%d,5;%d;%d;w%d;%d", i*7%11, i*3%5, i, i/5, i*i%7) }))
	write(t, "far.csv", rows("a,b,y", 40, func(i int) string { return fmt.Sprintf("%de300,%d,%c", i%7*100000, i%3, 'u'+i%2) }))
	for _, c := range []struct {
		name string
		args []string
	}{
		{"classes", []string{"--data", "wine.csv", "--target", "cultivar", "--models", "net,majority,random forest,golearn tree", "--calibrate", "temperature", "--metric", "mcc", "--seed", "18446744073709551615"}},
		{"numbers", []string{"--data", "diabetes.csv", "--models", "net,mean,linear regression", "--epochs", "3", "--drop", "age,sex", "--types", "bmi=numeric"}},
		{"quantiles", []string{"--data", "diabetes.csv", "--task", "quantile", "--levels", "0.1,0.5", "--models", "net,constant", "--epochs", "2"}},
		{"groups", []string{"--data", "groups.csv", "--target", "y", "--group", "who", "--delimiter", "semicolon", "--decimal", ",", "--task", "regress", "--models", "net,mean", "--epochs", "2"}},
		{"time", []string{"--data", "groups.csv", "--target", "y", "--time", "day", "--gap", "2", "--repeats", "1", "--drop", "who", "--task", "regress", "--models", "mean,linear regression"}},
		{"stream", []string{"--data", "wine.csv", "--stream", "--models", "net,majority", "--epochs", "2"}},
		{"embedded", []string{"--dataset", "iris", "--models", "majority,golearn ID3", "--repeats", "2"}},
		{"a failure", []string{"--data", "far.csv", "--models", "k-nearest neighbours,majority"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			flags := append([]string{"--folds", "3"}, c.args...)
			if !strings.Contains(strings.Join(c.args, " "), "--repeats") {
				flags = append(flags, "--repeats", "1")
			}
			os.RemoveAll("jobs.results")
			one := must(t, append([]string{"crossval", "--quiet", "--report", "one.html", "--json", "one.json"}, flags...)...)
			planned := must(t, append([]string{"job", "plan", "--quiet", "--jobs", "jobs.json"}, flags...)...)
			var last int
			if _, err := fmt.Sscanf(planned, "jobs: jobs.json, 0-%d", &last); err != nil {
				t.Fatalf("%q: %v", planned, err)
			}
			for i := last; i >= 0; i-- {
				must(t, "job", "run", "--quiet", "--jobs", "jobs.json", "--index", fmt.Sprint(i))
			}
			many := must(t, "job", "merge", "--quiet", "--jobs", "jobs.json", "--report", "many.html", "--out", "many.json")
			if !bytes.Equal(untimed(t, "one.json"), untimed(t, "many.json")) {
				t.Error("the files of results differ")
			}
			if a, b := noTimes.ReplaceAllString(one, ""), noTimes.ReplaceAllString(many, ""); a != b {
				t.Errorf("the table was\n%s\nit is\n%s", a, b)
			}
			if a, b := pageText(t, "one.html"), pageText(t, "many.html"); a != b {
				t.Errorf("the pages differ:\n%s\n%s", a, b)
			}
			if list := must(t, "job", "list", "--jobs", "jobs.json", "--only", "missing"); list != "\n" {
				t.Errorf("missing: %q", list)
			}
		})
	}
}

// pageText returns the words of a page, but for its times and pictures of them.
func pageText(t testing.TB, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?s)<svg.*?</svg>|<img[^>]*>|<[^>]*>`).ReplaceAllString(string(raw), " ")
	text = regexp.MustCompile(`[0-9.]+ ?(ns|µs|ms|s|min)\b|, \d+ at a time|\d+ fits (in|of)| by jobs`).ReplaceAllString(text, "")
	if text = regexp.MustCompile(`\s+`).ReplaceAllString(text, " "); len(text) < 1000 {
		t.Errorf("%s: no page: %q", path, text)
	}
	return text
}

// TestJobRun: a result that is there is kept unless asked, another's is refused, a broken one
// replaced; the number comes from a variable only if it is named.
func TestJobRun(t *testing.T) {
	t.Chdir(t.TempDir())
	wine, err := data.Wine()
	saved(t, "wine.csv", wine, err)
	plan := []string{"job", "plan", "--data", "wine.csv", "--folds", "3", "--repeats", "1", "--models", "majority,golearn tree", "--quiet", "--jobs"}
	must(t, append(plan, "jobs.json")...)
	job := []string{"job", "run", "--jobs", "jobs.json"}
	t.Setenv("SLURM_ARRAY_TASK_ID", "4")
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no number", job, 2, "want one of --index NUMBER and --index-from VARIABLE"},
		{"two numbers", append(job, "--index", "1", "--index-from", "SLURM_ARRAY_TASK_ID"), 2, "want one of"},
		{"variable", append(job, "--index-from", "SLURM_ARRAY_TASK_ID"), 0, "result: jobs.results/job-4.json"},
		{"again", append(job, "--index", "4"), 0, "job 4: the result is there: jobs.results/job-4.json"},
		{"asked again", append(job, "--index", "4", "--again"), 0, "result: jobs.results/job-4.json"},
		{"variable that is not set", append(job, "--index-from", "JOB_COMPLETION_INDEX"), 1, "--index-from JOB_COMPLETION_INDEX: the variable is not set"},
		{"no such job", append(job, "--index", "6"), 1, "jobs.json: crossval: there is no job 6: the plan has jobs 0 to 5"},
		{"no jobs", []string{"job", "run", "--index", "1"}, 2, "--jobs FILE is missing"},
		{"no such file", []string{"job", "run", "--jobs", "none.json", "--index", "1"}, 1, "none.json"},
		{"no jobs in it", []string{"job", "run", "--jobs", "wine.csv", "--index", "1"}, 1, "wine.csv: crossval: read a plan: "},
		{"merge without some", []string{"job", "merge", "--jobs", "jobs.json", "--report", ""}, 1, "jobs.results: 5 of 6 jobs have no result: 0-3,5 (--partial makes a result without them)"},
		{"merge what is there", []string{"job", "merge", "--jobs", "jobs.json", "--report", "", "--partial"}, 0, "aegis: warning: 5 of 6 jobs have no result: 0-3,5"},
		{"missing", []string{"job", "list", "--jobs", "jobs.json", "--only", "missing"}, 0, "0-3,5\n"},
		{"all states", []string{"job", "list", "--jobs", "jobs.json"}, 0, "done         1  4\nfailed       0\nmissing      5  0-3,5\n"},
		{"no such state", []string{"job", "list", "--jobs", "jobs.json", "--only", "lost"}, 2, "--only lost"},
		{"no results", []string{"job", "merge", "--jobs", "jobs.json", "--results", "none"}, 1, "none"},
		{"standard input", []string{"job", "plan", "--data", "-", "--jobs", "j.json"}, 2, "--data -"},
		{"no such command", []string{"job", "walk"}, 2, "walk"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, status, code := aegis(t, c.args...)
			if code != c.code || !strings.Contains(out+status, c.want) {
				t.Errorf("exit code %d, want %d: %s%s, want %q", code, c.code, out, status, c.want)
			}
		})
	}

	must(t, append(plan, "other.json", "--seed", "2")...)
	_, status, code := aegis(t, "job", "run", "--jobs", "other.json", "--out", "jobs.results", "--index", "4")
	if code != 1 || !strings.Contains(status, "jobs.results/job-4.json: crossval: the outcome is of another plan: the seed (2 in the plan, 1 in the outcome) (--again replaces it)") {
		t.Errorf("exit code %d: %s", code, status)
	}
	_, status, code = aegis(t, "job", "merge", "--jobs", "other.json", "--results", "jobs.results")
	if code != 1 || !strings.Contains(status, "the seed (2 in the plan, 1 in the outcome)") {
		t.Errorf("exit code %d: %s", code, status)
	}
	write(t, filepath.Join("jobs.results", "job-4.json"), "{")
	out, status, code := aegis(t, append(job, "--index", "4")...)
	if code != 0 || !strings.Contains(status, "aegis: warning: jobs.results/job-4.json: crossval: read an outcome: ") || !strings.Contains(out, "result: ") {
		t.Errorf("exit code %d: %s%s", code, out, status)
	}

	// The same file with a cell changed; the same rows elsewhere; other programs.
	text, err := os.ReadFile("wine.csv")
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := os.ReadFile("jobs.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename("wine.csv", "moved.csv"); err != nil {
		t.Fatal(err)
	}
	must(t, append(job, "--index", "0", "--data", "moved.csv")...)
	write(t, "wine.csv", strings.Replace(string(text), "14.23", "14.24", 1))
	_, status, code = aegis(t, append(job, "--index", "1", "--quiet")...)
	if code != 1 || !regexp.MustCompile(`jobs.json: crossval: the plan is for other rows: their fingerprint is [0-9a-f]{12} \(wine, 178 rows\), that of these [0-9a-f]{12}`).MatchString(status) {
		t.Errorf("exit code %d: %s", code, status)
	}
	for field, want := range map[string]string{
		`"kernels":"[^"]*"`: "the kernels (other in the plan, ", `"aegis":"[^"]*"`: "the version of Aegis (other in the plan, ",
	} {
		name, _, _ := strings.Cut(field, ":")
		write(t, "jobs.json", regexp.MustCompile(field).ReplaceAllString(string(jobs), name+`:"other"`))
		_, status, code = aegis(t, append(job, "--index", "1", "--quiet", "--data", "moved.csv")...)
		if code != 1 || !strings.Contains(status, want) {
			t.Errorf("exit code %d: %s, want %q", code, status, want)
		}
	}
	for _, c := range []struct{ old, new, want string }{
		{`{"name":"folds","values":["3"]}`, `{"name":"report","values":["/etc/x"]}`, `jobs.json: read.flags: there is no flag "report"`},
		{`{"name":"folds","values":["3"]}`, `{"name":"folds","values":["x"]}`, `jobs.json: read.flags: folds: `},
		{`{"name":"folds","values":["3"]}`, `{"name":"folds","values":[]}`, `jobs.json: read.flags: folds: 0 values, want 1`},
		{`{"name":"folds","values":["3"]}`, `{"name":"folds","values":["-3"]}`, `jobs.json: read.flags: --folds -3`},
		{`"read":{`, `"read":[{`, `jobs.json: `},
	} {
		write(t, "jobs.json", strings.Replace(string(jobs), c.old, c.new, 1))
		if _, status, code = aegis(t, append(job, "--index", "1", "--quiet")...); code == 0 || !strings.Contains(status, c.want) {
			t.Errorf("exit code %d: %s, want %q", code, status, c.want)
		}
	}
	if left, _ := filepath.Glob("jobs.results/.*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestJobProcess is the process of TestJobStops.
func TestJobProcess(t *testing.T) {
	text, ok := os.LookupEnv("AEGIS_JOB_ARGS")
	if !ok {
		t.Skip("is run by TestJobStops")
	}
	var args []string
	if err := json.Unmarshal([]byte(text), &args); err != nil {
		t.Fatal(err)
	}
	os.Args = append([]string{"aegis"}, args...)
	main()
}

// TestJobStops: SIGTERM, and SIGKILL, leave no result and nothing else.
func TestJobStops(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals here")
	}
	t.Chdir(t.TempDir())
	must(t, "job", "plan", "--dataset", "digits", "--models", "net", "--hidden", "512,512", "--epochs", "100000", "--patience", "100000", "--quiet", "--jobs", "jobs.json")
	args, err := json.Marshal([]string{"job", "run", "--jobs", "jobs.json", "--index", "3"})
	if err != nil {
		t.Fatal(err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		c := exec.Command(os.Args[0], "-test.run=^TestJobProcess$")
		c.Env = append(os.Environ(), "AEGIS_JOB_ARGS="+string(args))
		var status bytes.Buffer
		c.Stderr = &status
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for {
			time.Sleep(20 * time.Millisecond)
			if _, err := os.Stat("jobs.results"); err == nil {
				break // made just before the fit
			}
		}
		time.Sleep(300 * time.Millisecond)
		if err := c.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		err := c.Wait()
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%v: stopped after %v", sig, took)
		}
		if sig == syscall.SIGTERM && (c.ProcessState.ExitCode() != 1 || !strings.Contains(status.String(), "job 3: stopped: context canceled")) {
			t.Errorf("%v: %s", err, &status)
		}
		if list, err := os.ReadDir("jobs.results"); err != nil || len(list) > 0 {
			t.Errorf("%v left %v, %v", sig, list, err)
		}
		if err := os.Remove("jobs.results"); err != nil {
			t.Fatal(err)
		}
	}
}
