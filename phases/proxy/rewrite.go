package proxy

import (
	"errors"
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/upstream"
	"moongate/runtime/regex"
)

// rewrite replaces the beginning of a value, or all of one that an expression matches.
type rewrite struct {
	re          *phases.Regex
	pattern     *phases.Value
	replacement *phases.Value
	domain      bool // compare as domains: whole, without case and a leading dot
}

// apply answers with the new value; ok is false where the rule does not fit.
func (w *rewrite) apply(r *phases.Request, value string) (string, bool) {
	if w.re != nil {
		if !w.re.Match(r, value) {
			return "", false
		}
		return w.replacement.Eval(r), true
	}
	pattern := w.pattern.Eval(r)
	if w.domain {
		if !strings.EqualFold(strings.TrimPrefix(value, "."), strings.TrimPrefix(pattern, ".")) {
			return "", false
		}
		return w.replacement.Eval(r), true
	}
	if !strings.HasPrefix(value, pattern) {
		return "", false
	}
	return w.replacement.Eval(r) + value[len(pattern):], true
}

func applyFirst(r *phases.Request, rules []rewrite, value string) (string, bool) {
	for i := range rules {
		if v, ok := rules[i].apply(r, value); ok {
			return v, true
		}
	}
	return value, false
}

// parseRewrite reads "pattern replacement" where a tilde makes the pattern an expression.
func parseRewrite(l *phases.Load, d *conf.Directive, caseless bool) (rewrite, error) {
	var w rewrite
	var err error
	pattern := d.Args[0].Value
	if text, ok := strings.CutPrefix(pattern, "~"); ok {
		flags := regex.Flags(0)
		if t, ok := strings.CutPrefix(text, "*"); ok {
			text, flags = t, regex.Caseless
		}
		if caseless {
			flags = regex.Caseless
		}
		if text == "" {
			return w, errors.New("empty regular expression")
		}
		if w.re, err = l.Regex(text, flags); err != nil {
			return w, err
		}
	} else if w.pattern, err = l.Value(d.Args[0]); err != nil {
		return w, err
	}
	w.replacement, err = l.Value(d.Args[1])
	return w, err
}

func setRedirect(l *phases.Load, d *conf.Directive, c *config) error {
	if len(d.Args) == 1 {
		switch d.Args[0].Value {
		case "off":
			c.redirectOff = true
			c.redirects = phases.Opt[[]rewrite]{Set: true}
			return nil
		case "default":
			if c.pass.value != nil {
				return errors.New("\"proxy_redirect default\" cannot be used with \"proxy_pass\" directive with variables")
			}
			if c.pass.url == "" {
				return errors.New("\"proxy_redirect default\" should be placed after the \"proxy_pass\" directive")
			}
			c.redirects.Set = true
			c.redirects.V = append(c.redirects.V, c.pass.defaultRedirect())
			return nil
		}
		return fmt.Errorf("invalid parameter %q", d.Args[0].Value)
	}
	w, err := parseRewrite(l, d, false)
	if err != nil {
		return err
	}
	c.redirects.V, c.redirects.Set = append(c.redirects.V, w), true
	return nil
}

// defaultRedirect turns the upstream's own URL back into the location's.
func (t *target) defaultRedirect() rewrite {
	if t.vars.URI != "" {
		return rewrite{pattern: phases.Constant(t.url), replacement: phases.Constant(t.location)}
	}
	return rewrite{pattern: phases.Constant(t.url + "/"), replacement: phases.Constant("/")}
}

func (c *config) mergeRedirects(p *config) {
	if !c.redirects.Set {
		c.redirects, c.redirectOff = p.redirects, p.redirectOff
	}
	if !c.redirects.Set && c.pass.group != nil {
		// not noted as set: locations inside this one have a default of their own
		c.redirects.V = []rewrite{c.pass.defaultRedirect()}
	}
	if c.redirectOff {
		c.redirects.V = nil
	}
}

// Location rewrites a Location header (upstream.Maker).
func (c *config) Location(x *upstream.Exchange, v string) (string, bool) {
	return applyFirst(x.R, c.redirects.V, v)
}

// Refresh rewrites the URL of a Refresh header (upstream.Maker).
func (c *config) Refresh(x *upstream.Exchange, v string) (string, bool) {
	i := strings.Index(strings.ToLower(v), "url=")
	if i < 0 {
		return v, false
	}
	u, ok := applyFirst(x.R, c.redirects.V, v[i+4:])
	if !ok {
		return v, false
	}
	return v[:i+4] + u, true
}
