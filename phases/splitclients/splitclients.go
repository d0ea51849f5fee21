// Package splitclients is nginx's split_clients module: a variable that gives each client the same one
// of several values, for trying something out with a share of them.
//
//	split_clients "${remote_addr}AAA" $variant {
//	    0.5%  .one;
//	    2.0%  .two;
//	    *     "";
//	}
//
// The source string is hashed with MurmurHash2, as by nginx, so that both put a client into the same
// share. The shares are percentages with up to two decimals; * takes the rest.
package splitclients

import (
	"encoding/binary"
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// Module is the split_clients module.
var Module = phases.NewModule(phases.Module{
	Name: "split_clients",
	Directives: []phases.Directive{
		{Name: "split_clients", Ctx: phases.CtxHTTP, Args: phases.Arity{Min: 2, Max: 2, Block: true}, Set: setSplit},
	},
})

// whole is a hundred percent, in hundredths.
const whole = 10000

type share struct {
	below uint32 // hashes below this one; 0: all that are left
	value string
}

func setSplit(l *phases.Load, d *conf.Directive, _ any) error {
	source, err := l.Value(d.Args[0])
	if err != nil {
		return err
	}
	name, ok := strings.CutPrefix(d.Args[1].Value, "$")
	if !ok || name == "" {
		return fmt.Errorf("invalid variable name %q", d.Args[1].Value)
	}
	var shares []share
	var sum, last uint32
	for _, e := range d.Block {
		percent, ok := parsePercent(e.Name)
		if !ok || len(e.Args) != 1 {
			l.Report(e, fmt.Errorf("invalid percent value %q", e.Name))
			continue
		}
		if sum += percent; percent == 0 || sum == whole {
			sum, percent = whole, 0
		}
		if sum > whole {
			return fmt.Errorf("percent total is greater than 100%%")
		}
		s := share{value: e.Args[0].Value}
		if percent > 0 {
			last += uint32(uint64(percent) * 0xffffffff / whole)
			s.below = last
		}
		shares = append(shares, s)
	}
	return l.AddVariable(phases.Variable{Name: name, Changeable: true, Get: func(r *phases.Request, _ string) (string, bool) {
		hash := murmur2(source.Eval(r))
		for i := range shares {
			if hash < shares[i].below || shares[i].below == 0 {
				return shares[i].value, true
			}
		}
		return "", true
	}})
}

// parsePercent reads "12.34%" in hundredths of a percent; * is 0.
func parsePercent(s string) (uint32, bool) {
	if s == "*" {
		return 0, true
	}
	digits, ok := strings.CutSuffix(s, "%")
	if !ok || digits == "" {
		return 0, false
	}
	n, point := 0, -1
	for i := range len(digits) {
		switch c := digits[i]; {
		case c == '.' && point < 0:
			point = i
		case c < '0' || c > '9' || point >= 0 && i-point > 2 || n > whole*whole:
			return 0, false
		default:
			n = n*10 + int(c-'0')
		}
	}
	decimals := 0
	if point >= 0 {
		decimals = len(digits) - point - 1
	}
	for ; decimals < 2; decimals++ {
		n *= 10
	}
	return uint32(min(n, 100*whole)), n > 0 //nolint:gosec // bounded
}

// murmur2 is MurmurHash2 with the length as its seed, as nginx computes it.
func murmur2(s string) uint32 {
	const m = 0x5bd1e995
	b := []byte(s)
	h := uint32(len(b)) //nolint:gosec // the hash is of 32 bits
	for ; len(b) >= 4; b = b[4:] {
		k := binary.LittleEndian.Uint32(b) * m
		k ^= k >> 24
		k *= m
		h = h*m ^ k
	}
	if len(b) > 0 {
		for i := len(b) - 1; i >= 0; i-- {
			h ^= uint32(b[i]) << (8 * i)
		}
		h *= m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
