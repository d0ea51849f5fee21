// Package emptygif is nginx's empty_gif: a content handler that answers with a transparent GIF of one
// pixel.
package emptygif

import (
	"encoding/base64"
	"time"

	"moongate/conf"
	"moongate/phases"
)

// Module is the empty_gif module.
var Module = phases.NewModule(phases.Module{
	Name: "empty_gif",
	Directives: []phases.Directive{
		{Name: "empty_gif", Ctx: phases.CtxLocation, Args: phases.NoArgs, Set: func(l *phases.Load, _ *conf.Directive, _ any) error {
			l.SetContent(serve)
			return nil
		}},
	},
})

const pixel = "R0lGODlhAQABAIABAAAAAP///yH5BAEAAAEALAAAAAABAAEAAAICTAEAOw=="

// modified is the date that nginx gives the picture.
var modified = time.Unix(23349600, 0)

func serve(r *phases.Request) phases.Status {
	if r.Method != "GET" && r.Method != "HEAD" {
		return 405
	}
	if rc := r.DiscardBody(); rc != phases.OK {
		return rc
	}
	gif, err := base64.StdEncoding.DecodeString(pixel)
	if err != nil {
		return 500
	}
	r.Out.LastModified = modified
	return r.Respond(200, "image/gif", gif)
}
