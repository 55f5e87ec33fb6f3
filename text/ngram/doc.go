// Package ngram models texts by counts of n tokens in a row: the baseline that a neural language
// model has to beat. Tokens are ids, so that characters, bytes, and pieces of a tokenizer are alike.
package ngram
