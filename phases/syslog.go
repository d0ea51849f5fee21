package phases

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// syslogFacilities are the names of the facilities by their number.
var syslogFacilities = []string{
	"kern", "user", "mail", "daemon", "auth", "intern", "lpr", "news", "uucp", "clock", "authpriv", "ftp", "ntp", "audit", "alert", "cron",
	"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

var syslogSeverities = []string{"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"}

const (
	syslogMost     = 2048 // bytes of one message, as in nginx
	syslogPatience = 100 * time.Millisecond
)

// syslog is where "error_log syslog:…" sends its lines, a datagram each (RFC 3164). What cannot be sent is
// lost. Safe for concurrent use.
type syslog struct {
	network, addr string
	facility      int
	tag           string
	host          string // empty: nohostname

	mu   sync.Mutex
	conn net.Conn
}

// parseSyslog reads the parameters behind "syslog:". The error is nginx's sentence.
func parseSyslog(text string) (*syslog, error) {
	s := &syslog{facility: -1}
	severity, nameless := "", false
	for param := range strings.SplitSeq(strings.TrimPrefix(text, "syslog:"), ",") {
		key, value, _ := strings.Cut(param, "=")
		switch {
		case key == "server" && s.addr != "", key == "facility" && s.facility >= 0, key == "severity" && severity != "", key == "tag" && s.tag != "":
			return nil, fmt.Errorf("duplicate syslog %q", key)
		case key == "server" && value != "":
			s.setServer(value)
		case key == "facility":
			if s.facility = slices.Index(syslogFacilities, value); s.facility < 0 {
				return nil, fmt.Errorf("unknown syslog facility %q", value)
			}
		case key == "severity":
			if severity = value; !slices.Contains(syslogSeverities, value) {
				return nil, fmt.Errorf("unknown syslog severity %q", value)
			}
		case key == "tag" && value != "":
			if err := validTag(value); err != nil {
				return nil, err
			}
			s.tag = value
		case param == "nohostname":
			nameless = true
		default:
			return nil, fmt.Errorf("unknown syslog parameter %q", param)
		}
	}
	if s.addr == "" {
		return nil, fmt.Errorf("no syslog server specified")
	}
	if s.facility < 0 {
		s.facility = slices.Index(syslogFacilities, "local7")
	}
	if s.tag == "" {
		s.tag = "nginx"
	}
	if !nameless {
		s.host, _ = os.Hostname()
		s.host = strings.ToLower(s.host)
	}
	return s, nil
}

func (s *syslog) setServer(addr string) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		s.network, s.addr = "unixgram", path
		return
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		addr = net.JoinHostPort(strings.Trim(addr, "[]"), "514")
	}
	s.network, s.addr = "udp", addr
}

func validTag(tag string) error {
	if len(tag) > 32 {
		return fmt.Errorf("syslog tag length exceeds 32")
	}
	for i := range len(tag) {
		if c := tag[i] | 0x20; (c < 'a' || c > 'z') && (tag[i] < '0' || tag[i] > '9') && tag[i] != '_' {
			return fmt.Errorf("syslog \"tag\" only allows alphanumeric characters and underscore")
		}
	}
	return nil
}

func (s *syslog) write(level LogLevel, line []byte) {
	at := now()
	b := make([]byte, 0, len(line)+64)
	b = append(b, '<')
	b = strconv.AppendInt(b, int64(s.facility*8+max(int(level)-1, 0)), 10)
	b = append(b, '>')
	b = at.AppendFormat(b, time.Stamp)
	if s.host != "" {
		b = append(append(b, ' '), s.host...)
	}
	b = append(append(append(b, ' '), s.tag...), ": "...)
	b = append(b, line[:len(line)-len("\n")]...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		c, err := net.DialTimeout(s.network, s.addr, syslogPatience)
		if err != nil {
			return
		}
		s.conn = c
	}
	s.conn.SetWriteDeadline(at.Add(syslogPatience)) //nolint:errcheck // the write will tell
	if _, err := s.conn.Write(b[:min(len(b), syslogMost)]); err != nil {
		s.conn.Close()
		s.conn = nil // the next line tries anew
	}
}
