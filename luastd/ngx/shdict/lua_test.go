package shdict_test

import (
	_ "embed"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/lualib"
	"moongate/luastd/ngx/codec"
	"moongate/luastd/ngx/shdict"
	"moongate/runtime/vm"
	"moongate/runtime/vm/vmtest"
)

// newHost returns a worker with a dictionary dogs of 100k, one cats of 1m, and an ngx.say that writes to
// what the host gathers.
func newHost(t testing.TB) *vmtest.Host {
	t.Helper()
	zones := map[string]*shdict.Zone{}
	for name, size := range map[string]int{"dogs": 100 << 10, "cats": 1 << 20} {
		z, err := shdict.NewZone(name, size)
		if err != nil {
			t.Fatal(err)
		}
		zones[name] = z
	}
	return vmtest.New(t, nil, func(w *vm.Worker, out io.Writer) {
		L := w.L
		lualib.Open(L, lualib.Options{Stdout: out})
		ngx := L.NewTable()
		codec.Register(L, ngx, codec.Clock{Now: time.Now, Update: func() {}})
		shdict.Register(L, ngx, zones, time.Now)
		L.SetGlobal("ngx", ngx)
		ngx.RawSetString("say", L.NewFunction(func(L *lua.LState) int {
			var line []string
			for i := 1; i <= L.GetTop(); i++ {
				line = append(line, codec.ToString(L, L.Get(i)))
			}
			io.WriteString(out, strings.Join(line, " ")+"\n") //nolint:errcheck // to memory
			return 0
		}))
	})
}

func run(t testing.TB, code string) string {
	t.Helper()
	h := newHost(t)
	if err := h.Main(code, "=chunk"); err != nil {
		return err.(*lua.ApiError).Object.String()
	}
	return strings.TrimSuffix(h.Output(), "\n")
}

//go:embed testdata/walk.lua
var walk string

func TestEvictionAsNginx(t *testing.T) {
	const recorded = "79c43dae3acb44cd38f20a56decc0fcb"
	if got := run(t, walk); got != recorded {
		t.Errorf("digest %s, nginx's is %s", got, recorded)
	}
}

