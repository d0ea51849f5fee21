//go:build !linux

package socket

import "golang.org/x/sys/unix"

// setTransparent cannot be had here.
func setTransparent(int) error { return unix.ENOPROTOOPT }
