// Package generate produces text with any model that scores next tokens: greedily, by sampling
// with a temperature from a truncated distribution ([Sampler]), or by beam search ([Beam]).
//
// It knows nothing of networks. A [Model] is a single method that extends a batch of hypotheses by
// one token each. It receives the parent of each hypothesis, so that it can keep and
// reorder a state per hypothesis: a transformer's key-value cache, the hidden state of a recurrent
// network, the last tokens of an n-gram model.
package generate
