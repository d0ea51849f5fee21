package balancer

import (
	"errors"

	"moongate/luastd/handler"
	"moongate/phases"
	"moongate/phases/upstream"
)

// busy is NGX_BUSY, which a balancer script may exit with.
const busy phases.Status = -3

var errFailed = errors.New("the balancer script failed")

// Install makes run the choice of u's peers (balancer_by_lua*). run runs the script for one attempt, with the
// Ctx's Balancer set to b, and tells what ngx.exit said, or that the script failed, in which case it has
// logged why. Only while the configuration loads.
func Install(u *upstream.Upstream, run func(r *phases.Request, b *upstream.Balance) (exit *handler.Exit, ok bool)) {
	u.SetHook(func(r *phases.Request, b *upstream.Balance) error {
		exit, ok := run(r, b)
		if !ok {
			return errFailed
		}
		if exit != nil {
			switch rc := exit.Status; {
			case rc == phases.OK:
			case rc == busy:
				return upstream.ErrBusy
			case rc == phases.Declined:
				return upstream.ErrDeclined
			case rc.IsSpecial():
				return upstream.StatusError(rc)
			case rc == phases.Error || rc > phases.OK:
				return errFailed
			}
		}
		if !b.PeerSet() && u.Empty() {
			r.Log(phases.LogErr, "lua balancer: no peer set while connecting to upstream")
			return errFailed
		}
		return nil
	})
}
