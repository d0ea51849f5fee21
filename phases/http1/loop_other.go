//go:build !linux

package http1

import (
	"time"

	"moongate/phases/event"
)

// loop is Linux's own; elsewhere every connection has a goroutine.
type loop struct{}

type loops struct{}

func newLoops() *loops { return &loops{} }

func (*loops) grow(int) {}

func (*loops) close() {}

func (*loops) open(*Server) *door { return nil }

type door struct{}

func (*door) close() {}

// Poller is where what a request waits for is waited for: Go's own here.
func (*conn) Poller() event.Poller { return nil }

// Told is nil: no poller tells of anything here.
func (*conn) Told() event.Poller { return nil }

// Waiting tells that c's request is about to wait.
func (*conn) Waiting() {}

// Now is the present time.
func (*conn) Now() time.Time { return time.Now() }

func (*conn) accompanied() bool { return false }

func (*conn) spared() *kept { return nil }

func (*conn) over() {}

func (*conn) sendNow([]byte) (int, error) { return 0, nil }
