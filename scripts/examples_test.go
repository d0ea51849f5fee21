package scripts_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what ngx.hmac_sha1 signs with
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// echo answers with what the gateway has sent: a line for the request, one for each header that is
// asked for.
func echo(name string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s\n", name, r.Method, r.URL.RequestURI())
		for _, h := range headers {
			fmt.Fprintf(w, "%s: %s\n", h, strings.Join(r.Header.Values(h), "|"))
		}
	}
}

func TestAccessGateway(t *testing.T) {
	drive(t, "access-gateway", true, func(t *testing.T, p *prefix) {
		p.upstream(t, "9001", echo("orders", "X-Policy"))
		p.upstream(t, "9002", echo("catalog", "X-Policy"))
		shop := "Host: shop.example"
		p.get(t, "8101", "/orders/7", shop, "X-Role: clerk").expect(t, 200, "orders GET /orders/7\nX-Policy: orders-api\n")
		p.get(t, "8101", "/orders/7", shop, "X-Role: guest").expect(t, 403, "")
		p.get(t, "8101", "/orders/7", shop).expect(t, 403, "")
		p.get(t, "8101", "/orders/7").expect(t, 200, "catalog GET /orders/7\nX-Policy: catalog\n")

		// both workers must see a change: several requests, each on a connection of its own
		sales := `{"priority":20,"uri":"^/sale","cluster":"orders","when":[["arg_day","in",["today"]],["http_x_role","~=","bot"]]}`
		p.send(t, "8101", "PUT", "/policies/sale", sales).expect(t, 201, "")
		for range 6 {
			p.get(t, "8101", "/sale?day=today").expect(t, 200, "orders GET /sale?day=today\nX-Policy: sale\n")
			p.get(t, "8101", "/sale?day=today", "X-Role: bot").expect(t, 200, "catalog GET /sale?day=today\nX-Policy: catalog\n")
		}
		p.send(t, "8101", "PUT", "/policies/sale", `{"priority":20,"uri":"^/sale","deny":410}`).expect(t, 200, "")
		for range 6 {
			p.get(t, "8101", "/sale").expect(t, 410, "")
		}
		var sale map[string]any
		if err := json.Unmarshal([]byte(p.get(t, "8101", "/policies/sale").body), &sale); err != nil || sale["deny"] != 410.0 {
			t.Errorf("GET /policies/sale: %v %v", sale, err)
		}
		p.send(t, "8101", "DELETE", "/policies/sale", "").expect(t, 200, "{\"deleted\":\"sale\"}\n")
		for range 6 {
			p.get(t, "8101", "/sale").expect(t, 200, "catalog GET /sale\nX-Policy: catalog\n")
		}
		var all map[string]any
		if err := json.Unmarshal([]byte(p.get(t, "8101", "/policies").body), &all); err != nil || len(all) != 3 {
			t.Errorf("GET /policies: %v %v", all, err)
		}

		p.send(t, "8101", "DELETE", "/policies/sale", "").expect(t, 404, "{\"error\":\"no policy sale\"}\n")
		p.send(t, "8101", "PUT", "/policies/bad", `{"uri":"("}`).expect(t, 400, "{\"error\":\"either cluster or deny is needed\"}\n")
		p.send(t, "8101", "PUT", "/policies/bad", `{"uri":"(","deny":403}`).expect(t, 400, "")
		p.send(t, "8101", "PUT", "/policies/bad", `{"when":[["x y","==","z"]],"deny":403}`).expect(t, 400, "{\"error\":\"when[1] must be [variable, operator, value]\"}\n")
		p.send(t, "8101", "PUT", "/policies/bad", `{`).expect(t, 400, "")
		p.send(t, "8101", "POST", "/policies/catalog", `{}`).expect(t, 405, "")
	})
}

