// Package translate holds the statistical baselines of translation, which a neural model has to
// beat: the words of a bilingual lexicon one by one ([IBM1], [Lexicon.Translate]), and phrases with
// a language model ([PhraseBased], [Decoder]). All is counted from pairs of sentences that are
// divided into words; the same pairs give the same model.
package translate
