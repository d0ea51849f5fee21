package upstream

import (
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// maxMisses is how often a hashing method meets a peer that cannot be tried before it gives up and goes
// round.
const maxMisses = 20

// at is the index of the peer on which the point w of the list's weight falls.
func (l *peers) at(w int) int {
	for i, p := range l.list {
		if w -= p.Weight; w < 0 {
			return i
		}
	}
	return len(l.list) - 1
}

// tryAt takes the i-th peer if it can be tried.
func (b *Balance) tryAt(i int, now time.Time) bool {
	if b.wasTried(i) || !b.list.list[i].able(now) {
		return false
	}
	b.use(i, now) //nolint:errcheck // never fails
	return true
}

// pickIP is ip_hash: the first three bytes of an IPv4 client decide, all of an IPv6 one's.
func (b *Balance) pickIP(now time.Time) error {
	l := b.list
	if b.misses > maxMisses || l.single || len(l.list) == 0 {
		return b.pickRound(now)
	}
	if !b.keyed {
		b.keyed, b.hash = true, 89
		b.key = clientKey(b.x.R.Conn.RemoteIP)
	}
	for {
		for i := range len(b.key) {
			b.hash = (b.hash*113 + uint32(b.key[i])) % 6271
		}
		if b.tryAt(l.at(int(b.hash%uint32(l.weight))), now) {
			return nil
		}
		if b.misses++; b.misses > maxMisses {
			return b.pickRound(now)
		}
	}
}

func clientKey(remote string) string {
	ip, ok := parseIP(remote)
	if !ok {
		return "\x00\x00\x00"
	}
	s := ip.AsSlice()
	if ip.Is4() {
		s = s[:3]
	}
	return string(s)
}

func (b *Balance) evalKey() string {
	if !b.keyed {
		b.keyed = true
		b.key = b.u.key.Eval(b.x.R)
	}
	return b.key
}

// pickHash is hash KEY, compatible with Cache::Memcached:
// ((crc32([REHASH] KEY) >> 16) & 0x7fff) + the hash before, REHASH from the second round on.
func (b *Balance) pickHash(now time.Time) error {
	l := b.list
	key := b.evalKey()
	if b.misses > maxMisses || len(l.list) < 2 || key == "" {
		return b.pickRound(now)
	}
	for {
		text := key
		if b.rehash > 0 {
			text = strconv.Itoa(b.rehash) + key
		}
		b.hash += crc32.ChecksumIEEE([]byte(text)) >> 16 & 0x7fff
		b.rehash++
		if b.tryAt(l.at(int(b.hash%uint32(l.weight))), now) {
			return nil
		}
		if b.misses++; b.misses > maxMisses {
			return b.pickRound(now)
		}
	}
}

// point is a place of a server on the ring of the consistent hash.
type point struct {
	hash   uint32
	server string
}

// points lays the servers out on the ring, 160 points for each unit of weight, compatible with
// Cache::Memcached::Fast: crc32(HOST \0 PORT PREVIOUS), four bytes of the hash before, little endian.
func points(list []*Peer) []point {
	var ps []point
	for _, p := range list {
		host, port := p.Server, ""
		if path, ok := strings.CutPrefix(host, "unix:"); ok {
			host = path
		} else if i := strings.LastIndexByte(host, ':'); i >= 0 {
			if _, err := strconv.Atoi(host[i+1:]); err == nil || i == len(host)-1 {
				host, port = host[:i], host[i+1:]
			}
		}
		base := crc32.ChecksumIEEE([]byte(host + "\x00" + port))
		var prev [4]byte
		for range p.Weight * 160 {
			h := crc32.Update(base, crc32.IEEETable, prev[:])
			ps = append(ps, point{h, p.Server})
			prev = [4]byte{byte(h), byte(h >> 8), byte(h >> 16), byte(h >> 24)}
		}
	}
	slices.SortStableFunc(ps, func(a, b point) int {
		switch {
		case a.hash < b.hash:
			return -1
		case a.hash > b.hash:
			return 1
		}
		return 0
	})
	return slices.CompactFunc(ps, func(a, b point) bool { return a.hash == b.hash })
}

// pickConsistent is hash KEY consistent: the next point of the ring decides on the server, and among its
// addresses round robin.
func (b *Balance) pickConsistent(now time.Time) error {
	l := b.list
	if !b.keyed {
		h := crc32.ChecksumIEEE([]byte(b.evalKey()))
		b.hash = uint32(sort.Search(len(l.points), func(i int) bool { return l.points[i].hash >= h }))
	}
	if b.misses > maxMisses || l.single || b.key == "" || len(l.points) == 0 {
		return b.pickRound(now)
	}
	for {
		server := l.points[int(b.hash)%len(l.points)].server
		best, total := -1, 0
		for i, p := range l.list {
			if p.Server != server || b.wasTried(i) || !p.able(now) {
				continue
			}
			total += p.gain()
			if best < 0 || p.current > l.list[best].current {
				best = i
			}
		}
		if best >= 0 {
			l.list[best].current -= total
			return b.use(best, now)
		}
		b.hash++
		if b.misses++; b.misses > maxMisses {
			return b.pickRound(now)
		}
	}
}

// pickRandom takes any peer, by weight.
func (b *Balance) pickRandom(now time.Time) error {
	l := b.list
	if len(l.list) < 2 {
		return b.pickRound(now)
	}
	for b.misses <= maxMisses {
		if b.tryAt(l.at(rand.IntN(l.weight)), now) {
			return nil
		}
		b.misses++
	}
	return b.pickRound(now)
}

// pickTwo takes two peers at random and of these the one with fewer connections for its weight.
func (b *Balance) pickTwo(now time.Time) error {
	l := b.list
	if len(l.list) < 2 {
		return b.pickRound(now)
	}
	first := -1
	for b.misses <= maxMisses {
		i := l.at(rand.IntN(l.weight))
		if i == first || b.wasTried(i) || !l.list[i].able(now) {
			b.misses++
			continue
		}
		if first < 0 {
			first = i
			continue
		}
		p, q := l.list[i], l.list[first]
		if p.load(q) > q.load(p) {
			i = first
		}
		return b.use(i, now)
	}
	return b.pickRound(now)
}
