// Package socket gives scripts OpenResty's cosockets: ngx.socket.tcp, stream, connect and udp, and
// ngx.req.socket. They look blocking to Lua; while one waits, its worker runs other threads.
//
// A cosocket belongs to the request (or timer) that connected it, which closes it when it ends; another
// one's use raises "bad request". setkeepalive hands a connection over to the worker's pool of its name.
//
// Reads and sends are first tried without waiting, with the baton held, so that a script that need not
// wait goes on at once, as in OpenResty. Only what would block goes through vm.Thread.Wait.
package socket
