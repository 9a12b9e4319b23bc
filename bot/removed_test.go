package bot

import (
	"context"
	"errors"
	"testing"
	"time"

	"paravent/e2ee/group"
	"paravent/e2ee/link"
	"paravent/e2ee/sframe"
	"paravent/server"
	"paravent/signaling/wire"
	"paravent/tests/meeting"
)

func join(t *testing.T, s *meeting.Server, text, name string, rules *wire.Policy) *Person {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), meeting.Patience)
	defer cancel()
	p, err := Join(ctx, text, Options{Name: name, TLS: s.TLS, Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Leave)
	return p
}

// until waits until p is in an epoch with so many members.
func until(t *testing.T, p *Person, members int) Epoch {
	t.Helper()
	deadline := time.Now().Add(meeting.Patience)
	for time.Now().Before(deadline) {
		if e := p.Epoch(); e.Members == members {
			return e
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatalf("no epoch of %d members", members)
	return Epoch{}
}

// TestRemovedOpensNothingAfterTheSwitch gives somebody who was removed every
// frame that is sent, as a server might that goes on forwarding, and lets her
// keep all her keys.
func TestRemovedOpensNothingAfterTheSwitch(t *testing.T) {
	s := meeting.Start(t, server.Config{})
	l := meeting.NewLink(t)
	text, err := l.String(s.Origin)
	if err != nil {
		t.Fatal(err)
	}
	alice := join(t, s, text, "Alice", &wire.Policy{Chat: true, Share: true, Unmoderated: "lock"})
	bob := join(t, s, l.Participant(s.Origin), "Bob", nil)
	mallory := join(t, s, l.Participant(s.Origin), "Mallory", nil)
	until(t, alice, 3)
	until(t, bob, 3)
	until(t, mallory, 3)

	// What she keeps: rings that nobody forgets, with every leaf's openers.
	kept := newKeyRing(time.Now)
	var openers []*opener
	err = mallory.call(func() error {
		for _, e := range mallory.media.ring.open {
			kept.open = append(kept.open, &epochKeys{number: e.number, baseKey: append([]byte(nil), e.baseKey...), leaf: e.leaf, members: e.members, gone: map[uint32]bool{}})
		}
		kept.version = 1
		for _, seat := range mallory.epoch.Seats {
			for source := range Source(sources) {
				openers = append(openers, newOpener(kept, seat.Leaf, source))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	opens := func(from *Person, source Source) (count int) {
		codec := VP8
		if source.Sound() {
			codec = Opus
		}
		sealed, err := from.media.ring.seal(source, &sframe.Frame{Codec: codec, Data: []byte{0x11, 1, 2, 3}})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range openers {
			if _, err := o.open(codec, sealed); err == nil {
				count++
			}
		}
		return count
	}
	for _, from := range []*Person{alice, bob} {
		for source := range Source(sources) {
			if n := opens(from, source); n != 1 {
				t.Fatalf("a frame before the removal opens %d times", n)
			}
		}
	}

	ctx, cancel := context.WithTimeout(t.Context(), meeting.Patience)
	defer cancel()
	if err := alice.Remove(ctx, mallory.Self(), Removed); err != nil {
		t.Fatal(err)
	}
	until(t, alice, 2)
	until(t, bob, 2)
	opened := 0
	for range 1000 {
		for _, from := range []*Person{alice, bob} {
			for source := range Source(sources) {
				opened += opens(from, source)
			}
		}
	}
	if opened > 0 {
		t.Errorf("%d frames sent after the switch open", opened)
	}
	if err := mallory.Wait(ctx); !errors.Is(err, ErrRemoved) {
		t.Errorf("the end: %v", err)
	}
	// Her own keys are gone with the stay.
	if _, err := mallory.media.ring.seal(Microphone, &sframe.Frame{Codec: Opus, Data: []byte{1}}); !errors.Is(err, ErrNoKeys) {
		t.Errorf("keys after the end: %v", err)
	}
}

// TestCommitWithoutAdmissionIsRefused lets a member who breaks the rules commit
// somebody whom nobody admitted: the others do not follow.
func TestCommitWithoutAdmissionIsRefused(t *testing.T) {
	s := meeting.Start(t, server.Config{})
	l := meeting.NewLink(t)
	text, err := l.String(s.Origin)
	if err != nil {
		t.Fatal(err)
	}
	alice := join(t, s, text, "Alice", &wire.Policy{Chat: true, Share: true, Unmoderated: "lock"})
	bob := join(t, s, l.Participant(s.Origin), "Bob", nil)
	until(t, alice, 2)
	until(t, bob, 2)
	ctx, cancel := context.WithTimeout(t.Context(), meeting.Patience)
	defer cancel()
	// Bob is not told of the lobby: he would add whoever has the link.
	accomplice := stranger(t, l)
	keyPackage, err := accomplice.KeyPackage()
	if err != nil {
		t.Fatal(err)
	}
	var commit *wire.Commit
	err = bob.call(func() error {
		seat, err := bob.group.ReadKeyPackage(keyPackage)
		if err != nil {
			return err
		}
		commit = bob.group.Nominate(&wire.Nominate{
			Epoch: bob.epoch.Number, Adds: []wire.Adding{{Person: seat.Person[:], KeyPackage: keyPackage}},
		}, time.Now())
		return nil
	})
	if err != nil || commit == nil || len(commit.Adds) != 1 {
		t.Fatalf("no commit: %v", err)
	}
	if err := alice.Change(ctx, func(p *wire.Policy) { p.Lobby = true }); err != nil {
		t.Fatal(err)
	}
	before := alice.Epoch()
	err = alice.call(func() error {
		step, err := alice.group.Committed(&wire.Committed{Epoch: commit.Epoch, Commit: commit.Commit}, time.Now())
		if err == nil && (step.Epoch != nil || step.Resync == nil) {
			t.Error("followed a commit that lets in somebody whom nobody admitted")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if alice.Epoch() != before {
		t.Error("another epoch")
	}
}

// stranger is somebody with the link of whom the server knows nothing.
func stranger(t *testing.T, l *link.Link) *group.Stay {
	t.Helper()
	p, err := newPerson(l.Participant("https://127.0.0.1"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p.group
}
