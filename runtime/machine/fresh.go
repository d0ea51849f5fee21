package machine

import lua "github.com/yuin/gopher-lua"

// fewFields is up to how many fields a table's names are kept in the same piece of memory as the table.
const fewFields = 4

// newTable makes an empty table with room for n elements and so many fields. The room for elements must be exact: Len depends on it.
func newTable(n, fields int) *lua.LTable {
	var t *lua.LTable
	if 0 < fields && fields <= fewFields {
		named := new(struct {
			lua.LTable
			keys [fewFields]lua.LValue
		})
		t = &named.LTable
		x := tableOf(t)
		x.keys = named.keys[:0]
		x.k2i = make(map[lua.LValue]int)
	} else {
		t = new(lua.LTable)
	}
	t.Metatable = lua.LNil
	x := tableOf(t)
	if n > 0 {
		x.array = make([]lua.LValue, 0, n)
	}
	if fields > 0 {
		x.strdict = make(map[string]lua.LValue, fields)
	}
	return t
}
