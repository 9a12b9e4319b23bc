package people

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"paravent/bot"
	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

// code is the refusal that an error is; empty: it is none.
func code(err error) wire.Code {
	if refused, ok := errors.AsType[*bot.RefusedError](err); ok {
		return refused.Code
	}
	return ""
}

func TestRemovedComesBackOnlyWhenAdmitted(t *testing.T) {
	t.Parallel()
	for how, end := range map[bot.How]error{bot.Removed: bot.ErrRemoved, bot.Banned: bot.ErrBanned, bot.BackToLobby: bot.ErrLobby} {
		t.Run(string(how), func(t *testing.T) {
			r := newRoom(t)
			alice := r.open("Alice")
			bob, mallory := r.guest("Bob"), r.guest("Mallory")
			r.agree(3, alice, bob, mallory)
			r.must(alice.Remove(r.context(), mallory.Self(), how))
			if err := mallory.Wait(r.context()); !errors.Is(err, end) {
				t.Errorf("the end: %v", err)
			}
			r.agree(2, alice, bob)
			acted := await(r, bob, func(e bot.Acted) bool { _, ok := e.Statement.(*wire.Remove); return ok })
			if acted.By != alice.Self() {
				t.Errorf("removed by %v", acted.By)
			}
			if rules := bob.Rules(); !rules.Lobby || len(rules.Barred) != 1 || rules.Banned != (how == bot.Banned) {
				t.Errorf("%+v", rules)
			}
			// The link alone does not help any more: she knocks, under another name.
			again := r.come(r.participantLink(), "Innocent").waiting("admission")
			k := await(r, alice, every[bot.Knocked])
			r.must(alice.Deny(r.context(), k.Person))
			if got := code(again.refused()); got != wire.CodeDenied {
				t.Errorf("denied: %q", got)
			}
		})
	}
}

func TestBannedKeyNeverReturns(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	mallory := r.guest("Mallory")
	r.agree(2, alice, mallory)
	stay, err := mallory.Stay()
	r.must(err)
	r.must(alice.Remove(r.context(), stay.Person, bot.Banned))
	r.agree(1, alice)
	// With the resume token, and then with the same key and no token that holds.
	for range 2 {
		err := r.come(r.participantLink(), "Mallory", func(o *bot.Options) { o.Stay = stay }).refused()
		if got := code(err); got != wire.CodeExpired && !errors.Is(err, bot.ErrReplayed) {
			t.Errorf("the stay goes on: %v", err)
		}
	}
	if m := alice.Members(); len(m) != 1 {
		t.Errorf("%d members", len(m))
	}
}

func TestPassphrase(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.come(r.moderatorLink(), "Alice", func(o *bot.Options) {
		o.Passphrase, o.Rules = "correct horse", &wire.Policy{Chat: true, Unmoderated: "lock"}
	}).in()
	with := func(words string) func(*bot.Options) { return func(o *bot.Options) { o.Passphrase = words } }
	if got := code(r.come(r.participantLink(), "Bob").refused()); got != wire.CodePassphrase {
		t.Errorf("none: %q", got)
	}
	if got := code(r.come(r.participantLink(), "Bob", with("wrong horse")).refused()); got != wire.CodePassphrase {
		t.Errorf("wrong: %q", got)
	}
	bob := r.come(r.participantLink(), "Bob", with("correct horse")).in()
	r.agree(2, alice, bob)
}

