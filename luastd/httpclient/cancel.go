package httpclient

import (
	"context"
	"net/http"
)

// withCancel ties req to cancel, which closes when the script's thread is killed.
func withCancel(req *http.Request, cancel, done <-chan struct{}) (*http.Request, context.CancelFunc) {
	ctx, stop := context.WithCancel(req.Context())
	go func() {
		select {
		case <-cancel:
			stop()
		case <-done:
		}
	}()
	return req.WithContext(ctx), stop
}
