// Package translate holds statistical baselines of machine translation, which a neural model has to
// beat: word-by-word translation with a lexicon ([IBM1], [Lexicon.Translate]), and a phrase table
// with a language model ([PhraseBased], [Decoder]). Both are trained on pairs of tokenized sentences;
// the same pairs give the same model.
package translate
