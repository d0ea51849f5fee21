package rewrite_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/phases/charset"
	"moongate/phases/index"
	"moongate/phases/maps"
	"moongate/phases/notmodified"
	"moongate/phases/phasetest"
	"moongate/phases/ranges"
	"moongate/phases/rewrite"
	"moongate/phases/static"
	"moongate/phases/tryfiles"
)

// oracle is a configuration that both servers understand.
const oracle = `events {} http {
	types { text/html html htm; text/css css; }
	default_type text/plain;
	map $arg_m $mapped { default d; ~^(?<nm>[a-c]+)(.*)$ "$nm+$2"; x y; }
	server { listen ADDR; server_name example.org; root PREFIXhtml;
	set $s "server";
	if ($arg_srv ~ "^(\w+)-(\w+)$") { set $s "$2$1"; }
	rewrite ^/srv/one /srv/two;
	rewrite ^/srv/two$ /plain break;
	rewrite ^/srvbreak/(.*)$ /dir/$1 break;
	location /plain { return 200 "$uri $args $s"; }
	location /dir/ { return 200 "$uri|$args|$request_uri"; }
	location /captures/ { rewrite "^/captures/([^/]*)/(.*)$" /dir/$2/$1?c=$1&d=$2 last; }
	location /chain/ { rewrite ^/chain/(.*)$ /x/$1?a=$1; rewrite ^/x/(.*)$ /dir/$1?b=$1; return 200 "$uri|$args"; }
	location /q/ { rewrite ^ /dir/?; }
	location /qq/ { rewrite ^ /dir/?x=1&y=2?; }
	location /qm/ { rewrite ^/qm/(.*)$ ?z=$1; }
	location /redir/ { rewrite ^/redir/(.*)$ /to/$1?x=$1#frag redirect; }
	location /perm/ { rewrite ^/perm/(.*)$ http://other.org/$1 permanent; }
	location /both/ { rewrite ^/both/(.*)$ http://other.org/$1 break; }
	location /scheme/ { rewrite ^/scheme/(.*)$ $scheme://other.org/$1? last; }
	location /set/ { if ($uri ~ ^/set/(.*)$) { set $v $1; set $w "<$1>"; } return 200 "$v|$w|$1"; }
	location /setafter/ { rewrite ^/setafter/(.*)$ /setafter2/$1; if ($uri ~ ^/setafter2/(.*)$) { set $v $1; } return 200 "$v"; }
	location ~ ^/re/(?<first>[a-z]+)/(.*)$ { return 200 "$first|$1|$2|$uri"; }
	location ~* \.CSS$ { return 200 "css $uri"; }
	location /breaks/ { if ($arg_x) { break; } rewrite ^/breaks/(.*)$ /dir/$1; }
	location /map { return 200 "$mapped|$nm|$1"; }
	location /empty { return 200 ""; }
	location /r200 { return 200; }
	location /r204 { return 204; }
	location /r301 { return 301 /x?y=1; }
	location /r302 { return 302 $arg_to; }
	location /r303 { return 303 http://h/; }
	location /r304 { return 304; }
	location /r307 { return 307 //h/x; }
	location /r400 { return 400; }
	location /r404 { return 404; }
	location /r404t { return 404 "t"; }
	location /r500 { return 500; }
	location /r503 { return 503; }
	location /r418 { return 418; }
	location /page { error_page 403 = /plain; error_page 404 /plain; error_page 500 =200 /plain; error_page 502 http://h/; if ($arg_c = 3) { return 403; } if ($arg_c = 4) { return 404; } if ($arg_c = 5) { return 500; } return 502; }
	location /args { set $args "new=1"; rewrite ^ /dir/ last; }
	location /undefined { if ($arg_none) { set $undef 1; } return 200 "[$undef]"; }
	location /norel { absolute_redirect off; return 301 /x; }
	location /noport { port_in_redirect off; return 301 /x; }
	location /name { server_name_in_redirect on; return 301 /x; }
	location /file/ { if (-f $document_root$uri) { return 200 file; } if (-d $document_root$uri) { return 200 dir; } if (!-e $document_root$uri) { return 200 none; } }
	location /try/ { try_files $uri $uri/ $uri.html @none; }
	location @none { return 200 "none $uri"; }
	location /al/ { alias PREFIXhtml/file/; }
	location /albreak/ { alias PREFIXhtml/file/; rewrite ^/albreak/(.*)$ /albreak/x$1 break; }
	location /cs/ { alias PREFIXhtml/file/; charset utf-8; }
	location /lim/ { alias PREFIXhtml/file/; limit_except GET POST { deny all; } }
	location /auto/ { rewrite ^/auto/(\d+)$ /auto/$1/; rewrite ^/auto/(\d+)/$ /dir/$1 last; return 403; }
	location /cycle { rewrite ^ /cycle last; }
	location /ncycle { error_page 404 /ncycle; return 404; }
} }`

