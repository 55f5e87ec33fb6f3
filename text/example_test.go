package text_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/seed732fc211/aegis/text"
)

// A file as Hugging Face's libraries write it, here one with few words.
const file = `{
	"version": "1.0", "truncation": null, "padding": null,
	"added_tokens": [{"id": 1, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
	"normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
	"pre_tokenizer": {"type": "BertPreTokenizer"},
	"post_processor": {"type": "TemplateProcessing",
		"single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
		"pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
		"special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}}},
	"decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
	"model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
		"vocab": {"[UNK]": 0, "[CLS]": 1, "the": 2, "light": 3, "##s": 4, "re": 5, "##fra": 6, "##ct": 7, ".": 8}}
}`

func ExampleRead() {
	t, err := text.Read(strings.NewReader(file))
	if err != nil {
		log.Fatal(err)
	}
	const line = "The lights refract."
	e, err := t.Encode(line)
	if err != nil {
		log.Fatal(err)
	}
	for i, id := range e.IDs {
		name, _ := t.Token(id)
		fmt.Printf("%d %s %q\n", id, name, line[e.Offsets[i].Start:e.Offsets[i].End])
	}
	back, err := t.Decode(e.IDs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back)
	// Output:
	// 1 [CLS] ""
	// 2 the "The"
	// 3 light "light"
	// 4 ##s "s"
	// 5 re "re"
	// 6 ##fra "fra"
	// 7 ##ct "ct"
	// 8 . "."
	// the lights refract.
}

// A tokenizer of one's own: bytes and a few merges, as GPT-2 has them.
func ExampleNew() {
	vocab := map[string]int{}
	for _, token := range []string{"l", "o", "w", "e", "r", "Ġ", "lo", "low", "er", "Ġlow"} {
		vocab[token] = len(vocab)
	}
	t, err := text.New(text.Parts{
		PreTokenizer: text.ByteLevel{},
		Model:        text.BPE{Vocab: vocab, Merges: [][2]string{{"l", "o"}, {"lo", "w"}, {"e", "r"}, {"Ġ", "low"}}},
		Decoder:      text.ByteLevel{},
	})
	if err != nil {
		log.Fatal(err)
	}
	ids, err := t.AppendIDs(nil, "low lower")
	if err != nil {
		log.Fatal(err)
	}
	back, err := t.Decode(ids)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ids, back, t.Size())
	// Output: [7 9 8] low lower 10
}

func ExampleTokenizer_WriteJSON() {
	t, err := text.New(text.Parts{
		Normalizer:   text.Sequence{text.NFC{}, text.Lowercase{}},
		PreTokenizer: text.Sequence{text.WhitespaceSplit{}, text.Punctuation{Behavior: text.Isolated}},
		Model:        text.WordLevel{Vocab: map[string]int{"[UNK]": 0, "light": 1, ",": 2}, Unk: "[UNK]"},
	})
	if err != nil {
		log.Fatal(err)
	}
	var b bytes.Buffer
	if err := t.WriteJSON(&b); err != nil {
		log.Fatal(err)
	}
	again, err := text.Read(&b)
	if err != nil {
		log.Fatal(err)
	}
	e, err := again.EncodePair("Light, more light", "and dark")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(e.IDs, e.Sequence)
	// Output: [1 2 0 1 0 0] [0 0 0 0 1 1]
}

// A byte-level tokenizer of one's own texts: nothing is unknown to it.
func ExampleTrainer() {
	texts := func(add func(text string) error) error {
		for range 10 {
			if err := add("low lower lowest, new newer newest"); err != nil {
				return err
			}
		}
		return nil
	}
	t, err := text.Trainer{Size: 270, Alphabet: text.ByteAlphabet()}.TrainBPE(context.Background(), text.Parts{
		PreTokenizer: text.ByteLevel{}, Decoder: text.ByteLevel{},
	}, texts)
	if err != nil {
		log.Fatal(err)
	}
	e, err := t.Encode("lowest é")
	if err != nil {
		log.Fatal(err)
	}
	for _, id := range e.IDs {
		name, _ := t.Token(id)
		fmt.Print(name, " ")
	}
	back, err := t.Decode(e.IDs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back)
	// Output: lo west Ġ Ã © lowest é
}

func ExampleUnigramTrainer() {
	texts := func(add func(text string) error) error {
		for range 20 {
			if err := add("light refracts, light reflects, rays refract"); err != nil {
				return err
			}
		}
		return nil
	}
	t, err := text.UnigramTrainer{Size: 24}.Train(context.Background(), text.Parts{
		PreTokenizer: text.Metaspace{Replacement: '▁', Prepend: "always"}, Decoder: text.Metaspace{Replacement: '▁', Prepend: "always"},
	}, texts)
	if err != nil {
		log.Fatal(err)
	}
	e, err := t.Encode("light refracts")
	if err != nil {
		log.Fatal(err)
	}
	back, err := t.Decode(e.IDs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(t.Size(), back)
	// Output: 21 light refracts
}
