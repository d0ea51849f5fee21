// Package http1 is the front end for HTTP/1.x: it accepts connections, reads requests into
// phases.Request and writes the answers, with the connection's life (keep-alive, lingering, time-outs,
// 100-continue) ruled as nginx rules it.
//
// Request heads are read line by line as nginx's parser reads them (scan.go, scanline.go), within the buffers that are
// configured, and then taken apart (fill.go). Where a body follows, fasthttp's codec has to agree on where it ends. Heads that are at
// hand as a whole and so ordinary that nothing in them needs judging (plain.go) go the short way. The order and the case of the header
// lines are kept, because scripts
// can see them. Responses are laid out here, in nginx's order, into one buffer: an answer that fits
// leaves with one system call.
//
// On Linux, connections without TLS wait in a few epoll loops (loop_linux.go) and are served on the goroutine that
// leads their loop. A request that has to wait says so (phases.Request.Waiting): another goroutine leads the loop then,
// and the request goes on alone, so that handlers may block as they like. One whose handler answers phases.Again is put aside
// until it is woken (pause_linux.go). Other connections have a goroutine each, which waits
// in a loop too (package event). The loops accept connections themselves (door_linux.go): Go's poller would be told of each packet as well.
// While it waits for a request a connection holds no buffer: the first read of a request goes into a buffer borrowed
// for the attempt.
package http1
