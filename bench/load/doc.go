// Package load makes HTTP/1.1 load and measures it.
//
// Run drives plain connections from event loops, one thread and one epoll descriptor each, because a client with
// a goroutine for each connection would be busier than the servers it measures; encrypted connections get a
// goroutine each (streams.go), since there the cipher is what costs. There is no pipelining: a connection has
// one request in flight.
//
// Two kinds of load: without a rate each connection sends its next request when the last is answered, which
// finds the most a server can do; with a rate requests are due at fixed instants (Schedule) and latency counts
// from them, which is what users see; between them a loop looks for answers all the time (Idle), because the kernel's waking of a
// thread that sleeps would be a large part of what is measured. Every answer is checked: one that is byte for byte the last right answer to
// its request is right, any other is parsed. One that is wrong is counted as such and never as done.
//
// Counting happens within a window after the warm-up. Options.Mark is called at both its ends, so that
// the server's CPU clocks are read at the same instants as the counters.
package load