func TestOracle(t *testing.T) {
	dir := phasetest.Dir(t)
	for name, text := range map[string]string{"f": "f", "sub/index.html": "index", "page.html": "page", "a b.css": "css", "empty": ""} {
		phasetest.WriteFile(t, dir+"html/file/"+name, text)
		phasetest.WriteFile(t, dir+"html/try/"+name, text)
	}
	ask := phasetest.Oracle(t, dir, oracle)
	ours := strings.ReplaceAll(oracle, "limit_except GET POST { deny all; }", "limit_except GET POST { }")
	s := phasetest.StartIn(t, dir, ours, ranges.HeaderModule, charset.Module, rewrite.Module, maps.Module, tryfiles.Module,
		index.Module, static.Module, notmodified.Module, ranges.BodyModule)
	for _, target := range []string{
		"/plain?a=1", "/plain?srv=ab-cd", "/srv/one?x=1", "/srv/two", "/srvbreak/q?z", "/dir/a%20b", "/dir/a//b/../c", "/captures/a%26b/c%2Bd%20e",
		"/captures/a+b/c", "/captures/a/b?k=v", "/chain/a", "/chain/a%3Fb?k=v", "/q/?k=v", "/qq/?k=v", "/qm/x", "/redir/a%20b%2F%3F?k=v", "/redir/plain",
		"/redir/a%25b%e4", "/perm/a%20b?k=v", "/perm/", "/both/x?y", "/scheme/a%2fb?drop", "/set/a%20b+c", "/set/plain", "/setafter/a%20b", "/re/abc/d%20e",
		"/re/abc", "/x.css", "/X.CSS", "/breaks/a", "/breaks/a?x=1", "/map?m=abz", "/map?m=x", "/map?m=q", "/empty", "/r200", "/r204", "/r301", "/r302?to=/abc",
		"/r302", "/r303", "/r304", "/r307", "/r400", "/r404", "/r404t", "/r500", "/r503", "/r418", "/page?c=3", "/page?c=4", "/page?c=5", "/page", "/args?old=1",
		"/undefined", "/norel", "/noport", "/name", "/file/f", "/file/sub", "/file/none", "/try/f", "/try/sub/", "/try/sub", "/try/page", "/try/q?x", "/try/a%20b",
		"/al/f", "/al/sub", "/al/sub/", "/al/none", "/al/a%20b.css", "/al/empty", "/albreak/f", "/cs/page.html", "/cs/f", "/auto/12", "/auto/x", "/cycle", "/ncycle",
		"/file", "/nowhere", "/", "/r301%20x", "/%2e%2e/x", "/a%00b", "/dir/%zz", "/dir/?a=b?c=d", "/dir/#frag",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT"} {
			request := method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
			want, got := phasetest.Comparable(ask(request)), phasetest.Comparable(s.Raw(request))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %s: -nginx +moongate\n%s", method, target, diff)
			}
		}
	}
	request := "DELETE /lim/f HTTP/1.0\r\nHost: localhost\r\n\r\n"
	if got := s.Raw(request); !strings.Contains(got, "405 Not Allowed") {
		t.Errorf("limit_except without deny: %s", got)
	}
}
