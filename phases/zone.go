package phases

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"moongate/conf"
)

// ParseZone reads the value of a "zone=NAME:SIZE" parameter; arg is the whole of it, for the error.
func ParseZone(arg, value string) (name string, size int64, err error) {
	name, text, found := strings.Cut(value, ":")
	size, ok := conf.ParseSize(text)
	switch {
	case !found || !ok:
		return "", 0, fmt.Errorf("invalid zone size %q", arg)
	case name == "":
		return "", 0, errors.New("invalid zone name \"\"")
	case size < int64(8*os.Getpagesize()):
		return "", 0, fmt.Errorf("zone %q is too small", arg)
	}
	return name, size, nil
}

// NodeSize is what nginx's slab allocator takes for a zone's node of n bytes: the next power of two up
// to half a page, then whole pages. Zones account for memory by it, so that one of a given size holds as
// many keys as in nginx.
func NodeSize(n int) int64 {
	page := os.Getpagesize()
	if n > page/2 {
		return int64((n + page - 1) / page * page)
	}
	size := 8
	for size < n {
		size *= 2
	}
	return int64(size)
}
