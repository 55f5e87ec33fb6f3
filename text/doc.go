// Package text turns text into numbers and back: tokenizers as Hugging Face's tokenizer.json
// describes them, read and written, with the same ids, offsets and decoded text as their
// reference.
//
// A [Tokenizer] is made of [Parts], most of which may be missing: a normalizer changes
// characters, a pre-tokenizer divides the text into words, a model divides words into tokens, a
// post-processor adds tokens such as those of beginning and end, and a decoder makes text of
// tokens again. [Read] takes a file, [New] parts. A part that is not known is an error, never a
// wrong token.
package text
