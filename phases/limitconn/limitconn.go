// Package limitconn is nginx's limit_conn module: how many requests of one key may run at once.
//
//	limit_conn_zone $binary_remote_addr zone=addr:10m;
//	limit_conn addr 5;
//	limit_conn_status 429; limit_conn_log_level warn; limit_conn_dry_run on;
//
// A connection counts while a request on it is being processed, as in nginx. A zone keeps its counts
// over reloads, as long as its size and key stay the same. $limit_conn_status is PASSED, REJECTED or
// REJECTED_DRY_RUN.
package limitconn

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/limitzone"
)

// Module is the limit_conn module.
var Module = limitzone.Module(limitzone.Spec[limit, table]{
	Name: "limitconn", Prefix: "limit_conn", Conflict: "limit_conn_zone",
	ZoneArgs: phases.Take2, AddZone: addZone,
	LimitArgs: phases.Take2, ReadLimit: readLimit, ZoneOf: func(x limit) *zone { return x.zone },
	NewMemory: func(size int64) *table { return &table{size: size, counts: map[string]int{}} },
	Status:    func(r *phases.Request) *string { return &r.Main.LimitConnStatus },
	Check:     check,
})

type (
	zone  = limitzone.Zone[table]
	limit struct {
		zone *zone
		max  int
	}
)

func addZone(l *phases.Load, d *conf.Directive, zones limitzone.Zones[table]) error {
	a := d.Args[1].Value
	v, ok := strings.CutPrefix(a, "zone=")
	if !ok {
		return fmt.Errorf("invalid parameter %q", a)
	}
	name, size, err := phases.ParseZone(a, v)
	if err != nil {
		return err
	}
	_, err = zones.Bind(l, d, name, size)
	return err
}

func readLimit(d *conf.Directive, zones limitzone.Zones[table]) (limit, error) {
	n, ok := phases.ParseNumber(d.Args[1].Value)
	if !ok || n == 0 {
		return limit{}, fmt.Errorf("invalid number of connections %q", d.Args[1].Value)
	}
	if n > 65535 {
		return limit{}, errors.New("connection limit must be less 65536")
	}
	return limit{zones.Zone(d.Args[0].Value), n}, nil
}

// check counts the request in all zones of its location, or refuses it.
func check(c *limitzone.Location[limit], r *phases.Request) phases.Status {
	type held struct {
		t   *table
		key string
	}
	var taken []held
	release := func() {
		for _, h := range taken {
			h.t.release(h.key)
		}
	}
	for i := range c.Limits {
		x := &c.Limits[i]
		key := x.zone.Key.Eval(r)
		if key == "" {
			continue
		}
		if len(key) > 255 {
			r.Logf(phases.LogErr, "the value of the %q key is more than 255 bytes: %q", x.zone.Text, key)
			continue
		}
		r.Main.LimitConnStatus = "PASSED"
		switch x.zone.Memory.take(key, x.max) {
		case counted:
			taken = append(taken, held{x.zone.Memory, key})
			continue
		case tooMany:
			r.Logf(c.Level.V, "limiting connections%s by zone %q", c.Note(), x.zone.Name)
		case noMemory:
			r.Logf(phases.LogAlert, "could not allocate node in limit_conn_zone %q", x.zone.Name)
		}
		release()
		return c.Refuse(&r.Main.LimitConnStatus)
	}
	if len(taken) > 0 {
		r.Main.OnEnd(release)
	}
	return phases.Declined
}

// table is a zone's memory: a count per key in use. Safe for concurrent use.
type table struct {
	size int64 // bytes that the counts may take

	mu     sync.Mutex
	used   int64
	counts map[string]int
}

type verdict uint8

const (
	counted verdict = iota
	tooMany
	noMemory
)

// nodeHead is what a count takes in nginx beside its key, in bytes.
const nodeHead = 36

func (t *table) take(key string, limit int) verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, known := t.counts[key]
	if n >= limit {
		return tooMany
	}
	if cost := phases.NodeSize(nodeHead + len(key)); !known {
		if t.used+cost > t.size {
			return noMemory
		}
		t.used += cost
	}
	t.counts[key] = n + 1
	return counted
}

func (t *table) release(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := t.counts[key]; n > 1 {
		t.counts[key] = n - 1
		return
	}
	delete(t.counts, key)
	t.used -= phases.NodeSize(nodeHead + len(key))
}
