package workload

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Lay writes the workload as a server's prefix: conf/nginx.conf, the scripts beside it, common.conf, and the empty
// folders that nginx wants. More files (a certificate) are added as they are.
func (w *Workload) Lay(prefix string, v Values, common []byte, more map[string][]byte) error {
	v.N = w.Point
	confDir := filepath.Join(prefix, "conf")
	for _, d := range []string{confDir, filepath.Join(prefix, "logs"), filepath.Join(prefix, "temp")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	text, err := expand(w.files, "nginx.conf", v)
	if err != nil {
		return fmt.Errorf("%s: %w", w.Name, err)
	}
	write := func(name string, b []byte) error {
		return os.WriteFile(filepath.Join(confDir, name), b, 0o644) //nolint:gosec // servers may run as another user
	}
	if err := write("nginx.conf", text); err != nil {
		return err
	}
	if err := write("common.conf", common); err != nil {
		return err
	}
	for name, b := range more {
		if err := write(name, b); err != nil {
			return err
		}
	}
	entries, err := fs.ReadDir(w.files, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || e.Name() == "nginx.conf" || e.Name() == "workload.json" {
			continue
		}
		b, err := fs.ReadFile(w.files, e.Name())
		if err != nil {
			return err
		}
		if err := write(e.Name(), b); err != nil {
			return err
		}
	}
	return nil
}
