package crossval

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/filelock"
	"github.com/seed732fc211/aegis/internal/stamp"
)

// The format of a run log: one JSON value per line. The first is a logHead; each candidate
// has a logCandidate before its first logRun.
const (
	logFormat  = "aegis-run-log"
	logVersion = 1
)

// logHead holds what all fits of a log have in common.
type logHead struct {
	Format   string      `json:"format"`
	Version  int         `json:"version"`
	Set      string      `json:"set"` // its name
	Rows     int         `json:"rows"`
	Data     string      `json:"data"` // the set's fingerprint
	Seed     uint64      `json:"seed,string"`
	Splitter string      `json:"splitter"`
	Folds    string      `json:"folds"` // a hash of their rows
	Metrics  []string    `json:"metrics"`
	Build    stamp.Build `json:"build"`
}

type logCandidate struct {
	Candidate   string          `json:"candidate"`
	Description json.RawMessage `json:"description"`
}

type logRun struct {
	Job     string  `json:"job"` // its fingerprint
	Run     fileRun `json:"run"`
	Fit     int64   `json:"fit_ns"`
	Predict int64   `json:"predict_ns"`
}

// logLine is any line after the first.
type logLine struct {
	logCandidate
	Job     string   `json:"job"`
	Run     *fileRun `json:"run"`
	Fit     int64    `json:"fit_ns"`
	Predict int64    `json:"predict_ns"`
}

// runLog is an open log. Its methods are not safe for concurrent use.
type runLog struct {
	file  *os.File
	path  string
	data  string                     // the set's fingerprint
	runs  map[string]*Run            // by the fingerprint of the job
	known map[string]json.RawMessage // descriptions of the log's candidates, by name
}

// openRunLog opens or creates the log of a validation and reads its contents.
func openRunLog(path string, set data.Source, r *Result) (*runLog, error) {
	head, err := headOf(set, r)
	if err != nil {
		return nil, err
	}
	l := &runLog{path: path, data: head.Data, runs: map[string]*Run{}, known: map[string]json.RawMessage{}}
	if l.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, fmt.Errorf("crossval: run log: %w", err)
	}
	if err := l.begin(head, r); err != nil {
		l.file.Close()
		return nil, fmt.Errorf("crossval: run log %s: %w", path, err)
	}
	return l, nil
}

func headOf(set data.Source, r *Result) (logHead, error) {
	print, err := data.Fingerprint(set)
	if err != nil {
		return logHead{}, err
	}
	h := sha256.New()
	put := func(n int) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], uint64(n))
		h.Write(b[:])
	}
	for _, s := range r.Splits {
		for _, rows := range [][]int{s.Train, s.Test} {
			put(len(rows))
			for _, row := range rows {
				put(row)
			}
		}
	}
	head := logHead{
		Format: logFormat, Version: logVersion, Set: r.Data.Name, Rows: r.Data.Rows, Data: print, Seed: r.Seed,
		Splitter: r.Splitter, Folds: hex.EncodeToString(h.Sum(nil)), Build: stamp.Now(),
	}
	for _, m := range r.Metrics {
		head.Metrics = append(head.Metrics, m.Name)
	}
	return head, nil
}

// begin locks and reads the file, and writes the header if it is missing.
func (l *runLog) begin(head logHead, r *Result) error {
	if st, err := l.file.Stat(); err != nil || !st.Mode().IsRegular() {
		return errors.Join(err, errors.New("not a regular file"))
	}
	if err := filelock.Lock(l.file); err != nil {
		return err
	}
	text, err := io.ReadAll(l.file)
	if err != nil {
		return err
	}
	first, err := json.Marshal(head)
	if err != nil {
		return err
	}
	first = append(first, '\n')
	// A killed process may have left a partial last line.
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	if len(whole) == 0 {
		if !bytes.HasPrefix(first, text) {
			return errors.New("this file is not a run log")
		}
		if err := l.rewind(0); err != nil {
			return err
		}
		if err := l.write(first); err != nil {
			return err
		}
		syncFolder(l.path)
		whole = first
	} else if err := l.rewind(int64(len(whole))); err != nil {
		return err
	}
	return l.read(whole, head, r)
}

// rewind truncates the file to the given length and seeks to its end.
func (l *runLog) rewind(length int64) error {
	if err := l.file.Truncate(length); err != nil {
		return err
	}
	_, err := l.file.Seek(length, io.SeekStart)
	return err
}

