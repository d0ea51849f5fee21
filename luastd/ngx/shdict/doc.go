// Package shdict is ngx.shared.DICT: dictionaries of a fixed size in bytes that all
// workers share.
//
// A Zone holds its entries in one block of memory outside the Go heap, cut up the way
// nginx's slab allocator cuts its shared memory (slab.go), with entries that take as many
// bytes as ngx_lua's. A dictionary of a given size therefore holds as much as it does under
// OpenResty, evicts the same entries at the same time, and reports the same free space,
// and millions of entries are no work for the garbage collector.
//
// Entries stand in a hash table and in one list by recent use (zone.go); expired entries
// stay until they are looked for at the cold end of that list, at most two for each
// operation, as in OpenResty.
//
// A Zone knows no Lua and belongs to no worker: it lives as long as the process, across
// reloads, and all its methods may be called from any goroutine. Register shows zones to a
// Lua state.
package shdict
