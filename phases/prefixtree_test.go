package phases

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"moongate/conf"
)

// randomName is a path of few different bytes, so that names have much in common.
func randomName(r *rand.Rand) string {
	var b strings.Builder
	if r.IntN(20) > 0 {
		b.WriteByte('/')
	}
	for range r.IntN(5) {
		b.WriteString([]string{"a", "b", "/", "ab", "/a/", "0123456789012345678", "\x00", "\xff"}[r.IntN(8)])
	}
	return b.String()
}

// The tree finds what a look at every name finds.
func TestPrefixTree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 2000 {
		byName := map[string]*Location{}
		for range r.IntN(40) {
			name := randomName(r)
			byName[name] = &Location{Name: name}
		}
		if round%50 == 0 { // more children of one node than it has room for
			for c := range 256 {
				byName["/c"+string([]byte{byte(c)})] = &Location{Name: "/c" + string([]byte{byte(c)})}
			}
		}
		tree := newPrefixTree(byName)
		uris := append(slices.Collect(maps.Keys(byName)), "", "/", "/c", "/c\x80x")
		for range 40 {
			uris = append(uris, randomName(r))
		}
		for _, uri := range uris {
			var best *Location
			for name, loc := range byName {
				if strings.HasPrefix(uri, name) && (best == nil || len(name) > len(best.Name)) {
					best = loc
				}
			}
			gotBest, gotSlash := tree.longest(uri)
			if gotBest != best || gotSlash != byName[uri+"/"] {
				t.Fatalf("%q among %q: %v and %v, want %v and %v", uri, slices.Sorted(maps.Keys(byName)),
					gotBest, gotSlash, best, byName[uri+"/"])
			}
		}
	}
}

// findSlowly is Location.find by nginx's rules, without an index: exact names, then the longest prefix and what is inside
// it. There are no expressions in this test.
func findSlowly(loc *Location, uri string, at *Location) (findResult, *Location) {
	var p, slash *Location
	for _, c := range loc.children {
		switch {
		case c.Kind == LocationExact && c.Name == uri:
			return findFinal, c
		case c.AutoRedirect && c.Name == uri+"/":
			slash = c
		case c.Kind != LocationExact && strings.HasPrefix(uri, c.Name) && (p == nil || len(c.Name) > len(p.Name)):
			p = c
		}
	}
	if slash != nil && (p == nil || p.Name != uri) {
		return findRedirect, slash
	}
	if p == nil {
		return findNone, at
	}
	if res, inner := findSlowly(p, uri, p); res != findNone {
		return res, inner
	}
	return findPrefix, p
}

// Nested locations, exact ones, ^~ and the redirect of /x to /x/ are found as without an index.
func TestFindLocation(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		s := &Server{}
		var names []string
		var fill func(loc *Location, depth int)
		fill = func(loc *Location, depth int) {
			seen := map[string]bool{}
			for range r.IntN(8) {
				c := &Location{
					Name: loc.Name + randomName(r), Kind: []LocationKind{LocationPrefix, LocationNoRegex, LocationExact}[r.IntN(3)],
					AutoRedirect: r.IntN(2) == 0, Server: s,
				}
				if key := fmt.Sprint(c.Kind == LocationExact, c.Name); seen[key] {
					continue
				} else {
					seen[key] = true
				}
				if c.Kind == LocationExact && seen[fmt.Sprint(false, c.Name)] || c.Kind != LocationExact && seen[fmt.Sprint(true, c.Name)] {
					c.AutoRedirect = false // two that redirect from one name to the same
				}
				c.AutoRedirect = c.AutoRedirect && strings.HasSuffix(c.Name, "/")
				loc.children = append(loc.children, c)
				names = append(names, c.Name, strings.TrimSuffix(c.Name, "/"))
				if depth < 3 && c.Kind != LocationExact {
					fill(c, depth+1)
				}
			}
		}
		root := s.Root()
		root.Server = s
		fill(root, 0)
		var errs conf.ErrorList
		root.index(&errs)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		for _, uri := range append(names, "", "/", randomName(r)) {
			wantRes, want := findSlowly(root, uri, root)
			req := &Request{Loc: root, URI: uri}
			res, redirect := root.find(req)
			got := req.Loc
			if res == findRedirect {
				got = redirect
			}
			if res != wantRes || got != want {
				t.Fatalf("%q: %d %q, want %d %q", uri, res, got.Name, wantRes, want.Name)
			}
		}
	}
}

func TestHostTable(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 100, 5000} {
		servers := map[string]*Server{}
		for i := range n {
			servers[fmt.Sprintf("host%d.example", i)] = &Server{}
		}
		table := newHostTable(servers)
		for name, s := range servers {
			if table.find(name) != s {
				t.Errorf("%d names: %s is not found", n, name)
			}
		}
		for _, name := range []string{"", "host", "host0.exampl", "host0.example.", fmt.Sprintf("host%d.example", n)} {
			if table.find(name) != nil {
				t.Errorf("%d names: %q is found", n, name)
			}
		}
	}
}

// BenchmarkSearch is the look for a location, and for a server, among so many: 51 in turn.
func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		s := &Server{}
		servers := map[string]*Server{}
		var uris, hosts []string
		for i := range n {
			s.root.children = append(s.root.children, &Location{Name: fmt.Sprintf("/area%d/", i), Server: s})
			servers[fmt.Sprintf("host%d.example", i)] = s
		}
		for i := range 51 {
			uris = append(uris, fmt.Sprintf("/area%d/page", i*n/51))
			hosts = append(hosts, fmt.Sprintf("host%d.example", i*n/51))
		}
		s.root.Server = s
		var errs conf.ErrorList
		s.root.index(&errs)
		table := nameTable{exact: servers}
		table.seal()
		b.Run(fmt.Sprintf("locations=%d", n), func(b *testing.B) {
			r, i := &Request{}, 0
			for b.Loop() {
				r.Loc, r.URI = &s.root, uris[i%len(uris)]
				s.root.find(r)
				i++
			}
		})
		b.Run(fmt.Sprintf("names=%d", n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				table.find(hosts[i%len(hosts)], nil)
				i++
			}
		})
	}
}
