// Package limitreq is nginx's limit_req module: a leaky bucket per key.
//
//	limit_req_zone $binary_remote_addr zone=one:10m rate=5r/s;    # or r/m
//	limit_req zone=one burst=10 delay=5;                          # or nodelay
//	limit_req_status 429; limit_req_log_level warn; limit_req_dry_run on;
//
// Requests above the rate wait, up to burst of them; those above that are refused. A zone keeps its
// keys over reloads, as long as its size and key stay the same, and forgets the oldest where it is full.
// $limit_req_status is PASSED, DELAYED, REJECTED, DELAYED_DRY_RUN or REJECTED_DRY_RUN.
package limitreq

import (
	"fmt"
	"math"
	"strings"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/limitzone"
)

// Module is the limit_req module.
var Module = limitzone.Module(limitzone.Spec[limit, table]{
	Name: "limitreq", Prefix: "limit_req", Conflict: "limit_req",
	ZoneArgs: phases.Take3, AddZone: addZone,
	LimitArgs: phases.Take123, ReadLimit: readLimit, ZoneOf: func(x limit) *zone { return x.zone },
	NewMemory: newTable,
	Status:    func(r *phases.Request) *string { return &r.Main.LimitReqStatus },
	Check:     check,
})

type (
	location = limitzone.Location[limit]
	zone     = limitzone.Zone[table]
	limit    struct {
		zone         *zone
		burst, delay int // thousandths of a request
	}
)

func addZone(l *phases.Load, d *conf.Directive, zones limitzone.Zones[table]) error {
	var err error
	name, size, rate, scale := "", int64(0), 1, 1
	for _, a := range d.Args[1:] {
		if v, ok := strings.CutPrefix(a.Value, "zone="); ok {
			if name, size, err = phases.ParseZone(a.Value, v); err != nil {
				return err
			}
			continue
		}
		v, ok := strings.CutPrefix(a.Value, "rate=")
		if !ok {
			return fmt.Errorf("invalid parameter %q", a.Value)
		}
		if n, perMinute := strings.CutSuffix(v, "r/m"); perMinute {
			v, scale = n, 60
		} else {
			v = strings.TrimSuffix(v, "r/s")
		}
		if rate, ok = phases.ParseNumber(v); !ok || rate == 0 || rate > math.MaxInt32 {
			return fmt.Errorf("invalid rate %q", a.Value)
		}
	}
	if name == "" {
		return fmt.Errorf("%q must have \"zone\" parameter", d.Name)
	}
	z, err := zones.Bind(l, d, name, size)
	if err != nil {
		return err
	}
	z.Rate = max(rate*1000/scale, 1)
	return nil
}

func readLimit(d *conf.Directive, zones limitzone.Zones[table]) (limit, error) {
	x := limit{}
	for _, a := range d.Args {
		name, value, _ := strings.Cut(a.Value, "=")
		n, ok := phases.ParseNumber(value)
		good := ok && n > 0 && n <= math.MaxInt32
		switch {
		case name == "zone" && value != "":
			x.zone = zones.Zone(value)
		case name == "burst":
			if !good {
				return x, fmt.Errorf("invalid burst value %q", a.Value)
			}
			x.burst = n * 1000
		case name == "delay":
			if !good {
				return x, fmt.Errorf("invalid delay value %q", a.Value)
			}
			x.delay = n * 1000
		case a.Value == "nodelay":
			x.delay = math.MaxInt
		default:
			return x, fmt.Errorf("invalid parameter %q", a.Value)
		}
	}
	if x.zone == nil {
		return x, fmt.Errorf("%q must have \"zone\" parameter", d.Name)
	}
	return x, nil
}
