//go:build !long

package jetstream

// killPoints is how often TestKills kills each kind of process; tag long: 20 times.
const killPoints = 2
