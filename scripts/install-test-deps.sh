#!/bin/sh
# Installs the servers that some tests talk to. Tests that miss one skip and say so.
set -u
missing=""
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
[ -e /usr/lib/nginx/modules/ngx_http_lua_module.so ] || missing="$missing nginx"
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
  echo "not installed:$missing (apt-get as root would be needed); the tests that want them skip" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null 2>&1 || true
# a package's own start of the server is not wanted
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d.moongate
[ -e /usr/sbin/policy-rc.d ] || { mv /usr/sbin/policy-rc.d.moongate /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; ours=1; }
for p in $missing; do
  case $p in
    nginx)
      # LuaJIT's OpenResty branch first, by itself: the module would pull the other one in
      apt-get install -y -qq libluajit2-5.1-2 >/dev/null 2>&1
      apt-get install -y -qq nginx-core libnginx-mod-http-lua libnginx-mod-http-echo libnginx-mod-http-headers-more-filter libnginx-mod-http-set-misc >/dev/null 2>&1 ;;
    *) apt-get install -y -qq "$p" >/dev/null 2>&1 ;;
  esac || echo "could not install $p; the tests that want it skip" >&2
done
[ "${ours:-}" = 1 ] && rm -f /usr/sbin/policy-rc.d
rm -f /usr/sbin/policy-rc.d.moongate
exit 0
