// Package text turns text into numbers and back: tokenizers as Hugging Face's tokenizer.json
// describes them, read and written, with the same ids, offsets and decoded text as their
// reference.
//
// A [Tokenizer] is made of parts, each of which may be missing: a [Normalizer] changes
// characters, a [PreTokenizer] divides the text into words, a [Model] divides words into
// tokens, a [PostProcessor] adds tokens such as those of beginning and end, and a [Decoder]
// makes text of tokens again. [Read] takes a file, [New] parts. A part that is not known is an
// error, never a wrong token.
package text
