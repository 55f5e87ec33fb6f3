// Package jetstream runs the jobs of a validation ([crossval.Plan]) on many machines through
// NATS JetStream, which keeps jobs and results on disk. It is a module of its own, as it
// brings a server along.
//
// A coordinator ([Conn.Run]) puts rows and plan into the object store, publishes one message
// for each job, and collects the results. Workers ([Conn.Work]) pull jobs, run them, and
// publish what came of them. Any of them, and the server, may be killed at any time and
// started again: finished jobs are kept, jobs that were not finished are given to another
// worker, and no result counts twice. The result is that of [crossval.Validate], byte for
// byte except for times.
//
// A run belongs to the version of Aegis and the kernels of its plan. Workers with others
// refuse it, and the coordinator hears of it.
package jetstream
