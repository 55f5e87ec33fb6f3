//go:build !long

package crossval_test

// killPoints is how often TestRunLogSurvivesKill kills a process; tag long: 50 times.
const killPoints = 8
