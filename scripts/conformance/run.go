package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// runner runs files in a folder of its own.
type runner struct {
	work, binary string
	patience     time.Duration
	env          []string
	fixtures     []*exec.Cmd
	starting     sync.Mutex // held while a child is not in own yet
	own          sync.Map   // pid of a child that has its own Wait
}

const (
	memcachedPort = "11211"
	redisPort     = "6379"
)

// prepare makes the environment of the harness, and starts what the suites talk to.
func (r *runner) prepare() error {
	bin := filepath.Join(r.work, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return err
	}
	if err := os.Symlink(r.binary, filepath.Join(bin, "nginx")); err != nil {
		return err
	}
	adoptOrphans(func(pid int) bool {
		r.starting.Lock()
		defer r.starting.Unlock()
		_, own := r.own.Load(pid)
		return own
	})
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TEST_NGINX_") && !strings.HasPrefix(v, "PERL") && !strings.HasPrefix(v, "PATH=") {
			r.env = append(r.env, v)
		}
	}
	r.env = append(r.env, "PATH="+bin+":"+os.Getenv("PATH"), "LC_ALL=C", "MOONGATE_STRICT_PHASES=1", "TEST_NGINX_NO_SHUFFLE=1",
		"TEST_NGINX_BINARY="+filepath.Join(bin, "nginx"), "TEST_NGINX_SERVROOT="+r.root(),
		"TEST_NGINX_MEMCACHED_PORT="+memcachedPort, "TEST_NGINX_REDIS_PORT="+redisPort)
	for _, f := range [][]string{
		{memcachedPort, "memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", memcachedPort},
		{redisPort, "redis-server", "--port", redisPort, "--save", "", "--appendonly", "no"},
	} {
		if c, err := net.Dial("tcp", "127.0.0.1:"+f[0]); err == nil {
			c.Close()
			continue
		}
		cmd := exec.Command(f[1], f[2:]...)
		cmd.Dir = r.work
		if err := r.start(cmd); err != nil {
			fmt.Fprintf(os.Stderr, "%s is not there: blocks that need it will fail\n", f[1])
			continue
		}
		r.fixtures = append(r.fixtures, cmd)
	}
	return nil
}

// start starts a child that is waited for by its own Wait. Its pid is known before it can end unseen: until then
// every child is taken as its own.
func (r *runner) start(cmd *exec.Cmd) error {
	r.starting.Lock()
	defer r.starting.Unlock()
	err := cmd.Start()
	if err == nil {
		r.own.Store(cmd.Process.Pid, true)
	}
	return err
}

func (r *runner) stopFixtures() {
	for _, c := range r.fixtures {
		c.Process.Kill() //nolint:errcheck // it may have ended
		c.Wait()         //nolint:errcheck // killed
	}
}

// root is where the server that is tested lives.
func (r *runner) root() string { return filepath.Join(r.work, "suite", "t", "servroot") }

var (
	dataMark  = regexp.MustCompile(`(?m)^__(?:DATA|END)__\n`)
	blockMark = regexp.MustCompile(`(?m)^===[ \t]+TEST (\d+)`)
	skipMark  = regexp.MustCompile(`(?m)^--- *SKIP\b`)
)

// file runs one file: all of its blocks, and after a bail-out those that were not reached.
func (r *runner) file(name string) (*file, error) {
	path := filepath.Join(r.work, "suite", "t", name)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	head, blocks, numbers := split(string(text))
	f := &file{Fail: map[int]*failed{}}
	var pending []int
	for _, n := range numbers {
		if skipMark.MatchString(blocks[n]) {
			f.Skip = append(f.Skip, n)
		} else {
			pending = append(pending, n)
		}
	}
	deadline := time.Now().Add(r.patience)
	for len(pending) > 0 {
		b := strings.Builder{}
		b.WriteString(head)
		for _, n := range pending {
			b.WriteString(blocks[n])
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			return nil, err
		}
		t := r.perl(name, deadline)
		if t.skipAll {
			f.Skip = append(f.Skip, pending...)
			break
		}
		var left []int
		for _, n := range pending {
			switch a := t.blocks[n]; {
			case a == nil:
				left = append(left, n)
			case a.failed != nil:
				f.Fail[n] = a.failed
			case a.passed > 0:
				f.Pass = append(f.Pass, n)
			default:
				f.Skip = append(f.Skip, n)
			}
		}
		if len(left) == len(pending) || t.died {
			// what comes first kept the others from running
			if len(left) > 0 {
				f.Fail[left[0]] = &failed{Why: t.lastWords}
				left = left[1:]
			}
		} else if len(left) > 0 {
			f.Skip, left = append(f.Skip, left...), nil // they assert nothing
		}
		if pending = left; time.Now().After(deadline) {
			for _, n := range pending {
				f.Fail[n] = &failed{Why: "the file takes too long"}
			}
			break
		}
	}
	slices.Sort(f.Pass)
	slices.Sort(f.Skip)
	return f, nil
}

// split takes a file apart: what is before the first block, and the blocks by their numbers, in order.
func split(text string) (head string, blocks map[int]string, numbers []int) {
	blocks = map[int]string{}
	data := dataMark.FindStringIndex(text)
	if data == nil {
		return text, blocks, nil
	}
	marks := blockMark.FindAllStringSubmatchIndex(text[data[1]:], -1)
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = data[1] + marks[i+1][0]
		}
		n, _ := strconv.Atoi(text[data[1]+m[2] : data[1]+m[3]])
		blocks[n] += text[data[1]+m[0]:end] + "\n"
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	return text[:data[1]], blocks, numbers
}

// perl runs the harness on a file.
func (r *runner) perl(name string, deadline time.Time) *tap {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, "perl", "-I"+filepath.Join(r.work, "harness", "lib"), "-I.", filepath.Join("t", name))
	cmd.Dir, cmd.Env = filepath.Join(r.work, "suite"), r.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out, diag strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &diag
	err := r.start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	r.stopServer()
	t := parse(out.String(), diag.String())
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.died, t.lastWords = true, "the file takes too long"
	} else if err != nil && t.lastWords == "" {
		t.lastWords = err.Error()
	}
	return t
}

// stopServer ends the server that a harness has left.
func (r *runner) stopServer() {
	text, err := os.ReadFile(filepath.Join(r.root(), "logs", "nginx.pid"))
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && pid > 1 {
		if exe, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe"); err != nil || exe == r.binary {
			syscall.Kill(pid, syscall.SIGTERM) //nolint:errcheck // it may have ended
		}
	}
}
