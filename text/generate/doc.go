// Package generate makes texts with a model that scores the next token: greedily, at random with a
// temperature and a truncated distribution ([Sampler]), or by beam search ([Beam]).
//
// It knows nothing of networks: a [Model] is one method, which extends a batch of hypotheses by a
// token each and says which earlier ones they continue, so that a model may keep a state for each
// (the keys and values of a transformer, the hidden state of a recurrent network, the last words
// of an n-gram model) and put it in order.
package generate
