package engine

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Places where Debian and its like keep nginx's modules.
var moduleDirs = []string{"/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules"}

// luaModules are loaded in this order where nginx has them as files.
var luaModules = []string{"ndk_http_module.so", "ngx_http_lua_module.so"}

// OpenResty is nginx with ngx_lua: the openresty in PATH, or the distribution's nginx with its Lua module.
type OpenResty struct{}

// Name is "openresty".
func (o *OpenResty) Name() string { return "openresty" }

// locate finds the binary and the modules that it must load.
func (o *OpenResty) locate() (bin string, modules []string, err error) {
	if bin, err := exec.LookPath("openresty"); err == nil {
		return bin, nil, nil
	}
	bin, err = lookNginx()
	if err == nil {
		for _, dir := range moduleDirs {
			modules = modules[:0]
			for _, m := range luaModules {
				if _, err := os.Stat(filepath.Join(dir, m)); err == nil {
					modules = append(modules, filepath.Join(dir, m))
				}
			}
			if len(modules) == len(luaModules) {
				return bin, modules, nil
			}
		}
	}
	return "", nil, errors.New("openresty: neither openresty nor nginx with ngx_lua is installed; " +
		"install OpenResty, or on Debian: apt-get install " + strings.Join(DebianPackages, " ") + " (or run with -install)")
}

// DebianPackages give Debian an nginx that runs the workloads. LuaJIT's OpenResty branch stands first, because
// the module alone would pull in the other branch.
var DebianPackages = []string{"libluajit2-5.1-2", "nginx-core", "libnginx-mod-http-lua", "lua-cjson"}

// Version is nginx's own line, with ngx_lua's version and LuaJIT's where they can be learnt.
func (o *OpenResty) Version() (string, error) {
	bin, modules, err := o.locate()
	if err != nil {
		return "", err
	}
	v, err := output(bin, "-v")
	if err != nil {
		return "", err
	}
	v = strings.TrimPrefix(v, "nginx version: ")
	if len(modules) > 0 {
		v += " with the distribution's ngx_lua"
		if out, err := output("dpkg-query", "-W", "-f", "${Package} ${Version}, ", "libnginx-mod-http-lua", "libluajit2-5.1-2"); err == nil {
			v += " (" + strings.TrimSuffix(strings.TrimSpace(out), ",") + ")"
		}
	}
	return v, nil
}

// Serves is nil: every workload is OpenResty's language.
func (o *OpenResty) Serves(*Site) error { return nil }

// Command keeps it in the foreground; the master stays, as in production.
func (o *OpenResty) Command(s *Site) Command {
	bin, modules, _ := o.locate() //nolint:errcheck // Version was asked first
	return nginxCommand(bin, modules, s)
}

// Reloads is true.
func (o *OpenResty) Reloads() bool { return true }

func lookNginx() (string, error) {
	if bin, err := exec.LookPath("nginx"); err == nil {
		return bin, nil
	}
	const usual = "/usr/sbin/nginx" // not in everybody's PATH
	_, err := os.Stat(usual)
	return usual, err
}

// nginxCommand adds what only nginx needs on its command line: the modules, the foreground, and the user that
// owns the site's folder.
func nginxCommand(bin string, modules []string, s *Site) Command {
	var g strings.Builder
	for _, m := range modules {
		g.WriteString("load_module " + m + "; ")
	}
	g.WriteString("daemon off;")
	if os.Geteuid() == 0 {
		g.WriteString(" user root;")
	}
	return Command{Path: bin, Args: []string{"-p", s.Prefix, "-c", "conf/nginx.conf", "-e", "stderr", "-g", g.String()}}
}
