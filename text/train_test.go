package text_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/text"
)

// goroot is the folder of Go.
func goroot(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// opticks gives the lines of Newton's Opticks, which comes with Go.
func opticks(t testing.TB) func(add func(string) error) error {
	t.Helper()
	book, err := os.ReadFile(filepath.Join(goroot(t), "src/testdata/Isaac.Newton-Opticks.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return func(add func(string) error) error {
		for line := range strings.SplitAfterSeq(string(book), "\n") {
			if err := add(line); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestTrainBPE: merges and vocabularies are those of the reference, to the last of 10,380 and
// 7,035 (testdata/train.js).
func TestTrainBPE(t *testing.T) {
	for _, c := range []struct {
		parts         text.Parts
		merges, vocab string
	}{
		{text.Parts{PreTokenizer: text.ByteLevel{}}, "70fae00983c0c2b8b5d7fab1ebd45bf14fb5d0a8cc7c60522b669b3c864d602a", "5232671b594a124ef59002e83e955c5631cbf67ca6a930ec58c4f12811c4e00d"},
		{
			text.Parts{Normalizer: text.Lowercase{}, PreTokenizer: text.Whitespace{}},
			"279a361d2a510a54711559774268f60c70f86e761f4f7d11822b93839d67caca", "5f0df965e8e0be78f3e5b4493798876b2f074f2f47c486a0c14fccb8dfa9a9c7",
		},
	} {
		k, err := text.Trainer{}.TrainBPE(t.Context(), c.parts, opticks(t))
		if err != nil {
			t.Fatal(err)
		}
		m := k.Parts().Model.(text.BPE)
		var merges, vocab strings.Builder
		for _, pair := range m.Merges {
			fmt.Fprintf(&merges, "%s %s\n", pair[0], pair[1])
		}
		for id := range k.Size() {
			name, _ := k.Token(id)
			fmt.Fprintf(&vocab, "%s %d\n", name, id)
		}
		if have := fmt.Sprintf("%x", sha256.Sum256([]byte(merges.String()))); have != c.merges {
			t.Errorf("%d merges have the hash %s, want %s", len(m.Merges), have, c.merges)
		}
		if have := fmt.Sprintf("%x", sha256.Sum256([]byte(vocab.String()))); have != c.vocab {
			t.Errorf("%d tokens have the hash %s, want %s", k.Size(), have, c.vocab)
		}
	}
}

// TestTrainerSettings: the size, special tokens, the alphabet, its limit, counts and the longest
// token are kept, and what was trained encodes and decodes.
func TestTrainerSettings(t *testing.T) {
	byteLevel := text.Parts{PreTokenizer: text.ByteLevel{}, Decoder: text.ByteLevel{}}
	k, err := text.Trainer{Size: 600, Special: []string{"<s>", "</s>"}, Alphabet: text.ByteAlphabet()}.TrainBPE(t.Context(), byteLevel, opticks(t))
	if err != nil {
		t.Fatal(err)
	}
	const line = "Rays, 日本 and <s>\x00é"
	e, err := k.Encode(line)
	if err != nil {
		t.Fatal(err)
	}
	back, err := k.DecodeAll(e.IDs)
	id, ok := k.ID("</s>")
	if k.Size() != 600 || back != line || err != nil || !ok || id != 1 || !slices.Contains(e.IDs, 0) {
		t.Errorf("size %d, %q, %v, </s> is %d", k.Size(), back, err, id)
	}
	if k, err = (text.Trainer{MinCount: 500}).TrainBPE(t.Context(), byteLevel, opticks(t)); err != nil || k.Size() < 100 || k.Size() > 400 {
		t.Errorf("pairs that occur 500 times: %d tokens, %v", k.Size(), err)
	}
	if _, err = (text.Trainer{Limit: 26, Longest: 4}).TrainBPE(t.Context(), text.Parts{Model: text.BPE{Unk: "?"}, PreTokenizer: text.Whitespace{}}, opticks(t)); err == nil {
		t.Error("an unknown token that is not in the vocabulary is no error")
	}
	if k, err = (text.Trainer{Limit: 26, Longest: 4, Special: []string{"[UNK]"}}).TrainBPE(t.Context(), text.Parts{Model: text.BPE{Unk: "[UNK]", Suffix: "</w>"}, PreTokenizer: text.Whitespace{}}, opticks(t)); err != nil {
		t.Fatal(err)
	}
	single := map[string]bool{}
	for id := 1; id < k.Size(); id++ {
		name, _ := k.Token(id)
		name = strings.TrimSuffix(name, "</w>")
		if n := len([]rune(name)); n > 4 {
			t.Errorf("the token %q has %d characters", name, n)
		} else if n == 1 {
			single[name] = true
		}
	}
	if len(single) != 26 {
		t.Errorf("%d characters, want 26: %v", len(single), single)
	}
}

// TestTrainWordPiece: the tokens make whole words of the texts of few tokens, and the same texts
// give the same tokenizer.
func TestTrainWordPiece(t *testing.T) {
	parts := text.Parts{Normalizer: text.BertNormalizer{CleanText: true, Lowercase: true}, PreTokenizer: text.BertPreTokenizer{}, Decoder: text.WordPieceDecoder{Prefix: "##", Cleanup: true}}
	var written string
	for range 2 {
		k, err := text.Trainer{Size: 3000, Special: []string{"[PAD]", "[UNK]"}}.TrainWordPiece(t.Context(), parts, opticks(t))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := k.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		if written != "" && b.String() != written {
			t.Error("the same texts give another tokenizer")
		}
		written = b.String()
		const line = "the refrangibility of the rays of light differs."
		e, err := k.Encode(line)
		if err != nil {
			t.Fatal(err)
		}
		back, err := k.Decode(e.IDs)
		if err != nil || back != line || e.Len() > 12 || k.Size() != 3000 {
			t.Errorf("%d tokens: %q, %v", e.Len(), back, err)
		}
	}
}

// TestTrainRefuses: wrong settings, models of another kind, a stop and an error of the texts are
// errors.
func TestTrainRefuses(t *testing.T) {
	words := text.Parts{PreTokenizer: text.Whitespace{}}
	if _, err := (text.Trainer{Size: -1}).TrainBPE(t.Context(), words, opticks(t)); err == nil {
		t.Error("a size of -1")
	}
	if _, err := (text.Trainer{}).TrainBPE(t.Context(), words, nil); err == nil {
		t.Error("no texts")
	}
	if _, err := (text.Trainer{Special: []string{""}}).TrainBPE(t.Context(), words, opticks(t)); err == nil {
		t.Error("a special token without text")
	}
	if _, err := (text.Trainer{}).TrainWordPiece(t.Context(), text.Parts{Model: text.BPE{}}, opticks(t)); err == nil {
		t.Error("WordPiece of a BPE")
	}
	if _, err := (text.Trainer{}).TrainBPE(t.Context(), text.Parts{Model: text.WordLevel{}}, opticks(t)); err == nil {
		t.Error("BPE of words")
	}
	gone := errors.New("gone")
	if _, err := (text.Trainer{}).TrainBPE(t.Context(), words, func(func(string) error) error { return gone }); !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (text.Trainer{}).TrainBPE(ctx, words, opticks(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := (text.Trainer{}).TrainBPE(t.Context(), words, func(add func(string) error) error { return add("\xff") }); err == nil {
		t.Error("bytes that are not UTF-8")
	}
}

// TestTrainUnigram: 6,016 tokens that are trained on Opticks divide it into no more than 1% more
// than those of the reference, which are 134,342 (testdata/trainunigram.js); the same texts give
// the same tokens; all characters have one.
func TestTrainUnigram(t *testing.T) {
	parts := text.Parts{PreTokenizer: text.Metaspace{Replacement: '▁', Prepend: "always"}, Decoder: text.Metaspace{Replacement: '▁', Prepend: "always"}}
	var book strings.Builder
	if err := opticks(t)(func(s string) error { book.WriteString(s); return nil }); err != nil {
		t.Fatal(err)
	}
	var first []text.Scored
	for range 2 {
		k, err := text.UnigramTrainer{Size: 6016}.Train(t.Context(), parts, opticks(t))
		if err != nil {
			t.Fatal(err)
		}
		m := k.Parts().Model.(text.Unigram)
		if first == nil {
			first = m.Vocab
		} else if !slices.Equal(first, m.Vocab) {
			t.Error("the same texts give other tokens")
		}
		ids, err := k.AppendIDs(nil, book.String())
		if err != nil {
			t.Fatal(err)
		}
		back, err := k.Decode(ids)
		if n := len(ids); k.Size() != 6016 || float64(n) > 1.01*134342 || slices.Contains(ids, m.Unk) || err != nil || back != book.String() {
			t.Errorf("%d tokens make %d of the book, %v", k.Size(), n, err)
		}
	}
	sum := 0.0
	for i, s := range first {
		if i > 0 {
			sum += math.Exp(s.Score)
		}
		if i > 1 && s.Score > first[i-1].Score {
			t.Errorf("%q, with %v, follows %v", s.Token, s.Score, first[i-1].Score)
		}
	}
	if sum < 0.8 || sum > 1.01 { // less than 1, as digamma(x) < log(x)
		t.Errorf("the probabilities sum to %v", sum)
	}
}

// TestUnigramTrainerSettings: special tokens come first, the alphabet is kept, bytes stand in for
// what is not, and settings that cannot be are errors.
func TestUnigramTrainerSettings(t *testing.T) {
	special := []string{"<s>", "<unk>"}
	for b := range 256 {
		special = append(special, fmt.Sprintf("<0x%02X>", b))
	}
	parts := text.Parts{
		Model: text.Unigram{ByteFallback: true}, PreTokenizer: text.Metaspace{Replacement: '▁', Prepend: "always"},
		Decoder: text.Sequence{text.ByteFallback{}, text.Metaspace{Replacement: '▁', Prepend: "always"}},
	}
	k, err := text.UnigramTrainer{Size: 700, Special: special, Alphabet: []rune("日"), Longest: 5}.Train(t.Context(), parts, opticks(t))
	if err != nil {
		t.Fatal(err)
	}
	const line = "Rays of 日 and 本"
	ids, err := k.AppendIDs(nil, line)
	if err != nil {
		t.Fatal(err)
	}
	back, err := k.DecodeAll(ids)
	unk, _ := k.ID("<unk>")
	_, sun := k.ID("日")
	if k.Size() != 700 || unk != 1 || !sun || slices.Contains(ids, unk) || err != nil {
		t.Errorf("size %d, <unk> is %d, %v, %v", k.Size(), unk, ids, err)
	}
	if !strings.HasPrefix(back, "Rays of 日 and ") {
		t.Errorf("decoded %q", back)
	}
	for id := len(special); id < k.Size(); id++ {
		if name, _ := k.Token(id); len([]rune(name)) > 5 {
			t.Errorf("the token %q", name)
		}
	}
	for _, o := range []text.UnigramTrainer{{Size: -1}, {Shrink: 1}, {Shrink: -1}, {Steps: -1}, {Seed: -1}, {Longest: -1}, {Special: []string{""}}, {Size: 20}} {
		if _, err := o.Train(t.Context(), parts, opticks(t)); err == nil {
			t.Errorf("%+v is no error", o)
		}
	}
	if _, err := (text.UnigramTrainer{}).Train(t.Context(), parts, nil); err == nil {
		t.Error("no texts")
	}
	if k, err := (text.UnigramTrainer{}).Train(t.Context(), text.Parts{}, func(add func(string) error) error { return nil }); err != nil || k.Size() != 1 {
		t.Errorf("of no texts: %d tokens, %v", k.Size(), err)
	}
}
