package phases

import (
	"fmt"
	"strings"
	"time"

	"moongate/conf"
)

func setRoot(l *Load, d *conf.Directive, c *CoreLocation) error {
	return setRootAlias(l, d, c, &c.Root)
}

func setAlias(l *Load, d *conf.Directive, c *CoreLocation) error {
	return setRootAlias(l, d, c, &c.Alias)
}

func setRootAlias(l *Load, d *conf.Directive, c *CoreLocation, o *Opt[*Value]) error {
	if o.Set {
		return l.Duplicate(d)
	}
	if c.Root.Set || c.Alias.Set {
		other := "root"
		if d.Name == "root" {
			other = "alias"
		}
		return fmt.Errorf("%q directive is duplicate, %q directive was specified earlier", d.Name, other)
	}
	text := d.Args[0].Value
	if d.Name == "root" {
		text = strings.TrimSuffix(text, "/")
	}
	if strings.Contains(text, "$document_root") || strings.Contains(text, "${document_root}") ||
		strings.Contains(text, "$realpath_root") || strings.Contains(text, "${realpath_root}") {
		return fmt.Errorf("the $document_root variable cannot be used in the %q directive", d.Name)
	}
	if !strings.HasPrefix(text, "$") {
		text = l.Path(text)
	}
	if d.Name == "alias" && strings.HasSuffix(d.Args[0].Value, "/") && !strings.HasSuffix(text, "/") {
		text += "/"
	}
	v, err := l.CompileValue(text, d.Args[0].Pos)
	if err != nil {
		return err
	}
	o.V, o.Set = v, true
	return nil
}

func setLimitExcept(l *Load, d *conf.Directive, c *CoreLocation) error {
	if c.LimitExcept != nil {
		return l.Duplicate(d)
	}
	allowed := map[string]bool{}
	for _, a := range d.Args {
		m := strings.ToUpper(a.Value)
		if !knownMethods[m] {
			return fmt.Errorf("invalid method %q", a.Value)
		}
		allowed[m] = true
		if m == "GET" {
			allowed["HEAD"] = true
		}
	}
	c.methods = allowed
	loc := l.Nameless("limit_except")
	c.LimitExcept = loc
	l.Within(d, CtxLimitExcept, l.Server, loc)
	return nil
}

var knownMethods = map[string]bool{
	"GET": true, "HEAD": true, "POST": true, "PUT": true, "DELETE": true, "MKCOL": true, "COPY": true, "MOVE": true,
	"OPTIONS": true, "PROPFIND": true, "PROPPATCH": true, "LOCK": true, "UNLOCK": true, "PATCH": true,
}

func setTypes(_ *Load, d *conf.Directive, c *CoreLocation) error {
	if c.typesOwn == nil {
		c.typesOwn = map[string]string{}
	}
	for _, t := range d.Block {
		for _, ext := range t.Args {
			c.typesOwn[strings.ToLower(ext.Value)] = t.Name
		}
	}
	c.Types = Opt[map[string]string]{c.typesOwn, true}
	return nil
}

func setKeepalive(l *Load, d *conf.Directive, c *CoreLocation) error {
	if c.KeepaliveTimeout.Set {
		return l.Duplicate(d)
	}
	v, ok := conf.ParseMsec(d.Args[0].Value)
	if !ok {
		return Reject("invalid value")
	}
	c.KeepaliveTimeout = Opt[time.Duration]{v, true}
	if len(d.Args) == 2 {
		h, ok := conf.ParseTime(d.Args[1].Value)
		if !ok {
			return Reject("invalid value")
		}
		c.KeepaliveHeader = Opt[time.Duration]{h, true}
	}
	return nil
}

func setErrorPage(l *Load, d *conf.Directive, c *CoreLocation) error {
	args := d.Args
	n := len(args) - 1
	uri := args[n]
	if strings.HasPrefix(uri.Value, "=") {
		return fmt.Errorf("invalid value %q", uri.Value)
	}
	overwrite := -1
	if eq := args[n-1].Value; n > 1 && strings.HasPrefix(eq, "=") {
		n--
		overwrite = 0
		if eq != "=" {
			v, ok := ParseNumber(eq[1:])
			if !ok {
				return fmt.Errorf("invalid value %q", eq)
			}
			overwrite = v
		}
	} else if strings.HasPrefix(eq, "=") {
		return fmt.Errorf("invalid value %q", eq)
	}
	v, err := l.Value(uri)
	if err != nil {
		return err
	}
	pageArgs := ""
	if v.IsConstant() && strings.HasPrefix(v.Text(), "/") {
		path, a := SplitArgs(v.Text())
		v, pageArgs = Constant(path), a
	}
	for _, a := range args[:n] {
		code, ok := ParseNumber(a.Value)
		if !ok {
			return fmt.Errorf("invalid value %q", a.Value)
		}
		if code < 300 || code > 599 {
			return fmt.Errorf("value %q must be between 300 and 599", a.Value)
		}
		if code == 499 {
			return fmt.Errorf("value %q must be between 300 and 599, and not 499", a.Value)
		}
		o := overwrite
		if o == -1 {
			switch code {
			case 497:
				o = 302
			case 494, 495, 496:
				o = 400
			}
		}
		c.ErrorPages.V = append(c.ErrorPages.V, ErrorPage{Status: code, Overwrite: o, URI: v, Args: pageArgs})
	}
	c.ErrorPages.Set = true
	return nil
}

func setResolver(l *Load, d *conf.Directive, c *CoreLocation) error {
	if c.Resolver.Set {
		return l.Duplicate(d)
	}
	rc := &ResolverConf{IPv4: true, IPv6: true, Tree: l.Tree}
	for _, a := range d.Args {
		if v, ok := cutPrefixArg(a.Value, "valid"); ok {
			t, ok := conf.ParseTime(v)
			if !ok {
				return fmt.Errorf("invalid parameter: %s", a.Value)
			}
			rc.Valid = t
			continue
		}
		if v, ok := cutPrefixArg(a.Value, "ipv6"); ok {
			rc.IPv6 = v == "on"
			continue
		}
		if v, ok := cutPrefixArg(a.Value, "ipv4"); ok {
			rc.IPv4 = v == "on"
			continue
		}
		if _, ok := cutPrefixArg(a.Value, "status_zone"); ok {
			continue
		}
		host, port, err := splitAddr(a.Value)
		if err != nil {
			return err
		}
		if port == "" {
			port = "53"
		}
		rc.Servers = append(rc.Servers, host+":"+port)
	}
	c.Resolver = Opt[*ResolverConf]{rc, true}
	return nil
}
