package upstream

import (
	"strconv"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"

	"moongate/bench/engine"
	"moongate/bench/workload"
)

// RunHTTP serves at BENCH_ADDR until it is told to stop:
//
//	/size/N   N bytes of the workloads' pattern
//	/count    how many bytes the request's body had
//	else      "hello\n"
func RunHTTP() error {
	var bodies sync.Map // of size
	s := &fasthttp.Server{
		Name:               "upstream",
		MaxRequestBodySize: 64 << 20,
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("text/plain")
			path := string(ctx.Path())
			switch {
			case path == "/count":
				ctx.SetBodyString(strconv.Itoa(len(ctx.PostBody())) + "\n")
			case strings.HasPrefix(path, "/size/"):
				n, err := strconv.Atoi(path[len("/size/"):])
				if err != nil || n < 0 || n > 64<<20 {
					ctx.Error("no such size", 404)
					return
				}
				b, ok := bodies.Load(n)
				if !ok {
					b, _ = bodies.LoadOrStore(n, workload.Pattern(n))
				}
				ctx.Response.SetBodyRaw(b.([]byte))
			default:
				ctx.SetBodyString("hello\n")
			}
		},
	}
	return engine.ServeUntilSignal(s.ListenAndServe, s.Shutdown)
}
