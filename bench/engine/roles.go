package engine

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/valyala/fasthttp"
)

// RoleVariable is the environment variable that makes the harness's binary one of its own small servers.
const RoleVariable = "BENCH_ROLE"

// RunBare serves BENCH_BODY at BENCH_ADDR until it is told to stop.
func RunBare() error {
	body := []byte(os.Getenv("BENCH_BODY"))
	s := &fasthttp.Server{
		Name: "fasthttp",
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("text/plain")
			ctx.SetBody(body)
		},
	}
	return ServeUntilSignal(s.ListenAndServe, s.Shutdown)
}

// ServeUntilSignal runs a server until TERM or INT.
func ServeUntilSignal(serve func(addr string) error, shutdown func() error) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- serve(os.Getenv("BENCH_ADDR")) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return shutdown()
	}
}
