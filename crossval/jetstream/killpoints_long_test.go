//go:build long

package jetstream

const killPoints = 20
