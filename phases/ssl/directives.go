package ssl

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/openssl"
)

// Module is the ssl module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:        "ssl",
		NewServer:   func() any { return &server{} },
		MergeServer: mergeServer,
	})
	directive := func(name string, a phases.Arity, set phases.SetFunc) phases.Directive {
		return phases.Directive{Name: name, Ctx: phases.CtxHTTP | phases.CtxServer, Args: a, Level: phases.ServerConf, Set: set}
	}
	paths := func(at func(*server) *[]string) phases.SetFunc {
		return phases.Set(func(l *phases.Load, d *conf.Directive, c *server) error { return addPath(l, d, at(c)) })
	}
	m.Directives = []phases.Directive{
		directive("ssl_certificate", phases.Take1, paths(func(c *server) *[]string { return &c.certFiles })),
		directive("ssl_certificate_key", phases.Take1, paths(func(c *server) *[]string { return &c.keyFiles })),
		directive("ssl_password_file", phases.Take1, setPath(func(c *server) *phases.Opt[string] { return &c.passwordFile })),
		directive("ssl_dhparam", phases.Take1, setPath(func(c *server) *phases.Opt[string] { return &c.dhparam })),
		directive("ssl_client_certificate", phases.Take1, setPath(func(c *server) *phases.Opt[string] { return &c.clientCAs })),
		directive("ssl_trusted_certificate", phases.Take1, setPath(func(c *server) *phases.Opt[string] { return &c.trustedCAs })),
		directive("ssl_protocols", phases.OneMore, phases.Set(setProtocols)),
		directive("ssl_ciphers", phases.Take1, phases.Set(setCiphers)),
		directive("ssl_ecdh_curve", phases.Take1, phases.Set(setCurves)),
		directive("ssl_prefer_server_ciphers", phases.OnOff, phases.Ignore),
		directive("ssl_buffer_size", phases.Take1, phases.Ignore),
		directive("ssl_certificate_cache", phases.OneMore, phases.Ignore),
		directive("ssl_verify_client", phases.Take1, phases.SetEnum(func(c *server) *phases.Opt[verifyMode] { return &c.verify },
			map[string]verifyMode{"off": verifyOff, "on": verifyOn, "optional": verifyOptional, "optional_no_ca": verifyOptionalNoCA})),
		directive("ssl_verify_depth", phases.Take1, phases.SetNumber(func(c *server) *phases.Opt[int] { return &c.depth })),
		directive("ssl_session_cache", phases.Take12, phases.Set(setSessionCache)),
		directive("ssl_session_tickets", phases.OnOff, phases.SetFlag(func(c *server) *phases.Opt[bool] { return &c.tickets })),
		directive("ssl_session_ticket_key", phases.Take1, paths(func(c *server) *[]string { return &c.ticketKeys })),
		directive("ssl_session_timeout", phases.Take1, phases.SetMsec(func(c *server) *phases.Opt[time.Duration] { return &c.timeout })),
		directive("ssl_reject_handshake", phases.OnOff, phases.SetFlag(func(c *server) *phases.Opt[bool] { return &c.reject })),

		directive("ssl_stapling", phases.OnOff, phases.SetFlag(func(c *server) *phases.Opt[bool] { return &c.stapling })),
		directive("ssl_stapling_file", phases.Take1, setPath(func(c *server) *phases.Opt[string] { return &c.staple })),
		directive("ssl_stapling_responder", phases.Take1, phases.NotBuilt("no responder is asked")),
		directive("ssl_stapling_verify", phases.OnOff, offOnly("")),
		directive("ssl_crl", phases.Take1, setPath(func(c *server) *phases.Opt[string] { return &c.crl })),
		directive("ssl_ocsp", phases.Take1, offOnly("no responder is asked")),
		directive("ssl_ocsp_responder", phases.Take1, phases.NotBuilt("no responder is asked")),
		directive("ssl_ocsp_cache", phases.Take1, offOnly("no responder is asked")),
		directive("ssl_early_data", phases.OnOff, earlyData),
		directive("ssl_conf_command", phases.Take2, phases.Set(setCommand)),
		directive("ssl_certificate_compression", phases.OnOff, offOnly("")),
		directive("ssl_ech_file", phases.Take1, phases.NotBuilt("")),
	}
	p := &program{m: m}
	m.Preconfigure = p.addVariables
	m.Postconfigure = p.install
	m.Start = p.start
	return m
}

// program carries the module to the functions that look its configuration up.
type program struct{ m *phases.Module }

type verifyMode uint8

const (
	verifyOff verifyMode = iota
	verifyOn
	verifyOptional
	verifyOptionalNoCA
)

// server is the ssl module's configuration of a server.
type server struct {
	certFiles, keyFiles, ticketKeys []string
	passwordFile, dhparam           phases.Opt[string]
	clientCAs, trustedCAs, crl      phases.Opt[string]
	staple                          phases.Opt[string]    // ssl_stapling_file
	protocols                       phases.Opt[[2]uint16] // from, to
	ciphers                         phases.Opt[[]uint16]
	curves                          phases.Opt[[]tls.CurveID]
	verify                          phases.Opt[verifyMode]
	depth                           phases.Opt[int]
	tickets, reject, stapling       phases.Opt[bool]
	timeout                         phases.Opt[time.Duration]

	cache phases.Opt[cacheConf]

	commands         *openssl.Commands
	name             string
	config           *tls.Config   // nil without certificates
	roots            *roots        // what client certificates are verified by
	sessions         *sessionStore // of ssl_session_cache; nil without one
	tag              []byte        // in sessions that are kept here
	onHello          []HelloFunc
	onCertificate    []HelloFunc
	onStore, onFetch HelloFunc
	onMissing        HelloFunc
}

