package codec

import lua "github.com/yuin/gopher-lua"

// sqlEscape maps a byte to the letter that follows the backslash in its escape, or to 0.
var sqlEscape = [256]byte{
	0: '0', '\b': 'b', '\n': 'n', '\r': 'r', '\t': 't', 26: 'Z', '\\': '\\', '\'': '\'', '"': '"',
}

// QuoteSQL returns s as a string literal by MySQL's rules (ngx.quote_sql_str).
func QuoteSQL(s string) string {
	dst := make([]byte, 0, len(s)+len(s)/8+2)
	dst = append(dst, '\'')
	for i := range len(s) {
		if e := sqlEscape[s[i]]; e != 0 {
			dst = append(dst, '\\', e)
		} else {
			dst = append(dst, s[i])
		}
	}
	return string(append(dst, '\''))
}

// quoteSQL is quoted_value = ngx.quote_sql_str(raw_value).
func quoteSQL(L *lua.LState) int {
	if L.GetTop() != 1 {
		Raise(L, "expecting one argument")
	}
	return pushString(L, QuoteSQL(CheckString(L, 1, "quote_sql_str")))
}
