// Package reload makes saved files count: it watches the configuration, the scripts that it names, the
// modules that they have loaded and the script folders, and swaps in a new configuration, with new Lua
// workers, when one of them changes. A change that does not load leaves the old one serving.
package reload

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"

	"moongate/luastd"
	"moongate/phases"
)

// settle is how long a file must be left alone before its change counts: editors write, rename and
// touch in bursts.
const settle = 50 * time.Millisecond

// clockSlack is how far a file's time may lie behind the clock: the kernel stamps files by its last tick.
// It is less than settle, so that what a reload has just read does not seem newer than it.
const clockSlack = 20 * time.Millisecond

// Loader reads the configuration anew.
type Loader func() (*phases.Tree, error)

// Options say what is watched besides the scripts.
type Options struct {
	// Config lists the files that the configuration was read from.
	Config func(t *phases.Tree) []string
}

// Watcher reloads when a watched file changes, until Close. Safe for concurrent use.
type Watcher struct {
	engine  *phases.Engine
	load    Loader
	o       Options
	fs      *fsnotify.Watcher
	done    chan struct{}
	again   chan struct{}
	once    sync.Once
	dirs    map[string]bool
	files   map[string]bool
	trees   []string
	loaded  time.Time // when the last reload began; zero before the first scan is done
	reloads atomic.Int64
}

// reloading keeps reloads apart: one at a time.
var reloading sync.Mutex

// generation counts the configurations that have served.
var generation atomic.Int64

// Now loads the configuration and lets it serve. Its scripts must compile and init_by_lua must succeed,
// else the old configuration stays; the outcome is kept for the status.
func Now(e *phases.Engine, load Loader, saved bool) error {
	reloading.Lock()
	defer reloading.Unlock()
	t, err := load()
	if err == nil {
		t.Careful = true
		err = e.Apply(t)
	}
	served := e.Tree()
	if err == nil {
		generation.Add(1)
		if saved {
			served.Log(phases.LogNotice, "reloaded: a watched file has changed")
		}
	}
	writeStatus(served, err)
	return err
}

// Watch begins to watch. It returns nil where the system has no means for it; the log says so.
func Watch(e *phases.Engine, load Loader, o Options) *Watcher {
	t := e.Tree()
	writeStatus(t, nil)
	if !luastd.LiveReload(t) {
		return nil
	}
	fs, err := fsnotify.NewWatcher()
	if err != nil {
		t.Log(phases.LogWarn, "saved files will not be reloaded: %v", err)
		return nil
	}
	w := &Watcher{engine: e, load: load, o: o, fs: fs, done: make(chan struct{}), again: make(chan struct{}, 1), dirs: map[string]bool{}, files: map[string]bool{}}
	w.scan()
	w.loaded = time.Now()
	go w.run()
	return w
}

// Refresh looks again at what is to be watched, after a reload by signal.
func (w *Watcher) Refresh() {
	select {
	case w.again <- struct{}{}:
	default:
	}
}

// Reloads counts the attempts to reload, for tests.
func (w *Watcher) Reloads() int64 { return w.reloads.Load() }

// Close ends the watch.
func (w *Watcher) Close() {
	w.once.Do(func() {
		close(w.done)
		w.fs.Close() //nolint:errcheck // the watch ends either way
	})
}

