package phases

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"moongate/conf"
)

// This file holds the setters that most directives need, as nginx's ngx_conf_set_*_slot.

// Set adapts a setter that wants its configuration by type.
func Set[T any](f func(l *Load, d *conf.Directive, c *T) error) SetFunc {
	return func(l *Load, d *conf.Directive, c any) error { return f(l, d, c.(*T)) }
}

func slot[T, V any](at func(*T) *Opt[V], parse func(l *Load, d *conf.Directive) (V, error)) SetFunc {
	return func(l *Load, d *conf.Directive, c any) error {
		o := at(c.(*T))
		if o.Set {
			return l.Duplicate(d)
		}
		v, err := parse(l, d)
		if err != nil {
			return err
		}
		o.V, o.Set = v, true
		return nil
	}
}

// SetFlag stores on or off.
func SetFlag[T any](at func(*T) *Opt[bool]) SetFunc {
	return slot(at, func(_ *Load, d *conf.Directive) (bool, error) {
		v, ok := conf.ParseFlag(d.Args[0].Value)
		if !ok {
			return false, fmt.Errorf("invalid value %q in %q directive, it must be \"on\" or \"off\"", d.Args[0].Value, d.Name)
		}
		return v, nil
	})
}

// SetString stores the first argument.
func SetString[T any](at func(*T) *Opt[string]) SetFunc {
	return slot(at, func(_ *Load, d *conf.Directive) (string, error) { return d.Args[0].Value, nil })
}

// SetNumber stores a non-negative decimal number.
func SetNumber[T any](at func(*T) *Opt[int]) SetFunc {
	return slot(at, func(_ *Load, d *conf.Directive) (int, error) {
		n, ok := ParseNumber(d.Args[0].Value)
		if !ok {
			return 0, fmt.Errorf("invalid number")
		}
		return n, nil
	})
}

// ParseNumber reads a non-negative decimal number.
func ParseNumber(s string) (int, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// SetSize stores a size in bytes (k and m suffixes).
func SetSize[T any](at func(*T) *Opt[int64]) SetFunc {
	return slot(at, func(_ *Load, d *conf.Directive) (int64, error) {
		v, ok := conf.ParseSize(d.Args[0].Value)
		if !ok {
			return 0, fmt.Errorf("invalid value")
		}
		return v, nil
	})
}

// SetOffset stores a size in bytes that may also have the suffix g.
func SetOffset[T any](at func(*T) *Opt[int64]) SetFunc {
	return slot(at, func(_ *Load, d *conf.Directive) (int64, error) {
		v, ok := conf.ParseOffset(d.Args[0].Value)
		if !ok {
			return 0, fmt.Errorf("invalid value")
		}
		return v, nil
	})
}

// SetMsec stores a duration whose bare number means seconds.
func SetMsec[T any](at func(*T) *Opt[time.Duration]) SetFunc {
	return slot(at, func(_ *Load, d *conf.Directive) (time.Duration, error) {
		v, ok := conf.ParseMsec(d.Args[0].Value)
		if !ok {
			return 0, fmt.Errorf("invalid value")
		}
		return v, nil
	})
}

// SetEnum stores the value that the argument names.
func SetEnum[T, V any](at func(*T) *Opt[V], values map[string]V) SetFunc {
	return slot(at, func(_ *Load, d *conf.Directive) (V, error) {
		v, ok := values[d.Args[0].Value]
		if !ok {
			return v, fmt.Errorf("invalid value %q", d.Args[0].Value)
		}
		return v, nil
	})
}

// SetValue stores a string that may hold variables.
func SetValue[T any](at func(*T) *Opt[*Value]) SetFunc {
	return slot(at, func(l *Load, d *conf.Directive) (*Value, error) { return l.Value(d.Args[0]) })
}

// SetSizes stores "number size", as in proxy_buffers.
func SetSizes[T any](at func(*T) *Opt[Buffers]) SetFunc {
	return slot(at, func(_ *Load, d *conf.Directive) (Buffers, error) {
		n, ok := ParseNumber(d.Args[0].Value)
		if !ok || n == 0 {
			return Buffers{}, fmt.Errorf("invalid value")
		}
		size, ok := conf.ParseSize(d.Args[1].Value)
		if !ok || size == 0 {
			return Buffers{}, fmt.Errorf("invalid value")
		}
		return Buffers{n, size}, nil
	})
}

// SetErrorStatus stores a status from 400 to 599: what a request is refused with.
func SetErrorStatus[T any](at func(*T) *Opt[int]) SetFunc {
	return slot(at, func(_ *Load, d *conf.Directive) (int, error) {
		n, ok := ParseNumber(d.Args[0].Value)
		if !ok {
			return 0, errors.New("invalid number")
		}
		if n < 400 || n > 599 {
			return 0, errors.New("value must be between 400 and 599")
		}
		return n, nil
	})
}

// Buffers is nginx's ngx_bufs_t.
type Buffers struct {
	Number int
	Size   int64 // bytes
}

// Ignore accepts a directive that has no meaning for this engine, but whose absence or presence
// changes nothing that a client could see.
func Ignore(*Load, *conf.Directive, any) error { return nil }

// NotBuilt refuses a directive that nginx knows and moongate does not have yet.
func NotBuilt(what string) SetFunc {
	return func(_ *Load, d *conf.Directive, _ any) error {
		if what == "" {
			return fmt.Errorf("the directive %q is not supported by moongate yet", d.Name)
		}
		return fmt.Errorf("the directive %q is not supported by moongate yet: %s", d.Name, what)
	}
}

// Values lists the arguments' texts.
func Values(d *conf.Directive) []string {
	out := make([]string, len(d.Args))
	for i, a := range d.Args {
		out[i] = a.Value
	}
	return out
}

// cutPrefixArg splits "name=value" parameters as listen, server and access_log have them.
func cutPrefixArg(s, name string) (string, bool) { return strings.CutPrefix(s, name+"=") }
