package phasetest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// FreeAddr is a loopback address that nothing listens on.
func FreeAddr(t testing.TB) string {
	t.Helper()
	addr, err := NextAddr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// NextAddr is FreeAddr for code without a test at hand. No address is given out twice in a row, and none that the tests of
// another process may get at the same time.
func NextAddr() (string, error) { return ports.next() }

// The ports lie below those that the system gives to outgoing connections, which could take one before it is listened on.
const (
	firstPort  = 10000
	blockPorts = 100
	blocks     = 200
	mostBlocks = 8 // of a process: after these it begins with the first again
)

// ports gives out the ports of blocks that other processes keep away from: each locks a file for every block that it has.
var ports blockList

type blockList struct {
	mu     sync.Mutex
	own    []int // the first ports of the blocks that the process has
	locks  []*os.File
	at     int // of all ports in own
	search int // the block to try next, from the process's own place on
}

func (b *blockList) next() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var last error
	for range mostBlocks * blockPorts {
		if b.at == len(b.own)*blockPorts && (len(b.own) == mostBlocks || !b.claim()) {
			b.at = 0
		}
		if len(b.own) == 0 {
			return "", errors.New("no block of ports is free")
		}
		port := b.own[b.at/blockPorts] + b.at%blockPorts
		b.at++
		ln, err := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			ln.Close() //nolint:errcheck // the port is free again
			return ln.Addr().String(), nil
		}
		last = err
	}
	return "", last
}

// claim takes another block for the process's life. Where no file can be locked it goes without.
func (b *blockList) claim() bool {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("moongate-ports-%d", os.Getuid()))
	os.MkdirAll(dir, 0o700) //nolint:errcheck // opening a file there will tell
	for b.search < blocks {
		n := (os.Getpid() + b.search) % blocks
		b.search++
		f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(n)), os.O_CREATE|os.O_RDWR, 0o600)
		if err == nil {
			err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) //nolint:gosec // a descriptor is small
			if errors.Is(err, unix.EWOULDBLOCK) {
				f.Close() //nolint:errcheck // nothing was written
				continue
			}
			b.locks = append(b.locks, f)
		}
		b.own = append(b.own, firstPort+n*blockPorts)
		return true
	}
	return false
}
