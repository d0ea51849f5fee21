package luastd

import (
	"moongate/conf"
	"moongate/phases"
)

func setBalancer(l *phases.Load, d *conf.Directive, _ any) error {
	return phases.NotBuilt("")(l, d, nil)
}
