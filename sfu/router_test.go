package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// follow takes count packets and checks that they are one unbroken stream of
// one payload type.
func follow(t *testing.T, v *viewer, count int, want uint8) []*rtp.Packet {
	t.Helper()
	var all []*rtp.Packet
	for len(all) < count {
		p := wait(t, "packet", v.packets)
		if n := len(all); n > 0 && p.SequenceNumber != all[n-1].SequenceNumber+1 {
			t.Fatalf("packet %d follows %d", p.SequenceNumber, all[n-1].SequenceNumber)
		}
		if p.PayloadType != want {
			t.Fatalf("payload type %d, want %d", p.PayloadType, want)
		}
		all = append(all, p)
	}
	return all
}

func TestForwardsEveryCodec(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		for mime, pt := range map[string]uint8{
			webrtc.MimeTypeVP8: offeredVP8, webrtc.MimeTypeVP9: offeredVP9,
			webrtc.MimeTypeAV1: offeredAV1, webrtc.MimeTypeOpus: offeredOpus,
		} {
			t.Run(mime, func(t *testing.T) {
				t.Parallel()
				_, alice, bob := newPair(t, kind)
				track := newTrack(t, mime)
				f := newPump(t, track, 7)
				senders := alice.publish(false, track)
				listed := wait(t, "tracks", alice.tracks)
				if len(listed) != 1 || listed[0].Video != (mime != webrtc.MimeTypeOpus) {
					t.Fatalf("listed %v", listed)
				}
				f.run(t, senders[0])
				offer := bob.subscribe(codecSet{rtx: true})
				kind := "video"
				if mime == webrtc.MimeTypeOpus {
					kind = "audio"
				}
				slot := slotsOf(offer, kind)[3]
				bob.look(slot, 1, listed[0].Mid)
				bob.sees(slot, 1, listed[0].Mid)
				packets := follow(t, bob.viewer(slot), 100, pt)
				if kind == "video" && !isKey(f.codec, packets[0].Payload) {
					t.Fatal("does not begin with a key frame")
				}
				for i, p := range packets {
					if markOf(p.Payload) != 7 {
						t.Fatal("another payload")
					}
					if len(p.Extensions) != 0 {
						t.Fatal("a header extension")
					}
					if i > 0 && p.Timestamp-packets[i-1].Timestamp > f.codec.Clock()/100 {
						t.Fatal("timestamps jump")
					}
				}
			})
		}
	})
}

func TestOfferOfSlots(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r := newRouter(t, kind)
		bob := newClient(t, r, 2)
		for _, video := range []int{VideoSlots, MostVideoSlots} {
			start := time.Now()
			offer := bob.subscribeTo(video, codecSet{rtx: true})
			t.Logf("%d slots for video: %d bytes, connected in %v", video, len(offer), time.Since(start))
			if v, a := len(slotsOf(offer, "video")), len(slotsOf(offer, "audio")); v != video || a != audioSlots {
				t.Fatalf("%d video and %d audio slots", v, a)
			}
			if len(offer) > answerBytes {
				t.Fatalf("%d bytes of offer", len(offer))
			}
		}
	})
}
