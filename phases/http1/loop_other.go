//go:build !linux

package http1

// loop is Linux's own; elsewhere every connection has a goroutine.
type loop struct{}

type loops struct{}

func newLoops() *loops { return &loops{} }

func (*loops) close() {}

func (*loops) adopt(*conn) bool { return false }

// Waiting tells that c's request is about to wait.
func (*conn) Waiting() {}

func (*conn) over() {}

func (*conn) sendNow([]byte) (int, error) { return 0, nil }
