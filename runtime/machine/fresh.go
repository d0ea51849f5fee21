package machine

import lua "github.com/yuin/gopher-lua"

// fewFields is up to how many fields a table's names are kept in the same piece of memory as the table.
const fewFields = 4

// newTable makes an empty table with room for n elements and so many fields. The room for elements must be exact: Len depends on it.
func newTable(n, fields int) *lua.LTable {
	var t *lua.LTable
	switch {
	case 0 < fields && fields <= fewFields && hashName != nil:
		named := new(struct {
			pieced
			keys [fewFields]lua.LValue
		})
		t = &named.LTable
		named.open(t)
		named.group.full = emptySlots
		tableOf(t).keys = named.keys[:0]
	case 0 < fields && fields <= groupSlots && hashName != nil:
		named := new(struct {
			pieced
			keys [groupSlots]lua.LValue
		})
		t = &named.LTable
		named.open(t)
		named.group.full = emptySlots
		tableOf(t).keys = named.keys[:0]
	default:
		t = new(lua.LTable)
		t.Metatable = lua.LNil
		if fields > 0 {
			tableOf(t).strdict = make(map[string]lua.LValue, fields)
		}
	}
	if n > 0 {
		tableOf(t).array = make([]lua.LValue, 0, n)
	}
	return t
}

// NewTable makes an empty table with room for so many fields.
func NewTable(fields int) *lua.LTable { return newTable(0, fields) }
