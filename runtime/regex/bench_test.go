package regex

import (
	"strings"
	"testing"
)

var benchCases = []struct{ name, pattern, subject string }{
	{"api", `^/api/v(\d+)/users/([^/]+)$`, "/api/v2/users/alice-smith"},
	{"apimiss", `^/api/v(\d+)/users/([^/]+)$`, "/static/js/app.min.js?v=20240817"},
	{"method", `(?:GET|POST|PUT|DELETE) /(\S+)`, "POST /v1/orders/12345 HTTP/1.1"},
	{"email", `[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}`, "mail to john.doe@example.com please"},
	{"date", `(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})`, "at 2024-08-17T12:34:56Z"},
	{"ip", `^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$`, "192.168.100.27"},
	{"word", `\bword\b`, "there is a word in this sentence"},
	{"php", `\.php(/|$)`, "/var/www/app/index.php"},
	{"ext", `\.(?:gif|jpe?g|png|css|js|ico)$`, "/static/images/logo.png"},
	{"extmiss", `\.(?:gif|jpe?g|png|css|js|ico)$`, "/api/v2/users/alice.smith/orders"},
	{"caseless", `(?i)mozilla/[45]\.0 .*(bot|crawler)`, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
	{"lazy", `<(\w+)>(.*?)</\1>`, "text <b>bold words</b> text"},
	{"query", `(?:^|&)token=([^&]*)`, "user=joe&lang=en&token=abcdef0123456789&x=1"},
	{"words", `(foo|bar|baz|qux|quux|corge)s?`, "the quick brown fox has no such baz"},
	{"miss10k", `needle\d+`, strings.Repeat("haystack of hay ", 640)},
	{"miss10kClass", `[a-z]+@[a-z]+`, strings.Repeat("haystack of hay ", 640)},
	{"miss10kSet", `[xyz]q\d`, strings.Repeat("haystack of hay ", 640)},
	{"dots10k", `foo.*bar`, "foo" + strings.Repeat("haystack of hay ", 640)},
}

func BenchmarkMatch(b *testing.B) {
	for _, bc := range benchCases {
		b.Run(bc.name, func(b *testing.B) {
			re, err := Compile(bc.pattern, 0)
			if err != nil {
				b.Fatal(err)
			}
			caps := make([]int, 2*(re.NumCaptures()+1))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := re.Match(bc.subject, 0, caps, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