func TestDynamicUpstreams(t *testing.T) {
	drive(t, "dynamic-upstreams", false, func(t *testing.T, p *prefix) {
		p.upstream(t, "9003", echo("first"))
		p.upstream(t, "9011", echo("second"))
		p.upstream(t, "9012", echo("third"))
		p.get(t, "8102", "/user/1").expect(t, 200, "first GET /user/1\n")
		p.get(t, "8102", "/").expect(t, 404, "")

		change := func(servers string) answer {
			return p.send(t, "8112", "POST", "/upstream/user_backend", servers)
		}
		change("server "+p.addr("9011")+";").expect(t, 200, "success")
		p.get(t, "8102", "/user/1").expect(t, 200, "second GET /user/1\n")
		p.get(t, "8112", "/upstream/user_backend").expect(t, 200, "server "+p.addr("9011")+"\n")

		change("server "+p.addr("9011")+" weight=2; server "+p.addr("9012")+";").expect(t, 200, "success")
		seen := map[string]int{}
		for range 6 {
			seen[p.get(t, "8102", "/user/1").body]++
		}
		if diff := cmp.Diff(map[string]int{"second GET /user/1\n": 4, "third GET /user/1\n": 2}, seen); diff != "" {
			t.Error(diff)
		}
		change("server;").expect(t, 400, "")
		p.get(t, "8112", "/list").expect(t, 200, "user_backend\n")

		p.send(t, "8112", "POST", "/upstream/cart_backend", "server "+p.addr("9012")+";").expect(t, 200, "success")
		p.get(t, "8102", "/cart/1").expect(t, 200, "third GET /cart/1\n")
		p.send(t, "8112", "DELETE", "/upstream/cart_backend", "").expect(t, 200, "success")
		p.get(t, "8102", "/cart/1").expect(t, 502, "")

		p.send(t, "8112", "DELETE", "/upstream/user_backend", "").expect(t, 200, "success")
		p.get(t, "8102", "/user/1").expect(t, 200, "first GET /user/1\n")
		p.send(t, "8112", "DELETE", "/upstream/nobody", "").expect(t, 404, "")
	})
}

// whoami is the user service of cookie-exchange.
func whoami(w http.ResponseWriter, r *http.Request) {
	session, _ := r.Cookie("session")
	switch {
	case session != nil && session.Value == "s-1", r.Header.Get("Authorization") == "Bearer t-1":
		io.WriteString(w, `{"id":"u-1","name":"Alice","secret":"not for the app"}`) //nolint:errcheck // the client is the test's
	case session != nil && session.Value == "locked":
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(403)
		io.WriteString(w, `{"title":"locked"}`) //nolint:errcheck // the client is the test's
	case session != nil && session.Value == "odd":
		io.WriteString(w, `[]`) //nolint:errcheck // the client is the test's
	default:
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(401)
	}
}

