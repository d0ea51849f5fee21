// Package upstream has the small servers behind the gateway: an HTTP server and one that speaks Redis's
// protocol. They are roles of the harness's own binary, run as processes of their own, and are the same for
// every engine.
package upstream
