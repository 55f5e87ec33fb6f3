// Package stats tests and estimates differences between models: pure functions of slices, which
// know nothing of data sets, folds or models.
//
// Every test returns a [Test]: a p-value with an effect size and an interval beside it. Scores
// of folds go into [CorrectedTTest], [CV5x2T], [CV5x2F], [NonInferiority], [Equivalence] and
// [BayesCorrelatedT]; predictions of the same rows into [McNemar], [CochranQ], [DeLong] and
// [CrossValidatedAUC]; scores on several data sets into [Wilcoxon], [Friedman], [ImanDavenport],
// [Nemenyi] and [BayesSignedRank]; any statistic of rows into [Bootstrap]; scores of a corpus
// by sums over its sentences, such as BLEU, into [BootstrapSums], [PairedBootstrap] and
// [ApproximateRandomization]. [Holm] and its neighbours adjust p-values, [Power] and
// [DetectableDifference] plan a comparison.
//
// Where nothing differs at all, such as two models with equal scores in every fold, P is 1.
// Where everything differs by the same amount there is no variance to test against: P is NaN.
// Both set [Test.Constant]. No result says that two models are equal because P is large;
// [Equivalence] is the test for that.
package stats