func TestCookieExchange(t *testing.T) {
	drive(t, "cookie-exchange", true, func(t *testing.T, p *prefix) {
		p.upstream(t, "9004", whoami)
		p.upstream(t, "9005", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Upgrade") != "" {
				switchProtocols(w, r)
				return
			}
			echo("app", "X-User", "X-User-Signature", "Cookie", "Authorization")(w, r)
		})

		user := base64.StdEncoding.EncodeToString([]byte(`{"id":"u-1","name":"Alice"}`))
		for _, credentials := range []string{"Cookie: session=s-1; other=x", "Authorization: Bearer t-1"} {
			a := p.get(t, "8103", "/orders?x=1", credentials, "X-User: forged")
			head, rest, _ := strings.Cut(a.body, "X-User: ")
			token, rest, _ := strings.Cut(rest, "\nX-User-Signature: ")
			signature, rest, _ := strings.Cut(rest, "\n")
			if a.status != 200 || head != "app GET /orders?x=1\n" || rest != "Cookie: \nAuthorization: \n" {
				t.Fatalf("%s: %d %q", credentials, a.status, a.body)
			}
			claims := map[string]string{}
			text, _ := base64.StdEncoding.DecodeString(token)
			if err := json.Unmarshal(text, &claims); err != nil {
				t.Errorf("%q: %v", text, err)
			}
			if diff := cmp.Diff(map[string]string{"id": "u-1", "name": "Alice"}, claims); diff != "" {
				t.Error(diff)
			}
			mac := hmac.New(sha1.New, []byte("change-me"))
			mac.Write([]byte(token))
			if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); signature != want {
				t.Errorf("signature %q of %q (%q), want %q", signature, token, user, want)
			}
		}

		a := p.get(t, "8103", "/orders")
		a.expect(t, 401, "")
		if got := a.header.Get("WWW-Authenticate"); got != `Bearer realm="app"` {
			t.Errorf("WWW-Authenticate: %q", got)
		}
		a = p.get(t, "8103", "/orders", "Authorization: Bearer bad")
		a.expect(t, 401, "")
		if got := a.header.Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
			t.Errorf("WWW-Authenticate: %q", got)
		}
		a = p.get(t, "8103", "/orders", "Cookie: session=locked")
		a.expect(t, 403, `{"title":"locked"}`)
		if got := a.header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("Content-Type: %q", got)
		}
		p.get(t, "8103", "/orders", "Cookie: session=odd").expect(t, 502, "")

		cors := []struct {
			name, method, origin, allowed string
			status                        int
		}{
			{"preflight", "OPTIONS", "https://shop.example.com", "https://shop.example.com", 204},
			{"preflight of a stranger", "OPTIONS", "https://shop.example.com.evil", "", 204},
			{"own domain", "GET", "https://example.com", "https://example.com", 200},
			{"localhost with a port", "GET", "http://localhost:3000", "http://localhost:3000", 200},
			{"stranger", "GET", "http://evil.example", "", 200},
		}
		for _, tt := range cors {
			a := p.send(t, "8103", tt.method, "/orders", "", "Origin: "+tt.origin, "Cookie: session=s-1")
			if got := a.header.Get("Access-Control-Allow-Origin"); a.status != tt.status || got != tt.allowed {
				t.Errorf("%s: %d %q, want %d %q", tt.name, a.status, got, tt.status, tt.allowed)
			}
		}
		a = p.send(t, "8103", "OPTIONS", "/orders", "", "Origin: https://example.com")
		if got := a.header.Get("Access-Control-Max-Age"); got != "86400" {
			t.Errorf("Access-Control-Max-Age: %q", got)
		}

		a = p.get(t, "8103", "/orders/?x=1", "Host: app.example")
		a.expect(t, 301, "")
		if got := a.header.Get("Location"); !strings.HasSuffix(got, "/orders?x=1") {
			t.Errorf("Location: %q", got)
		}

		ws := p.upgrade(t, "8103", "/live", "Sec-WebSocket-Protocol: chat, token.t-1")
		if ws.head.Header.Get("Sec-WebSocket-Protocol") != "chat" {
			t.Errorf("websocket: %s %v", ws.head.Status, ws.head.Header)
		}
		if got := ws.say(t, "ping"); got != "PING" {
			t.Errorf("websocket: %q", got)
		}
		ws.Close()
		if ws := p.upgrade(t, "8103", "/live", "Sec-WebSocket-Protocol: chat, token.bad"); ws.head.StatusCode != 401 {
			t.Errorf("websocket: %s", ws.head.Status)
		}

		line := p.waitLog(t, "logs/access.log", `"uri":"/orders?x=1"`)
		var entry struct {
			Method, URI, User string
			Status            int
			Seconds           *float64
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.User != "u-1" || entry.Status != 200 || entry.Seconds == nil {
			t.Errorf("%s: %v", line, err)
		}
	})
}

func TestCookieExchangeWithoutUserService(t *testing.T) {
	drive(t, "cookie-exchange", true, func(t *testing.T, p *prefix) {
		p.get(t, "8103", "/orders", "Cookie: session=s-1").expect(t, 503, "")
	})
}

