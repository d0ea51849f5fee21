package setmisc

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"

	"moongate/conf"
	"moongate/phases"
)

// This file holds the directives of several values.

func hmacSHA1(_ *phases.Request, in []string) (string, error) {
	mac := hmac.New(sha1.New, []byte(in[0]))
	mac.Write([]byte(in[1]))
	return string(mac.Sum(nil)), nil
}

func hmacSHA256(_ *phases.Request, in []string) (string, error) {
	mac := hmac.New(sha256.New, []byte(in[0]))
	mac.Write([]byte(in[1]))
	return string(mac.Sum(nil)), nil
}

func ifEmpty(_ *phases.Request, in []string) (string, error) {
	if in[0] == "" {
		return in[1], nil
	}
	return in[0], nil
}

func random(_ *phases.Request, in []string) (string, error) {
	from, ok := phases.ParseNumber(in[0])
	if !ok {
		return "", errors.New("set_random: bad \"from\" argument: " + in[0])
	}
	to, ok := phases.ParseNumber(in[1])
	if !ok {
		return "", errors.New("set_random: bad \"to\" argument: " + in[1])
	}
	if from > to {
		from, to = to, from
	}
	return strconv.Itoa(from + rand.IntN(to-from+1)), nil
}

// rotate counts the variable up within bounds; one without a value goes on where the location's last
// request was.
func rotate(r *phases.Request, in []string) (string, error) {
	from, ok := phases.ParseNumber(in[1])
	if !ok {
		return "", fmt.Errorf("set_rotate: bad \"from\" argument value: \"%s\"", in[1])
	}
	to, ok := phases.ParseNumber(in[2])
	if !ok {
		return "", fmt.Errorf("set_rotate: bad \"to\" argument value: \"%s\"", in[2])
	}
	if from > to {
		from, to = to, from
	}
	turn := &phases.LocationOf[location](r.Loc, module).turn
	given, isNumber := phases.ParseNumber(in[0])
	if in[0] != "" && !isNumber {
		r.Logf(phases.LogErr, "set_rotate: bad current value: \"%s\"", in[0])
	}
	for {
		last := turn.Load()
		next := int(last)
		switch {
		case isNumber:
			next = given + 1
		case last == 0:
			next = from
		}
		if next > to || next < from {
			next = from
		}
		if turn.CompareAndSwap(last, int64(next)+1) {
			return strconv.Itoa(next), nil
		}
	}
}

func setUpstreamList(_ *phases.Load, d *conf.Directive, c *mainConf) error {
	name := d.Args[0].Value
	if _, ok := c.lists[name]; ok {
		return fmt.Errorf("duplicate upstream list name %q", name)
	}
	c.lists[name] = phases.Values(d)[1:]
	return nil
}

// setHashedUpstream chooses a name of an upstream_list by the hash of a key.
func setHashedUpstream(l *phases.Load, d *conf.Directive, _ any) error {
	lists := l.MainOf(module).(*mainConf).lists
	name, err := l.Value(d.Args[1])
	if err != nil {
		return err
	}
	key, err := l.Value(d.Args[2])
	if err != nil {
		return err
	}
	if _, ok := lists[name.Text()]; !ok && name.IsConstant() {
		return fmt.Errorf("set_hashed_upstream: upstream list %q not defined yet", name.Text())
	}
	return assign(l, d, func(r *phases.Request) (string, error) {
		list, ok := lists[name.Eval(r)]
		if !ok {
			return "", fmt.Errorf("set_hashed_upstream: upstream list \"%s\" not defined yet", name.Eval(r))
		}
		return list[hash(key.Eval(r))%uint32(len(list))], nil
	})
}

// hash is ngx_hash_key_lc, cut to 32 bits.
func hash(s string) uint32 {
	var h uint32
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		h = h*31 + uint32(c)
	}
	return h
}
