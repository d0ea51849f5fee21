package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

// headerLines is a flag that may be given several times.
type headerLines []string

func (h *headerLines) String() string     { return strings.Join(*h, ", ") }
func (h *headerLines) Set(v string) error { *h = append(*h, v); return nil }

// httpMain is the program http [-X METHOD] [-d BODY] [-H LINE]... ADDR/PATH: it prints the answer's status line,
// header and body, and fails where there is no whole answer.
func httpMain() {
	fs := flag.NewFlagSet("http", flag.ExitOnError)
	method := fs.String("X", "GET", "")
	body := fs.String("d", "", "")
	var lines headerLines
	fs.Var(&lines, "H", "")
	fs.Parse(os.Args[1:])
	if fs.NArg() != 1 {
		fail("usage: http [-X METHOD] [-d BODY] [-H LINE]... ADDR/PATH")
	}
	req, err := http.NewRequest(*method, "http://"+fs.Arg(0), strings.NewReader(*body))
	if err != nil {
		fail("%v", err)
	}
	for _, l := range lines {
		k, v, _ := strings.Cut(l, ":")
		if strings.EqualFold(k, "host") {
			req.Host = strings.TrimSpace(v)
			continue
		}
		req.Header.Add(k, strings.TrimSpace(v))
	}
	client := http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		fail("%v", err)
	}
	defer res.Body.Close()
	fmt.Printf("%s %s\n", res.Proto, res.Status)
	res.Header.Write(os.Stdout)
	fmt.Println()
	if _, err := io.Copy(os.Stdout, res.Body); err != nil {
		fail("body: %v", err)
	}
}

// rawMain is the program raw [-shut] [-times N] ADDR TEXT...: it sends the texts (with Go's escapes) and prints all that comes until
// the server closes.
func rawMain() {
	fs := flag.NewFlagSet("raw", flag.ExitOnError)
	shut := fs.Bool("shut", false, "end the sending side")
	times := fs.Int("times", 1, "how often the second text is sent")
	fs.Parse(os.Args[1:])
	if fs.NArg() < 2 {
		fail("usage: raw [-shut] [-times N] ADDR TEXT...")
	}
	c, err := net.Dial("tcp", fs.Arg(0))
	if err != nil {
		fail("%v", err)
	}
	c.SetDeadline(time.Now().Add(patience))
	go func() {
		for i, text := range fs.Args()[1:] {
			n := 1
			if i == 1 {
				n = *times
			}
			io.WriteString(c, strings.Repeat(unescape(text), n)) // the server may have had enough
		}
		if *shut {
			c.(*net.TCPConn).CloseWrite()
		}
	}()
	if _, err := io.Copy(os.Stdout, c); err != nil && os.IsTimeout(err) {
		fail("%v", err)
	}
}

func unescape(text string) string {
	s, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
	if err != nil {
		fail("%q: %v", text, err)
	}
	return s
}

// upstreamMain is the program upstream ADDR STEP...: a backend that does the steps on each connection.
// "head" reads a request's head, "reset" and "close" end the connection, "stall" waits until the
// client leaves; anything else is sent, with Go's escapes.
func upstreamMain() {
	if len(os.Args) < 3 {
		fail("usage: upstream ADDR STEP...")
	}
	ln, err := net.Listen("tcp4", os.Args[1])
	if err != nil {
		fail("%v", err)
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			fail("%v", err)
		}
		go steps(c.(*net.TCPConn), os.Args[2:])
	}
}

func steps(c *net.TCPConn, todo []string) {
	defer c.Close()
	br := bufio.NewReader(c)
	for _, s := range todo {
		switch s {
		case "head":
			if _, err := http.ReadRequest(br); err != nil {
				return
			}
		case "reset":
			c.SetLinger(0)
			return
		case "close":
			return
		case "stall":
			io.Copy(io.Discard, br)
		default:
			io.WriteString(c, unescape(s))
		}
	}
}
