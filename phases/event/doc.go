// Package event has sockets that wait in somebody's own epoll instance instead of Go's poller: upstreams and cosockets wait
// in the loop that serves the clients (phases/http1), so that one look at the kernel tells of both.
//
// A Conn is registered once, edge-triggered, for its whole life, and remembers what it was told. So a read that cannot find
// anything is not tried, and a connection that lay idle is known to be quiet without a system call. Deadlines cost an atomic
// store; one timer for each connection, which is set again only when it fires, looks after them.
//
// Who waits needs no goroutine: WakeReadable calls a Waker instead.
//
// A Conn is a net.Conn: one goroutine may read while another writes, and Close and the deadlines may come from anywhere. Unlike
// with package net, two goroutines must not read, or write, at the same time.
package event
