package phases

import "net"

// SocketWire is a Wire whose connection can be lent to a script's request socket while the front end goes on
// looking after it. The request's goroutine calls it, or one that runs in its stead.
type SocketWire interface {
	Wire
	// Take lends the connection and gives what was read ahead of it. Unless all is set, the borrower reads the request's
	// body (one with a length, unread so far) and nothing past it: what of it was read ahead counts as read.
	// With all, the borrower has everything that comes and answers by itself; the wire writes nothing
	// more, and closes the connection after the request. Deadlines on it are the borrower's business meanwhile.
	Take(all bool) (conn net.Conn, ahead []byte, err error)
	// Took tells that n bytes were read from the connection.
	Took(n int)
	// Wrote tells that n bytes were written to it.
	Wrote(n int)
	// Quiet stops the watch that Gone began, which reading would disturb; resume starts it again.
	Quiet() (resume func())
}
