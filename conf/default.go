package conf

import "embed"

// DefaultFS holds the configuration that moongate ships: nginx.conf, which is
// used when there is no configuration file, and mime.types, which it includes.
//
//go:embed nginx.conf mime.types
var DefaultFS embed.FS

// ParseDefault parses the nginx.conf of [DefaultFS]. The names of its files have
// no directory.
func ParseDefault() (*Config, error) {
	return Parse("nginx.conf", Options{
		ReadFile: DefaultFS.ReadFile,
		Glob:     func(string) ([]string, error) { return nil, nil },
	})
}
