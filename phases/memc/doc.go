// Package memc is OpenResty's memc module: a location that talks to memcached.
//
//	location /cache {
//	    set $memc_cmd     $arg_cmd;    # by default of the method: GET get, POST add, PUT set, DELETE delete
//	    set $memc_key     $arg_key;
//	    set $memc_value   $arg_value;  # by default the request's body
//	    set $memc_flags   0;
//	    set $memc_exptime 600;         # seconds
//	    memc_pass 127.0.0.1:11211;     # or an upstream block, a name, unix:/path, variables
//	}
//
// get answers with the value. set, add, replace, append and prepend answer with 201 where memcached has stored the value and
// 200 where not; incr and decr with 201; delete, flush_all, stats and version with 200. The body is memcached's own answer
// then. What memcached does not find is 404, its errors are 502.
//
// Upstream groups, keep-alive, time-outs and $upstream_ variables are package upstream's.
package memc
