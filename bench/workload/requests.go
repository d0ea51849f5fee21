package workload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"moongate/bench/load"
)

// Requests are the workload's requests in the order they are sent, ready for the wire.
func (w *Workload) Requests() ([]load.Request, error) {
	var out []load.Request
	for _, x := range w.Exchange {
		if x.Each == nil {
			r, err := w.request(&x, "")
			if err != nil {
				return nil, err
			}
			out = append(out, r)
			continue
		}
		for i := x.Each.From; i <= x.Each.To; i += max(x.Each.Step, 1) {
			r, err := w.request(&x, strconv.Itoa(i))
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
	}
	return out, nil
}

func (w *Workload) request(x *Exchange, i string) (load.Request, error) {
	put := func(s string) string {
		if i == "" {
			return s
		}
		return strings.ReplaceAll(s, "{i}", i)
	}
	or := func(s, otherwise string) string {
		if s == "" {
			return otherwise
		}
		return put(s)
	}
	body := []byte(put(x.Body))
	switch {
	case x.BodyFile != "":
		b, err := fs.ReadFile(w.files, x.BodyFile)
		if err != nil {
			return load.Request{}, fmt.Errorf("%s: %w: %w", w.Name, errNoFile, err)
		}
		body = b
	case x.BodySize > 0:
		body = Pattern(x.BodySize)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", or(x.Method, "GET"), or(x.Path, "/"), or(x.Host, "localhost"))
	if _, ok := x.Headers["User-Agent"]; !ok {
		b.WriteString("User-Agent: bench\r\n")
	}
	b.WriteString("Accept: */*\r\n")
	names := make([]string, 0, len(x.Headers))
	for name := range x.Headers {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%s: %s\r\n", name, put(x.Headers[name]))
	}
	if len(body) > 0 {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	if w.NoKeepAlive {
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	check, err := w.checkOf(x, put)
	return load.Request{Wire: b.Bytes(), Check: check}, err
}

// Pattern is a body of n bytes that is easy to tell from a broken one: lines of 64 bytes that begin with their
// number.
func Pattern(n int) []byte {
	b := make([]byte, 0, n+64)
	for line := 0; len(b) < n; line++ {
		b = fmt.Appendf(b, "%08d the quick brown fox jumps over the lazy dog, and again\n", line)
	}
	return b[:n]
}

// checkOf builds the check of an answer: the status, the headers, the whole body.
func (w *Workload) checkOf(x *Exchange, put func(string) string) (func(*load.Response) error, error) {
	body, err := w.bodyCheck(x, put)
	if err != nil {
		return nil, err
	}
	status := x.code()
	type header struct{ name, value string }
	var headers []header
	for name, value := range x.WantHeaders {
		headers = append(headers, header{name, put(value)})
	}
	return func(r *load.Response) error {
		if r.Status != status {
			return fmt.Errorf("status %d instead of %d: %s", r.Status, status, clip(r.Body))
		}
		for _, h := range headers {
			if v := r.Header(h.name); string(v) != h.value {
				return fmt.Errorf("header %s is %q instead of %q", h.name, v, h.value)
			}
		}
		return body(r.Body)
	}, nil
}

func (w *Workload) bodyCheck(x *Exchange, put func(string) string) (func([]byte) error, error) {
	exactly := func(want []byte) func([]byte) error {
		return func(b []byte) error {
			if !bytes.Equal(b, want) {
				return fmt.Errorf("body of %d bytes %s instead of %d bytes %s", len(b), clip(b), len(want), clip(want))
			}
			return nil
		}
	}
	switch {
	case x.Want != nil:
		return exactly([]byte(put(*x.Want))), nil
	case x.WantSize > 0:
		return exactly(Pattern(x.WantSize)), nil
	case x.WantFile != "":
		want, err := fs.ReadFile(w.files, x.WantFile)
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %w", w.Name, errNoFile, err)
		}
		return exactly(want), nil
	case x.WantJSON != "":
		text, err := fs.ReadFile(w.files, x.WantJSON)
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %w", w.Name, errNoFile, err)
		}
		return jsonCheck(text)
	}
	re, err := regexp.Compile(put(x.WantRegex))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.Name, err)
	}
	return func(b []byte) error {
		if !re.Match(b) {
			return fmt.Errorf("body %s does not match %s", clip(b), re)
		}
		return nil
	}, nil
}

// jsonCheck compares values, since the order of an object's members is the encoder's own. Texts that were found
// right once are remembered: parsing each answer would make the client the bottleneck.
func jsonCheck(text []byte) (func([]byte) error, error) {
	var want any
	if err := json.Unmarshal(text, &want); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var known [][]byte
	return func(b []byte) error {
		mu.Lock()
		defer mu.Unlock()
		if slices.ContainsFunc(known, func(k []byte) bool { return bytes.Equal(k, b) }) {
			return nil
		}
		var got any
		if err := json.Unmarshal(b, &got); err != nil {
			return fmt.Errorf("body %s: %w", clip(b), err)
		}
		if !reflect.DeepEqual(got, want) {
			return fmt.Errorf("another JSON value: %s", clip(b))
		}
		if len(known) < 64 {
			known = append(known, bytes.Clone(b))
		}
		return nil
	}, nil
}

func clip(b []byte) string {
	if len(b) > 80 {
		return strconv.Quote(string(b[:80])) + "…"
	}
	return strconv.Quote(string(b))
}
