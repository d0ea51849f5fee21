package autoindex_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"moongate/phases/autoindex"
	"moongate/phases/charset"
	"moongate/phases/phasetest"
)

const program = `events {} http { server { listen ADDR;
	root PREFIXhtml;
	autoindex on;
	location /d/ { }
	location /rough/ { alias PREFIXhtml/d/; autoindex_exact_size off; charset utf-8; }
	location /json/ { alias PREFIXhtml/d/; autoindex_format json; }
	location /jsonp/ { alias PREFIXhtml/d/; autoindex_format jsonp; }
	location /xml/ { alias PREFIXhtml/d/; autoindex_format xml; }
	location /off/ { alias PREFIXhtml/d/; autoindex off; }
} }`

// tree is the directory for which nginx 1.22 gave the answers below.
func tree(t *testing.T) string {
	t.Helper()
	dir := phasetest.Dir(t)
	d := dir + "html/d/"
	for _, sub := range []string{"sub", "zdir", strings.Repeat("d", 50)} {
		if err := os.MkdirAll(d+sub, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	phasetest.WriteFile(t, d+"a.txt", "hello\n")
	phasetest.WriteFile(t, d+"big", strings.Repeat("\x00", 20000))
	for _, name := range []string{"a b&<c>?.html", strings.Repeat("x", 68), "ünïcode", ".hid"} {
		phasetest.WriteFile(t, d+name, "\n")
	}
	for link, to := range map[string]string{"dang": "nowhere", "loop": "loop"} {
		if err := os.Symlink(to, d+link); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2020, 3, 4, 5, 6, 7, 0, time.UTC)
	err := filepath.WalkDir(d, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type()&os.ModeSymlink == 0 {
			err = os.Chtimes(path, at, at)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// withoutLinks drops the lines of links, whose own time cannot be set portably.
func withoutLinks(s string) string {
	var out []string
	for line := range strings.SplitAfterSeq(s, "\r\n") {
		if !strings.Contains(line, "dang") && !strings.Contains(line, "loop") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

func TestAsNginx(t *testing.T) {
	s := phasetest.StartIn(t, tree(t), program, autoindex.Module, charset.Module)
	long := strings.Repeat("d", 50)
	for _, c := range []struct{ name, path, kind, want string }{
		{"html", "/d/", "text/html", `<html>
<head><title>Index of /d/</title></head>
<body>
<h1>Index of /d/</h1><hr><pre><a href="../">../</a>
<a href="LONG/">LONG</a> 04-Mar-2020 05:06                   -
<a href="sub/">sub/</a>                                               04-Mar-2020 05:06                   -
<a href="zdir/">zdir/</a>                                              04-Mar-2020 05:06                   -
<a href="a%20b%26%3Cc%3E%3F.html">a b&amp;&lt;c&gt;?.html</a>                                      04-Mar-2020 05:06                   1
<a href="a.txt">a.txt</a>                                              04-Mar-2020 05:06                   6
<a href="big">big</a>                                                04-Mar-2020 05:06               20000
<a href="xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx">xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..&gt;</a> 04-Mar-2020 05:06                   1
<a href="%C3%BCn%C3%AFcode">ünïcode</a>                                          04-Mar-2020 05:06                   1
</pre><hr></body>
</html>
`},
		{"rough sizes, UTF-8", "/rough/", "text/html; charset=utf-8", `<html>
<head><title>Index of /rough/</title></head>
<body>
<h1>Index of /rough/</h1><hr><pre><a href="../">../</a>
<a href="LONG/">LONG</a> 04-Mar-2020 05:06       -
<a href="sub/">sub/</a>                                               04-Mar-2020 05:06       -
<a href="zdir/">zdir/</a>                                              04-Mar-2020 05:06       -
<a href="a%20b%26%3Cc%3E%3F.html">a b&amp;&lt;c&gt;?.html</a>                                      04-Mar-2020 05:06       1
<a href="a.txt">a.txt</a>                                              04-Mar-2020 05:06       6
<a href="big">big</a>                                                04-Mar-2020 05:06     20K
<a href="xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx">xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..&gt;</a> 04-Mar-2020 05:06       1
<a href="%C3%BCn%C3%AFcode">ünïcode</a>                                            04-Mar-2020 05:06       1
</pre><hr></body>
</html>
`},
		{"xml", "/xml/", "text/xml; charset=utf-8", `<?xml version="1.0"?>
<list>
<directory mtime="2020-03-04T05:06:07Z">LONG</directory>
<directory mtime="2020-03-04T05:06:07Z">sub</directory>
<directory mtime="2020-03-04T05:06:07Z">zdir</directory>
<file mtime="2020-03-04T05:06:07Z" size="1">a b&amp;&lt;c&gt;?.html</file>
<file mtime="2020-03-04T05:06:07Z" size="6">a.txt</file>
<file mtime="2020-03-04T05:06:07Z" size="20000">big</file>
<file mtime="2020-03-04T05:06:07Z" size="1">xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx</file>
<file mtime="2020-03-04T05:06:07Z" size="1">ünïcode</file>
</list>
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := s.Get(c.path)
			want := strings.ReplaceAll(strings.ReplaceAll(c.want, "LONG", long), "\n", "\r\n")
			if diff := cmp.Diff(want, withoutLinks(res.Body)); diff != "" || res.Header.Get("Content-Type") != c.kind {
				t.Fatalf("%q, -want +got:\n%s", res.Header.Get("Content-Type"), diff)
			}
		})
	}
	t.Run("json", func(t *testing.T) {
		res := s.Get("/json/?callback=ignored")
		for _, want := range []string{
			"[\r\n{ \"name\":\"" + long + "\", \"type\":\"directory\", \"mtime\":\"Wed, 04 Mar 2020 05:06:07 GMT\" },\r\n",
			"{ \"name\":\"big\", \"type\":\"file\", \"mtime\":\"Wed, 04 Mar 2020 05:06:07 GMT\", \"size\":20000 },\r\n",
			"{ \"name\":\"dang\", \"type\":\"other\", ", "{ \"name\":\"loop\", \"type\":\"other\", ", "\"size\":1 }\r\n]",
		} {
			if !strings.Contains(res.Body, want) {
				t.Fatalf("no %q in\n%s", want, res.Body)
			}
		}
	})
	t.Run("jsonp", func(t *testing.T) {
		res := s.Get("/jsonp/?callback=a.b_1")
		if !strings.HasPrefix(res.Body, "/* callback */\r\na.b_1([") || !strings.HasSuffix(res.Body, "\r\n]);") || res.Header.Get("Content-Type") != "application/javascript" {
			t.Fatal(res.Raw)
		}
		if res := s.Get("/jsonp/?callback=a%20b"); res.Status != 400 || !s.WaitLog(`client sent invalid callback name: "a%20b"`) {
			t.Fatal(res.Raw)
		}
		if res := s.Get("/jsonp/"); res.Header.Get("Content-Type") != "application/json" {
			t.Fatal(res.Raw)
		}
	})
	t.Run("missing", func(t *testing.T) {
		if res := s.Get("/no/"); res.Status != 404 || !s.WaitLog(`html/no" failed (2: No such file or directory), client`) {
			t.Fatal(res.Raw, s.ErrorLog())
		}
	})
	t.Run("off", func(t *testing.T) {
		if res := s.Get("/off/"); res.Status != 403 || !s.WaitLog(`html/d/" is forbidden, client`) {
			t.Fatal(res.Raw, s.ErrorLog())
		}
	})
	t.Run("HEAD", func(t *testing.T) {
		if res := s.Do("HEAD", "/d/", ""); res.Status != 200 || res.Body != "" {
			t.Fatal(res.Raw)
		}
	})
}

func TestErrors(t *testing.T) {
	got := phasetest.LoadError(t, "events {} http { server { listen ADDR; autoindex_format yaml; autoindex maybe; } }", autoindex.Module)
	for _, want := range []string{`invalid value "yaml" in `, `invalid value "maybe" in "autoindex" directive, it must be "on" or "off" in `} {
		if !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
