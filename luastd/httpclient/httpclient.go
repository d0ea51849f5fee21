// Package httpclient is require "http": gluahttp's client, made to share a worker. While a request is
// under way the worker's baton is given back, so that other scripts run.
//
//	local http = require "http"
//	local res, err = http.get("http://127.0.0.1:9000/user", {headers = {Accept = "application/json"}, timeout = "2s"})
//	ngx.say(res.status_code, res.body)
//
// get, delete, head, patch, post, put, request(method, url, options) and request_batch are gluahttp's;
// request_batch is replaced, because gluahttp's touches one Lua state from several goroutines.
package httpclient

import (
	"bytes"
	_ "embed"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/cjoudrey/gluahttp"
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/runtime/syntax"
)

// maxBody bounds a response that is held in memory, in bytes.
const maxBody = 64 << 20

//go:embed batch.lua
var batch string

// client is shared by all workers: its pool of connections is safe for concurrent use.
var client = &http.Client{
	Timeout: 60 * time.Second,
	Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 64, IdleConnTimeout: 60 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 60 * time.Second,
	},
}

// Loader makes the module for one worker.
func Loader(v *handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		gluahttp.NewHttpModuleWithDo(func(req *http.Request) (*http.Response, error) { return do(v, req) }).Loader(L)
		mod := L.CheckTable(-1)
		proto, err := syntax.Compile(batch, "=http.request_batch")
		if err != nil {
			L.RaiseError("%s", err.Error())
		}
		L.Push(v.W.Function(proto, nil))
		L.Push(mod)
		L.Call(1, 0)
		return 1
	}
}

// do sends the request and reads the whole response while the baton is given back.
func do(v *handler.VM, req *http.Request) (*http.Response, error) {
	var res *http.Response
	var err error
	v.Wait(func(cancel <-chan struct{}) {
		done := make(chan struct{})
		defer close(done)
		ctx, stop := withCancel(req, cancel, done)
		defer stop()
		res, err = client.Do(ctx) //nolint:bodyclose // it is, below
		if err != nil {
			return
		}
		var body []byte
		body, err = io.ReadAll(io.LimitReader(res.Body, maxBody+1))
		res.Body.Close()
		if err == nil && len(body) > maxBody {
			err = errors.New("response body too large")
		}
		res.Body = io.NopCloser(bytes.NewReader(body))
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}
