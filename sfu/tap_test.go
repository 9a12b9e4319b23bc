//go:build tap

package sfu

import (
	"testing"

	"github.com/pion/webrtc/v4"
)

func TestTapSeesWhatIsReceived(t *testing.T) {
	for kind := range transports {
		t.Run(kind, func(t *testing.T) {
			seen := make(chan []byte, 1024)
			Tap = func(codec string, packet []byte) {
				if codec == "VP8" {
					select {
					case seen <- append([]byte(nil), packet...):
					default:
					}
				}
			}
			r := newRouter(t, kind)
			t.Cleanup(func() { _ = r.Close(); Tap = nil })
			alice := newClient(t, r, 1)
			track := newTrack(t, webrtc.MimeTypeVP8)
			newPump(t, track, 9).run(t, alice.publish(false, track)[0])
			if p := wait(t, "packet", seen); markOf(p) != 9 {
				t.Fatal("another packet")
			}
		})
	}
}
