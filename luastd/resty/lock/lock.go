// Package lock is resty.lock: a lock that all workers see, kept in a shared dictionary. The interface is
// lua-resty-lock's.
package lock

import (
	_ "embed"

	"moongate/luastd/handler"
)

//go:embed lock.lua
var source string

// Loader makes the module resty.lock.
//
// Deviation: a lock that a script drops without unlock() is not freed by the collector, since a Go
// collector gives no word in time; it expires after its exptime.
var Loader = handler.Embedded("resty.lock", source)
