//go:build long

package crossval_test

const killPoints = 50
