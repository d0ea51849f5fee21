package proxy

import (
	"time"

	"moongate/phases"
	"moongate/phases/openssl"
	"moongate/phases/upstream"
)

// config is a location's configuration.
type config struct {
	pass target

	connectTimeout, sendTimeout, readTimeout phases.Opt[time.Duration]
	bufferSize                               phases.Opt[int64]
	buffers                                  phases.Opt[phases.Buffers]
	busySize, maxTempFile                    phases.Opt[int64]
	tempPath                                 phases.Opt[string]
	buffering, requestBuffering              phases.Opt[bool]
	next                                     phases.Opt[upstream.Next]
	nextTries                                phases.Opt[int]
	nextTimeout                              phases.Opt[time.Duration]
	intercept, ignoreAbort, forceRanges      phases.Opt[bool]
	passTrailers                             phases.Opt[bool]
	ignore                                   phases.Opt[upstream.Ignored]
	limitRate                                phases.Opt[*phases.Value]
	bind                                     phases.Opt[*phases.Value]
	socketKeepalive                          phases.Opt[bool]
	rcvBuf, sndBuf                           phases.Opt[int64]
	passHeaders, passBody                    phases.Opt[bool]
	method, body                             phases.Opt[*phases.Value]
	http11                                   phases.Opt[bool]
	hide, pass1                              phases.Opt[[]string]
	setHeaders                               []setHeader
	headers                                  *headerPlan
	redirects                                phases.Opt[[]rewrite]
	redirectOff                              bool
	domains, paths                           phases.Opt[[]rewrite]
	flags                                    phases.Opt[[]cookieFlags]

	sslReuse, sslServerName, sslVerify phases.Opt[bool]
	sslName                            phases.Opt[*phases.Value]
	sslDepth                           phases.Opt[int]
	sslTrusted, sslCiphers             phases.Opt[string]
	sslProtocols                       phases.Opt[versions]
	sslCert, sslKey                    phases.Opt[*phases.Value]
	sslPasswords, sslCRL               phases.Opt[string]
	sslCommands                        *openssl.Commands

	up  upstream.Conf
	tls *security
}

func merge(l *phases.Load, parent, child any) error {
	p, c := parent.(*config), child.(*config)
	if !c.pass.set() {
		// the body of an if goes on with the outer location's proxy_pass; others do not use it
		c.pass = p.pass
	}
	c.connectTimeout.Merge(p.connectTimeout, 60*time.Second)
	c.sendTimeout.Merge(p.sendTimeout, 60*time.Second)
	c.readTimeout.Merge(p.readTimeout, 60*time.Second)
	c.bufferSize.Merge(p.bufferSize, pageSize)
	c.buffers.Merge(p.buffers, phases.Buffers{Number: 8, Size: pageSize})
	c.busySize.Merge(p.busySize, 0)
	c.maxTempFile.Merge(p.maxTempFile, 1<<30)
	c.tempPath.Merge(p.tempPath, "proxy_temp")
	c.buffering.Merge(p.buffering, true)
	c.requestBuffering.Merge(p.requestBuffering, true)
	c.next.Merge(p.next, upstream.NextError|upstream.NextTimeout)
	c.nextTries.Merge(p.nextTries, 0)
	c.nextTimeout.Merge(p.nextTimeout, 0)
	c.intercept.Merge(p.intercept, false)
	c.ignoreAbort.Merge(p.ignoreAbort, false)
	c.forceRanges.Merge(p.forceRanges, false)
	c.passTrailers.Merge(p.passTrailers, false)
	c.ignore.Merge(p.ignore, 0)
	c.limitRate.Merge(p.limitRate, nil)
	c.bind.Merge(p.bind, nil)
	c.socketKeepalive.Merge(p.socketKeepalive, false)
	c.rcvBuf.Merge(p.rcvBuf, 0)
	c.sndBuf.Merge(p.sndBuf, 0)
	c.passHeaders.Merge(p.passHeaders, true)
	c.passBody.Merge(p.passBody, true)
	c.method.Merge(p.method, nil)
	c.body.Merge(p.body, nil)
	c.http11.Merge(p.http11, false)
	c.domains.Merge(p.domains, nil)
	c.paths.Merge(p.paths, nil)
	c.flags.Merge(p.flags, nil)
	c.mergeRedirects(p)
	hidden := p.up.Hidden
	if c.hide.Set || c.pass1.Set || hidden == nil {
		c.hide.Merge(p.hide, nil)
		c.pass1.Merge(p.pass1, nil)
		hidden = hiddenSet(c.hide.V, c.pass1.V)
	} else {
		c.hide, c.pass1 = p.hide, p.pass1
	}
	c.mergeHeaders(p)
	if err := c.mergeTLS(l, p); err != nil {
		return err
	}
	c.up = upstream.Conf{
		ConnectTimeout: c.connectTimeout.V, SendTimeout: c.sendTimeout.V, ReadTimeout: c.readTimeout.V,
		BufferSize: int(c.bufferSize.V), Buffering: c.buffering.V,
		BufferMemory: c.buffers.V.Number * int(c.buffers.V.Size), MaxTempFile: c.maxTempFile.V, TempPath: c.tempPath.V,
		Next: c.next.V, NextTries: c.nextTries.V, NextTimeout: c.nextTimeout.V,
		InterceptErrors: c.intercept.V, IgnoreClientAbort: c.ignoreAbort.V, ForceRanges: c.forceRanges.V, PassTrailers: c.passTrailers.V,
		Ignore: c.ignore.V, LimitRate: c.limitRate.V, Bind: c.bind.V, SocketKeepalive: c.socketKeepalive.V,
		RcvBuf: int(c.rcvBuf.V), SndBuf: int(c.sndBuf.V), Hidden: hidden,
	}
	return nil
}

// pageSize is nginx's default for the buffers: a page of memory.
const pageSize = 4 << 10

// hiddenSet is what clients do not see: the default, what is hidden, without what is passed.
func hiddenSet(hide, pass []string) *upstream.NameSet {
	passed := upstream.NewNameSet(pass)
	var names []string
	for _, list := range [2][]string{upstream.DefaultHidden, hide} {
		for _, n := range list {
			if !passed.Has(n) {
				names = append(names, n)
			}
		}
	}
	return upstream.NewNameSet(names)
}
