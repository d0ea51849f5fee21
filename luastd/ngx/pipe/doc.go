// Package pipe is the module ngx.pipe: processes that scripts start, feed, read and wait for without holding
// up their worker. A process that its request leaves behind is killed when the request ends.
package pipe
