package phases

import (
	"fmt"
	"strings"

	"moongate/conf"
)

// Browsers is a set of browsers that keepalive_disable names.
type Browsers uint8

// What keepalive_disable can name.
const (
	OldMSIE Browsers = 1 << iota // "msie6": POST requests of Internet Explorer up to 6
	Safari                       // "safari": Safari and its like on macOS
)

// setKeepaliveDisable is keepalive_disable none | browser …
func setKeepaliveDisable(l *Load, d *conf.Directive, c *CoreLocation) error {
	if c.KeepaliveDisable.Set {
		return l.Duplicate(d)
	}
	var b Browsers
	for _, a := range d.Args {
		switch a.Value {
		case "none":
		case "msie6":
			b |= OldMSIE
		case "safari":
			b |= Safari
		default:
			return fmt.Errorf("invalid value %q", a.Value)
		}
	}
	c.KeepaliveDisable = Opt[Browsers]{b, true}
	return nil
}

// limitKeepAlive ends keep-alive where the location, or what it was used for already, forbids it.
func (c *CoreLocation) limitKeepAlive(r *Request) {
	if !r.KeepAlive {
		return
	}
	switch b := c.KeepaliveDisable.V; {
	case c.KeepaliveTimeout.V == 0,
		r.Conn.Requests >= c.KeepaliveRequests.V,
		r.Start.Sub(r.Conn.Started) > c.KeepaliveTime.V,
		b&OldMSIE != 0 && r.Method == "POST" && browser(r)&OldMSIE != 0,
		b&Safari != 0 && browser(r)&Safari != 0:
		r.KeepAlive = false
	}
}

// browser tells from User-Agent what nginx tells from it.
func browser(r *Request) Browsers {
	ua, _ := r.In.Value("User-Agent")
	msie, opera := false, strings.Contains(ua, "Opera")
	if i := strings.Index(ua, "MSIE "); i >= 0 && i+7 < len(ua) {
		msie = true
		if ua[i+6] == '.' && !opera {
			switch ua[i+5] {
			case '4', '5':
				return OldMSIE
			case '6':
				if !strings.Contains(ua[i+8:], "SV1") {
					return OldMSIE
				}
			}
		}
	}
	if !msie && !opera && !strings.Contains(ua, "Gecko/") && !strings.Contains(ua, "Chrome/") &&
		strings.Contains(ua, "Safari/") && strings.Contains(ua, "Mac OS X") {
		return Safari
	}
	return 0
}

// Lingering is lingering_close.
type Lingering uint8

// The values of lingering_close: on is for connections on which more may be coming.
const (
	LingeringOff Lingering = iota
	LingeringOn
	LingeringAlways
)
