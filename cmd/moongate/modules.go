package main

import (
	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/access"
	"moongate/phases/authbasic"
	"moongate/phases/authrequest"
	"moongate/phases/autoindex"
	"moongate/phases/charset"
	"moongate/phases/echo"
	"moongate/phases/emptygif"
	"moongate/phases/geo"
	"moongate/phases/gzip"
	"moongate/phases/headers"
	"moongate/phases/headersmore"
	"moongate/phases/index"
	"moongate/phases/limitconn"
	"moongate/phases/limitreq"
	"moongate/phases/log"
	"moongate/phases/maps"
	"moongate/phases/memc"
	"moongate/phases/notmodified"
	"moongate/phases/proxy"
	"moongate/phases/ranges"
	"moongate/phases/realip"
	"moongate/phases/referer"
	"moongate/phases/rewrite"
	"moongate/phases/setmisc"
	"moongate/phases/splitclients"
	"moongate/phases/ssl"
	"moongate/phases/static"
	"moongate/phases/stubstatus"
	"moongate/phases/tryfiles"
	"moongate/phases/upstream"
)

// modules lists the engine's modules, as nginx's ngx_modules.c. Two orders are in it: handlers of one
// phase run in the order of the list; filters run from the list's end to its beginning.
func modules() []*phases.Module {
	return []*phases.Module{
		ssl.Module,
		realip.Module,
		limitreq.Module,
		limitconn.Module,
		rewrite.Module,
		setmisc.Module,
		maps.Module,
		geo.Module,
		splitclients.Module,
		referer.Module,
		access.Module,
		authbasic.Module,
		authrequest.Module,
		tryfiles.Module,
		index.Module,
		autoindex.Module,
		static.Module,
		stubstatus.Module,
		emptygif.Module,
		upstream.Module,
		proxy.Module,
		memc.Module,
		log.Module,
		ranges.HeaderModule,
		gzip.Module,
		charset.Module,
		headers.Module,
		echo.Module,
		luastd.Complete(),
		headersmore.Module,
		notmodified.Module,
		ranges.BodyModule,
	}
}
