package sfu

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"paravent/sfu/transport"
)

// TestSilencedSoundReachesNobody has real connections: what one of two
// publishers says is kept back while the other is heard, its picture stays, and
// afterwards its stream goes on where it stopped.
func TestSilencedSoundReachesNobody(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r := newRouter(t, kind)
		alice, eve, bob := newClient(t, r, 1), newClient(t, r, 2), newClient(t, r, 3)
		sound, picture, other := newTrack(t, webrtc.MimeTypeOpus), newTrack(t, webrtc.MimeTypeVP8), newTrack(t, webrtc.MimeTypeOpus)
		said, seen, heard := newPump(t, sound, 1), newPump(t, picture, 1), newPump(t, other, 2)
		senders := alice.publish(false, sound, picture)
		said.run(t, senders[0])
		seen.run(t, senders[1])
		heard.run(t, eve.publish(false, other)[0])
		wait(t, "tracks", alice.tracks)
		wait(t, "tracks", eve.tracks)
		offer := bob.subscribe(codecSet{rtx: true})
		audio, video := slotsOf(offer, "audio"), slotsOf(offer, "video")
		for slot, of := range map[string]shownEvent{
			audio[0]: {publisher: 1, mid: "0"}, video[0]: {publisher: 1, mid: "1"}, audio[1]: {publisher: 2, mid: "0"},
		} {
			bob.look(slot, of.publisher, of.mid)
			wait(t, "shown", bob.shown)
		}
		from := bob.viewer(audio[0])
		last := follow(t, from, 20, offeredOpus)[19]

		r.Silence(1, true)
		silent := watched(r, 1, "0").watchers()[0]
		sent := silent.count()
		follow(t, bob.viewer(audio[1]), 60, offeredOpus) // eve speaks on meanwhile
		follow(t, bob.viewer(video[0]), 100, offeredVP8)
		if n := silent.count() - sent; n > 1 { // one may have been under way
			t.Fatalf("%d packets of somebody who is silenced", n)
		}

		r.Silence(1, false)
		for range 60 {
			p := wait(t, "packet", from.packets)
			if p.SequenceNumber != last.SequenceNumber+1 || int32(p.Timestamp-last.Timestamp) <= 0 || markOf(p.Payload) != 1 {
				t.Fatalf("%d at %d follows %d at %d", p.SequenceNumber, p.Timestamp, last.SequenceNumber, last.Timestamp)
			}
			last = p
		}
		if len(bob.shown) != 0 {
			t.Fatal("something is told that has not changed")
		}
	})
}

// TestLaterTracksAreSilencedToo silences somebody who publishes nothing yet,
// or publishes anew.
func TestLaterTracksAreSilencedToo(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r, alice, bob := newPair(t, kind)
		r.Silence(1, true)
		r.Silence(99, true) // nobody
		slot := bob.place("audio")
		bob.look(slot, 1, "1")
		bob.settled()
		var before *feed
		for i := range 2 {
			picture, sound := newTrack(t, webrtc.MimeTypeVP8), newTrack(t, webrtc.MimeTypeOpus)
			senders := alice.publish(i > 0, picture, sound)
			newPump(t, picture, 9).run(t, senders[0])
			f := newPump(t, sound, byte(i+1))
			f.run(t, senders[1])
			if i == 0 {
				wait(t, "tracks", alice.tracks)
			}
			before = fed(t, r, 1, "1", before)
			arrive(t, r, 1, "1")
			if n := watched(r, 1, "1").watchers()[0].count(); n != 0 {
				t.Fatalf("%d packets of somebody who is silenced", n)
			}
			if len(bob.shown) != 0 {
				t.Fatal("shown, and nothing comes")
			}
			if i == 0 {
				f.halt()
			}
		}
		r.Silence(1, false)
		bob.sees(slot, 1, "1")
		if p := follow(t, bob.viewer(slot), 20, offeredOpus); markOf(p[0].Payload) != 2 {
			t.Fatal("of the connection before")
		}
	})
}

// TestSilenceLeavesNoGap says what a viewer sees of a stretch that was kept
// back, with losses and late packets in it.
func TestSilenceLeavesNoGap(t *testing.T) {
	tr, src := newTestTrack(1, false)
	s, out := newTestSlot(false)
	watch(s, tr)
	lane, ok := src.feed.lane.(*fakeLane)
	if !ok {
		t.Fatal("another lane")
	}
	say := func(numbers ...uint16) {
		for _, n := range numbers {
			lane.pass(20 * time.Millisecond)
			push(src, raw(transport.Opus, n, 960*uint32(n), []byte{byte(n)}))
		}
	}
	say(65530, 65531, 65532)
	tr.silenced.Store(true)
	say(65533, 65535, 3, 2, 700)
	tr.silenced.Store(false)
	say(703, 699, 65534, 65533, 704)
	if len(out.packets) != 5 {
		t.Fatalf("%d packets", len(out.packets))
	}
	first := out.packets[0]
	for i, p := range out.packets {
		if p.Index != first.Index+uint64(i) {
			t.Fatalf("packet %d has number %d after %d", i, p.Index, first.Index)
		}
	}
	if a, b := out.packets[2], out.packets[3]; int32(b.Timestamp-a.Timestamp) < 5*960 {
		t.Fatalf("%d follows %d", b.Timestamp, a.Timestamp)
	}
}

func TestSilencingDoesNotAllocate(t *testing.T) {
	tr, src := newTestTrack(1, false)
	s, out := newTestSlot(false)
	out.keeps = false
	watch(s, tr)
	burst := []transport.Packet{raw(transport.Opus, 0, 0, []byte{1, 2, 3})}
	n := testing.AllocsPerRun(2000, func() {
		burst[0].Seq++
		tr.silenced.Store(burst[0].Seq%100 > 50)
		src.Receive(burst)
	})
	if n != 0 {
		t.Fatalf("%v allocations a packet, want 0", n)
	}
	if out.count < 900 || out.count > 1100 {
		t.Fatalf("%d packets", out.count)
	}
}

// fed waits until something else than before feeds a track that is published.
func fed(t *testing.T, r *Router, publisher PeerID, mid string, before *feed) *feed {
	t.Helper()
	for deadline := time.Now().Add(atMost); time.Now().Before(deadline); {
		if now := watched(r, publisher, mid).feed.Load(); now != nil && now != before {
			return now
		}
		time.Sleep(time.Millisecond) // nothing tells of a source that nobody watches
	}
	t.Fatal("nothing arrives from the publisher")
	return nil
}
