// Package nonblock does the system calls of a socket's data path without telling Go's scheduler. Such a call costs less, and the
// scheduler's watchdog, which takes the processor away from goroutines that stay in the kernel, has nothing to do.
//
// The descriptor must be in non-blocking mode and must stay open during the call: only who has the connection to itself may
// call. Nothing here waits; EAGAIN says that the call would have to.
package nonblock
