// Package authbasic is nginx's auth_basic module.
//
//	auth_basic "the realm";             # off, or a variable
//	auth_basic_user_file conf/htpasswd; # name:hash lines, beside nginx.conf
//
// Hashes may be bcrypt ($2a$ $2b$ $2y$), SHA-512 and SHA-256 crypt ($6$ $5$), MD5 crypt ($1$) and
// Apache's variant of it ($apr1$), {SSHA}, {SHA} and {PLAIN}. The file is read for each request, so that
// a change counts at once.
//
// Deviation: the traditional DES crypt and yescrypt ($y$) are not understood: such a line is logged
// and answered with 500, as nginx does where crypt(3) fails.
package authbasic

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// Module is the auth_basic module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "authbasic",
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
		MergeLocation: func(_ *phases.Load, parent, child any) error {
			p, c := parent.(*location), child.(*location)
			c.realm.Merge(p.realm, nil)
			c.file.Merge(p.file, nil)
			return nil
		},
	})
	const where = phases.CtxAll | phases.CtxLimitExcept
	m.Directives = []phases.Directive{
		{Name: "auth_basic", Ctx: where, Args: phases.Take1, Level: phases.LocationConf,
			Set: phases.SetValue(func(c *location) *phases.Opt[*phases.Value] { return &c.realm })},
		{Name: "auth_basic_user_file", Ctx: where, Args: phases.Take1, Level: phases.LocationConf,
			Set: phases.Set(setFile)},
	}
	m.Postconfigure = func(l *phases.Load) error {
		l.HandleWhere(phases.PhaseAccess, phases.Where(m, func(c *location) bool { return c.realm.V != nil }), func(r *phases.Request) phases.Status {
			return phases.LocationOf[location](r.Loc, m).check(r)
		})
		return nil
	}
	return m
}

type location struct{ realm, file phases.Opt[*phases.Value] }

func setFile(l *phases.Load, d *conf.Directive, c *location) error {
	if c.file.Set {
		return l.Duplicate(d)
	}
	text := d.Args[0].Value
	if !strings.HasPrefix(text, "$") {
		text = l.ConfPath(text)
	}
	v, err := l.CompileValue(text, d.Args[0].Pos)
	c.file = phases.Opt[*phases.Value]{V: v, Set: true}
	return err
}

func (c *location) check(r *phases.Request) phases.Status {
	if c.realm.V == nil || c.file.V == nil {
		return phases.Declined
	}
	realm := c.realm.V.Eval(r)
	if realm == "off" {
		return phases.Declined
	}
	user, password, ok := r.BasicAuth()
	if !ok || user == "" {
		r.Log(phases.LogInfo, "no user/password was provided for basic authentication")
		return refuse(r, realm)
	}
	path := c.file.V.Eval(r)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.Logf(phases.LogErr, "open() %q failed %s", path, phases.Errno(err))
		return 403
	case err != nil:
		r.Logf(phases.LogCrit, "open() %q failed %s", path, phases.Errno(err))
		return 500
	}
	hash, found := lookup(text, user)
	if !found {
		r.Logf(phases.LogErr, "user %q was not found in %q", user, path)
		return refuse(r, realm)
	}
	ok, err = verify(hash, password)
	if err != nil {
		r.Logf(phases.LogCrit, "user %q in %q: %v", user, path, err)
		return 500
	}
	if !ok {
		r.Logf(phases.LogErr, "user %q: password mismatch", user)
		return refuse(r, realm)
	}
	return phases.OK
}

func refuse(r *phases.Request, realm string) phases.Status {
	r.Out.Headers.Put("WWW-Authenticate", `Basic realm="`+realm+`"`)
	return 401
}

// lookup finds the user's hash: what stands up to the next colon of the user's line.
func lookup(text []byte, user string) (hash string, found bool) {
	for line := range bytes.SplitSeq(text, []byte{'\n'}) {
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		rest, ok := bytes.CutPrefix(line, []byte(user+":"))
		if !ok {
			continue
		}
		if end := bytes.IndexAny(rest, ":\r"); end >= 0 {
			rest = rest[:end]
		}
		return string(rest), true
	}
	return "", false
}
