//go:build !linux

package http1

import "errors"

// deferAccept cannot be had: the configuration refuses "deferred" before it comes here.
func deferAccept(int) error { return errors.ErrUnsupported }