// read parses the lines of a log.
func (l *runLog) read(text []byte, head logHead, r *Result) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for n := 1; lines.Scan(); n++ {
		if n == 1 {
			if err := head.agrees(lines.Bytes()); err != nil {
				return err
			}
			continue
		}
		var line logLine
		if err := strictJSON(lines.Bytes(), &line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if line.Run == nil {
			l.known[line.Candidate] = line.Description
			continue
		}
		run := line.Run.run()
		run.FitTime, run.PredictTime = time.Duration(line.Fit), time.Duration(line.Predict)
		if err := r.checkRun(&run); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		l.runs[line.Job] = &run
	}
	return lines.Err()
}

// agrees compares the first line of a log with the expected one.
func (h logHead) agrees(line []byte) error {
	var was logHead
	if err := json.Unmarshal(line, &was); err != nil || was.Format != logFormat {
		return errors.New("this file is not a run log")
	}
	if was.Version != logVersion {
		return fmt.Errorf("version %d of the format is not known, only %d", was.Version, logVersion)
	}
	var differs []string
	say := func(what string, was, is any) {
		if fmt.Sprint(was) != fmt.Sprint(is) {
			differs = append(differs, fmt.Sprintf("%s (%v there, %v here)", what, was, is))
		}
	}
	if was.Data != h.Data {
		differs = append(differs, fmt.Sprintf("the data (%s of %d rows, fingerprint %.12s there; %s of %d rows, %.12s here)", was.Set, was.Rows, was.Data, h.Set, h.Rows, h.Data))
	}
	say("the seed", was.Seed, h.Seed)
	if say("the folds", was.Splitter, h.Splitter); was.Folds != h.Folds && was.Splitter == h.Splitter && was.Data == h.Data {
		differs = append(differs, "the rows of the folds")
	}
	say("the metrics", strings.Join(was.Metrics, ", "), strings.Join(h.Metrics, ", "))
	say("the version of Aegis", was.Build.Aegis, h.Build.Aegis)
	say("the kernels", was.Build.Kernels, h.Build.Kernels)
	say("the processor", was.Build.Arch, h.Build.Arch)
	if differs != nil {
		return fmt.Errorf("the log is of another validation: %s", strings.Join(differs, "; "))
	}
	return nil
}

// introduce writes a candidate that the log does not have yet, or compares its description
// with that of the log.
func (l *runLog) introduce(c Candidate) error {
	text, err := describeEstimator(c.Estimator, c.Code)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	was, ok := l.known[c.Name]
	if !ok {
		l.known[c.Name] = text
		return l.add(logCandidate{c.Name, text})
	}
	var a, b any
	if err := errors.Join(json.Unmarshal(was, &a), json.Unmarshal(text, &b)); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	if where := difference("", a, b); where != "" {
		return fmt.Errorf("the log is of another candidate %q: %s", c.Name, where)
	}
	return nil
}

// difference describes the first difference between two JSON values; "": none.
func difference(at string, a, b any) string {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			break
		}
		var keys []string
		for k := range x {
			keys = append(keys, k)
		}
		for k := range y {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range slices.Compact(keys) {
			if d := difference(at+"."+k, x[k], y[k]); d != "" {
				return d
			}
		}
		return ""
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			break
		}
		for i := range x {
			if d := difference(fmt.Sprintf("%s[%d]", at, i), x[i], y[i]); d != "" {
				return d
			}
		}
		return ""
	default:
		if a == b {
			return ""
		}
	}
	value := func(v any) string {
		if v == nil {
			return "its default"
		}
		text, _ := json.Marshal(v)
		return string(text)
	}
	return fmt.Sprintf("%s is %s there, %s here", strings.TrimPrefix(at, "."), value(a), value(b))
}

func strictJSON(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// append adds the run of a job, given by its fingerprint.
func (l *runLog) append(job string, run *Run) error {
	if err := l.add(logRun{job, run.file(), int64(run.FitTime), int64(run.PredictTime)}); err != nil {
		return fmt.Errorf("crossval: run log %s: %w", l.path, err)
	}
	return nil
}

func (l *runLog) add(line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	return l.write(append(text, '\n'))
}

// write writes to the end of the file and syncs it to disk.
func (l *runLog) write(text []byte) error {
	if _, err := l.file.Write(text); err != nil {
		return err
	}
	return l.file.Sync()
}

func (l *runLog) close() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("crossval: run log %s: %w", l.path, err)
	}
	return nil
}

// syncFolder makes the directory entry of a new file durable. Where directories cannot be
// synced, only a power failure can lose it.
func syncFolder(path string) {
	if d, err := os.Open(filepath.Dir(path)); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
