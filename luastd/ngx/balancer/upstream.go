package balancer

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases/upstream"
)

// UpstreamLoader opens the module ngx.upstream (lua-upstream-nginx-module, README). Groups that were made at
// run time are seen too.
func UpstreamLoader(v *handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		mod := L.CreateTable(0, 6)
		set := func(name string, f lua.LGFunction) { mod.RawSetString(name, L.NewFunction(f)) }
		// names = upstream.get_upstreams()
		set("get_upstreams", func(L *lua.LState) int {
			if L.GetTop() != 0 {
				codec.Raise(L, "no argument expected")
			}
			list := upstream.All(v.Tree)
			t := L.CreateTable(len(list), 0)
			for _, u := range list {
				t.Append(lua.LString(u.FullName()))
			}
			L.Push(t)
			return 1
		})
		// servers = upstream.get_servers(upstream_name)
		set("get_servers", func(L *lua.LState) int {
			return ofGroup(v, L, "get_servers", func(u *upstream.Upstream) *lua.LTable { return servers(L, u) })
		})
		// peers = upstream.get_primary_peers(upstream_name)
		set("get_primary_peers", func(L *lua.LState) int {
			return ofGroup(v, L, "get_primary_peers", func(u *upstream.Upstream) *lua.LTable { return peers(L, u.PrimaryPeers()) })
		})
		// peers = upstream.get_backup_peers(upstream_name)
		set("get_backup_peers", func(L *lua.LState) int {
			return ofGroup(v, L, "get_backup_peers", func(u *upstream.Upstream) *lua.LTable { return peers(L, u.BackupPeers()) })
		})
		set("set_peer_down", func(L *lua.LState) int { return setPeerDown(v, L) })
		set("current_upstream_name", func(L *lua.LState) int { return currentName(v, L) })
		L.Push(mod)
		return 1
	}
}

func ofGroup(v *handler.VM, L *lua.LState, name string, f func(u *upstream.Upstream) *lua.LTable) int {
	if L.GetTop() != 1 {
		codec.Raise(L, "exactly one argument expected")
	}
	u := upstream.Named(v.Tree, codec.CheckString(L, 1, name))
	if u == nil {
		return refuse(L, "upstream not found")
	}
	L.Push(f(u))
	return 1
}

// servers describes a group's servers. That of an implied group has an address and nothing else, as in nginx.
func servers(L *lua.LState, u *upstream.Upstream) *lua.LTable {
	list := u.Servers()
	out := L.CreateTable(len(list), 0)
	for i := range list {
		s := list[i]
		if u.Implied() {
			s = upstream.Server{Addrs: s.Addrs}
		}
		t := L.CreateTable(0, 7)
		if s.Name != "" {
			t.RawSetString("name", lua.LString(s.Name))
		}
		if len(s.Addrs) == 1 {
			t.RawSetString("addr", lua.LString(s.Addrs[0].Name))
		} else {
			addrs := L.CreateTable(len(s.Addrs), 0)
			for _, a := range s.Addrs {
				addrs.Append(lua.LString(a.Name))
			}
			t.RawSetString("addr", addrs)
		}
		t.RawSetString("weight", lua.LNumber(s.Weight))
		t.RawSetString("max_fails", lua.LNumber(s.MaxFails))
		t.RawSetString("fail_timeout", wholeSeconds(s.FailTimeout))
		if s.Backup {
			t.RawSetString("backup", lua.LTrue)
		}
		if s.Down {
			t.RawSetString("down", lua.LTrue)
		}
		out.Append(t)
	}
	return out
}

func peers(L *lua.LState, list []upstream.PeerInfo) *lua.LTable {
	out := L.CreateTable(len(list), 0)
	for i := range list {
		p := &list[i]
		t := L.CreateTable(0, 12)
		t.RawSetString("id", lua.LNumber(p.ID))
		t.RawSetString("name", lua.LString(p.Name))
		t.RawSetString("weight", lua.LNumber(p.Weight))
		t.RawSetString("current_weight", lua.LNumber(p.CurrentWeight))
		t.RawSetString("effective_weight", lua.LNumber(p.EffectiveWeight))
		t.RawSetString("conns", lua.LNumber(p.Conns))
		t.RawSetString("fails", lua.LNumber(p.Fails))
		t.RawSetString("max_fails", lua.LNumber(p.MaxFails))
		t.RawSetString("fail_timeout", wholeSeconds(p.FailTimeout))
		if !p.Accessed.IsZero() {
			t.RawSetString("accessed", lua.LNumber(p.Accessed.Unix()))
		}
		if !p.Checked.IsZero() {
			t.RawSetString("checked", lua.LNumber(p.Checked.Unix()))
		}
		if p.Down {
			t.RawSetString("down", lua.LTrue)
		}
		out.Append(t)
	}
	return out
}

func wholeSeconds(d time.Duration) lua.LNumber { return lua.LNumber(d / time.Second) }

// ok, err = upstream.set_peer_down(upstream_name, is_backup, peer_id, down_value)
func setPeerDown(v *handler.VM, L *lua.LState) int {
	if L.GetTop() != 4 {
		codec.Raise(L, "exactly 4 arguments expected")
	}
	u := upstream.Named(v.Tree, codec.CheckString(L, 1, "set_peer_down"))
	backup := lua.LVAsBool(L.Get(2))
	id := int(codec.CheckNumber(L, 3, "set_peer_down"))
	down := lua.LVAsBool(L.Get(4))
	switch {
	case u == nil:
		return refuse(L, "upstream not found")
	case backup && len(u.BackupPeers()) == 0:
		return refuse(L, "no backup peers")
	}
	if err := u.SetPeerDown(backup, id, down); err != nil {
		return refuse(L, err.Error())
	}
	return done(L)
}

// name = upstream.current_upstream_name()
func currentName(v *handler.VM, L *lua.LState) int {
	c := v.Current()
	if c == nil || c.R == nil {
		codec.Raise(L, "no request object found")
	}
	x := upstream.Of(c.R)
	if x == nil || x.Group == nil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LString(x.Group.FullName()))
	return 1
}
