// Package thread is what scripts know of concurrency within a request: light threads (ngx.thread), the
// coroutine functions as ngx_lua offers them, semaphores (the module ngx.semaphore) and what happens when
// the client goes away (ngx.on_abort, lua_check_client_abort).
package thread