func TestLua(t *testing.T) {
	const d = "local d = ngx.shared.dogs "
	tests := []struct{ name, code, want string }{
		{"shape", d + `ngx.say(type(d), type(d[1]), getmetatable(d).__index == getmetatable(d), ngx.shared.none)`, "table userdata true nil"},
		{"function of another dictionary", d + `ngx.shared.cats:set("a", 1) ngx.say(d.get(ngx.shared.cats, "a"), d:get("a"))`, "1 nil"},
		{"zone nil", `ngx.shared.dogs.get()`, `chunk:1: bad "zone" argument`},
		{"zone of wrong shape", `ngx.shared.dogs.get({1}, "a")`, `chunk:1: bad "zone" argument`},
		{"zone through pcall", `ngx.say(pcall(ngx.shared.dogs.get))`, `false bad "zone" argument`},
		{"nil key", d + `ngx.say(d:get(nil)) ngx.say(d:set(nil, 1)) ngx.say(d:ttl()) ngx.say(d:lpop(nil))`, strings.Repeat("nil nil key\n", 3) + "nil nil key"},
		{"empty key", d + `ngx.say(d:get("")) ngx.say(d:incr("", 1))`, "nil empty key\nnil empty key"},
		{"long key", d + `ngx.say(d:get(("k"):rep(65536))) ngx.say(d:rpush(("k"):rep(65536), 1))`, "nil key too long\nnil key too long"},
		{"keys are strings", d + `d:set(1.5, "x") d:set(true, "y") d:set(1e15, "z") ngx.say(d:get("1.5"), d:get("true"), d:get("1e+15"))`, "x y z"},
		{"bad value", d + `ngx.say(d:set("a", {})) ngx.say(d:lpush("a", true)) ngx.say(d:lpush("a", nil))`, strings.TrimSuffix(strings.Repeat("nil bad value type\n", 3), "\n")},
		{"results of set", d + `ngx.say(d:set("a", 1)) ngx.say(d:add("a", 1)) ngx.say(d:replace("b", 1)) ngx.say(d:delete("a"))`, "true nil false\nfalse exists false\nfalse not found false\ntrue nil false"},
		{"negative exptime", d + `d:set("a", 1, -1)`, `chunk:1: bad "exptime" argument`},
		{"exptime of wrong type", d + `d:set("a", 1, "5")`, "chunk:1: attempt to compare string with number"},
		{"flags", d + `d:set("a", true, 0, 3.7) ngx.say(d:get("a")) d:set("a", 1, nil, true) ngx.say(d:get("a")) d:set("a", 1, nil, 0) ngx.say(d:get("a"))`, "true 3\n1 1\n1"},
		{"get_stale", d + `d:set("a", 1) ngx.say(d:get_stale("a")) d:set("a", 1, 0, 5) ngx.say(d:get_stale("a")) ngx.say(d:get_stale("b"))`, "1 nil false\n1 5 false\nnil"},
		{"incr", d + `ngx.say(d:incr("n", 1)) ngx.say(d:incr("n", "2", "3")) ngx.say(d:incr("n", 1))`, "nil not found\n5 nil false\n6"},
		{"incr without a number", d + `d:incr("n", "x")`, "chunk:1: cannot convert 'nil' to 'double'"},
		{"incr bad init", d + `d:incr("n", 1, {})`, "chunk:1: bad init arg: number expected, got table"},
		{"incr bad init_ttl", d + `d:incr("n", 1, 0, "x")`, "chunk:1: bad init_ttl arg: number expected, got string"},
		{"incr negative init_ttl", d + `d:incr("n", 1, 0, -1)`, `chunk:1: bad "init_ttl" argument`},
		{"incr init_ttl alone", d + `d:incr("n", 1, nil, 1)`, `chunk:1: must provide "init" when providing "init_ttl"`},
		{"ttl and expire", d + `d:set("a", 1) ngx.say(d:ttl("a")) ngx.say(d:expire("a", 100)) ngx.say(d:ttl("a") > 99) ngx.say(d:expire("b", 1)) ngx.say(d:ttl("b"))`, "0\ntrue\ntrue\nnil not found\nnil not found"},
		{"expire without exptime", d + `d:expire("a")`, `chunk:1: bad "exptime" argument`},
		{"lists", d + `ngx.say(d:lpush("l", 1), d:rpush("l", "two"), d:llen("l")) ngx.say(d:get("l")) ngx.say(d:lpop("l"), d:rpop("l"), d:rpop("l"), d:llen("l"))`, "1 2 2\nnil value is a list\n1 two nil 0"},
		{"list argument count", d + `d:lpush("l")`, "chunk:1: expecting 3 arguments, but only seen 2"},
		{"list key of wrong type", d + `d:lpush({}, 1)`, "chunk:1: bad argument #1 to 'lpush' (string expected, got table)"},
		{"get_keys", d + `d:set("a", 1) d:set("b", 1) ngx.say(table.concat(d:get_keys(), ","), table.concat(d:get_keys(1), ","))`, "a,b a"},
		{"get_keys argument count", d + `d:get_keys(1, 2)`, "chunk:1: expecting 1 or 2 argument(s), but saw 3"},
		{"get_keys of a table", d + `d.get_keys({})`, "chunk:1: bad user data for the ngx_shm_zone_t pointer"},
		{"flush", d + `d:set("a", 1) d:set("b", 2) ngx.say(d:flush_all()) ngx.say(d:get("a"), d:flush_expired())`, "\nnil 0"},
		{"sizes", d + `ngx.say(d:capacity(), d:free_space())`, "102400 90112"},
		{"no memory", d + `ngx.say(d:set("a", ("x"):rep(200000))) ngx.say(d:safe_set("a", ("x"):rep(200000)))`, "false no memory false\nfalse no memory false"},
		{"no memory for a list", d + `for i = 1, 1e5 do local n, err = d:rpush("k" .. i, i) if err then ngx.say(n, err) break end end`, "false no memory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, run(t, tt.code)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func BenchmarkLuaGet(b *testing.B) {
	h := newHost(b)
	if err := h.Main(`ngx.shared.dogs:set("key", "value")`, "=set"); err != nil {
		b.Fatal(err)
	}
	f := h.Load(b, `local d = ngx.shared.dogs for i = 1, 100 do local v = d:get("key") end`, "=get")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Run(nil, f, 0); err != nil {
			b.Fatal(err)
		}
	}
}
