// Package bench measures the gateway over the wire. Its workloads are folders' worth of ordinary
// configuration (workloads/*.conf) that OpenResty can serve too: nothing in them is made for a benchmark.
//
//	go test -bench . ./bench
//
// The figures include the client, which is small and the same for all workloads: compare them with each
// other, and between two commits with benchstat; they say nothing about another server.
package bench
