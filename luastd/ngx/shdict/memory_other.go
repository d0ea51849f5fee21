//go:build !unix

package shdict

// mapMemory returns size zeroed bytes of the Go heap.
func mapMemory(size int) (mem []byte, unmap func([]byte), err error) {
	return make([]byte, size), func([]byte) {}, nil
}
