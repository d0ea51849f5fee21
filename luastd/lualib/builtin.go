package lualib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// builtins tells by which number LuaJIT's tostring shows a function of its library ("function: builtin#29" is print). The numbers are
// those of OpenResty's LuaJIT 2.1.
var builtins = map[string]int{
	"assert": 2, "type": 3, "pairs": 5, "ipairs": 7, "getmetatable": 8, "setmetatable": 9, "getfenv": 10, "setfenv": 11,
	"rawget": 12, "rawset": 13, "rawequal": 14, "unpack": 15, "select": 16, "tonumber": 17, "tostring": 18, "error": 19,
	"pcall": 20, "xpcall": 21, "loadfile": 22, "load": 23, "loadstring": 24, "dofile": 25, "gcinfo": 26,
	"collectgarbage": 27, "newproxy": 28, "print": 29,
	"string.byte": 78, "string.char": 79, "string.sub": 80, "string.rep": 81, "string.reverse": 82, "string.lower": 83,
	"string.upper": 84, "string.dump": 85, "string.find": 86, "string.match": 87, "string.gmatch": 89, "string.gsub": 90,
	"string.format": 91,
	"table.maxn":    92, "table.insert": 93, "table.concat": 94, "table.clone": 95, "table.isarray": 96, "table.nkeys": 97,
	"table.isempty": 98, "table.sort": 99, "table.new": 100, "table.clear": 101,
	"math.abs": 40, "math.floor": 41, "math.ceil": 42, "math.sqrt": 43, "math.log10": 44, "math.exp": 45, "math.sin": 46,
	"math.cos": 47, "math.tan": 48, "math.asin": 49, "math.acos": 50, "math.atan": 51, "math.sinh": 52, "math.cosh": 53,
	"math.tanh": 54, "math.frexp": 55, "math.modf": 56, "math.log": 57, "math.atan2": 58, "math.pow": 59, "math.fmod": 60,
	"math.ldexp": 61, "math.min": 62, "math.max": 63, "math.random": 64, "math.randomseed": 65,
	"os.execute": 122, "os.remove": 123, "os.rename": 124, "os.tmpname": 125, "os.getenv": 126, "os.exit": 127,
	"os.clock": 128, "os.date": 129, "os.time": 130, "os.difftime": 131, "os.setlocale": 132,
	"io.open": 111, "io.popen": 112, "io.tmpfile": 113, "io.close": 114, "io.read": 115, "io.write": 116, "io.flush": 117,
	"io.input": 118, "io.output": 119, "io.lines": 120, "io.type": 121,
	"debug.getregistry": 133, "debug.getmetatable": 134, "debug.setmetatable": 135, "debug.getfenv": 136,
	"debug.setfenv": 137, "debug.getinfo": 138, "debug.getlocal": 139, "debug.setlocal": 140, "debug.getupvalue": 141,
	"debug.setupvalue": 142, "debug.upvalueid": 143, "debug.upvaluejoin": 144, "debug.sethook": 145, "debug.gethook": 146,
	"debug.debug": 147, "debug.traceback": 148,
	"jit.on": 149, "jit.off": 150, "jit.flush": 151, "jit.status": 152, "jit.security": 153, "jit.attach": 154,
	"jit.prngstate": 155,
	"file.close":    102, "file.read": 103, "file.write": 104, "file.flush": 105, "file.seek": 106, "file.setvbuf": 107,
	"file.lines": 108, "file.__gc": 109, "file.__tostring": 110,
}

// number gives the functions of a table of the library their numbers.
func number(prefix string, t *lua.LTable) {
	for name, id := range builtins {
		if key, ok := strings.CutPrefix(name, prefix); ok && !strings.Contains(key, ".") {
			if fn, ok := t.RawGetString(key).(*lua.LFunction); ok && fn.IsG {
				machine.SetBuiltin(fn, id)
			}
		}
	}
}
