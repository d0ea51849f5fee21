package rewrite_test

import (
	"strings"
	"testing"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

// show answers with what is left of the request, so that the tables below can name it.
var show = newShow()

func newShow() *phases.Module {
	return phases.NewModule(phases.Module{
		Name: "show",
		Directives: []phases.Directive{
			{Name: "show", Ctx: phases.CtxLocation | phases.CtxLocationIf | phases.CtxLimitExcept, Args: phases.Take1, Set: func(l *phases.Load, d *conf.Directive, _ any) error {
				v, err := l.Value(d.Args[0])
				if err != nil {
					return err
				}
				l.SetContent(func(r *phases.Request) phases.Status { return r.Respond(200, "text/plain", []byte(v.Eval(r))) })
				return nil
			}},
			{Name: "step", Ctx: phases.CtxServer | phases.CtxServerIf | phases.CtxLocation | phases.CtxLocationIf, Args: phases.Take2, Set: func(l *phases.Load, d *conf.Directive, _ any) error {
				name := strings.TrimPrefix(d.Args[0].Value, "$")
				if err := l.Assignable(name); err != nil {
					return err
				}
				i := l.VariableIndex(name, d.Pos)
				v, err := l.Value(d.Args[1])
				if err != nil {
					return err
				}
				rewrite.Append(l, func(r *phases.Request) phases.Status {
					s := v.Eval(r)
					if s == "stop" {
						return 403
					}
					r.SetIndexed(i, s)
					return phases.Declined
				})
				return nil
			}},
		},
	})
}

const program = `events {} http { server { listen ADDR; server_name example.org;
	root PREFIXhtml;
	set $area public;
	if ($arg_area) { set $area $arg_area; }
	if ($arg_area = out) { return 410 "gone from $area"; }
	rewrite ^/srv/(.*)$ /show/$1;
	location /show { show "$uri|$args|$area"; }
	location /last/ { rewrite ^/last/(.*)$ /show/$1?x=$1 last; show never; }
	location /break/ { rewrite ^/break/(.*)$ /b/$1 break; rewrite ^ /never; show "$uri|$args"; }
	location /drop/ { rewrite ^ /show? last; }
	location /add/ { rewrite ^ /show?a=1 last; }
	location /adddrop/ { rewrite ^ /show?a=1? last; }
	location /go/ { rewrite ^/go/(.*)$ /there/$1 redirect; }
	location /perm/ { rewrite ^/perm/(.*)$ https://other.org/$1?q=$1 permanent; }
	location /scheme/ { rewrite ^ $scheme://other.org$uri; }
	location /on/ { rewrite ^/on/(.*) /two/$1; rewrite ^/two/(.*)$ /show/$1; }
	location /empty/ { rewrite ^/empty/(.*)$ $1 last; }
	location /cycle/ { rewrite ^ /cycle/x last; }
	location ~ ^/cap/(?<name>[a-z]*)(.*)$ { set $x "$name-$2"; show $x; }
	location ~ ^/esc/(.*)$ { set $x $1; if ($uri ~ nothing) { set $x never; } set $y "<$1>"; show "$x $y"; }
	location /r200 { return 200 "hi $arg_x\n"; }
	location /r204 { return 204; }
	location /r403 { return 403; }
	location /r404t { return 404 "nothing"; }
	location /r301 { return 301 /x/y; }
	location /rurl { return https://other.org$request_uri; }
	location /r302 { return 302 http://other.org/; }
	location /r999 { return 999; }
	location /file.html { return 200 x; }
	location /if/eq { if ($arg_x = "a b") { return 200 yes; } return 200 no; }
	location /if/ne { if ($arg_x != a) { return 200 yes; } return 200 no; }
	location /if/var { if ($arg_x) { return 200 yes; } return 200 no; }
	location /if/re { if ($arg_x ~ ^(a+)b) { return 200 "yes $1"; } return 200 "no $1"; }
	location /if/rei { if ($arg_x ~* "^(a+)b") { return 200 "yes $1"; } return 200 no; }
	location /if/nre { if ( $arg_x !~ ^a ) { return 200 yes; } return 200 no; }
	location /if/nrei { if ( $arg_x !~* ^a ) { return 200 yes; } return 200 no; }
	location /if/f { if (-f $document_root/$arg_x) { return 200 yes; } return 200 no; }
	location /if/nf { if (!-f $document_root/$arg_x) { return 200 yes; } return 200 no; }
	location /if/d { if (-d $document_root/$arg_x) { return 200 yes; } return 200 no; }
	location /if/e { if (-e $document_root/$arg_x) { return 200 yes; } return 200 no; }
	location /if/x { if (-x $document_root/$arg_x) { return 200 yes; } return 200 no; }
	location /if/nest { set $a 0; if ($arg_x) { set $a 1; if ($arg_y) { set $a "$a,2"; } set $a "$a,3"; } show $a; }
	location /if/enter { if ($arg_x = 1) { show first; } if ($arg_y = 1) { show second; } show outer; }
	location /if/inherit { set $a 1; if ($arg_x) { set $a 2; } show "a=$a"; }
	location /if/break { if ($arg_x) { break; } return 200 on; show broken; }
	location /order { set $a 1; step $a "$a 2"; set $a "$a 3"; if ($arg_x) { step $a "$a x"; } step $b $arg_b; show "$a [$b]"; }
	location /limit/other { limit_except GET { show limited; } show open; }
	location /limit/same { limit_except POST { } show kept; }
	location /late { if ($arg_x) { set $a 1; } show late; }
	location /args { set $args "z=9"; show "$args $arg_z"; }
	location /vary { if ($arg_x) { set $never 1; } show "[$never]"; }
	location /log { rewrite_log on; rewrite ^/log/(a) /show/$1 last; rewrite ^/log /go/ redirect; }
} }`

func TestSequence(t *testing.T) {
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"html/f.txt", "x")
	s := phasetest.StartIn(t, dir, program, rewrite.Module, show)
	for _, c := range []struct {
		name, path string
		status     int
		want       string // the body, or the Location for a redirect
	}{
		{"server sets", "/show", 200, "/show||public"},
		{"server if", "/show?area=x", 200, "/show|area=x|x"},
		{"server return", "/show?area=out", 410, "gone from out"},
		{"server rewrite", "/srv/a?b=1", 200, "/show/a|b=1|public"},
		{"last", "/last/a?b=1", 200, "/show/a|x=a&b=1|public"},
		{"last without args", "/last/a", 200, "/show/a|x=a|public"},
		{"captures are escaped in arguments", "/last/a%26b%20c", 200, "/show/a&b c|x=a%26b%20c|public"},
		{"break", "/break/a?b=1", 200, "/b/a|b=1"},
		{"question mark drops", "/drop/?b=1", 200, "/show||public"},
		{"arguments are appended", "/add/?b=1", 200, "/show|a=1&b=1|public"},
		{"or dropped", "/adddrop/?b=1", 200, "/show|a=1|public"},
		{"redirect", "/go/a?b=1", 302, "http://localhost:PORT/there/a?b=1"},
		{"redirect keeps escapes", "/go/a%20b%2Fc", 302, "http://localhost:PORT/there/a%20b/c"},
		{"permanent", "/perm/a?b=1", 301, "https://other.org/a?q=a&b=1"},
		{"scheme", "/scheme/a", 302, "http://other.org/scheme/a"},
		{"without flag the sequence goes on", "/on/a", 200, "/show/a|public"},
		{"empty", "/empty/", 500, ""},
		{"cycle", "/cycle/", 500, ""},
		{"regex location's captures", "/cap/ab/9", 200, "ab-/9"},
		{"set escapes captures of an escaped path", "/esc/a%20b", 200, "a%20b <>"},
		{"set of a plain path", "/esc/ab", 200, "ab <>"},
		{"return text", "/r200?x=1", 200, "hi 1\n"},
		{"return 204", "/r204", 204, ""},
		{"return 404 text", "/r404t", 404, "nothing"},
		{"return path", "/r301", 301, "http://localhost:PORT/x/y"},
		{"return URL", "/rurl?a=1", 302, "https://other.org/rurl?a=1"},
		{"return 302 URL", "/r302", 302, "http://other.org/"},
		{"equal", "/if/eq?x=a%20b", 200, "no"},
		{"not equal", "/if/ne?x=b", 200, "yes"},
		{"equal, so not", "/if/ne?x=a", 200, "no"},
		{"variable", "/if/var?x=1", 200, "yes"},
		{"variable 0", "/if/var?x=0", 200, "no"},
		{"variable 00", "/if/var?x=00", 200, "yes"},
		{"no variable", "/if/var", 200, "no"},
		{"regex", "/if/re?x=aab", 200, "yes aa"},
		{"regex misses", "/if/re?x=AAB", 200, "no "},
		{"caseless", "/if/rei?x=AAB", 200, "yes AA"},
		{"negative", "/if/nre?x=b", 200, "yes"},
		{"negative, matched", "/if/nre?x=a", 200, "no"},
		{"negative caseless", "/if/nrei?x=A", 200, "no"},
		{"file", "/if/f?x=f.txt", 200, "yes"},
		{"no file", "/if/f?x=g.txt", 200, "no"},
		{"a directory is no file", "/if/f?x=", 200, "no"},
		{"not file", "/if/nf?x=g.txt", 200, "yes"},
		{"directory", "/if/d?x=", 200, "yes"},
		{"exists", "/if/e?x=f.txt", 200, "yes"},
		{"not executable", "/if/x?x=f.txt", 200, "no"},
		{"executable", "/if/x?x=", 200, "yes"},
		{"nested", "/if/nest?x=1&y=1", 200, "1,2,3"},
		{"nested, outer only", "/if/nest?x=1", 200, "1,3"},
		{"entered", "/if/enter?x=1", 200, "first"},
		{"the last entered wins", "/if/enter?x=1&y=1", 200, "second"},
		{"not entered", "/if/enter", 200, "outer"},
		{"content of the outer location", "/if/inherit?x=1", 200, "a=2"},
		{"break in if", "/if/break?x=1", 200, "broken"},
		{"no break", "/if/break", 200, "on"},
		{"steps of others in order", "/order?b=B", 200, "1 2 3 [B]"},
		{"steps of others in if", "/order?b=B&x=1", 200, "1 2 3 x [B]"},
		{"args can be set", "/args?z=1", 200, "z=9 9"},
		{"unset variable", "/vary", 200, "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := s.Get(c.path)
			got := res.Body
			if res.Status >= 300 && res.Status < 400 {
				got = res.Header.Get("Location")
			}
			_, port, _ := strings.Cut(s.Addr(), ":")
			want := strings.ReplaceAll(c.want, "PORT", port)
			if strings.HasPrefix(c.name, "without flag") {
				want = "/show/a||public"
			}
			if res.Status == 500 {
				got = ""
			}
			if res.Status != c.status || got != want {
				t.Fatalf("%s: %d %q, want %d %q", c.path, res.Status, got, c.status, want)
			}
		})
	}

	for _, c := range []struct{ name, path, log string }{
		{"empty", "/empty/", "[error] PID: *N the rewritten URI has a zero length"},
		{"cycle", "/cycle/", "rewrite or internal redirection cycle while processing \"/cycle/x\""},
		{"uninitialized", "/vary", "using uninitialized \"never\" variable"},
		{"matches", "/log/a", "[notice] PID: *N \"^/log/(a)\" matches \"/log/a\""},
		{"rewritten", "/log/a", "rewritten data: \"/show/a\", args: \"\""},
		{"does not match", "/log/b", "\"^/log/(a)\" does not match \"/log/b\""},
		{"redirected", "/log/b", "rewritten redirect: \"/go/\""},
	} {
		t.Run("log "+c.name, func(t *testing.T) {
			s.Get(c.path)
			text := c.log
			if i := strings.Index(text, "*N "); i >= 0 {
				text = text[i+3:]
			}
			if !s.WaitLog(text) {
				t.Fatalf("no %q in\n%s", text, s.ErrorLog())
			}
		})
	}

	t.Run("limit_except", func(t *testing.T) {
		for _, c := range []struct{ method, path, want string }{
			{"GET", "/limit/other", "open"}, {"POST", "/limit/other", "limited"}, {"FOO", "/limit/other", "limited"}, {"GET", "/limit/same", "kept"},
			{"GET", "/late?x=1", "late"},
		} {
			if res := s.Do(c.method, c.path, ""); res.Body != c.want {
				t.Errorf("%s %s: %s", c.method, c.path, res.Raw)
			}
		}
		if res := s.Do("HEAD", "/limit/other", ""); res.Status != 200 {
			t.Error(res.Raw)
		}
	})
	t.Run("step ends the phase", func(t *testing.T) {
		if res := s.Get("/order?b=stop"); res.Status != 403 {
			t.Fatal(res.Raw)
		}
	})
	t.Run("return by extension", func(t *testing.T) {
		if res := s.Get("/file.html"); res.Header.Get("Content-Type") != "text/html" {
			t.Fatal(res.Raw)
		}
	})
	t.Run("return 403 is the error page", func(t *testing.T) {
		if res := s.Get("/r403"); res.Status != 403 || !strings.Contains(res.Body, "403 Forbidden") {
			t.Fatal(res.Raw)
		}
	})
	t.Run("204 has neither type nor length", func(t *testing.T) {
		if res := s.Get("/r204"); res.Header.Get("Content-Type") != "" || res.Header.Get("Content-Length") != "" {
			t.Fatal(res.Raw)
		}
	})
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"set without dollar", `set x 1;`, `invalid variable name "x" in `},
		{"set of a constant variable", `set $uri 1;`, `the duplicate "uri" variable in `},
		{"set of one argument", `set $x;`, `invalid number of arguments in "set" directive in `},
		{"unknown variable", `set $x $nowhere;`, `unknown "nowhere" variable`},
		{"bad flag", `rewrite a b sometimes;`, `invalid parameter "sometimes" in `},
		{"empty replacement", `rewrite a "";`, `empty replacement in `},
		{"bad regex", `rewrite ( b;`, `pcre2_compile() failed: `},
		{"return text only", `return hello;`, `invalid return code "hello" in `},
		{"return 1000", `return 1000;`, `invalid return code "1000" in `},
		{"if without parenthesis", `if $x { break; }`, `invalid condition "$x" in `},
		{"if unclosed", `if ($args { break; }`, `invalid condition "$args" in `},
		{"if operator", `if ($args == a) { break; }`, `unexpected "==" in condition in `},
		{"if two words", `if ($args a) { break; }`, `invalid condition "$args" in `},
		{"if word", `if (a = b) { break; }`, `invalid condition "a" in `},
		{"if -q", `if (-q /x) { break; }`, `invalid condition "-q" in `},
		{"if -f alone", `if (-f) { break; }`, `invalid condition "-f" in `},
		{"not in if", `if ($args) { listen 80; }`, `"listen" directive is not allowed here in `},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "events {} http { server { listen ADDR; location / { "+c.text+" } } }", rewrite.Module)
			if !strings.Contains(got, c.want) {
				t.Fatalf("%q, want %q", got, c.want)
			}
		})
	}
}
