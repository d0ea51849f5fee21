package proxy

import (
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/upstream"
	"moongate/runtime/regex"
)

func setCookieDomain(l *phases.Load, d *conf.Directive, c *config) error {
	return setCookieRewrite(l, d, &c.domains, true)
}

func setCookiePath(l *phases.Load, d *conf.Directive, c *config) error {
	return setCookieRewrite(l, d, &c.paths, false)
}

func setCookieRewrite(l *phases.Load, d *conf.Directive, o *phases.Opt[[]rewrite], domain bool) error {
	if len(d.Args) == 1 {
		if d.Args[0].Value != "off" {
			return fmt.Errorf("invalid parameter %q", d.Args[0].Value)
		}
		*o = phases.Opt[[]rewrite]{Set: true}
		return nil
	}
	w, err := parseRewrite(l, d, domain)
	if err != nil {
		return err
	}
	w.domain = domain
	o.V, o.Set = append(o.V, w), true
	return nil
}

// cookieFlags is one proxy_cookie_flags.
type cookieFlags struct {
	re       *phases.Regex
	name     *phases.Value
	secure   int8 // 1 set, -1 remove, 0 as it is
	httpOnly int8
	sameSite string // Strict, Lax, None, or "-" to remove
}

func setCookieFlags(l *phases.Load, d *conf.Directive, c *config) error {
	first := d.Args[0].Value
	if len(d.Args) == 1 {
		if first != "off" {
			return fmt.Errorf("invalid parameter %q", first)
		}
		c.flags = phases.Opt[[]cookieFlags]{Set: true}
		return nil
	}
	var f cookieFlags
	var err error
	if text, ok := strings.CutPrefix(first, "~"); ok {
		if text == "" {
			return fmt.Errorf("empty regular expression")
		}
		if f.re, err = l.Regex(text, regex.Caseless); err != nil {
			return err
		}
	} else if f.name, err = l.Value(d.Args[0]); err != nil {
		return err
	}
	for _, a := range d.Args[1:] {
		switch a.Value {
		case "secure":
			f.secure = 1
		case "nosecure":
			f.secure = -1
		case "httponly":
			f.httpOnly = 1
		case "nohttponly":
			f.httpOnly = -1
		case "samesite=strict":
			f.sameSite = "Strict"
		case "samesite=lax":
			f.sameSite = "Lax"
		case "samesite=none":
			f.sameSite = "None"
		case "nosamesite":
			f.sameSite = "-"
		default:
			return fmt.Errorf("invalid parameter %q", a.Value)
		}
	}
	c.flags.V, c.flags.Set = append(c.flags.V, f), true
	return nil
}

// attr is one part of a Set-Cookie line.
type attr struct {
	key, value string
	valued     bool
}

func parseCookie(line string) []attr {
	var out []attr
	for part := range strings.SplitSeq(line, ";") {
		k, v, ok := strings.Cut(part, "=")
		out = append(out, attr{strings.Trim(k, " "), strings.Trim(v, " "), ok})
	}
	return out
}

// Cookie rewrites a Set-Cookie header (upstream.Maker).
func (c *config) Cookie(x *upstream.Exchange, line string) (string, bool) {
	if len(c.domains.V) == 0 && len(c.paths.V) == 0 && len(c.flags.V) == 0 {
		return line, false
	}
	attrs := parseCookie(line)
	if !attrs[0].valued {
		return line, false
	}
	changed := false
	for i := 1; i < len(attrs); i++ {
		a := &attrs[i]
		if !a.valued {
			continue
		}
		rules := c.domains.V
		switch {
		case phases.EqualFold(a.key, "domain"):
		case phases.EqualFold(a.key, "path"):
			rules = c.paths.V
		default:
			continue
		}
		if v, ok := applyFirst(x.R, rules, a.value); ok {
			a.value, changed = v, true
		}
	}
	for i := range c.flags.V {
		f := &c.flags.V[i]
		if f.fits(x.R, attrs[0].key) {
			attrs = f.edit(attrs)
			changed = true
			break
		}
	}
	if !changed {
		return line, false
	}
	var b strings.Builder
	for i, a := range attrs {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(a.key)
		if a.valued {
			b.WriteByte('=')
			b.WriteString(a.value)
		}
	}
	return b.String(), true
}

func (f *cookieFlags) fits(r *phases.Request, name string) bool {
	if f.re != nil {
		return f.re.Match(r, name)
	}
	return strings.EqualFold(f.name.Eval(r), name)
}

func (f *cookieFlags) edit(attrs []attr) []attr {
	out := attrs[:1]
	secure, httpOnly, sameSite := f.secure, f.httpOnly, f.sameSite
	for _, a := range attrs[1:] {
		switch {
		case phases.EqualFold(a.key, "secure"):
			if f.secure < 0 {
				continue
			}
			secure = 0
		case phases.EqualFold(a.key, "httponly"):
			if f.httpOnly < 0 {
				continue
			}
			httpOnly = 0
		case phases.EqualFold(a.key, "samesite"):
			if f.sameSite == "-" {
				continue
			}
			if f.sameSite != "" && !phases.EqualFold(a.value, f.sameSite) {
				a = attr{"SameSite", f.sameSite, true}
			}
			sameSite = ""
		}
		out = append(out, a)
	}
	if secure > 0 {
		out = append(out, attr{key: "Secure"})
	}
	if httpOnly > 0 {
		out = append(out, attr{key: "HttpOnly"})
	}
	if sameSite != "" && sameSite != "-" {
		out = append(out, attr{"SameSite", sameSite, true})
	}
	return out
}
