package upstream

import (
	"bytes"
	"errors"
	"strings"
)

// chunked decodes a body in chunks out of a connection's buffer, without copying.
type chunked struct {
	step chunkStep
	left int64 // of the present chunk
	used int   // bytes of trailers so far
}

type chunkStep uint8

const (
	chunkSize chunkStep = iota
	chunkData
	chunkEnd
	chunkTrailer
)

// maxChunkLine bounds a chunk's size with its extensions, and all trailers together.
const maxChunkLine = 8 << 10

var errChunks = errors.New("upstream sent invalid chunked response")

// cut takes whole pieces out of the buffer; what is not whole stays there.
func (k *chunked) cut(x *Exchange) (done bool, err error) {
	c := x.c
	for {
		b := c.buf[c.r:c.w]
		switch k.step {
		case chunkSize:
			line, n := cutLine(b)
			if n == 0 {
				if len(b) > maxChunkLine {
					return false, errChunks
				}
				return false, nil
			}
			size, ok := parseChunkSize(line)
			if !ok {
				return false, errChunks
			}
			c.r += n
			k.left, k.step = size, chunkData
			if size == 0 {
				k.step = chunkTrailer
			}
		case chunkData:
			if len(b) == 0 {
				return false, nil
			}
			n := min(int64(len(b)), k.left)
			x.piece(b[:n])
			c.r += int(n)
			if k.left -= n; k.left == 0 {
				k.step = chunkEnd
			}
		case chunkEnd:
			switch {
			case len(b) > 0 && b[0] == '\n':
				c.r++
			case len(b) > 1 && b[0] == '\r' && b[1] == '\n':
				c.r += 2
			case len(b) == 0 || len(b) == 1 && b[0] == '\r':
				return false, nil
			default:
				return false, errChunks
			}
			k.step = chunkSize
		case chunkTrailer:
			line, n := cutLine(b)
			if k.used+max(n, len(b)*btoi(n == 0)) > maxChunkLine {
				return false, errChunks
			}
			if n == 0 {
				return false, nil
			}
			c.r += n
			k.used += n
			if len(line) == 0 {
				return true, nil
			}
			name, value, err := headerLine(string(line))
			if err != nil {
				return false, errors.New(strings.Replace(err.Error(), "header", "trailer", 1))
			}
			x.resp.trailers.Add(name, value)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// cutLine is the line at the beginning of b without its end, and its length with it; 0 where it is not whole.
func cutLine(b []byte) ([]byte, int) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return nil, 0
	}
	return bytes.TrimSuffix(b[:i], []byte{'\r'}), i + 1
}

// parseChunkSize reads the hexadecimal size; extensions are dropped.
func parseChunkSize(line []byte) (int64, bool) {
	n, i := int64(0), 0
	for ; i < len(line); i++ {
		c := line[i]
		var d byte
		switch {
		case c >= '0' && c <= '9':
			d = c - '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			d = c | 0x20 - 'a' + 10
		default:
			goto end
		}
		if n >= 1<<58 {
			return 0, false
		}
		n = n<<4 | int64(d)
	}
end:
	if i == 0 {
		return 0, false
	}
	for _, c := range line[i:] {
		if c == '\r' || c == 0 {
			return 0, false
		}
	}
	rest := bytes.TrimLeft(line[i:], " \t")
	return n, len(rest) == 0 || rest[0] == ';'
}
