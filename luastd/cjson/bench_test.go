package cjson

import (
	"os"
	"path/filepath"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// BenchmarkCodec decodes and encodes the documents of the workloads in bench.
func BenchmarkCodec(b *testing.B) {
	for _, size := range []string{"2k", "64k"} {
		text, err := os.ReadFile(filepath.Join("../../bench/workloads/json-"+size, "in.json"))
		if err != nil {
			b.Fatal(err)
		}
		L := lua.NewState()
		defer L.Close()
		t := newModule(L, L.NewUserData(), false)
		decode, encode := t.RawGetString("decode"), t.RawGetString("encode")
		call := func(fn, arg lua.LValue) lua.LValue {
			L.Push(fn)
			L.Push(arg)
			L.Call(1, 1)
			v := L.Get(-1)
			L.Pop(1)
			return v
		}
		doc := lua.LString(text)
		b.Run("decode/"+size, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				call(decode, doc)
			}
		})
		v := call(decode, doc)
		b.Run("encode/"+size, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				call(encode, v)
			}
		})
	}
}

// TestAllocations holds what a document costs: an object four allocations, an array two, strings and numbers next to none.
func TestAllocations(t *testing.T) {
	text, err := os.ReadFile("../../bench/workloads/json-2k/in.json")
	if err != nil {
		t.Fatal(err)
	}
	L := lua.NewState()
	defer L.Close()
	m := &module{settings: defaultSettings(), marks: marksOf(L), null: L.NewUserData()}
	doc := string(text)
	const most = 230
	if n := testing.AllocsPerRun(50, func() { m.parser.parse(L, m, doc) }); n > most {
		t.Errorf("decoding takes %v allocations, more than %d", n, most)
	}
}
