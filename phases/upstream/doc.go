// Package upstream is ngx_http_upstream_module and what nginx builds on it: groups of servers, the choice
// of a server for each attempt, connections that are kept for the next request, and the talk with one
// HTTP/1.x server.
//
// The parts, in the order in which a request meets them:
//
//	directives.go  the upstream block and its directives
//	upstream.go    Upstream, a group: its servers and how one is chosen
//	peer.go        Peer, one address of a server, with its failures and its weight
//	balance.go     Balance, one request's way through a group; a file per method beside it
//	hook.go        the choice made by a script (balancer_by_lua)
//	exchange.go    Exchange: attempts, and what follows from a failed one
//	dial.go        connections, TLS, and pool.go, where they wait
//	send.go        the request on its way
//	head.go        the response's head: read strictly, so that it can be framed in one way only
//	response.go    what of it reaches the client
//	relay.go       the body; chunked.go its framing; tunnel.go after an upgrade
//	registry.go    groups made while the gateway runs
//	variables.go   $upstream_addr and its like
//
// # Locks
//
// A group has one lock, which guards the counters of its peers. It is never held over I/O, nor while a
// script runs. A pool has a lock of its own; the two are never held together.
//
// # Differences from nginx
//
// All workers share one state: weights, failures and connections count for the whole process, as if every
// group had a zone. A response without an HTTP status line is refused with 502; nginx passes it on as
// HTTP/0.9. With proxy_buffering on, a response goes on as the client takes it; it is never parked in a
// temporary file.
package upstream
