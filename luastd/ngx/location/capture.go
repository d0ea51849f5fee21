package location

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/vm"
)

// allowed are the contexts in which subrequests may be made.
const allowed = handler.Rewrite | handler.Access | handler.Content

// Register puts the table location into v.Ngx. Called with the baton held.
func Register(v *handler.VM) {
	t := v.W.L.CreateTable(0, 2)
	t.RawSetString("capture", v.W.L.NewFunction(func(L *lua.LState) int {
		// res = ngx.location.capture(uri, options?)
		if n := L.GetTop(); n != 1 && n != 2 {
			codec.Raise(L, "expecting one or two arguments")
		}
		q := L.CreateTable(2, 0)
		q.Append(L.Get(1))
		if L.GetTop() == 2 {
			q.RawSetInt(2, L.Get(2))
		}
		list := L.CreateTable(1, 0)
		list.Append(q)
		return captureMulti(L, v, list)
	}))
	t.RawSetString("capture_multi", v.W.L.NewFunction(func(L *lua.LState) int {
		// res1, res2, ... = ngx.location.capture_multi({ {uri, options?}, {uri, options?}, ... })
		if n := L.GetTop(); n != 1 {
			codec.Raise(L, fmt.Sprintf("only one argument is expected, but got %d", n))
		}
		return captureMulti(L, v, codec.CheckTable(L, 1, "capture_multi"))
	}))
	v.Ngx.RawSetString("location", t)
}

// capture is one subrequest on its way.
type capture struct {
	sr     *phases.Request
	ctx    *handler.Ctx // the one it begins with: an internal redirect makes another
	status int          // 0: not known yet
	panic  any
}

func captureMulti(L *lua.LState, v *handler.VM, list *lua.LTable) int {
	n := list.Len()
	if n == 0 {
		codec.Raise(L, "at least one subrequest should be specified")
	}
	c := v.Current()
	r := c.LiveIn(L, "no request object found", allowed)
	all := make([]capture, n)
	for i := range all {
		all[i].open(L, v, r, parseQuery(L, i, list.RawGetInt(i+1)))
	}
	wait(c, all)
	for i := range all {
		if all[i].fatal() {
			vm.Raise(L, handler.Abort{})
		}
	}
	for i := range all {
		L.Push(all[i].table(L, v.Module))
	}
	return n
}

// open makes the subrequest; it raises what upstream does.
func (x *capture) open(L *lua.LState, v *handler.VM, r *phases.Request, q query) {
	path, args, ok := phases.UnescapedPath(q.uri)
	if !ok {
		r.Logf(phases.LogErr, "unsafe URI \"%s\" was detected", q.uri)
		codec.Raise(L, "unsafe uri in argument #1: "+q.uri)
	}
	switch {
	case args == "":
		args = q.args
	case q.args != "":
		args += "&" + q.args
	}
	if r.ErrorLog().Enabled(phases.LogDebug) {
		r.Logf(phases.LogDebug, "lua http subrequest \"%s?%s\"", path, args)
	}
	rc := phases.OK
	sr, err := r.Subrequest(path, phases.SubOptions{
		Method: methods[q.method], Args: args, Capture: true, Direct: true, ShareVars: q.shareVars, CopyVars: q.copyVars,
		Post: x.post,
		Setup: func(sr *phases.Request) {
			if rc = setBody(sr, r, &q); rc == phases.OK {
				rc = setVars(sr, q.vars)
			}
		},
	})
	if err != nil {
		r.Log(phases.LogErr, "lua "+strings.Replace(err.Error(), strconv.Quote(path), `"`+path+`"`, 1))
		codec.Raise(L, "failed to issue subrequest: -1")
	}
	if rc != phases.OK {
		codec.Raise(L, fmt.Sprintf("failed to adjust the subrequest: %d", rc))
	}
	x.sr, x.ctx = sr, &handler.Ctx{R: sr, Tree: sr.Tree, VM: v, NgxCtx: q.ctx}
	sr.SetCtx(v.Module, x.ctx)
}

