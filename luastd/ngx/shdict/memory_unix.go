//go:build unix

package shdict

import "syscall"

// mapMemory returns size zeroed bytes outside the Go heap, so that a large zone neither
// delays garbage collection nor takes memory before it is used, and what gives them back.
func mapMemory(size int) (mem []byte, unmap func([]byte), err error) {
	mem, err = syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	return mem, func(mem []byte) { _ = syscall.Munmap(mem) }, err
}
