package bot

import (
	"context"
	"testing"

	"paravent/e2ee/data"
	"paravent/server"
	"paravent/signaling/wire"
	"paravent/tests/meeting"
)

// TestCamerasWithoutMasksWhereAllAreToHaveOne lets a moderator say what its
// camera shows: without a mask it is not handed out. This kit has no masks, so
// it sends no camera there itself.
func TestCamerasWithoutMasksWhereAllAreToHaveOne(t *testing.T) {
	s := meeting.Start(t, server.Config{})
	l := meeting.NewLink(t)
	text, err := l.String(s.Origin)
	if err != nil {
		t.Fatal(err)
	}
	alice := join(t, s, text, "Alice", &wire.Policy{Chat: true, Share: true, Masked: true, Unmoderated: "lock"})
	bob := join(t, s, l.Participant(s.Origin), "Bob", nil)
	until(t, alice, 2)
	until(t, bob, 2)
	ctx, cancel := context.WithTimeout(t.Context(), meeting.Patience)
	defer cancel()
	tells := func(media data.Media) {
		t.Helper()
		if err := alice.call(func() error { return alice.queued(media, nil) }); err != nil {
			t.Fatal(err)
		}
		for {
			e, err := bob.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			var said data.Media
			if _, ok := e.(Introduced); ok && bob.call(func() error { said = bob.people[alice.id].media; return nil }) == nil && said == media {
				return
			}
		}
	}
	for _, mask := range []data.Mask{"", data.Faces, "", data.Body} {
		tells(data.Media{Microphone: "0", Camera: "1", Mask: mask})
		if got := bob.mayShow(alice.id, Camera); got != (mask != "") {
			t.Errorf("mask %q: shown %v", mask, got)
		}
		if !bob.mayShow(alice.id, Microphone) {
			t.Errorf("mask %q: not heard", mask)
		}
	}
	for _, p := range []*Person{alice, bob} {
		if p.maySend(Camera) || !p.maySend(Microphone) {
			t.Error("a camera without a mask may be sent")
		}
	}
	if err := alice.Change(ctx, func(p *wire.Policy) { p.Masked = false }); err != nil {
		t.Fatal(err)
	}
	tells(data.Media{Camera: "1"})
	if !bob.mayShow(alice.id, Camera) || !alice.maySend(Camera) {
		t.Error("the rule is over, and cameras are off")
	}
}
