//go:build !linux

package req

import (
	"errors"
	"net"
)

func originalDestination(net.Conn) (string, error) {
	return "", errors.New("not supported on this system")
}
