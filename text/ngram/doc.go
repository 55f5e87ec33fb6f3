// Package ngram holds n-gram language models, the baseline that a neural language model has to
// beat. Tokens are ids: of characters, bytes, words or the pieces of a tokenizer.
package ngram
