package sfu

import (
	"testing"

	"github.com/pion/webrtc/v4"
)

// Every slot of the largest offer shows something when it is asked to.
func TestMostVideoSlotsAreFilled(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		_, alice, bob := newPair(t, kind)
		alice.show(webrtc.MimeTypeVP8, 1)
		wait(t, "tracks", alice.tracks)
		slots := slotsOf(bob.subscribeTo(MostVideoSlots, codecSet{rtx: true}), "video")
		if len(slots) != MostVideoSlots {
			t.Fatalf("%d slots", len(slots))
		}
		for _, slot := range slots {
			bob.look(slot, 1, "0")
		}
		shown := map[string]bool{}
		for len(shown) < MostVideoSlots {
			if e := wait(t, "shown", bob.shown); e.publisher == 1 {
				shown[e.slot] = true
			}
		}
		for _, slot := range slots {
			follow(t, bob.viewer(slot), 2, offeredVP8)
		}
	})
}

// Nobody is offered another number of slots.
func TestNumbersOfSlotsAreRefused(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r := newRouter(t, kind)
		alice := newClient(t, r, 1)
		for _, video := range []int{-1, 0, 1, VideoSlots - 1, VideoSlots + 1, MostVideoSlots - 1, MostVideoSlots + 1, 1 << 20} {
			r.Subscribe(1, video)
			if c := wait(t, "lost", alice.lost); c != SubscribeConnection {
				t.Fatalf("%d: lost the wrong connection", video)
			}
		}
		if len(alice.offers) != 0 || r.transport.Counts().Connections != 0 {
			t.Fatalf("%d offers, %d connections", len(alice.offers), r.transport.Counts().Connections)
		}
	})
}

// What is shown goes on until the connection is there that takes its place.
func TestSubscribedAnewNothingStopsBefore(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		c := newCall(t, kind, webrtc.MimeTypeVP8, webrtc.MimeTypeVP8)
		c.watch(t, 1, "0")
		old, before := c.bob.viewer(c.slot), c.bob.down
		c.r.Subscribe(3, MostVideoSlots) // twice: the first of them is given up
		wait(t, "offer", c.bob.offers)
		c.r.Subscribe(3, MostVideoSlots)
		wait(t, "offer", c.bob.offers)
		c.r.Watch(3, c.slot, Watch{Publisher: 2, Mid: "0", Size: 3}) // in the new one
		follow(t, old, 200, offeredVP8)
		c.bob.settled()
		if n := c.r.Counts().Watching; n != 2 {
			t.Fatalf("%d slots show or await something", n)
		}

		slot := slotsOf(c.bob.subscribeTo(MostVideoSlots, codecSet{rtx: true}), "video")[0]
		t.Cleanup(func() { _ = before.Close() })
		c.bob.look(slot, 2, "0")
		c.bob.sees(slot, 2, "0")
		for len(old.packets) > 0 {
			if markOf((<-old.packets).Payload) != 1 {
				t.Fatal("the old connection shows what the new one is to")
			}
		}
		if n := c.r.Counts().Watching; n != 1 {
			t.Fatalf("%d slots show or await something", n)
		}
		if len(c.bob.lost) != 0 {
			t.Fatal("the replaced connection is told as lost")
		}
	})
}
