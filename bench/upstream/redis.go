package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"moongate/bench/engine"
)

// RunRedis serves a few of Redis's commands at BENCH_ADDR until it is told to stop: PING, SET, GET.
func RunRedis() error {
	var ln net.Listener
	serve := func(addr string) error {
		var err error
		if ln, err = net.Listen("tcp", addr); err != nil {
			return err
		}
		return serveRedis(ln)
	}
	return engine.ServeUntilSignal(serve, func() error { return nil })
}

func serveRedis(ln net.Listener) error {
	var store sync.Map
	store.Store("greeting", "hello")
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			r, w := bufio.NewReader(c), bufio.NewWriter(c)
			for {
				args, err := readCommand(r)
				if err != nil {
					return
				}
				answer(w, &store, args)
				if r.Buffered() == 0 && w.Flush() != nil {
					return
				}
			}
		}()
	}
}

func answer(w io.Writer, store *sync.Map, args []string) {
	switch name := strings.ToUpper(args[0]); {
	case name == "PING":
		fmt.Fprint(w, "+PONG\r\n")
	case name == "SET" && len(args) == 3:
		store.Store(args[1], args[2])
		fmt.Fprint(w, "+OK\r\n")
	case name == "GET" && len(args) == 2:
		if v, ok := store.Load(args[1]); ok {
			fmt.Fprintf(w, "$%d\r\n%s\r\n", len(v.(string)), v)
			return
		}
		fmt.Fprint(w, "$-1\r\n")
	default:
		fmt.Fprintf(w, "-ERR unknown command or arguments %q\r\n", args[0])
	}
}

var errProtocol = errors.New("not a Redis command")

// readCommand reads an array of bulk strings.
func readCommand(r *bufio.Reader) ([]string, error) {
	n, err := readLength(r, '*')
	if err != nil || n < 1 || n > 64 {
		return nil, errors.Join(err, errProtocol)
	}
	args := make([]string, n)
	for i := range args {
		size, err := readLength(r, '$')
		if err != nil || size < 0 || size > 1<<20 {
			return nil, errors.Join(err, errProtocol)
		}
		b := make([]byte, size+2)
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		args[i] = string(b[:size])
	}
	return args, nil
}

func readLength(r *bufio.Reader, kind byte) (int, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 4 || line[0] != kind {
		return 0, errProtocol
	}
	return strconv.Atoi(string(line[1 : len(line)-2]))
}
