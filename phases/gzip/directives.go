// Package gzip is nginx's gzip module: it compresses responses for clients that accept it.
//
//	gzip on;
//	gzip_types text/plain application/json;   # besides text/html; * is any
//	gzip_min_length 20;  gzip_comp_level 1;  gzip_http_version 1.1;
//	gzip_proxied off;    gzip_vary off;      gzip_disable msie6;
//
// Only answers with status 200, 403 or 404 are compressed, and only where no other Content-Encoding is
// set. The module belongs near the beginning of the module list: its filter sees the body last, with the
// output of subrequests in it.
package gzip

import (
	"errors"
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/phases"
	"moongate/runtime/regex"
)

// Module is the gzip module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "gzip",
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
	})
	directive := func(name string, a phases.Arity, set phases.SetFunc) phases.Directive {
		return phases.Directive{Name: name, Ctx: phases.CtxAll, Args: a, Level: phases.LocationConf, Set: set}
	}
	m.Directives = []phases.Directive{
		{Name: "gzip", Ctx: phases.CtxAllIf, Args: phases.OnOff, Level: phases.LocationConf,
			Set: phases.SetFlag(func(c *location) *phases.Opt[bool] { return &c.on })},
		directive("gzip_types", phases.OneMore, phases.Set(setTypes)),
		directive("gzip_min_length", phases.Take1, phases.SetSize(func(c *location) *phases.Opt[int64] { return &c.minLength })),
		directive("gzip_comp_level", phases.Take1, phases.Set(setLevel)),
		directive("gzip_vary", phases.OnOff, phases.SetFlag(func(c *location) *phases.Opt[bool] { return &c.vary })),
		directive("gzip_http_version", phases.Take1, phases.SetEnum(func(c *location) *phases.Opt[phases.Proto] { return &c.version },
			map[string]phases.Proto{"1.0": phases.HTTP10, "1.1": phases.HTTP11})),
		directive("gzip_proxied", phases.OneMore, phases.Set(setProxied)),
		directive("gzip_disable", phases.OneMore, phases.Set(setDisable)),
		directive("gzip_buffers", phases.Take2, phases.Ignore),
		directive("gzip_window", phases.Take1, phases.Ignore),
		directive("gzip_hash", phases.Take1, phases.Ignore),
		directive("postpone_gzipping", phases.Take1, phases.Ignore),
		directive("gzip_no_buffer", phases.OnOff, phases.Ignore),
		directive("gunzip", phases.OnOff, phases.NotBuilt("")),
		directive("gunzip_buffers", phases.Take2, phases.NotBuilt("")),
	}
	m.MergeLocation = mergeLocation
	f := &filter{m: m}
	m.Preconfigure = f.addVariables
	m.Postconfigure = f.install
	return m
}

type location struct {
	on        phases.Opt[bool]
	types     phases.Opt[map[string]bool] // nil map: any
	minLength phases.Opt[int64]           // bytes
	level     phases.Opt[int]
	vary      phases.Opt[bool]
	version   phases.Opt[phases.Proto]
	proxied   phases.Opt[proxied]
	disable   phases.Opt[disabled]
}

// disabled tells the user agents that get no compressed answers.
type disabled struct {
	msie6   bool
	regexes []*regex.Regexp
}

// proxied is a set of reasons to compress the answer to a request that came through a proxy.
type proxied uint16

const (
	proxiedOff proxied = 1 << iota
	proxiedExpired
	proxiedNoCache
	proxiedNoStore
	proxiedPrivate
	proxiedNoLastModified
	proxiedNoETag
	proxiedAuth
	proxiedAny
)

var proxiedNames = map[string]proxied{
	"off": proxiedOff, "expired": proxiedExpired, "no-cache": proxiedNoCache, "no-store": proxiedNoStore, "private": proxiedPrivate,
	"no_last_modified": proxiedNoLastModified, "no_etag": proxiedNoETag, "auth": proxiedAuth, "any": proxiedAny,
}

func setTypes(l *phases.Load, d *conf.Directive, c *location) error {
	if !c.types.Set {
		c.types = phases.Opt[map[string]bool]{V: map[string]bool{"text/html": true}, Set: true}
	}
	for _, a := range d.Args {
		t := strings.ToLower(a.Value)
		switch {
		case t == "*":
			c.types.V = nil
		case c.types.V == nil:
		case c.types.V[t]:
			l.Warnf(d, "duplicate MIME type %q", a.Value)
		default:
			c.types.V[t] = true
		}
	}
	return nil
}

func setLevel(l *phases.Load, d *conf.Directive, c *location) error {
	if c.level.Set {
		return l.Duplicate(d)
	}
	n, ok := phases.ParseNumber(d.Args[0].Value)
	if !ok {
		return errors.New("invalid number")
	}
	if n < 1 || n > 9 {
		return errors.New("value must be between 1 and 9")
	}
	c.level = phases.Opt[int]{V: n, Set: true}
	return nil
}

func setProxied(l *phases.Load, d *conf.Directive, c *location) error {
	for _, a := range d.Args {
		v, ok := proxiedNames[a.Value]
		if !ok {
			return fmt.Errorf("invalid value %q", a.Value)
		}
		if c.proxied.V&v != 0 {
			l.Warnf(d, "duplicate value %q", a.Value)
		}
		c.proxied.V |= v
	}
	c.proxied.Set = true
	return nil
}

func setDisable(_ *phases.Load, d *conf.Directive, c *location) error {
	for _, a := range d.Args {
		if a.Value == "msie6" {
			c.disable.V.msie6 = true
			continue
		}
		re, err := phases.CompileRegex(a.Value, regex.Caseless)
		if err != nil {
			return err
		}
		c.disable.V.regexes = append(c.disable.V.regexes, re)
	}
	c.disable.Set = true
	return nil
}

func mergeLocation(_ *phases.Load, parent, child any) error {
	p, c := parent.(*location), child.(*location)
	c.on.Merge(p.on, false)
	c.types.Merge(p.types, map[string]bool{"text/html": true})
	c.minLength.Merge(p.minLength, 20)
	c.level.Merge(p.level, 1)
	c.vary.Merge(p.vary, false)
	c.version.Merge(p.version, phases.HTTP11)
	c.proxied.Merge(p.proxied, proxiedOff)
	c.disable.Merge(p.disable, disabled{})
	return nil
}
