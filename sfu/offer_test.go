package sfu

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestNewRefusesNoTransport(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Fatal("no transport")
	}
}

func TestAdvertisesWhatItIsTold(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r := newRouterWith(t, kind, options{listen: ":0", addresses: []netip.Addr{
			netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7"),
		}}, Config{})
		bob := newClient(t, r, 1)
		offer := bob.subscribe(codecSet{rtx: true}) // over the first of them
		ports := map[string]bool{}
		for line := range strings.Lines(offer) {
			if fields := strings.Fields(line); strings.HasPrefix(line, "a=candidate:") && len(fields) > 5 && fields[2] == "udp" {
				ports[fields[5]] = true
			}
		}
		if len(ports) != 1 {
			t.Fatalf("%d ports", len(ports))
		}
		for _, a := range []string{"127.0.0.1", "192.0.2.7", "2001:db8::7"} {
			if !strings.Contains(offer, " "+a+" ") {
				t.Fatalf("%s is not offered", a)
			}
		}
		if strings.Contains(offer, "srflx") || !strings.Contains(offer, "a=ice-lite") {
			t.Fatal("not a lite agent")
		}
	})
}

// Only what forwarding needs is negotiated, and nothing that describes a person.
func TestNegotiatesLittle(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r := newRouter(t, kind)
		bob := newClient(t, r, 1)
		offer := bob.subscribe(codecSet{rtx: true})
		for line := range strings.Lines(offer) {
			line = strings.TrimSpace(line)
			if rest, ok := strings.CutPrefix(line, "a=extmap:"); ok {
				_, uri, _ := strings.Cut(rest, " ")
				if !slices.Contains([]string{
					"urn:ietf:params:rtp-hdrext:sdes:mid",
					"http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
					"https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
				}, uri) {
					t.Fatalf("%s", line)
				}
			}
			if rest, ok := strings.CutPrefix(line, "a=rtpmap:"); ok {
				_, name, _ := strings.Cut(rest, " ")
				if !slices.Contains([]string{"opus/48000/2", "VP8/90000", "VP9/90000", "AV1/90000", "rtx/90000"}, name) {
					t.Fatalf("%s", line)
				}
			}
		}
	})
}
