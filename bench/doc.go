// Package bench measures the speed of training and inference of the workloads W1
// to W4; compare, below it, does so beside other libraries.
package bench
