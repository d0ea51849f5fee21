package phases

import (
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/runtime/regex"
)

// ServerName is one name of a server_name directive.
type ServerName struct {
	Name  string // lower case as written
	Regex *Regex // for ~regex names
}

// nameTable finds a server by its host name in nginx's order: exact, longest wildcard that begins
// with an asterisk, longest that ends with one, first regex.
type nameTable struct {
	hosts  hostTable          // made of exact
	exact  map[string]*Server // until all are known
	head   map[string]*Server // "*.example.org" under ".example.org"
	tail   map[string]*Server // "www.*" under "www."
	regexs []regexServer
}

type regexServer struct {
	re *Regex
	s  *Server
}

func (n *nameTable) find(host string, r *Request) *Server {
	if s := n.hosts.find(host); s != nil {
		return s
	}
	if len(n.head) > 0 {
		for i := range len(host) {
			if host[i] == '.' && i > 0 {
				if s := n.head[host[i:]]; s != nil {
					return s
				}
			}
		}
	}
	if len(n.tail) > 0 {
		for i := len(host) - 1; i >= 0; i-- {
			if host[i] == '.' {
				if s := n.tail[host[:i+1]]; s != nil {
					return s
				}
			}
		}
	}
	for _, x := range n.regexs {
		if r == nil && x.re.Test(host) || r != nil && x.re.Match(r, host) {
			return x.s
		}
	}
	return nil
}

func (n *nameTable) add(name ServerName, s *Server) bool {
	if name.Regex != nil {
		n.regexs = append(n.regexs, regexServer{name.Regex, s})
		return true
	}
	put := func(m *map[string]*Server, key string) bool {
		if *m == nil {
			*m = map[string]*Server{}
		}
		if (*m)[key] != nil {
			return false
		}
		(*m)[key] = s
		return true
	}
	switch {
	case strings.HasPrefix(name.Name, "*."):
		return put(&n.head, name.Name[1:])
	case strings.HasPrefix(name.Name, "."):
		return put(&n.head, name.Name) && put(&n.exact, name.Name[1:])
	case strings.HasSuffix(name.Name, ".*"):
		return put(&n.tail, name.Name[:len(name.Name)-1])
	}
	return put(&n.exact, name.Name)
}

// seal makes the table ready for find; no name is added any more.
func (n *nameTable) seal() { n.hosts, n.exact = newHostTable(n.exact), nil }

func setServerName(l *Load, d *conf.Directive, c *CoreServer) error {
	for i, a := range d.Args {
		v := a.Value
		if strings.ContainsRune(v, '/') && !strings.HasPrefix(v, "~") {
			l.Tree.warn(fmt.Sprintf("server name %q has suspicious symbols in %s:%d", v, d.Pos.File, d.Pos.Line))
		}
		if v == "$hostname" {
			v = hostname()
		}
		if i == 0 && !c.nameSet {
			c.Name, c.nameSet = v, true
		}
		if rest, ok := strings.CutPrefix(v, "~"); ok {
			if rest == "" {
				return fmt.Errorf("empty regex in server name %q", v)
			}
			var flags regex.Flags
			if strings.ToLower(rest) != rest {
				flags = regex.Caseless
			}
			re, err := l.Regex(rest, flags)
			if err != nil {
				return err
			}
			l.Server.Names = append(l.Server.Names, ServerName{Name: v, Regex: re})
			continue
		}
		n := strings.ToLower(v)
		if strings.Contains(strings.TrimSuffix(strings.TrimPrefix(n, "*."), ".*"), "*") || n == "*" ||
			strings.HasPrefix(n, "*.") && strings.HasSuffix(n, ".*") {
			return fmt.Errorf("invalid server name or wildcard %q on", v)
		}
		l.Server.Names = append(l.Server.Names, ServerName{Name: n})
	}
	return nil
}
