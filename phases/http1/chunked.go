package http1

import (
	"bufio"
	"io"

	"moongate/phases"
)

// chunks decodes a chunked body as nginx's parser does: a line may end in a bare line feed, extensions and trailers are
// skipped, and nothing else is let pass.
type chunks struct {
	br     *bufio.Reader
	state  chunkState
	left   int64 // of the chunk, or its size so far
	total  int64 // of the sizes read so far
	limit  int64 // of total; 0: none
	framed int64 // bytes taken, framing included
	tail   int   // of the trailers
	read   bool  // a digit of the size was
	bad    bool  // it makes no sense, or is too large
}

type chunkState uint8

// What the decoder expects next.
const (
	chunkSize chunkState = iota
	chunkExtension
	chunkLineFeed
	chunkData
	chunkDataEnd
	chunkDataFeed
	lastExtension
	lastLineFeed
	trailerStart
	trailerLine
	trailerFeed
	trailerEnd
	chunkedDone
)

const (
	mostTrailers = 256 << 10           // bytes
	mostChunk    = 1<<63 - 1 - (2 + 4) // with its line breaks and the last chunk it is no more than a length can be
)

// Read reads decoded bytes. A body that makes no sense is a *phases.BadBody, one larger than the limit phases.ErrBodyTooLarge.
func (c *chunks) Read(p []byte) (int, error) {
	for {
		switch c.state {
		case chunkedDone:
			return 0, io.EOF
		case chunkData:
			n, err := c.br.Read(p[:min(int64(len(p)), c.left)])
			c.left -= int64(n)
			c.framed += int64(n)
			if c.left == 0 {
				c.state = chunkDataEnd
			}
			if n > 0 {
				return n, nil
			}
			if err != nil {
				return 0, unexpected(err)
			}
			continue
		}
		b, err := c.br.ReadByte()
		if err != nil {
			return 0, unexpected(err)
		}
		c.framed++
		if err := c.step(b); err != nil {
			c.bad = true
			return 0, err
		}
	}
}

func unexpected(err error) error {
	if err == io.EOF { //nolint:errorlint // bufio's contract
		return io.ErrUnexpectedEOF
	}
	return err
}

// step takes a byte of the framing.
func (c *chunks) step(b byte) error {
	switch c.state {
	case chunkSize:
		return c.size(b)
	case chunkExtension, lastExtension:
		switch b {
		case '\r':
			c.state++
		case '\n':
			c.state += 2
		}
		return nil
	case chunkDataEnd:
		switch b {
		case '\r':
			c.state = chunkDataFeed
			return nil
		case '\n':
			c.begin()
			return nil
		}
	case chunkDataFeed:
		if b == '\n' {
			c.begin()
			return nil
		}
	case trailerStart:
		switch b {
		case '\r':
			c.state = trailerEnd
		case '\n':
			c.state = chunkedDone
		default:
			c.state = trailerLine
		}
		return nil
	case trailerLine:
		if c.tail++; c.tail > mostTrailers {
			return &phases.BadBody{Reason: "too many trailers"}
		}
		switch b {
		case '\r':
			c.state = trailerFeed
		case '\n':
			c.state = trailerStart
		}
		return nil
	case trailerFeed:
		if b == '\n' {
			c.state = trailerStart
			return nil
		}
	case trailerEnd:
		if b == '\n' {
			c.state = chunkedDone
			return nil
		}
	default: // a line feed that ends a size's line
		if b == '\n' {
			c.state++
			return nil
		}
	}
	return &phases.BadBody{Reason: "malformed chunk"}
}

func (c *chunks) begin() { c.state, c.left, c.read = chunkSize, 0, false }

func (c *chunks) size(b byte) error {
	d := int64(-1)
	switch {
	case b >= '0' && b <= '9':
		d = int64(b - '0')
	case b|0x20 >= 'a' && b|0x20 <= 'f':
		d = int64(b|0x20-'a') + 10
	}
	if d >= 0 {
		if c.left > (mostChunk-d)/16 {
			return &phases.BadBody{Reason: "chunk size out of range"}
		}
		c.left, c.read = c.left*16+d, true
		return nil
	}
	if !c.read {
		return &phases.BadBody{Reason: "chunk without a size"}
	}
	line := chunkExtension
	if c.left == 0 {
		line = lastExtension
	} else if c.total > mostChunk-c.left {
		return &phases.BadBody{Reason: "body size out of range"}
	}
	c.total += c.left
	if c.limit > 0 && c.total > c.limit {
		return phases.ErrBodyTooLarge
	}
	switch b {
	case '\r':
		c.state = line + 1
	case '\n':
		c.state = line + 2
	case ';', ' ', '\t':
		c.state = line
	default:
		return &phases.BadBody{Reason: "malformed chunk size"}
	}
	return nil
}
