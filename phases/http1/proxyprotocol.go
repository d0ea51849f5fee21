package http1

import (
	"bufio"
	"time"

	proxyproto "github.com/pires/go-proxyproto"

	"moongate/phases"
)

// proxyHeader reads the PROXY header that "listen … proxy_protocol" asks for (versions 1 and 2). As in
// nginx it sets the $proxy_protocol_ variables; realip decides whether the client's address follows it.
// A connection without the header is closed.
func (c *conn) proxyHeader() bool {
	c.raw.SetReadDeadline(time.Now().Add(c.listen.Default.Core.ClientHeaderTimeout.V)) //nolint:errcheck // a dead connection shows at the read
	br := bufio.NewReaderSize(c.raw, 4096)
	h, err := proxyproto.Read(br)
	if err != nil {
		if t := c.server.engine.Tree(); t != nil {
			t.Log(phases.LogErr, "*%d broken header while reading PROXY protocol: %v, client: %s, server: %s", c.info.Serial, err, c.info.RemoteIP, c.listen.Text)
		}
		return false
	}
	p := &phases.ProxyProtocol{}
	p.SourceIP, p.SourcePort = phases.SplitHostPort(h.SourceAddr)
	p.ServerIP, p.ServerPort = phases.SplitHostPort(h.DestinationAddr)
	c.info.ProxyProtocol = p
	ahead, _ := br.Peek(br.Buffered())
	c.pending = append([]byte(nil), ahead...)
	return true
}
