// Package guides holds the code of docs/guides: a layer, a loss, an estimator and a task of your
// own, each as an Example that the tests run.
package guides
