package main

import (
	"moongate/phases"
	"moongate/phases/echo"
	"moongate/phases/geo"
	"moongate/phases/headers"
	"moongate/phases/headersmore"
	"moongate/phases/log"
	"moongate/phases/maps"
	"moongate/phases/rewrite"
	"moongate/phases/splitclients"
)

func builtin() []*phases.Module {
	return []*phases.Module{rewrite.Module, maps.Module, geo.Module, splitclients.Module, log.Module, headers.Module, echo.Module, headersmore.Module}
}
