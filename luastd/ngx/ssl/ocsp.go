package ssl

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/crypto/ocsp"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
)

// ocspFunctions are those of ngx.ocsp (lua-resty-core, lib/ngx/ocsp.md).
var ocspFunctions = map[string]function{
	"get_ocsp_responder_from_der_chain": ocspResponder, "create_ocsp_request": ocspRequest,
	"validate_ocsp_response": validateOCSP, "set_ocsp_status_resp": setStaple,
}

// bufferSize is the length that results may have unless the script allows another.
const bufferSize = 4096

func maxLen(L *lua.LState, n int, name string) int {
	if !lua.LVAsBool(L.Get(n)) {
		return bufferSize
	}
	return int(codec.CheckNumber(L, n, name))
}

const noIssuer = "no issuer certificate in chain"

// leafAndIssuer are the first two certificates of a chain in DER; what is missing is said.
func leafAndIssuer(der string) (leaf, issuer *x509.Certificate, leafWhy, issuerWhy string) {
	next := func(b []byte) (*x509.Certificate, []byte) {
		var one asn1.RawValue
		rest, err := asn1.Unmarshal(b, &one)
		if err != nil {
			return nil, nil
		}
		c, err := x509.ParseCertificate(one.FullBytes)
		if err != nil {
			return nil, nil
		}
		return c, rest
	}
	leaf, rest := next([]byte(der))
	if leaf == nil {
		return nil, nil, badFirstDER, badFirstDER
	}
	if len(rest) == 0 {
		return leaf, nil, "", noIssuer
	}
	if issuer, _ = next(rest); issuer == nil {
		return leaf, nil, "", badFirstDER
	}
	return leaf, issuer, "", ""
}

// url, err = ocsp.get_ocsp_responder_from_der_chain(der_cert_chain, max_len?)
func ocspResponder(_ *handler.VM, L *lua.LState) int {
	leaf, issuer, why, noIssuerWhy := leafAndIssuer(codec.CheckString(L, 1, "get_ocsp_responder_from_der_chain"))
	limit := maxLen(L, 2, "get_ocsp_responder_from_der_chain")
	switch {
	case why != "":
		return refuse(L, why)
	case len(leaf.OCSPServer) == 0:
		L.Push(lua.LNil)
		return 1
	case noIssuerWhy != "":
		return refuse(L, noIssuerWhy)
	case !bytes.Equal(leaf.RawIssuer, issuer.RawSubject):
		return refuse(L, "issuer certificate not next to leaf")
	}
	url := leaf.OCSPServer[0]
	if limit = max(limit, 0); len(url) > limit {
		L.Push(lua.LString(url[:limit]))
		L.Push(lua.LString("truncated"))
		return 2
	}
	L.Push(lua.LString(url))
	return 1
}

// req, err = ocsp.create_ocsp_request(der_cert_chain, max_len?)
func ocspRequest(_ *handler.VM, L *lua.LState) int {
	leaf, issuer, _, why := leafAndIssuer(codec.CheckString(L, 1, "create_ocsp_request"))
	limit := maxLen(L, 2, "create_ocsp_request")
	if why != "" {
		return refuse(L, why)
	}
	req, err := ocsp.CreateRequest(leaf, issuer, nil)
	switch {
	case err != nil:
		return refuse(L, "OCSP_cert_to_id() failed")
	case len(req) > limit:
		return refuse(L, fmt.Sprintf("output buffer too small: %d > %d", len(req), limit))
	}
	L.Push(lua.LString(req))
	return 1
}

// The clock of a responder may be that far off (OCSP_check_validity).
const ocspLeeway = 300 * time.Second

// responseStatus are OpenSSL's words for an answer that holds no status.
var responseStatus = map[ocsp.ResponseStatus]string{
	ocsp.Malformed: "malformedrequest", ocsp.InternalError: "internalerror", ocsp.TryLater: "trylater",
	ocsp.SignatureRequired: "sigrequired", ocsp.Unauthorized: "unauthorized",
}

// checkResponse judges an OCSP response; next is when there is a newer one, zero where it does not say.
//
// Deviation: a signer that comes with the response must have its certificate from the issuer, where OpenResty
// believes any.
func checkResponse(resp []byte, chain string) (next time.Time, why string) {
	leaf, issuer, _, why := leafAndIssuer(chain)
	var refused ocsp.ResponseError
	if _, err := ocsp.ParseResponse(resp, nil); errors.As(err, &refused) {
		return next, fmt.Sprintf("OCSP response not successful (%d: %s)", int(refused.Status), responseStatus[refused.Status])
	}
	var one asn1.RawValue
	if _, err := asn1.Unmarshal(resp, &one); err != nil || !one.IsCompound {
		return next, "d2i_OCSP_RESPONSE() failed"
	}
	if why != "" {
		return next, why
	}
	r, err := ocsp.ParseResponseForCert(resp, leaf, issuer)
	now := time.Now()
	var parse ocsp.ParseError
	switch {
	case errors.As(err, &parse) && parse == "no response matching the supplied certificate":
		return next, "certificate status not found in the OCSP response"
	case err != nil:
		return next, "OCSP_basic_verify() failed"
	case r.Status == ocsp.Revoked:
		return next, `certificate status "revoked" in the OCSP response`
	case r.Status != ocsp.Good:
		return next, `certificate status "unknown" in the OCSP response`
	case now.Add(ocspLeeway).Before(r.ThisUpdate), !r.NextUpdate.IsZero() && now.Add(-ocspLeeway).After(r.NextUpdate):
		return next, "OCSP_check_validity() failed"
	}
	return r.NextUpdate, ""
}

// ok, next_update_or_err = ocsp.validate_ocsp_response(ocsp_resp, der_cert_chain, max_err_msg_len?)
func validateOCSP(_ *handler.VM, L *lua.LState) int {
	resp := codec.CheckString(L, 1, "validate_ocsp_response")
	chain := codec.CheckString(L, 2, "validate_ocsp_response")
	limit := max(maxLen(L, 3, "validate_ocsp_response"), 0)
	next, why := checkResponse([]byte(resp), chain)
	if why != "" {
		return refuse(L, why[:min(len(why), limit)])
	}
	L.Push(lua.LTrue)
	if next.IsZero() {
		L.Push(lua.LNil)
	} else {
		L.Push(lua.LNumber(next.Unix()))
	}
	return 2
}

const extStatusRequest = 5

// ok, err = ocsp.set_ocsp_status_resp(ocsp_resp)
func setStaple(v *handler.VM, L *lua.LState) int {
	x, why := connectionOf(v, L)
	resp := codec.CheckString(L, 1, "set_ocsp_status_resp")
	switch {
	case why != "":
		return refuse(L, why)
	case x.handshake == nil:
		return refuse(L, "bad lua context")
	}
	asked := false
	for _, id := range x.handshake.Hello.Extensions {
		asked = asked || id == extStatusRequest
	}
	if !asked {
		L.Push(lua.LTrue)
		L.Push(lua.LString("no status req"))
		return 2
	}
	x.handshake.Staple = []byte(resp)
	return done(L)
}
