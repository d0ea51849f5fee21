package main

import (
	"moongate/luastd"
	"moongate/phases"
)

// modules lists the engine's modules, as nginx's ngx_modules.c. Two orders are in it: handlers of one
// phase run in the order of the list; filters run from the list's end to its beginning.
func modules() []*phases.Module {
	return append(builtin(), luastd.Complete())
}