// offOnly takes "off" and refuses the rest.
func offOnly(why string) phases.SetFunc {
	refuse := phases.NotBuilt(why)
	return func(l *phases.Load, d *conf.Directive, c any) error {
		if strings.EqualFold(d.Args[0].Value, "off") {
			return nil
		}
		return refuse(l, d, c)
	}
}

// earlyData takes "on" with a warning: a server may decline early data, and clients then send it again.
func earlyData(l *phases.Load, d *conf.Directive, _ any) error {
	if strings.EqualFold(d.Args[0].Value, "on") {
		l.Warnf(d, "\"ssl_early_data\" has no effect: crypto/tls declines all early data")
	}
	return nil
}

func addPath(l *phases.Load, d *conf.Directive, to *[]string) error {
	text := d.Args[0].Value
	switch {
	case strings.Contains(text, "$") && !strings.HasPrefix(text, "data:"):
		return fmt.Errorf("variables in %q are not supported by moongate yet", d.Name)
	case strings.HasPrefix(text, "engine:"), strings.HasPrefix(text, "store:"):
		return fmt.Errorf("%q in %q is not supported by moongate: it speaks to OpenSSL", text, d.Name)
	case strings.HasPrefix(text, "data:"):
		*to = append(*to, text)
	default:
		*to = append(*to, l.ConfPath(text))
	}
	return nil
}

func setPath(at func(*server) *phases.Opt[string]) phases.SetFunc {
	return phases.Set(func(l *phases.Load, d *conf.Directive, c *server) error {
		o := at(c)
		if o.Set {
			return l.Duplicate(d)
		}
		*o = phases.Opt[string]{V: l.ConfPath(d.Args[0].Value), Set: true}
		return nil
	})
}

// setProtocols is ssl_protocols. Protocols that crypto/tls does not speak are taken and mean nothing, as with an
// OpenSSL that was built without them.
func setProtocols(l *phases.Load, d *conf.Directive, c *server) error {
	if c.protocols.Set {
		return l.Duplicate(d)
	}
	var list []uint16
	for _, a := range d.Args {
		_, v, ok := openssl.Protocol(a.Value)
		if !ok {
			return fmt.Errorf("invalid value %q", a.Value)
		}
		if v != 0 && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	if len(list) == 0 {
		return fmt.Errorf("%q directive leaves no protocol that moongate speaks", d.Name)
	}
	slices.Sort(list)
	from, to := list[0], list[len(list)-1]
	if int(to-from) != len(list)-1 {
		return fmt.Errorf("%q directive leaves a gap between protocols, which crypto/tls cannot do", d.Name)
	}
	c.protocols = phases.Opt[[2]uint16]{V: [2]uint16{from, to}, Set: true}
	return nil
}

func setCiphers(l *phases.Load, d *conf.Directive, c *server) error {
	if c.ciphers.Set {
		return l.Duplicate(d)
	}
	ids, err := parseCiphers(d.Args[0].Value)
	if err != nil {
		return err
	}
	c.ciphers = phases.Opt[[]uint16]{V: ids, Set: true}
	return nil
}

func setCurves(l *phases.Load, d *conf.Directive, c *server) error {
	if c.curves.Set {
		return l.Duplicate(d)
	}
	c.curves.Set = true
	if d.Args[0].Value == "auto" {
		return nil
	}
	list, err := openssl.ParseCurves(d.Args[0].Value)
	if err != nil {
		return fmt.Errorf("SSL_CTX_set1_curves_list(%q) failed: %w", d.Args[0].Value, err)
	}
	c.curves.V = list
	return nil
}

// setCommand is ssl_conf_command; those of one level make a whole.
func setCommand(_ *phases.Load, d *conf.Directive, c *server) error {
	if c.commands == nil {
		c.commands = &openssl.Commands{}
	}
	if strings.EqualFold(d.Args[0].Value, "VerifyMode") {
		return errors.New("VerifyMode is ssl_verify_client's affair")
	}
	return c.commands.Set(d.Args[0].Value, d.Args[1].Value)
}

var standardCiphers = sync.OnceValues(func() ([]uint16, error) { return parseCiphers("HIGH:!aNULL:!MD5") })

func mergeServer(_ *phases.Load, parent, child any) error {
	p, c := parent.(*server), child.(*server)
	if c.certFiles == nil {
		c.certFiles = p.certFiles
	}
	if c.keyFiles == nil {
		c.keyFiles = p.keyFiles
	}
	if c.ticketKeys == nil {
		c.ticketKeys = p.ticketKeys
	}
	standard, err := standardCiphers()
	c.passwordFile.Merge(p.passwordFile, "")
	c.dhparam.Merge(p.dhparam, "")
	c.clientCAs.Merge(p.clientCAs, "")
	c.trustedCAs.Merge(p.trustedCAs, "")
	c.crl.Merge(p.crl, "")
	c.staple.Merge(p.staple, "")
	c.protocols.Merge(p.protocols, [2]uint16{tls.VersionTLS12, tls.VersionTLS13})
	c.ciphers.Merge(p.ciphers, standard)
	c.curves.Merge(p.curves, nil)
	c.verify.Merge(p.verify, verifyOff)
	c.depth.Merge(p.depth, 1)
	c.tickets.Merge(p.tickets, true)
	c.reject.Merge(p.reject, false)
	c.stapling.Merge(p.stapling, false)
	c.timeout.Merge(p.timeout, 5*time.Minute)
	c.cache.Merge(p.cache, cacheConf{})
	if c.commands == nil {
		c.commands = p.commands
	}
	c.onHello = append(c.onHello, p.onHello...)
	c.onCertificate = append(c.onCertificate, p.onCertificate...)
	return err
}