func TestAuthLocation(t *testing.T) {
	drive(t, "auth-location", true, func(t *testing.T, p *prefix) {
		var mu sync.Mutex
		var asked []string
		p.upstream(t, "9006", func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			asked = append(asked, fmt.Sprintf("%s %s for %s %s, length %q, body %q", r.Method, r.URL, r.Header.Get("X-Original-Method"),
				r.Header.Get("X-Original-URI"), r.Header.Get("Content-Length"), body))
			mu.Unlock()
			switch r.Header.Get("Authorization") {
			case "good":
				w.Header().Set("X-User-ID", "42")
			case "broken":
				w.WriteHeader(500)
			case "":
				w.Header().Set("WWW-Authenticate", "Basic")
				w.WriteHeader(401)
			default:
				w.WriteHeader(403)
			}
		})
		p.upstream(t, "9007", func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			echo("app", "X-User-ID")(w, r)
			fmt.Fprintf(w, "body %q\n", body)
		})
		p.send(t, "8104", "POST", "/a%20b?c=d", "hello", "Authorization: good", "X-User-ID: forged").
			expect(t, 200, "app POST /a%20b?c=d\nX-User-ID: 42\nbody \"hello\"\n")
		a := p.get(t, "8104", "/")
		a.expect(t, 401, "")
		if got := a.header.Get("WWW-Authenticate"); got != "Basic" {
			t.Errorf("WWW-Authenticate: %q", got)
		}
		p.get(t, "8104", "/", "Authorization: bad").expect(t, 403, "")
		p.get(t, "8104", "/", "Authorization: broken").expect(t, 500, "")
		p.get(t, "8104", "/auth", "Authorization: good").expect(t, 404, "")
		mu.Lock()
		defer mu.Unlock()
		want := []string{
			`GET /verify for POST /a%20b?c=d, length "", body ""`,
			`GET /verify for GET /, length "", body ""`,
			`GET /verify for GET /, length "", body ""`,
			`GET /verify for GET /, length "", body ""`,
		}
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPluginRunner(t *testing.T) {
	drive(t, "plugin-runner", true, func(t *testing.T, p *prefix) {
		p.upstream(t, "9008", echo("app", "X-Consumer", "X-API-Key"))
		app := func(uri, consumer string) string {
			return "app GET " + uri + "\nX-Consumer: " + consumer + "\nX-API-Key: \n"
		}
		p.get(t, "8105", "/public").expect(t, 200, app("/public", ""))
		p.get(t, "8105", "/nowhere").expect(t, 404, "{\"error_msg\":\"404 Route Not Found\"}\n")

		for i, want := range []struct {
			status    int
			remaining string
		}{{200, "1"}, {200, "0"}, {429, "0"}} {
			a := p.get(t, "8105", "/limited/x")
			got := []string{a.header.Get("X-RateLimit-Limit"), a.header.Get("X-RateLimit-Remaining")}
			if diff := cmp.Diff([]string{"2", want.remaining}, got); diff != "" || a.status != want.status {
				t.Errorf("request %d: %d %s", i, a.status, diff)
			}
			if a.header.Get("X-Request-Id") == "" {
				t.Errorf("request %d has no id", i)
			}
			if i == 2 {
				a.expect(t, 429, "{\"error_msg\":\"Requests are too frequent, please try again later.\"}\n")
			}
		}
		p.send(t, "8105", "POST", "/limited/x", "").expect(t, 404, "")

		a := p.get(t, "8105", "/private/y", "X-API-Key: moon-1")
		a.expect(t, 200, app("/private/y", "alice")+"-- alice\n")
		if a.header.Get("X-Gate") != "moon" || len(a.header.Get("X-Trace")) != 32 {
			t.Errorf("header: %v", a.header)
		}
		p.get(t, "8105", "/private/y").expect(t, 401, "{\"message\":\"Missing API key found in request\"}\n-- nobody\n")
		p.get(t, "8105", "/private/y", "X-API-Key: x").expect(t, 401, "{\"message\":\"Invalid API key in request\"}\n-- nobody\n")
	})
}

// A plugin's configuration that does not fit its schema must not start.
func TestPluginRunnerSchema(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"missing", "count = 2, ", "", "route limited, plugin limit-count: conf.count is required"},
		{"wrong type", "count = 2", "count = 'two'", "route limited, plugin limit-count: conf.count must be of type integer, is string"},
		{"too small", "count = 2", "count = 0", "route limited, plugin limit-count: conf.count must be at least 1"},
		{"unknown", "count = 2", "count = 2, colour = 1", "route limited, plugin limit-count: conf.colour is unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := copyExample(t, "plugin-runner")
			file := filepath.Join(p.dir, "lua/routes.lua")
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.Replace(string(text), tt.old, tt.new, 1)
			if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
				t.Fatal(err)
			}
			out, err := command(moongate, "-p", p.dir, "-t")
			if err == nil || !strings.Contains(out, tt.want) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

func TestWebsocketProxy(t *testing.T) {
	drive(t, "websocket-proxy", true, func(t *testing.T, p *prefix) {
		p.upstream(t, "9009", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Upgrade") == "" {
				echo("chat", "X-User", "Connection")(w, r)
				return
			}
			switchProtocols(w, r)
		})
		p.get(t, "8106", "/chat").expect(t, 401, "")
		p.get(t, "8106", "/chat?token=wrong").expect(t, 401, "")
		p.get(t, "8106", "/chat?token=moon-1&room=7").expect(t, 200, "chat GET /chat?room=7\nX-User: alice\nConnection: close\n")
		ws := p.upgrade(t, "8106", "/chat?token=moon-1")
		if ws.head.StatusCode != 101 || ws.head.Header.Get("X-User") != "alice" {
			t.Fatalf("%s %v", ws.head.Status, ws.head.Header)
		}
		for _, word := range []string{"one", "two", strings.Repeat("long", 20000)} {
			if got := ws.say(t, word); got != strings.ToUpper(word) {
				t.Errorf("%.20q: %.20q", word, got)
			}
		}
		ws.Close()
		if ws := p.upgrade(t, "8106", "/chat"); ws.head.StatusCode != 401 {
			t.Errorf("without a token: %s", ws.head.Status)
		}
	})
}

