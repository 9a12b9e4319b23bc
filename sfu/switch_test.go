package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/transport"
)

// call is two publishers of video and one viewer.
type call struct {
	r          *Router
	alice, eve *client
	bob        *client
	slot       string
}

func newCall(t *testing.T, kind, first, second string) *call {
	t.Helper()
	r := newRouter(t, kind)
	c := &call{r: r, alice: newClient(t, r, 1), eve: newClient(t, r, 2), bob: newClient(t, r, 3)}
	for i, p := range []*client{c.alice, c.eve} {
		p.show([]string{first, second}[i], byte(i+1))
		wait(t, "tracks", p.tracks)
	}
	c.slot = c.bob.place("video")
	return c
}

func (c *call) watch(t *testing.T, publisher PeerID, mid string) {
	t.Helper()
	c.bob.look(c.slot, publisher, mid)
	c.bob.sees(c.slot, publisher, mid)
}

func TestSwitchesWithoutSDP(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		for name, codecs := range map[string][2]string{
			"same codec":      {webrtc.MimeTypeVP8, webrtc.MimeTypeVP8},
			"VP8, VP9":        {webrtc.MimeTypeVP8, webrtc.MimeTypeVP9},
			"AV1, VP8":        {webrtc.MimeTypeAV1, webrtc.MimeTypeVP8},
			"VP9, VP9 (wide)": {webrtc.MimeTypeVP9, webrtc.MimeTypeVP9},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := newCall(t, kind, codecs[0], codecs[1])
				pts := map[string]uint8{webrtc.MimeTypeVP8: offeredVP8, webrtc.MimeTypeVP9: offeredVP9, webrtc.MimeTypeAV1: offeredAV1}
				c.watch(t, 1, "0")
				v := c.bob.viewer(c.slot)
				last := follow(t, v, 20, pts[codecs[0]])[19]
				for i, publisher := range []PeerID{2, 1, 2} {
					c.bob.look(c.slot, publisher, "0")
					last = across(t, v, last, byte(publisher), codecOf(codecs[publisher-1]))
					if got := wait(t, "shown", c.bob.shown); got != (shownEvent{c.slot, publisher, "0"}) {
						t.Fatalf("switch %d: shown %v", i, got)
					}
				}
				// Nothing at all from the moment it is asked for.
				slot := watched(c.r, 2, "0").watchers()[0]
				c.watch(t, 0, "")
				sent := slot.count()
				arrive(t, c.r, 2, "0")
				if n := slot.count() - sent; n != 0 {
					t.Fatalf("%d packets of what is not shown", n)
				}
			})
		}
	})
}

// across follows a slot from one source to the one that has mark, and a little
// further.
func across(t *testing.T, v *viewer, last *rtp.Packet, mark byte, c transport.Codec) *rtp.Packet {
	t.Helper()
	for n := 0; n < 20; {
		p := wait(t, "packet", v.packets)
		if p.SequenceNumber != last.SequenceNumber+1 || p.SSRC != last.SSRC {
			t.Fatalf("%d follows %d", p.SequenceNumber, last.SequenceNumber)
		}
		if int32(p.Timestamp-last.Timestamp) < 0 {
			t.Fatal("timestamps go back")
		}
		switch {
		case markOf(p.Payload) == mark && n == 0:
			if !isKey(c, p.Payload) {
				t.Fatal("does not begin with a key frame")
			}
			if p.Timestamp == last.Timestamp {
				t.Fatal("two frames of one timestamp")
			}
			n++
		case markOf(p.Payload) == mark:
			n++
		case n > 0:
			t.Fatal("the old source after the new one")
		}
		last = p
	}
	return last
}

func TestWatchBeforePublish(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		_, alice, bob := newPair(t, kind)
		slot := bob.place("video")
		bob.look(slot, 1, "0")
		alice.show(webrtc.MimeTypeVP8, 1)
		bob.sees(slot, 1, "0")
		// Nobody there at all is told at once.
		bob.look(slot, 99, "0")
		bob.sees(slot, 0, "")
		bob.look("no such slot", 1, "0")
		bob.look(slot, 1, "0")
		bob.sees(slot, 1, "0")
		bob.look(slot, 1, "0") // it is shown already
		bob.sees(slot, 1, "0")
	})
}

func TestLateJoinerGetsAKeyFrame(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r := newRouter(t, kind)
		alice := newClient(t, r, 1)
		alice.show(webrtc.MimeTypeVP8, 1)
		for id := PeerID(2); id < 5; id++ {
			bob := newClient(t, r, id)
			slot := bob.place("video")
			start := time.Now()
			bob.look(slot, 1, "0")
			p := follow(t, bob.viewer(slot), 20, offeredVP8)[0]
			t.Logf("first packet after %v", time.Since(start))
			if !isKey(transport.VP8, p.Payload) {
				t.Fatal("does not begin with a key frame")
			}
		}
	})
}

// Browsers say what they want to see right after their answer, long before the
// connection is there: a key frame that came meanwhile would be lost.
func TestBeginsOnceConnected(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r, alice, bob := newPair(t, kind)
		track := newTrack(t, webrtc.MimeTypeVP8)
		f := newPump(t, track, 1)
		f.every = 10
		f.run(t, alice.publish(false, track)[0])
		slot := ""
		bob.subscribe(codecSet{rtx: true, early: func(offer string) {
			slot = slotsOf(offer, "video")[0]
			asked := make(chan struct{})
			bob.look(slot, 1, "0")
			r.post(2, func(*peer) { close(asked) })
			<-asked
			f := fed(t, r, 1, "0", nil)
			came := func() (due time.Duration) {
				done := make(chan struct{})
				f.lane.Do(func() {
					if s := f.layers[0]; s != nil {
						due = s.frames.due // put off by each that comes
					}
					close(done)
				})
				<-done
				return due
			}
			for last, n, deadline := came(), 0, time.Now().Add(atMost); n < 2; { // the first may have been half forwarded
				if now := came(); now != last {
					last, n = now, n+1
				}
				if time.Now().After(deadline) {
					t.Fatal("no key frame comes")
				}
				time.Sleep(time.Millisecond) // nothing tells of a packet that goes nowhere
			}
			if len(bob.shown) != 0 {
				t.Error("shown before it can be seen")
			}
		}})
		if !isKey(transport.VP8, follow(t, bob.viewer(slot), 20, offeredVP8)[0].Payload) {
			t.Fatal("does not begin with a key frame")
		}
		bob.sees(slot, 1, "0")
	})
}

