// Package balancer lets scripts see and steer upstream groups: the modules ngx.balancer, for
// balancer_by_lua*, and ngx.upstream.
package balancer
