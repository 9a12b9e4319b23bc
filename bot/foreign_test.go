package bot

import (
	"context"
	"testing"
	"time"

	"paravent/server"
	"paravent/signaling/wire"
	"paravent/tests/meeting"
)

// TestNobodyIsHeardUnderAnotherName has the server forward one person's sound
// where another's was asked for.
func TestNobodyIsHeardUnderAnotherName(t *testing.T) {
	s := meeting.Start(t, server.Config{})
	l := meeting.NewLink(t)
	text, err := l.String(s.Origin)
	if err != nil {
		t.Fatal(err)
	}
	alice := join(t, s, text, "Alice", &wire.Policy{Chat: true, Share: true, Unmoderated: "lock"})
	bob := join(t, s, l.Participant(s.Origin), "Bob", nil)
	mallory := join(t, s, l.Participant(s.Origin), "Mallory", nil)
	ctx, cancel := context.WithTimeout(t.Context(), meeting.Patience)
	defer cancel()
	for _, p := range []*Person{alice, mallory} {
		until(t, p, 3)
		track, err := p.Publish(ctx, Microphone, Opus)
		if err != nil {
			t.Fatal(err)
		}
		speak(t.Context(), track)
	}
	until(t, bob, 3)
	view, err := bob.Watch(ctx, alice.Self(), Microphone)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := view.Next(ctx); err != nil || f.From != alice.Self() {
		t.Fatal(err)
	}
	// What a lying server does by itself, here by request.
	err = bob.call(func() error {
		bob.send(&wire.Watch{Slot: bob.media.down.slotOf(view), Person: mallory.id[:], Mid: bob.people[mallory.id].media.Microphone, Size: "large", Priority: "medium"})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	foreign := func(count uint64) {
		t.Helper()
		for deadline := time.Now().Add(meeting.Patience); view.Counts().Foreign < count; {
			if time.Now().After(deadline) {
				t.Fatalf("nothing foreign has come: %+v", view.Counts())
			}
			<-time.After(10 * time.Millisecond)
		}
	}
	foreign(20)
	before := view.Counts().Passed
	foreign(view.Counts().Foreign + 20)
	if after := view.Counts().Passed; after != before {
		t.Errorf("%d frames of another person passed", after-before)
	}
}

// speak writes sound until ctx ends.
func speak(ctx context.Context, track *Track) {
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_ = track.Write(Frame{Data: []byte{0xfc, 1, 2}}) // fails once the stay is over
			}
		}
	}()
}
