package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"moongate/phases/phasetest"
)

// The scripts below testdata/script drive the whole program over its command line, its signals and the
// wire. Beside testscript's own commands they have moongate, http, raw and upstream (programs, so that
// exec can put them in the background: commands_test.go) and start, exited, signal and waitfile
// (script_commands_test.go).
//
// $ADDR1 … $ADDR4 are free loopback addresses; in *.conf and *.lua files the bare words ADDR1 … ADDR4 and
// WORKDIR stand for them and for the script's directory, which is the server's prefix.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		Setup:              prepare,
		RequireUniqueNames: true,
		Deadline:           time.Now().Add(5 * time.Minute), // testing's own would end the process, its servers left behind
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start":    cmdStart,
			"exited":   cmdExited,
			"signal":   cmdSignal,
			"waitfile": cmdWaitFile,
			"held":     cmdHeld,
		},
	})
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"moongate": main,
		"http":     httpMain,
		"raw":      rawMain,
		"upstream": upstreamMain,
	})
}

// prepare makes the prefix: its directories, its addresses.
func prepare(env *testscript.Env) error {
	for _, d := range []string{"logs", "conf"} {
		if err := os.MkdirAll(filepath.Join(env.WorkDir, d), 0o755); err != nil {
			return err
		}
	}
	words := []string{"WORKDIR", env.WorkDir}
	for i := 1; i <= 4; i++ {
		addr, err := phasetest.NextAddr()
		if err != nil {
			return err
		}
		name := fmt.Sprintf("ADDR%d", i)
		env.Setenv(name, addr)
		words = append(words, name, addr)
	}
	r := strings.NewReplacer(words...)
	env.Values[server{}] = &process{}
	return filepath.WalkDir(env.WorkDir, func(path string, d os.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || ext != ".conf" && ext != ".lua" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(r.Replace(string(b))), 0o644)
	})
}
