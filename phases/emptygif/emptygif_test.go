package emptygif_test

import (
	"testing"

	"moongate/phases/emptygif"
	"moongate/phases/phasetest"
)

func TestEmptyGIF(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR; location /p { empty_gif; } } }`, emptygif.Module)
	res := s.Get("/p")
	if res.Status != 200 || len(res.Body) != 43 || res.Body[:6] != "GIF89a" || res.Header.Get("Content-Type") != "image/gif" ||
		res.Header.Get("Content-Length") != "43" || res.Header.Get("Last-Modified") != "Mon, 28 Sep 1970 06:00:00 GMT" {
		t.Errorf("%q", res.Raw)
	}
	if res := s.Do("HEAD", "/p", ""); res.Status != 200 || res.Body != "" {
		t.Errorf("HEAD: %q", res.Raw)
	}
	if res := s.Do("POST", "/p", "x"); res.Status != 405 {
		t.Errorf("POST: %q", res.Raw)
	}
}