// scan renews the set of files and the folders that are watched for them. Folders, not files: an editor
// that renames would take a file's watch with it.
// It reports whether something has come whose change may have been missed: a script folder that was not
// watched, or a module that was loaded only now and saved since the configuration was.
func (w *Watcher) scan() (news bool) {
	t := w.engine.Tree()
	// files of earlier configurations stay: new workers load their modules only when they need them
	want := map[string]bool{}
	add := func(file string) {
		file = filepath.Clean(file)
		news = news || !w.files[file] && w.newer(file)
		w.files[file] = true
		want[filepath.Dir(file)] = true
		if real, err := filepath.EvalSymlinks(file); err == nil && real != file {
			w.files[real] = true
			want[filepath.Dir(real)] = true
		}
	}
	for _, f := range luastd.WatchedFiles(t) {
		add(f)
	}
	for f := range w.files {
		want[filepath.Dir(f)] = true
	}
	if w.o.Config != nil {
		for _, f := range w.o.Config(t) {
			add(f)
		}
	}
	w.trees = luastd.ScriptDirs(t)
	for _, root := range w.trees {
		filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error { //nolint:errcheck // what cannot be read is not watched
			if err == nil && d.IsDir() {
				want[filepath.Clean(p)] = true
			}
			return nil
		})
	}
	for d := range want {
		if !w.dirs[d] && w.fs.Add(d) == nil {
			w.dirs[d] = true
			news = news || w.inScriptDir(d+"/") && w.newer(d)
		}
	}
	for d := range w.dirs {
		if !want[d] {
			w.fs.Remove(d) //nolint:errcheck // a folder that is gone has no watch
			delete(w.dirs, d)
		}
	}
	return news
}

// newer reports whether a file or folder was changed after the last reload began.
func (w *Watcher) newer(path string) bool {
	st, err := os.Stat(path)
	return err == nil && !w.loaded.IsZero() && st.ModTime().After(w.loaded.Add(-clockSlack))
}

func (w *Watcher) inScriptDir(path string) bool {
	for _, root := range w.trees {
		if strings.HasPrefix(path, strings.TrimSuffix(root, "/")+"/") {
			return true
		}
	}
	return false
}

func (w *Watcher) counts(ev fsnotify.Event) bool {
	if ev.Op == fsnotify.Chmod {
		return false
	}
	if w.files[filepath.Clean(ev.Name)] {
		return true
	}
	if !w.inScriptDir(ev.Name) {
		return false
	}
	if strings.HasSuffix(ev.Name, ".lua") {
		return true
	}
	st, err := os.Stat(ev.Name)
	return err == nil && st.IsDir() || err != nil && filepath.Ext(ev.Name) == ""
}

func (w *Watcher) run() {
	var due <-chan time.Time
	rescan := time.NewTicker(time.Second) // scripts require modules while they run
	defer rescan.Stop()
	for {
		select {
		case <-w.done:
			return
		case ev, ok := <-w.fs.Events:
			if !ok {
				return
			}
			if w.counts(ev) {
				due = time.After(settle)
			}
		case err, ok := <-w.fs.Errors:
			if !ok {
				return
			}
			w.engine.Tree().Log(phases.LogWarn, "watching files: %v", err)
			due = time.After(settle) // events may have been lost
		case <-due:
			due = nil
			w.reload()
			if w.scan() {
				due = time.After(settle)
			}
		case <-rescan.C:
			if w.scan() {
				due = time.After(settle)
			}
		case <-w.again:
			if w.scan() {
				due = time.After(settle)
			}
		}
	}
}

func (w *Watcher) reload() {
	w.loaded = time.Now()
	defer w.reloads.Add(1)
	if err := Now(w.engine, w.load, true); err != nil {
		t := w.engine.Tree()
		for line := range strings.SplitSeq(err.Error(), "\n") {
			t.Log(phases.LogErr, "a saved file does not load, the old configuration stays: %s", line)
		}
	}
}

func statusFile(t *phases.Tree) string {
	return filepath.Join(filepath.Dir(t.PidFile()), "moongate.status")
}

func writeStatus(t *phases.Tree, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "generation: %d\nlast load: %s\n", generation.Load()+1, time.Now().Format(time.RFC3339))
	if err == nil {
		b.WriteString("state: ok\n")
	} else {
		fmt.Fprintf(&b, "state: the last change does not load, the one before serves\nerror: %s\n", strings.ReplaceAll(err.Error(), "\n", "\nerror: "))
	}
	os.WriteFile(statusFile(t), []byte(b.String()), 0o644) //nolint:errcheck,gosec // a status that cannot be written is only missing
}

// ReadStatus is what the last load of the server that t describes said.
func ReadStatus(t *phases.Tree) string {
	b, err := os.ReadFile(statusFile(t))
	if err != nil {
		return "no status: " + err.Error() + "\n"
	}
	return string(b)
}
