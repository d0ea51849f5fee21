package ssl

import "moongate/phases/ssl"

const randomLen = 32

// hello is a ClientHello message (RFC 8446, 4.1.2) as it came.
type hello struct {
	random     []byte
	extensions []byte
}

// message finds the ClientHello in what the front end has received of a handshake. The records that carry
// it are taken apart here because crypto/tls keeps neither the random nor the extensions' contents.
func message(h *ssl.Handshake) (hello, bool) {
	if h == nil {
		return hello{}, false
	}
	wire, ok := h.Hello.Conn.(interface{ Received() []byte })
	if !ok {
		return hello{}, false
	}
	return parseHello(wire.Received())
}

func parseHello(wire []byte) (m hello, ok bool) {
	const handshakeRecord, clientHello = 22, 1
	var msg []byte
	for len(wire) >= 5 && wire[0] == handshakeRecord {
		n := int(wire[3])<<8 | int(wire[4])
		if len(wire) < 5+n {
			break
		}
		msg, wire = append(msg, wire[5:5+n]...), wire[5+n:]
	}
	c := cursor(msg)
	if id, ok := c.take(1); !ok || id[0] != clientHello {
		return m, false
	}
	body, ok := c.vector(3)
	if !ok {
		return m, false
	}
	c = cursor(body)
	_, ok1 := c.take(2) // legacy_version
	m.random, ok = c.take(randomLen)
	_, ok2 := c.vector(1) // legacy_session_id
	_, ok3 := c.vector(2) // cipher_suites
	_, ok4 := c.vector(1) // legacy_compression_methods
	if !ok || !ok1 || !ok2 || !ok3 || !ok4 {
		return m, false
	}
	if len(c) > 0 {
		m.extensions, ok = c.vector(2)
	}
	return m, ok
}

// extension is the content of the first extension of that type.
func (m *hello) extension(id int) ([]byte, bool) {
	c := cursor(m.extensions)
	for {
		head, ok := c.take(2)
		if !ok {
			return nil, false
		}
		data, ok := c.vector(2)
		if !ok {
			return nil, false
		}
		if int(head[0])<<8|int(head[1]) == id {
			return data, true
		}
	}
}

// cursor reads TLS's presentation language.
type cursor []byte

func (c *cursor) take(n int) ([]byte, bool) {
	if len(*c) < n {
		return nil, false
	}
	b := (*c)[:n]
	*c = (*c)[n:]
	return b, true
}

// vector takes what a length of so many bytes announces.
func (c *cursor) vector(size int) ([]byte, bool) {
	head, ok := c.take(size)
	if !ok {
		return nil, false
	}
	n := 0
	for _, b := range head {
		n = n<<8 | int(b)
	}
	return c.take(n)
}