func TestRepeatsKeyFrameRequests(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		_, alice, bob := newPair(t, kind)
		track := newTrack(t, webrtc.MimeTypeVP8)
		f := newPump(t, track, 1)
		f.silent = true
		f.run(t, alice.publish(false, track)[0])
		slot := bob.place("video")
		bob.look(slot, 1, "0")
		for range 4 { // how far apart: TestKeyFrames
			wait(t, "request", f.plis)
		}
		select {
		case e := <-bob.shown:
			t.Fatalf("shown %v without a key frame", e)
		default:
		}
	})
}

func TestViewersShareKeyFrameRequests(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		c := newCall(t, kind, webrtc.MimeTypeVP8, webrtc.MimeTypeVP8)
		c.watch(t, 1, "0")
		v := c.bob.viewer(c.slot)
		first := follow(t, v, 2, offeredVP8)[0]
		for len(v.packets) > 0 {
			<-v.packets // what came before anybody asked
		}
		begun := time.Now()
		for range 50 {
			err := c.bob.down.WriteRTCP([]rtcp.Packet{
				&rtcp.PictureLossIndication{MediaSSRC: first.SSRC},
				&rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: first.SSRC}}},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		// The next key frame is the answer to all that came before it. Where they
		// come slowly there may be more, but no more than spacing allows.
		keys := 0
		for n := 0; n < 200 || keys == 0; n++ { // a second
			if n > 4000 {
				t.Fatal("no key frame")
			}
			if !isKey(transport.VP8, wait(t, "packet", v.packets).Payload) {
				continue
			}
			keys++
			if took := time.Since(begun); keys > 2+int(took/keyFrameSpacing) {
				t.Fatalf("%d key frames in %v", keys, took)
			}
		}
	})
}

func TestAnswersNACKByRetransmission(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		c := newCall(t, kind, webrtc.MimeTypeVP8, webrtc.MimeTypeVP9)
		c.watch(t, 1, "0")
		v := c.bob.viewer(c.slot)
		nack := func(ssrc uint32, seq uint16) {
			t.Helper()
			err := c.bob.down.WriteRTCP([]rtcp.Packet{&rtcp.TransportLayerNack{
				MediaSSRC: ssrc, Nacks: []rtcp.NackPair{{PacketID: seq}},
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		// Each is asked for as it comes, and what was never sent with it: one that
		// is older than a second when it is asked for is not sent again.
		came := map[uint16]*rtp.Packet{}
		check := func(again *rtp.Packet) {
			t.Helper()
			lost := came[again.SequenceNumber]
			if lost == nil {
				t.Fatal("sent again what was never sent")
			}
			if again.SSRC != lost.SSRC || again.Timestamp != lost.Timestamp || string(again.Payload) != string(lost.Payload) {
				t.Fatalf("%v, want %v", again, lost)
			}
		}
		for answered := false; !answered; {
			p := wait(t, "packet", v.packets)
			came[p.SequenceNumber] = p
			nack(p.SSRC, p.SequenceNumber+5000)
			nack(p.SSRC, p.SequenceNumber)
			if len(came) > 4000 {
				t.Fatal("nothing is sent again")
			}
			select {
			case again := <-v.resent:
				check(again)
				answered = true
			default:
			}
		}
		follow(t, v, 20, offeredVP8)
		for len(v.resent) > 0 {
			check(<-v.resent)
		}
	})
}

func TestNoRetransmissionUnlessNegotiated(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		_, alice, bob := newPair(t, kind)
		alice.show(webrtc.MimeTypeVP8, 1)
		slot := slotsOf(bob.subscribe(codecSet{rtx: false}), "video")[0]
		bob.look(slot, 1, "0")
		v := bob.viewer(slot)
		lost := follow(t, v, 20, offeredVP8)[10]
		err := bob.down.WriteRTCP([]rtcp.Packet{&rtcp.TransportLayerNack{
			MediaSSRC: lost.SSRC, Nacks: []rtcp.NackPair{{PacketID: lost.SequenceNumber}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		follow(t, v, 40, offeredVP8) // unbroken: no number came twice
	})
}

func TestSenderReports(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		c := newCall(t, kind, webrtc.MimeTypeVP8, webrtc.MimeTypeVP8)
		begun := time.Now()
		c.watch(t, 1, "0")
		v := c.bob.viewer(c.slot)
		last := follow(t, v, 2, offeredVP8)[1]
		packets, _, err := v.receiver.ReadRTCP()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range packets {
			if r, ok := p.(*rtcp.SenderReport); ok && r.SSRC == last.SSRC {
				ahead := time.Duration(int32(r.RTPTime-last.Timestamp)) * time.Second / videoClock
				// It speaks of some moment since; cameras are not that exact.
				if ahead < 0 || ahead > time.Since(begun)+time.Second || r.PacketCount == 0 {
					t.Fatalf("%v ahead: %+v", ahead, r)
				}
				return
			}
		}
		t.Fatalf("no report in %v", packets)
	})
}
