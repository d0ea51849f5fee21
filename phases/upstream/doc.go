// Package upstream is ngx_http_upstream_module and what nginx builds on it: groups of servers, the choice
// of a server for each attempt, connections that are kept for the next request, and the talk with one
// HTTP/1.x server.
//
// The parts, in the order in which a request meets them:
//
//	module.go      the upstream block and its directives; conf.go what a location says
//	upstream.go    Upstream, a group of servers; find.go which group a URL means
//	peer.go        Peer, one address of a server, with its failures and its weight
//	balance.go     Balance, one request's way through a group: round robin, least_conn; hash.go the others
//	hook.go        the choice made by a script (balancer_by_lua)
//	exchange.go    Exchange: attempts, and what follows from a failed one
//	conn.go        connections; tls.go over them; pool.go, where they wait
//	send.go        the request on its way; watch.go, whether the client still waits
//	head.go        the response's head: read strictly, so that it can be framed in one way only
//	response.go    what of it reaches the client
//	relay.go       the body; chunked.go its framing; tunnel.go after an upgrade
//	registry.go    groups made while the gateway runs; admin.go dyups_interface
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
// HTTP/0.9. So is a 101 that nobody asked for. With proxy_buffering on, a response goes on as the client takes it; it is never parked in a
// temporary file.
package upstream
