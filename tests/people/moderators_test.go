package people

import (
	"errors"
	"testing"

	"paravent/bot"
	"paravent/signaling/wire"
	"paravent/tests/meeting"
)

func TestTwoModeratorsAdmitAtOnce(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice", withLobby)
	anna := r.come(r.moderatorLink(), "Anna").in()
	r.agree(2, alice, anna)
	bob := r.come(r.participantLink(), "Bob").waiting("admission")
	k := await(r, alice, every[bot.Knocked])
	if other := await(r, anna, every[bot.Knocked]); other != k {
		t.Errorf("two moderators see %+v and %+v", k, other)
	}
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- alice.Admit(r.context(), k.Person) }()
	go func() { second <- anna.Admit(r.context(), k.Person) }()
	for _, done := range []chan error{first, second} {
		if err := <-done; err != nil && !errors.Is(err, bot.ErrUnknown) {
			t.Error(err)
		}
	}
	r.agree(3, alice, anna, bob.in())
	if len(alice.Waiting())+len(anna.Waiting()) > 0 {
		t.Error("somebody who is in waits")
	}
}

func TestAModeratorDiesInTheMiddleOfAnAdmission(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	bob := func() *bot.Person {
		// The moderator's connection breaks as soon as the admission is with the
		// server, which tells it no more.
		var between *meeting.Between
		between = meeting.Lie(t, r.server, func() meeting.Liar {
			return func(m wire.ServerMessage) []wire.ServerMessage {
				if acted, ok := m.(*wire.Acted); ok {
					if s, err := wire.DecodeStatement(acted.Signed.Statement); err == nil {
						if _, admit := s.(*wire.Admit); admit {
							go between.Cut()
							return nil
						}
					}
				}
				return honest(m)
			}
		})
		text, err := r.link.String(between.Origin)
		r.must(err)
		alice := r.come(text, "Alice", func(o *bot.Options) {
			o.TLS, o.Rules = nil, &wire.Policy{Lobby: true, Chat: true, Unmoderated: "continue"}
		}).in()
		anna := r.come(r.moderatorLink(), "Anna").in()
		r.agree(2, alice, anna)
		waits := r.come(r.participantLink(), "Bob").waiting("admission")
		k := await(r, alice, every[bot.Knocked])
		go func() { _ = alice.Admit(r.context(), k.Person) }() // it never learns what came of it
		await(r, alice, func(e bot.Broken) bool { return e.Broken })
		in := waits.in()
		await(r, anna, func(e bot.Arrived) bool { return e.Person == in.Self() })
		return in
	}()
	r.must(bob.Say("here", nil))
}

func TestAFloodOfKnocksLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice", withLobby)
	waits := 0
	for {
		j := r.come(r.participantLink(), "Flood")
		if j.either() {
			waits++
			continue
		}
		refused, ok := errors.AsType[*bot.RefusedError](j.err)
		if !ok || refused.Code != wire.CodeBusy || refused.Wait == 0 || waits < 10 || waits > 100 {
			t.Errorf("after %d of one network: %v", waits, j.err)
		}
		break
	}
	await(r, alice, func(e bot.Warned) bool { return e.Of == "lobby" })
	// A moderator always gets in, and so does who is admitted when there is room.
	anna := r.come(r.moderatorLink(), "Anna").in()
	all := alice.Waiting()
	if len(all) != waits {
		t.Fatalf("%d wait", len(all))
	}
	r.must(alice.Deny(r.context(), all[0].Person))
	r.must(alice.Admit(r.context(), all[1].Person))
	r.agree(3, alice, anna)
}

func TestTheLastModeratorLeaves(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]error{"end": bot.ErrUnmoderated, "continue": nil} {
		t.Run(how, func(t *testing.T) {
			r := newRoom(t)
			alice := r.open("Alice", func(p *wire.Policy) { p.Unmoderated = how })
			bob := r.guest("Bob")
			r.agree(2, alice, bob)
			alice.Leave()
			if want != nil {
				if err := bob.Wait(r.context()); !errors.Is(err, want) {
					t.Errorf("the end: %v", err)
				}
				return
			}
			await(r, bob, func(e bot.Moderated) bool { return !e.Present && e.EndsMs == 0 })
			carol := r.guest("Carol")
			r.agree(2, bob, carol)
		})
	}
}
