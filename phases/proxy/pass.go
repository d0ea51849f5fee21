package proxy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/upstream"
)

// target is what proxy_pass names.
type target struct {
	url      string
	value    *phases.Value // of a URL with variables
	tls      bool
	group    *upstream.Upstream
	vars     upstream.Vars
	location string // what vars.URI replaces at the beginning of the request's URI
}

func (t *target) set() bool { return t.group != nil || t.value != nil }

// address is a URL taken apart.
type address struct {
	tls  bool
	unix string // path of a unix socket
	host string
	port int // 0: none given
	vars upstream.Vars
}

func (a *address) defaultPort() int {
	if a.tls {
		return 443
	}
	return 80
}

var errPrefix = errors.New("invalid URL prefix")

// parseURL takes "http://host:port/uri" or "http://unix:/path:/uri" apart.
func parseURL(url string) (address, error) {
	var a address
	var rest string
	switch {
	case len(url) >= 7 && phases.EqualFold(url[:7], "http://"):
		a.vars.Schema, rest = url[:7], url[7:]
	case len(url) >= 8 && phases.EqualFold(url[:8], "https://"):
		a.vars.Schema, rest, a.tls = url[:8], url[8:], true
	default:
		return a, errPrefix
	}
	if path, ok := strings.CutPrefix(rest, "unix:"); ok {
		a.unix, a.vars.URI, _ = strings.Cut(path, ":")
		if a.unix == "" {
			return a, fmt.Errorf("no path in the unix domain socket in upstream %q", rest)
		}
		a.vars.Host = "localhost"
		return a, nil
	}
	hp := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		hp, a.vars.URI = rest[:i], rest[i:]
	}
	if err := a.hostPort(hp); err != nil {
		return a, fmt.Errorf("%w in upstream %q", err, rest)
	}
	a.vars.Port = strconv.Itoa(a.defaultPort())
	a.vars.Host = a.host
	if a.port != 0 && a.port != a.defaultPort() {
		a.vars.Port = strconv.Itoa(a.port)
		a.vars.Host += ":" + a.vars.Port
	}
	return a, nil
}

func (a *address) hostPort(s string) error {
	if s == "" {
		return errors.New("no host")
	}
	a.host = s
	colon := strings.LastIndexByte(s, ':')
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || end+1 < len(s) && s[end+1] != ':' {
			return errors.New("invalid host")
		}
		if colon < end {
			colon = -1
		}
	}
	if colon < 0 {
		return nil
	}
	a.host = s[:colon]
	if a.host == "" {
		return errors.New("no host")
	}
	n, ok := phases.ParseNumber(s[colon+1:])
	if !ok || n < 1 || n > 65535 {
		return errors.New("invalid port")
	}
	a.port = n
	return nil
}

func setPass(l *phases.Load, d *conf.Directive, c *config, handler phases.Handler) error {
	if c.pass.set() {
		return l.Duplicate(d)
	}
	loc := l.Location
	l.SetContent(handler)
	if strings.HasSuffix(loc.Name, "/") && loc.Kind != phases.LocationNameless {
		loc.AutoRedirect = true
	}
	url := d.Args[0].Value
	v, err := l.Value(d.Args[0])
	if err != nil {
		return err
	}
	c.pass.url = url
	if !v.IsConstant() {
		c.pass.value = v
		return nil
	}
	a, err := parseURL(url)
	if err != nil {
		return err
	}
	plain := loc.Kind == phases.LocationPrefix || loc.Kind == phases.LocationNoRegex || loc.Kind == phases.LocationExact
	if !plain && a.vars.URI != "" {
		return errors.New("\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named location, or inside \"if\" statement, or inside \"limit_except\" block")
	}
	c.pass.tls, c.pass.vars = a.tls, a.vars
	if plain {
		c.pass.location = loc.Name
	}
	if a.unix != "" {
		c.pass.group = upstream.AddUnix(l, a.unix)
		return nil
	}
	c.pass.group, err = upstream.Add(l, d, a.host, a.port, a.defaultPort())
	return err
}

// locate finds what the request is passed to.
func (c *config) locate(x *upstream.Exchange) phases.Status {
	x.TLS = &c.tls.TLS
	if c.pass.value == nil {
		x.Group, x.Vars, x.UseTLS = c.pass.group, c.pass.vars, c.pass.tls
		return phases.OK
	}
	url := c.pass.value.Eval(x.R)
	a, err := parseURL(url)
	if err != nil {
		if errors.Is(err, errPrefix) {
			err = fmt.Errorf("invalid URL prefix in %q", url)
		}
		x.R.Logf(phases.LogErr, "%v", err)
		return 500
	}
	if strings.HasPrefix(a.vars.URI, "?") {
		a.vars.URI = "/" + a.vars.URI
	}
	x.Vars, x.UseTLS = a.vars, a.tls
	if a.unix != "" {
		x.Group = upstream.FindUnix(a.unix)
		return phases.OK
	}
	var rc phases.Status
	x.Group, rc = x.Find(a.host, a.port, a.defaultPort())
	return rc
}

// handle is proxy_pass's content handler.
func handle(r *phases.Request, c *config) phases.Status {
	x := upstream.New(r, &c.up, c)
	if rc := c.locate(x); rc != phases.OK {
		x.Close()
		r.DiscardBody()
		return rc
	}
	x.PassesBody = c.body.V == nil && c.passBody.V
	if x.PassesBody && !c.requestBuffering.V && !r.IsSub() && !r.BodyRead() && r.HasBody() &&
		(!r.Chunked || c.http11.V) {
		x.Body, x.BodyLength, x.BodyChunked = upstream.BodyStream, r.ContentLength, r.Chunked
		return x.Run()
	}
	framed := r.ContentLength >= 0 || r.Chunked
	if rc := r.ReadBody(); rc != phases.OK {
		x.Close()
		return rc
	}
	if x.PassesBody {
		if n := r.Body.Size(); n > 0 || framed {
			x.Body, x.BodyLength = upstream.BodyBuffered, n
		}
	}
	return x.Run()
}
