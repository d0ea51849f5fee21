package authrequest_test

import (
	"strings"
	"testing"

	"moongate/phases/authrequest"
	"moongate/phases/echo"
	"moongate/phases/headersmore"
	"moongate/phases/phasetest"
)

func TestAuthRequest(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR;
		location /pass { auth_request /ok; auth_request_set $who $sent_http_x_who; echo "in: $who"; }
		location /refuse { auth_request /no; echo in; }
		location /login { auth_request /401; echo in; }
		location /broken { auth_request /teapot; echo in; }
		location /off { auth_request off; auth_request_set $who x; echo "in: $who"; }
		location /ok { more_set_headers "X-Who: $arg_u$echo_request_method"; echo_status 202; echo "not seen"; }
		location /no { echo_status 403; echo x; }
		location /401 { echo_status 401; more_set_headers 'WWW-Authenticate: Basic realm="x"'; echo -n ""; }
		location /teapot { echo_status 302; echo x; }
	} }`, echo.Module, authrequest.Module, headersmore.Module)
	for _, tt := range []struct {
		path   string
		status int
		body   string
	}{
		{"/pass", 200, "in: GET\n"}, {"/refuse", 403, ""}, {"/login", 401, ""}, {"/broken", 500, ""}, {"/off", 200, "in: \n"},
	} {
		t.Run(tt.path, func(t *testing.T) {
			res := s.Do("POST", tt.path, "body")
			if res.Status != tt.status || tt.body != "" && res.Body != tt.body {
				t.Errorf("%d %q, want %d %q", res.Status, res.Body, tt.status, tt.body)
			}
		})
	}
	if h := s.Get("/login").Header.Get("WWW-Authenticate"); h != `Basic realm="x"` {
		t.Errorf("WWW-Authenticate: %q", h)
	}
	if !s.WaitLog("auth request unexpected status: 302") {
		t.Error("the unexpected status is not logged")
	}
	if strings.Contains(s.ErrorLog(), "uninitialized") {
		t.Error("warning about a variable that auth_request_set defines")
	}
}

func TestConfiguration(t *testing.T) {
	for text, want := range map[string]string{
		"auth_request_set x y;":             `invalid variable name "x"`,
		"auth_request_set $host y;":         `the duplicate "host" variable`,
		"auth_request /a; auth_request /b;": `"auth_request" directive is duplicate`,
	} {
		if got := phasetest.LoadError(t, "http { server { listen ADDR; "+text+" } }", authrequest.Module); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
