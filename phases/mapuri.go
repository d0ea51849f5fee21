package phases

import "strings"

// MapURI is the file that r.URI stands for by root or alias (ngx_http_map_uri_to_path).
func (r *Request) MapURI() (string, bool) { return r.mapURI(r.URI) }

// MapURIOf is MapURI for another URI (try_files, index).
func (r *Request) MapURIOf(uri string) (string, bool) { return r.mapURI(uri) }

func (r *Request) mapURI(uri string) (string, bool) {
	c := r.Loc.Core
	if !c.Alias.Set {
		root := c.Root.V.Eval(r)
		if !c.Root.V.IsConstant() && !strings.HasPrefix(root, "/") {
			root = r.Tree.Path(root)
		}
		return strings.TrimSuffix(root, "/") + uri, true
	}
	alias := c.Alias.V.Eval(r)
	if !c.Alias.V.IsConstant() && !strings.HasPrefix(alias, "/") {
		alias = r.Tree.Path(alias)
	}
	loc := r.Loc
	for loc.Kind == LocationNameless && loc.Parent != nil {
		loc = loc.Parent
	}
	if r.LocationStale {
		r.Logf(LogErr, "\"alias\" cannot be used in location %q where URI was rewritten", loc.Name)
		return "", false
	}
	if loc.Kind == LocationRegex {
		if r.AddURIToAlias {
			return alias + uri, true
		}
		return alias, true
	}
	if !strings.HasPrefix(uri, loc.Name) {
		return "", false
	}
	return alias + uri[len(loc.Name):], true
}

// DocumentRoot is $document_root.
func (r *Request) DocumentRoot() string {
	c := r.Loc.Core
	v := c.Root.V
	if c.Alias.Set {
		v = c.Alias.V
	}
	p := v.Eval(r)
	if !strings.HasPrefix(p, "/") {
		p = r.Tree.Path(p)
	}
	return p
}

// MIMEType is the type of a file by its extension, or default_type.
func (r *Request) MIMEType(path string) string {
	if ext := extension(path); ext != "" {
		types := r.Loc.Core.Types.V
		if t, ok := types[ext]; ok {
			return t
		}
		if t, ok := types[strings.ToLower(ext)]; ok {
			return t
		}
	}
	return r.Loc.Core.DefaultType.V
}

// SetContentType gives the response the type that its URI's extension stands for, unless a type is
// set (ngx_http_set_content_type).
func (r *Request) SetContentType() {
	if r.Out.ContentType == "" {
		r.Out.ContentType = r.MIMEType(r.URI)
	}
}

// extension is what follows the last dot of the last segment; a dot that begins the segment begins
// no extension.
func extension(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		switch {
		case path[i] == '/':
			return ""
		case path[i] == '.' && path[i-1] != '/':
			return path[i+1:]
		case path[i] == '.':
			return ""
		}
	}
	return ""
}

// Redirect sets the Location header. A path of this server is completed, as AbsoluteLocation does, when the
// head is written: header filters see the path.
func (r *Request) Redirect(location string) {
	r.Out.Headers.Put("Location", location)
	r.Out.local = location
}

// AbsoluteLocation completes a redirect's path as absolute_redirect, server_name_in_redirect and
// port_in_redirect ask.
func (r *Request) AbsoluteLocation(path string) string {
	c := r.Loc.Core
	if !c.AbsoluteRedirect.V || r.IsSub() || !strings.HasPrefix(path, "/") {
		return path
	}
	host := r.Host
	if c.ServerNameRedirect.V || host == "" {
		host = r.Server.Name()
	}
	if host == "" {
		host = r.Conn.LocalIP
	}
	s := "http://" + host
	port, plain := r.Conn.LocalPort, "80"
	if r.Conn.TLS != nil {
		s, plain = "https://"+host, "443"
	}
	if c.PortInRedirect.V && port != "" && port != plain {
		s += ":" + port
	}
	return s + path
}
