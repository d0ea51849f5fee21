package ssl

import (
	"crypto/tls"
	"encoding/asn1"
	"errors"
	"fmt"
	"os"

	"moongate/phases"
)

// stapleFile gives the certificates the OCSP response of ssl_stapling_file.
func (c *server) stapleFile(cfg *tls.Config) error {
	if !c.stapling.V {
		return nil
	}
	if c.staple.V == "" {
		return errors.New("\"ssl_stapling\" without \"ssl_stapling_file\" is not supported by moongate yet: " +
			"no responder is asked; a ssl_certificate_by_lua* can, with ngx.ocsp")
	}
	b, err := os.ReadFile(c.staple.V)
	if err != nil {
		return fmt.Errorf("BIO_new_file(%q) failed %s", c.staple.V, phases.Errno(err))
	}
	var response asn1.RawValue
	if rest, err := asn1.Unmarshal(b, &response); err != nil || len(rest) > 0 {
		return fmt.Errorf("d2i_OCSP_RESPONSE_bio(%q) failed", c.staple.V)
	}
	for i := range cfg.Certificates {
		cfg.Certificates[i].OCSPStaple = b
	}
	return nil
}
