package phases

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/conf"
)

type testConf struct {
	word   Opt[string]
	number Opt[int]
	list   []string
	made   *int // by the merge, for each one merged
}

// testModule has the directives PREFIX_word, _number and _list on both levels.
func testModule(prefix string, share bool, merged *int) *Module {
	merge := func(_ *Load, parent, child any) error {
		p, c := parent.(*testConf), child.(*testConf)
		c.word.Merge(p.word, "none")
		c.number.Merge(p.number, 1)
		if c.list == nil {
			c.list = p.list
		}
		c.made = merged
		*merged++
		return nil
	}
	m := NewModule(Module{
		Name: prefix, NewServer: func() any { return &testConf{} }, NewLocation: func() any { return &testConf{} },
		MergeServer: merge, MergeLocation: merge, ShareServers: share, ShareLocations: share,
	})
	for name, level := range map[string]Level{"": LocationConf, "server_": ServerConf} {
		m.Directives = append(m.Directives,
			Directive{prefix + "_" + name + "word", CtxAll, Take1, level, SetString(func(c *testConf) *Opt[string] { return &c.word })},
			Directive{prefix + "_" + name + "number", CtxAll, Take1, level, SetNumber(func(c *testConf) *Opt[int] { return &c.number })},
			Directive{prefix + "_" + name + "list", CtxAll, OneMore, level, Set(func(_ *Load, d *conf.Directive, c *testConf) error {
				c.list = append(c.list, Values(d)...)
				return nil
			})})
	}
	return m
}

func loadTest(t *testing.T, text string, modules ...*Module) *Tree {
	t.Helper()
	tree, err := LoadConfig(LoadOptions{Prefix: t.TempDir() + "/", ConfFile: "nginx.conf", Source: []byte(text), Modules: modules})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// which numbers the levels' configurations of m: levels that share one have the same number.
func which(t *Tree, m *Module) (out []string) {
	seen := []*testConf{}
	number := func(c *testConf) int {
		i := slices.Index(seen, c)
		if i < 0 {
			i = len(seen)
			seen = append(seen, c)
		}
		return i
	}
	var walk func(indent string, loc *Location)
	walk = func(indent string, loc *Location) {
		c := LocationOf[testConf](loc, m)
		out = append(out, fmt.Sprintf("%s%s: %d %s %d %s", indent, loc.Name, number(c), c.word.V, c.number.V, strings.Join(c.list, ",")))
		for _, x := range loc.Children() {
			walk(indent+"  ", x)
		}
	}
	for _, s := range t.Servers {
		walk("", s.Root())
	}
	return out
}

func TestLocationsAlikeShare(t *testing.T) {
	const text = `events {} http { x_list a; y_list a;
	server { listen 127.0.0.1:1;
		location /unset { }
		location /one { x_word one; y_word one; }
		location /too { x_word two; y_word two; location /too/unset { } location /too/3 { x_number 3; y_number 3; } }
		location /number { x_number 7; y_number 7; }
		location /same { x_number 7; y_number 7; location /same/again { x_number 7; y_number 7; } }
		location /default { x_number 1; y_number 1; }
		location /list { x_list a; y_list a; }
	}
	server { listen 127.0.0.1:1; server_name b; location /unset { } location /number { x_number 7; y_number 7; } }
	server { listen 127.0.0.1:1; server_name c; x_number 7; y_number 7; location /unset { } }
	}`
	var shared, apart int
	x, y := testModule("x", true, &shared), testModule("y", false, &apart)
	tree := loadTest(t, text, x, y)
	want := []string{
		": 0 none 1 a",
		"  /unset: 0 none 1 a",
		// "one" is another string for each directive, though it be the same
		"  /one: 1 one 1 a",
		"  /too: 2 two 1 a",
		"    /too/unset: 2 two 1 a",
		"    /too/3: 3 two 3 a",
		"  /number: 4 none 7 a",
		"  /same: 4 none 7 a",
		"    /same/again: 4 none 7 a",
		"  /default: 0 none 1 a",
		"  /list: 5 none 1 a",
		": 0 none 1 a",
		"  /unset: 0 none 1 a",
		"  /number: 4 none 7 a",
		": 4 none 7 a",
		"  /unset: 4 none 7 a",
	}
	if diff := cmp.Diff(want, which(tree, x)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	// without leave every level has its own, with the same content
	for i, line := range which(tree, y) {
		name, rest, _ := strings.Cut(want[i], ": ")
		_, content, _ := strings.Cut(rest, " ")
		if got := fmt.Sprintf("%s: %d %s", name, i, content); got != line {
			t.Errorf("apart: %q, want %q", line, got)
		}
	}
	if apart != len(want)+3 || shared >= apart {
		t.Errorf("%d merges of configurations that are shared, %d of others", shared, apart)
	}
	// what locations share is not what they inherit from
	if LocationOf[testConf](tree.HTTP(), x) == LocationOf[testConf](tree.Servers[0].Root(), x) {
		t.Error("a server has the http level's own configuration")
	}
	if tree.Servers[0].Root().Core != tree.Servers[1].Root().Children()[0].Core || tree.HTTP().Core == tree.Servers[0].Root().Core {
		t.Error("the core's configurations")
	}
}

func TestServersAlikeShare(t *testing.T) {
	var shared, apart int
	x, y := testModule("x", true, &shared), testModule("y", false, &apart)
	tree := loadTest(t, `events {} http { x_server_word w; y_server_word w;
	server { listen 127.0.0.1:1; }
	server { listen 127.0.0.1:1; server_name b; x_server_number 1; y_server_number 1; }
	server { listen 127.0.0.1:1; server_name c; x_server_number 2; y_server_number 2; } }`, x, y)
	of := func(i int, m *Module) *testConf { return ServerOf[testConf](tree.Servers[i], m) }
	if of(0, x) != of(1, x) || of(0, x) == of(2, x) || of(0, y) == of(1, y) || of(0, y) == of(2, y) {
		t.Error("servers that are alike, or are not")
	}
	for i, number := range []int{1, 1, 2} {
		for _, m := range []*Module{x, y} {
			if c := of(i, m); c.word.V != "w" || c.number.V != number {
				t.Errorf("server %d: %s %d", i, c.word.V, c.number.V)
			}
		}
	}
}

// Configurations beyond the pages in the location itself are as good as others.
func TestMorePages(t *testing.T) {
	var modules []*Module
	var merged int
	for i := range 40 {
		modules = append(modules, testModule(fmt.Sprintf("m%d", i), i%2 == 0, &merged))
	}
	tree := loadTest(t, `events {} http { m39_number 39; server { m0_number 5; location /a { m1_number 7; m38_number 8; } location /b { } } }`, modules...)
	root := tree.Servers[0].Root()
	a, b := root.Children()[0], root.Children()[1]
	for _, c := range []struct {
		loc  *Location
		m    int
		want int
	}{{root, 0, 5}, {a, 0, 5}, {a, 1, 7}, {a, 2, 1}, {a, 38, 8}, {a, 39, 39}, {b, 1, 1}, {b, 38, 1}, {b, 39, 39}} {
		if got := LocationOf[testConf](c.loc, modules[c.m]).number.V; got != c.want {
			t.Errorf("module %d in %q: %d, want %d", c.m, c.loc.Name, got, c.want)
		}
	}
}
