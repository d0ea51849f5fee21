package authbasic

import (
	"strings"
	"testing"

	"moongate/phases/echo"
	"moongate/phases/phasetest"
)

// hashes were made by openssl passwd and crypt(3).
var hashes = []struct{ name, hash, password string }{
	{"plain", "{PLAIN}secret", "secret"},
	{"sha", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "secret"},
	{"ssha", "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0", "secret"},
	{"md5", "$1$saltsalt$Y.W/rxyzbusnDOkxKcE2b/", "hello world"},
	{"md5, short", "$1$s$eSlDmdCX8nqs9SNxRTvrN.", "x"},
	{"apr1", "$apr1$saltsalt$ZUHFKFXnkd6ud4Oa8kDE71", "hello world"},
	{"apr1, short", "$apr1$s$bHQMM1UunWFj8XWEuTGlW.", "x"},
	{"sha256", "$5$saltsalt$iCSto/1y3LK1GxFWJB6bg2L4y8RyFskzzyTdhOwyBe3", "hello world"},
	{"sha256, short", "$5$s$dW5XYXYClLA6gQlrluhRP/DxJYAevXA9e.Rufup9G5.", "x"},
	{"sha256, rounds", "$5$rounds=1500$saltstring$2IutODjLsBjI.IvwZ6yQLbqtlLYJrWXhhcK6jFPaIt8", "pass"},
	{"sha512", "$6$saltsalt$QTxtZHhDasfdQccjU6pne9Cgluf7B8Bly.Re0Rl4FET20RuNBAR2/L6Sg1AQyXUrp1lQc/2QhityVbnc2s1bQ0", "hello world"},
	{"sha512, long", "$6$abcdefghijklmnop$MAYAKkvc36DCJi.Ngym6lBtiCjprzIEsLOI6S5HtgqGPTKMJf32J3lvjt0BB/wjXjrimz6.QNbHMHlrm4gszS.", "a much longer password than the sixty four bytes of a sha512 sum, and on it goes"},
	{"bcrypt", "$2y$05$abcdefghijklmnopqrstuuZFBUbfXoM8LFiPx8LYlO/sXZB/Cwk3K", "pass"},
}

func TestVerify(t *testing.T) {
	for _, tt := range hashes {
		t.Run(tt.name, func(t *testing.T) {
			if ok, err := verify(tt.hash, tt.password); !ok || err != nil {
				t.Errorf("right password: %v %v", ok, err)
			}
			if ok, err := verify(tt.hash, tt.password+"x"); ok || err != nil {
				t.Errorf("wrong password: %v %v", ok, err)
			}
			if ok, err := verify(tt.hash, ""); ok || err != nil {
				t.Errorf("no password: %v %v", ok, err)
			}
		})
	}
	for _, hash := range []string{"", "abXYZ", "$y$j9T$x", "$2y$99$x"} {
		if _, err := verify(hash, "x"); err == nil {
			t.Errorf("hash %q: no error", hash)
		}
	}
}

func TestAuthBasic(t *testing.T) {
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"conf/users", "# comment\nannabel:{PLAIN}no\nann:{PLAIN}secret:a comment\r\nbob:"+hashes[5].hash+"\ndes:abXYZ")
	s := phasetest.StartIn(t, dir, `events {} http { server { listen ADDR; auth_basic "the realm"; auth_basic_user_file users;
		location / { echo "hi $remote_user"; }
		location /off { auth_basic off; echo open; }
		location /var { auth_basic $arg_realm; echo open; }
		location /missing { auth_basic_user_file $arg_file; echo x; }
		location /any { satisfy any; echo x; }
	} }`, echo.Module, Module)
	// base64 of name:password
	const ann, wrong, bob, carol, des = "YW5uOnNlY3JldA==", "YW5uOm5v", "Ym9iOmhlbGxvIHdvcmxk", "Y2Fyb2w6eA==", "ZGVzOng="
	tests := []struct {
		name, path, auth string
		status           int
		body, log        string
	}{
		{"right", "/", ann, 200, "hi ann\n", ""},
		{"apr1", "/", bob, 200, "hi bob\n", ""},
		{"none", "/", "", 401, "", "no user/password was provided for basic authentication"},
		{"wrong", "/", wrong, 401, "", `user "ann": password mismatch`},
		{"unknown", "/", carol, 401, "", `user "carol" was not found in`},
		{"unknown hash", "/", des, 500, "", "unknown format of password hash"},
		{"off", "/off", "", 200, "open\n", ""},
		{"off by a variable", "/var?realm=off", "", 200, "open\n", ""},
		{"realm of a variable", "/var?realm=r", "", 401, "", ""},
		{"no file", "/missing?file=/none", ann, 403, "", `open() "/none" failed (2: No such file or directory)`},
		{"unreadable file", "/missing?file=/", ann, 500, "", `open() "/" failed`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var headers []string
			if tt.auth != "" {
				headers = append(headers, "Authorization: Basic "+tt.auth)
			}
			res := s.Get(tt.path, headers...)
			if res.Status != tt.status || tt.body != "" && res.Body != tt.body {
				t.Errorf("%d %q, want %d %q", res.Status, res.Body, tt.status, tt.body)
			}
			if tt.status == 401 && !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), `Basic realm="`) {
				t.Errorf("WWW-Authenticate: %q", res.Header.Get("WWW-Authenticate"))
			}
			if tt.log != "" && !s.WaitLog(tt.log) {
				t.Errorf("the log lacks %q", tt.log)
			}
		})
	}
}
