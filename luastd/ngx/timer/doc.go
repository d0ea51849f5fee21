// Package timer is ngx.sleep and ngx.timer: waiting within a handler, and functions that run later on their
// own (README, "ngx.sleep", "ngx.timer.at" and its neighbours).
//
// A timer's callback runs in the worker that made it, in a context of its own without a request. What is
// pending when a newer configuration takes over is called at once, with premature true; the old
// configuration lives until the last callback has ended.
package timer
