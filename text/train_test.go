package text_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
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
