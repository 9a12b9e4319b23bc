package people

import (
	"errors"
	"strings"
	"testing"

	"paravent/bot"
	"paravent/signaling/wire"
)

func TestPeopleMeetAndTalk(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	bob, carol := r.guest("Bob"), r.guest("Carol")
	r.agree(3, alice, bob, carol)

	await(r, bob, func(e bot.Introduced) bool {
		return e.Member.Name == "Alice" && e.Member.Moderator && !e.Member.Appointed
	})
	await(r, alice, func(e bot.Introduced) bool { return e.Member.Name == "Bob" && !e.Member.Moderator })

	r.must(bob.Say("to all", nil))
	for _, p := range []*bot.Person{alice, carol} {
		if said := await(r, p, every[bot.Said]); said.Text != "to all" || said.Name != "Bob" || said.From != bob.Self() || said.Alone {
			t.Errorf("%+v", said)
		}
	}
	to := alice.Self()
	r.must(carol.Say("to one", &to))
	if said := await(r, alice, every[bot.Said]); said.Text != "to one" || !said.Alone || said.From != carol.Self() {
		t.Errorf("%+v", said)
	}
	r.must(carol.RaiseHand(true))
	if hand := await(r, bob, every[bot.Hand]); hand.Person != carol.Self() || !hand.Up {
		t.Errorf("%+v", hand)
	}
	r.must(alice.React("🎉"))
	if reacted := await(r, bob, every[bot.Reacted]); reacted.From != alice.Self() || reacted.Emoji != "🎉" {
		t.Errorf("%+v", reacted)
	}
	if err := alice.React("x"); !errors.Is(err, bot.ErrUnknown) {
		t.Errorf("any text is a reaction: %v", err)
	}
	if err := alice.Say(strings.Repeat("x", 8193), nil); !errors.Is(err, bot.ErrLong) {
		t.Errorf("a long line: %v", err)
	}

	mine, err := alice.Code()
	r.must(err)
	theirs, err := carol.Code()
	r.must(err)
	if mine.Digits != theirs.Digits || len(mine.Digits) != 30 || strings.Join(mine.Emoji, "") != strings.Join(theirs.Emoji, "") {
		t.Error("two safety codes")
	}

	carol.Leave()
	if left := await(r, bob, every[bot.Left]); left.Name != "Carol" {
		t.Errorf("%+v", left)
	}
	r.agree(2, alice, bob)
	if err := carol.Say("x", nil); !errors.Is(err, bot.ErrLeft) {
		t.Errorf("after the end: %v", err)
	}
}

func TestKnockAdmitDenyNote(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	early := r.come(r.participantLink(), "Early").waiting("moderator")
	alice := r.open("Alice", withLobby)
	early.waiting("admission")
	k := await(r, alice, every[bot.Knocked])
	if k.Name != "Early" || k.Viewer || k.Ticket {
		t.Errorf("%+v", k)
	}
	r.must(alice.Note(r.context(), k.Person, "one moment"))
	r.must(alice.Admit(r.context(), k.Person))
	await(r, early.in(), func(e bot.Noted) bool { return e.Text == "one moment" })
	r.agree(2, alice, early.in())

	bob := r.come(r.participantLink(), "Bob").waiting("admission")
	k = await(r, alice, every[bot.Knocked])
	r.must(alice.Deny(r.context(), k.Person))
	if refused, ok := errors.AsType[*bot.RefusedError](bob.refused()); !ok || refused.Code != wire.CodeDenied {
		t.Errorf("denied: %v", bob.err)
	}
	await(r, alice, func(e bot.Unknocked) bool { return e.Person == k.Person })
	if err := early.in().Admit(r.context(), k.Person); !errors.Is(err, bot.ErrForbidden) && !errors.Is(err, bot.ErrUnknown) {
		t.Errorf("a participant admits: %v", err)
	}
}

func TestRulesAndRoles(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	bob, carol := r.guest("Bob"), r.guest("Carol")
	r.agree(3, alice, bob, carol)
	await(r, alice, func(e bot.Introduced) bool { return e.Member.Name == "Bob" })

	r.must(alice.Change(r.context(), func(p *wire.Policy) { p.Chat = false }))
	await(r, carol, func(e bot.Ruled) bool { return !e.Rules.Chat && e.Before.Chat })
	if err := carol.Say("to all", nil); !errors.Is(err, bot.ErrForbidden) {
		t.Errorf("chat though it is off: %v", err)
	}
	if err := bob.End(r.context()); !errors.Is(err, bot.ErrForbidden) {
		t.Errorf("a participant ends the meeting: %v", err)
	}

	r.must(alice.Appoint(r.context(), bob.Self()))
	await(r, bob, every[bot.Appointed])
	await(r, carol, func(e bot.Introduced) bool {
		return e.Member.ID == bob.Self() && e.Member.Moderator && e.Member.Appointed
	})
	r.must(bob.Change(r.context(), func(p *wire.Policy) { p.Chat = true }))
	await(r, carol, func(e bot.Ruled) bool { return e.Rules.Chat })
	if err := bob.Appoint(r.context(), carol.Self()); !errors.Is(err, bot.ErrForbidden) {
		t.Errorf("an appointed moderator appoints: %v", err)
	}
	// Both change the rules at once: neither change is lost.
	lock, quiet := make(chan error, 1), make(chan error, 1)
	go func() { lock <- alice.Change(r.context(), func(p *wire.Policy) { p.Locked = true }) }()
	go func() { quiet <- bob.Change(r.context(), func(p *wire.Policy) { p.Quiet = true }) }()
	r.must(<-lock)
	r.must(<-quiet)
	await(r, carol, func(e bot.Ruled) bool { return e.Rules.Locked && e.Rules.Quiet })

	r.must(carol.RaiseHand(true))
	await(r, bob, func(e bot.Hand) bool { return e.Up })
	r.must(bob.Stop(r.context(), nil, "hand"))
	await(r, carol, every[bot.Lowered])
	await(r, alice, func(e bot.Hand) bool { return !e.Up })

	r.must(alice.Dismiss(r.context(), bob.Self()))
	await(r, bob, func(e bot.Ruled) bool { return len(e.Rules.Dismissed) == 1 })
	if err := bob.Change(r.context(), func(p *wire.Policy) { p.Locked = false }); !errors.Is(err, bot.ErrForbidden) {
		t.Errorf("a dismissed moderator changes the rules: %v", err)
	}
	r.must(alice.End(r.context()))
	for _, p := range []*bot.Person{alice, bob, carol} {
		if err := p.Wait(r.context()); !errors.Is(err, bot.ErrEnded) {
			t.Errorf("the end: %v", err)
		}
	}
}
