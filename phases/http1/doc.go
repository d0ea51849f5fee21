// Package http1 is the front end for HTTP/1.x: it accepts connections, reads requests into
// phases.Request and writes the answers, with the connection's life (keep-alive, lingering, time-outs,
// 100-continue) ruled as nginx rules it.
//
// The wire format of request heads is parsed and checked by fasthttp's codec, which refuses what could
// be framed in two ways. The order and the case of the header lines are kept beside it, because scripts
// can see them. Responses are laid out here, in nginx's order, into one buffer: an answer that fits
// leaves with one system call.
//
// A connection has one goroutine. While it waits for a request it holds no buffer: the first read of a
// request goes into a buffer borrowed for the attempt, so that idle connections cost only their
// goroutine.
package http1