func TestJSONAccessLog(t *testing.T) {
	drive(t, "json-access-log", true, func(t *testing.T, p *prefix) {
		ids := make(chan string, 1)
		p.upstream(t, "9010", func(w http.ResponseWriter, r *http.Request) {
			ids <- r.Header.Get("X-Request-ID")
			w.WriteHeader(202)
			io.WriteString(w, "done") //nolint:errcheck // the client is the test's
		})
		before := time.Now().Unix()
		p.get(t, "8107", "/hello?user=ann", `User-Agent: a "quoted" one`).expect(t, 200, "hello\n")
		p.send(t, "8107", "POST", "/up", "body").expect(t, 202, "done")

		record := func(uri string) map[string]any {
			t.Helper()
			m := map[string]any{}
			if err := json.Unmarshal([]byte(p.waitLog(t, "logs/access.json", uri)), &m); err != nil {
				t.Fatal(err)
			}
			if at, _ := m["time"].(float64); int64(at) < before-1 || int64(at) > time.Now().Unix()+1 {
				t.Errorf("time %v", m["time"])
			}
			return m
		}
		hello, up := record("hello"), record("up\"")
		for name, want := range map[string]any{
			"method": "GET", "status": 200.0, "user": "ann", "user_agent": `a "quoted" one`, "protocol": "HTTP/1.1",
			"client": "127.0.0.1", "body_bytes_sent": 6.0,
		} {
			// chunked: the bytes of a body are counted with its framing
			if name == "body_bytes_sent" {
				want = 16.0
			}
			if diff := cmp.Diff(want, hello[name]); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		var keys []string
		for name := range up {
			keys = append(keys, name)
		}
		sort.Strings(keys)
		want := []string{
			"body_bytes_sent", "bytes_sent", "client", "host", "method", "protocol", "request_id", "request_length", "request_time",
			"status", "time", "upstream_addr", "upstream_status", "upstream_time", "uri", "user_agent",
		}
		if diff := cmp.Diff(want, keys); diff != "" {
			t.Error(diff)
		}
		if id := <-ids; up["request_id"] != id || len(id) != 32 {
			t.Errorf("request_id %q, upstream saw %q", up["request_id"], id)
		}
		if up["upstream_addr"] != p.addr("9010") || up["upstream_status"] != 202.0 {
			t.Errorf("upstream: %v", up)
		}
	})
}

func TestRateLimit(t *testing.T) {
	drive(t, "rate-limit", true, func(t *testing.T, p *prefix) {
		// All at once: one passes at once, up to five wait (a tenth of a second more each), the rest is
		// turned away. A slow machine may let some more in.
		const n = 20
		answers := make([]answer, n)
		var wg sync.WaitGroup
		began := time.Now()
		for i := range n {
			wg.Go(func() { answers[i] = p.get(t, "8108", "/", "X-API-Key: k") })
		}
		wg.Wait()
		spent := time.Since(began)
		count := map[int]int{}
		longest := 0.0
		for _, a := range answers {
			count[a.status]++
			switch a.status {
			case 200:
				a.expect(t, 200, "welcome\n")
				var d float64
				fmt.Sscanf(a.header.Get("X-RateLimit-Delay"), "%g", &d) //nolint:errcheck // no header: no delay
				longest = max(longest, d)
			case 429:
				a.expect(t, 429, "{\"error\":\"too many requests\"}\n")
				if a.header.Get("Content-Type") != "application/json" || a.header.Get("Retry-After") != "1" {
					t.Errorf("header of a rejection: %v", a.header)
				}
			}
		}
		most := 6 + int(spent.Seconds()*10) + 1
		if count[200] < 6 || count[200] > most || count[200]+count[429] != n {
			t.Errorf("answers %v in %v", count, spent)
		}
		if longest < 0.3 && spent < time.Second || longest > 0.51 || spent.Seconds() < longest { // within a second, they are too many
			t.Errorf("longest delay %v s, all took %v", longest, spent)
		}
		p.get(t, "8108", "/", "X-API-Key: another").expect(t, 200, "welcome\n")
	})
}

// switchProtocols answers 101 and then each line in upper case. Not websocket frames: a gateway passes
// bytes.
func switchProtocols(w http.ResponseWriter, r *http.Request) {
	conn, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprintf(buf, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nX-User: %s\r\n", r.Header.Get("X-User"))
	if p := r.Header.Get("Sec-WebSocket-Protocol"); p != "" {
		fmt.Fprintf(buf, "Sec-WebSocket-Protocol: %s\r\n", p)
	}
	buf.WriteString("\r\n") //nolint:errcheck // the flush will tell
	for {
		if buf.Flush() != nil {
			return
		}
		line, err := buf.ReadString('\n')
		if err != nil {
			return
		}
		buf.WriteString(strings.ToUpper(line)) //nolint:errcheck // the flush will tell
	}
}

// socket is a connection that has asked for an upgrade.
type socket struct {
	net.Conn
	head *http.Response
	in   *bufio.Reader
}

func (p *prefix) upgrade(t *testing.T, port, uri string, header ...string) *socket {
	t.Helper()
	c, err := net.Dial("tcp", p.addr(port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // the read will tell
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", uri, strings.Join(append(header, ""), "\r\n"))
	in := bufio.NewReader(c)
	head, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { head.Body.Close() })
	return &socket{c, head, in}
}

// say sends a line and waits for one.
func (s *socket) say(t *testing.T, line string) string {
	t.Helper()
	go io.WriteString(s, line+"\n") //nolint:errcheck // the read will tell
	got, err := s.in.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(got, "\n")
}

// waitLog is the first line of a log that has the text: it is written after the answer.
func (p *prefix) waitLog(t *testing.T, file, text string) string {
	t.Helper()
	var log []byte
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		log, _ = os.ReadFile(filepath.Join(p.dir, file))
		for line := range strings.Lines(string(log)) {
			if strings.Contains(line, text) && strings.HasSuffix(line, "\n") {
				return line
			}
		}
	}
	t.Fatalf("%s has no %q:\n%s", file, text, log)
	return ""
}
