// Package phases is the HTTP engine: it builds a configuration into a tree, takes requests from the
// front ends through nginx's phases, and passes their answers through header and body filters. It
// knows no Lua; the Lua module is one module like the others.
//
// # A configuration
//
// LoadConfig hands each directive of the parsed file (package conf) to the module that owns the word.
// A module has, as in nginx, up to three configurations: one for the whole http block, one per server,
// one per location. They are filled while the file is read, merged from the outside in, and never
// change again. Engine.Apply opens what the tree needs and swaps it in with one atomic store; requests
// in flight keep the tree that they began with.
//
// # A request
//
// A front end (package http1) fills in a Request and calls Engine.Serve. The phases run in nginx's
// order: server rewrite, find config, rewrite, post rewrite, preaccess, access, post access,
// precontent, content; the log phase runs when the answer is out. Handlers block: there is no
// NGX_AGAIN, and no callback. What ends a phase early is a Status.
//
// An answer goes through SendHeader and Output, each a chain of filters that ends at the front end
// (Wire), or, for a subrequest, in the parent's answer or in memory.
//
// # Ownership and concurrency
//
// A Request belongs to one goroutine at a time: the connection's, or the one that a subrequest was
// given to. Trees, servers, locations and values are immutable while they serve and may be shared
// freely. Requests are pooled: nothing may keep one after its end.
package phases
