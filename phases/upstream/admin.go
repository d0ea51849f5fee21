package upstream

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"moongate/phases"
)

// admin is dyups_interface: the registry over HTTP, in ngx_http_dyups_module's manner.
//
//	GET    /detail           every group with its servers
//	GET    /list             the names of the groups
//	GET    /upstream/NAME    the servers of one group
//	POST   /upstream/NAME    makes or replaces a group; the body is "server 127.0.0.1:9001; …"
//	DELETE /upstream/NAME    removes a group
//
// What stands in front of these words in the URI does not matter.
func admin(r *phases.Request, m *mainConf) phases.Status {
	words := strings.Split(strings.Trim(r.URI, "/"), "/")
	what, name := words[len(words)-1], ""
	if n := len(words); n >= 2 && words[n-2] == "upstream" {
		what, name = "upstream", words[n-1]
	}
	g := m.registry
	switch r.Method {
	case "GET", "HEAD":
		r.DiscardBody()
		return adminGet(r, m, what, name)
	case "POST", "PUT":
		if rc := r.ReadBody(); rc != phases.OK {
			return rc
		}
		if what != "upstream" {
			return say(r, 404, "not support this api")
		}
		b, err := readAll(r)
		if err != nil {
			r.Logf(phases.LogCrit, "%v", err)
			return 500
		}
		if err := g.SetText(name, b, r.Tree.Path); err != nil {
			r.Logf(phases.LogErr, "upstream %q: %v", name, err)
			return say(r, 400, "commands error: "+err.Error())
		}
		return say(r, 200, "success")
	case "DELETE":
		r.DiscardBody()
		if what != "upstream" {
			return say(r, 404, "not support this api")
		}
		if err := g.Delete(name); err != nil {
			return say(r, 404, "not found uptream")
		}
		return say(r, 200, "success")
	}
	return 405
}

func readAll(r *phases.Request) (string, error) {
	var b strings.Builder
	src := r.BodyReader()
	buf := make([]byte, 4096)
	for {
		n, err := src.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return b.String(), err
		}
	}
}

func adminGet(r *phases.Request, m *mainConf, what, name string) phases.Status {
	var b strings.Builder
	switch what {
	case "list":
		for _, u := range m.all() {
			fmt.Fprintln(&b, u.Name)
		}
	case "detail":
		for _, u := range m.all() {
			fmt.Fprintln(&b, u.Name)
			for _, p := range append(u.PrimaryPeers(), u.BackupPeers()...) {
				fmt.Fprintf(&b, "server %s weight=%d max_fails=%d fail_timeout=%d backup=%d down=%d\n",
					p.Name, p.Weight, p.MaxFails, int(p.FailTimeout.Seconds()), oneIf(p.Backup), oneIf(p.Down))
			}
			b.WriteByte('\n')
		}
	case "upstream":
		u := m.named(name)
		if g := m.registry.Get(name); g != nil {
			u = g
		}
		if u == nil {
			return say(r, 404, "not found uptream")
		}
		for _, p := range append(u.PrimaryPeers(), u.BackupPeers()...) {
			fmt.Fprintf(&b, "server %s\n", p.Name)
		}
	default:
		return say(r, 404, "not support this api")
	}
	return say(r, 200, b.String())
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

func say(r *phases.Request, status int, text string) phases.Status {
	return r.Respond(status, "text/plain", []byte(text))
}
