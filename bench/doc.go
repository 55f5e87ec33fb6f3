// Package bench holds the workloads by which the speed of training is measured.
package bench