// setBody gives the subrequest its body and the headers that go with it. It goes by
// ngx_http_lua_adjust_subrequest: without a body of its own a PUT or POST gets the parent's, and other methods
// do only where they are told to, or where the parent's has no length.
func setBody(sr, r *phases.Request, q *query) phases.Status {
	if methods[q.method] == "" {
		r.Logf(phases.LogErr, "unsupported HTTP method: %d", q.method)
		return phases.Error
	}
	switch {
	case q.body != nil:
		sr.Body.SetBytes([]byte(*q.body))
		setLength(sr, int64(len(*q.body)))
	case !q.forwardBody && q.method != methodPut && q.method != methodPost && r.ContentLength > 0:
		sr.Body.MarkRead()
		sr.In.Delete("Content-Length")
	case !r.BodyRead():
		// what the parent has not read cannot be passed on; the length would be a lie
		sr.Body.MarkRead()
	default:
		sr.Body.Share(&r.Body)
		switch {
		case r.Chunked && r.Body.Size() > 0:
			setLength(sr, r.Body.Size())
		case !r.Chunked:
			sr.ContentLength = r.ContentLength
		}
	}
	for _, h := range q.headers {
		setHeader(sr, codec.Escape(h.name, codec.EscapeHeaderName), codec.Escape(h.value, codec.EscapeHeaderValue))
	}
	return phases.OK
}

func setLength(sr *phases.Request, n int64) {
	sr.ContentLength = n
	sr.In.Put("Content-Length", strconv.FormatInt(n, 10))
}

// setHeader replaces a request header; an empty value removes it.
func setHeader(sr *phases.Request, name, value string) {
	if value == "" {
		sr.In.Delete(name)
	} else {
		sr.In.Put(name, value)
	}
	switch {
	case phases.EqualFold(name, "Host"):
		host := strings.ToLower(value)
		if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
			host = host[:i]
		}
		sr.Host = host
	case phases.EqualFold(name, "Content-Length"):
		sr.ContentLength = -1
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 {
			sr.ContentLength = n
		}
	}
}

func setVars(sr *phases.Request, vars []pair) phases.Status {
	for _, x := range vars {
		name := strings.ToLower(x.name)
		err := sr.SetVar(name, x.value, false)
		switch {
		case err == nil:
		case strings.HasSuffix(err.Error(), "not changeable"):
			sr.Logf(phases.LogErr, "variable \"%s\" not changeable", name)
			return 500
		default:
			sr.Logf(phases.LogErr, "variable \"%s\" cannot be assigned a value (maybe you forgot to define it first?) ", name)
			return phases.Error
		}
	}
	return phases.OK
}

// fatal reports whether the subrequest takes the client's request down with it: a filter has failed on its output, or a request below
// it was so ended.
func (x *capture) fatal() bool {
	return x.sr.OutputFailed() || x.sr.FinalStatus() == phases.StatusClientClosedRequest
}

// wait runs the subrequests side by side, without the baton, and returns when all have ended.
func wait(c *handler.Ctx, all []capture) {
	v := c.VM
	t := v.W.Current()
	c.NoAbort++
	c.Capturing = append(c.Capturing, t)
	for i := range all {
		c.Adopt(all[i].ctx)
	}
	defer func() {
		for i := range all {
			c.Disown(all[i].ctx)
		}
		c.NoAbort--
		if i := slices.Index(c.Capturing, t); i >= 0 {
			c.Capturing = slices.Delete(c.Capturing, i, i+1)
		}
	}()
	if len(all) == 1 {
		t.Aside(func() { all[0].sr.Run() }) // which says itself where it waits, and often does not
		return
	}
	v.Wait(func(<-chan struct{}) { runAll(all) })
}

// runAll runs the first subrequest on this goroutine. Each one starts the next before it begins, so that
// they begin in their order.
func runAll(all []capture) {
	var wg sync.WaitGroup
	var start func(i int)
	start = func(i int) {
		if i+1 < len(all) {
			wg.Add(1)
			go func() {
				defer wg.Done()
				defer func() { all[i+1].panic = recover() }()
				start(i + 1)
			}()
		}
		all[i].sr.Run()
	}
	defer func() {
		wg.Wait()
		for i := range all {
			if p := all[i].panic; p != nil {
				panic(p)
			}
		}
	}()
	start(0)
}
