// Package luastd is the Lua module of the engine: what ngx_lua is to nginx. It owns the lua_* and
// *_by_lua* directives, gives each configuration its Lua workers, and runs the scripts as phase
// handlers and filters. The ngx table itself is made by the packages below luastd/ngx.
//
// A configuration has one vm.Group: as many Lua VMs as worker_processes says. A request takes one of
// them when its first handler runs and keeps to it for life, subrequests included. A reload, also the
// one that a saved script sets off, makes a new group beside the old one; shared dictionaries belong
// to the process and outlive both.
package luastd
