package luastd

import (
	"strings"

	"moongate/luastd/handler"
	"moongate/luastd/lualib"
)

// defaultPath is what ";;" stands for in lua_package_path: LuaJIT's own, as OpenResty has it.
const (
	defaultPath  = "./?.lua;/usr/local/share/luajit-2.1/?.lua;/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua"
	defaultCPath = "./?.so;/usr/local/lib/lua/5.1/?.so;/usr/local/lib/lua/5.1/loadall.so"
)

// openLua gives a worker Lua's own library.
func openLua(v *handler.VM, w *workers) {
	lualib.Open(v.W.L, lualib.Options{
		Compile: v.W.Group.Compile,
		Path:    packagePath(w.main.packagePath.V, defaultPath, v.Tree.Prefix),
		CPath:   packagePath(w.main.packageCPath.V, defaultCPath, v.Tree.Prefix),
		Loaded:  v.W.Group.Loaded,
	})
}

// packagePath completes lua_package_path: ";;" is the default, $prefix the server's prefix.
func packagePath(path, def, prefix string) string {
	if path == "" {
		return def
	}
	path = strings.NewReplacer("${prefix}", prefix, "$prefix", prefix).Replace(path)
	path = strings.ReplaceAll(path, ";;", ";\x01;")
	path = strings.ReplaceAll(path, "\x01", def)
	return strings.Trim(path, ";")
}
