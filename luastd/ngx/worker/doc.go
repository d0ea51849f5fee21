// Package worker is what scripts know of the process they run in: ngx.worker, ngx.config, the modules
// ngx.process and ngx.errlog, and ngx.run_worker_thread.
//
// OpenResty's workers are processes; here they are Lua VMs of one process, so they all have one pid.
package worker