func TestTickets(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice", withLobby, func(p *wire.Policy) { p.Tickets = true })
	if got := code(r.come(r.participantLink(), "Bob").refused()); got != wire.CodeTicket {
		t.Errorf("none: %q", got)
	}
	device := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(device)
	on := func(seed []byte) func(*bot.Options) {
		return func(o *bot.Options) { o.Device = ed25519.NewKeyFromSeed(seed) }
	}
	text, key := r.ticket("for Bob", link.Invitation{})
	j := r.come(text, "Bob", on(device)).waiting("admission")
	k := await(r, alice, every[bot.Knocked])
	if k.Name != "Bob" || !k.Ticket || k.Label != "for Bob" || k.Viewer {
		t.Errorf("%+v", k)
	}
	r.must(alice.Admit(r.context(), k.Person))
	bob := j.in()
	r.agree(2, alice, bob)
	if got := code(r.come(text, "Another", on(make([]byte, 32))).refused()); got != wire.CodeUsed {
		t.Errorf("on another device: %q", got)
	}

	late := uint64(time.Now().Add(-time.Minute).UnixMilli())
	text, _ = r.ticket("late", link.Invitation{NotAfter: late})
	if got := code(r.come(text, "Late").refused()); got != wire.CodeLate {
		t.Errorf("past: %q", got)
	}
	early := uint64(time.Now().Add(time.Hour).UnixMilli())
	text, _ = r.ticket("early", link.Invitation{NotBefore: early})
	if got := code(r.come(text, "Early").refused()); got != wire.CodeEarly {
		t.Errorf("to come: %q", got)
	}

	text, _ = r.ticket("audience", link.Invitation{Viewer: true, Many: true})
	for _, name := range []string{"One", "Two"} {
		j := r.come(text, name).waiting("admission")
		k := await(r, alice, func(e bot.Knocked) bool { return e.Name == name })
		if !k.Viewer {
			t.Errorf("%+v", k)
		}
		r.must(alice.Admit(r.context(), k.Person))
		viewer := j.in()
		if err := viewer.Say("x", nil); !errors.Is(err, bot.ErrViewer) {
			t.Errorf("a viewer writes: %v", err)
		}
		if _, err := viewer.Publish(r.context(), bot.Microphone, bot.Opus); !errors.Is(err, bot.ErrViewer) {
			t.Errorf("a viewer speaks: %v", err)
		}
		r.must(viewer.RaiseHand(true))
		await(r, bob, func(e bot.Hand) bool { return e.Person == viewer.Self() && e.Up })
	}

	// A ban bars the ticket, on whatever device.
	r.must(alice.Remove(r.context(), bob.Self(), bot.Banned))
	if err := bob.Wait(r.context()); !errors.Is(err, bot.ErrBanned) {
		t.Errorf("the end: %v", err)
	}
	text = r.text(&link.Link{Secret: r.link.Secret, Moderators: r.link.Moderators, Ticket: key})
	if got := code(r.come(text, "Bob", on(device)).refused()); got != wire.CodeBarred {
		t.Errorf("with the ticket of somebody who was banned: %q", got)
	}
}

// ticket makes the link of a ticket.
func (r *room) ticket(label string, what link.Invitation) (string, *link.Ticket) {
	r.t.Helper()
	m, err := link.NewModerator(*r.link.Moderator)
	r.must(err)
	derived, err := r.link.Room()
	r.must(err)
	ticket, err := link.NewTicket(m, derived.ID, what, label, rand.Reader)
	r.must(err)
	return r.text(&link.Link{Secret: r.link.Secret, Moderators: r.link.Moderators, Ticket: ticket}), ticket
}

func TestNewLinkReplacesTheOld(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	bob := r.guest("Bob")
	r.agree(2, alice, bob)
	old := r.participantLink()
	r.must(alice.Renew(r.context()))
	await(r, bob, func(e bot.Renewed) bool { return e.Generation == 1 })
	if bob.Link() == old || bob.Link() != alice.Link() {
		t.Error("the link is not the new one")
	}
	if got := code(r.come(old, "Late").refused()); got != wire.CodeGeneration {
		t.Errorf("with the old link: %q", got)
	}
	carol := r.come(bob.Link(), "Carol").in()
	r.agree(3, alice, bob, carol)
	r.must(alice.Renew(r.context()))
	await(r, carol, func(e bot.Renewed) bool { return e.Generation == 2 })
	dave := r.come(carol.Link(), "Dave").in()
	r.agree(4, alice, bob, carol, dave)
}

func TestTakesUpItsStay(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice", withLobby)
	bob := r.admitted(alice, "Bob")
	before := r.agree(2, alice, bob)
	stay, err := bob.Stay()
	r.must(err)
	again := r.come(r.participantLink(), "Bob", func(o *bot.Options) { o.Stay = stay }).in()
	if again.Self() != stay.Person {
		t.Error("another person")
	}
	if after := r.agree(2, alice, again); after <= before {
		t.Error("the keys are the same")
	}
	r.must(again.Say("here again", nil))
	await(r, alice, func(e bot.Said) bool { return e.Text == "here again" && e.From == stay.Person })
	// The stay that was taken up is used: a copy ends both.
	err = r.come(r.participantLink(), "Copy", func(o *bot.Options) { o.Stay = stay }).refused()
	if !errors.Is(err, bot.ErrReplayed) && code(err) != wire.CodeExpired {
		t.Errorf("a copy: %v", err)
	}
	if err := again.Wait(r.context()); !errors.Is(err, bot.ErrReplayed) {
		t.Errorf("the stay that was copied: %v", err)
	}
	await(r, alice, func(e bot.Warned) bool { return e.Of == "replay" })
}

func TestWhoIsInWaitsAgainWhenTheLobbyIsTurnedOn(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	bob := r.guest("Bob")
	r.agree(2, alice, bob)
	r.must(alice.Change(r.context(), func(p *wire.Policy) { p.Lobby = true }))
	r.agree(2, alice, bob) // who is a member stays
	carol := r.come(r.participantLink(), "Carol").waiting("admission")
	r.must(alice.Change(r.context(), func(p *wire.Policy) { p.Lobby, p.Locked = false, true }))
	carol.waiting("lock")
	r.must(alice.Change(r.context(), func(p *wire.Policy) { p.Locked = false }))
	r.agree(3, alice, bob, carol.in())
}
