package people

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"paravent/bot"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
	"paravent/tests/meeting"
)

// lied lets somebody join by a server that lies to it alone.
func (r *room) lied(name string, lie meeting.Liar) (*bot.Person, *meeting.Between) {
	r.t.Helper()
	between := meeting.Lie(r.t, r.server, func() meeting.Liar { return lie })
	return r.come(r.link.Participant(between.Origin), name, func(o *bot.Options) { o.TLS = nil }).in(), between
}

func honest(m wire.ServerMessage) []wire.ServerMessage { return []wire.ServerMessage{m} }

// quiet says that nothing of a kind happens until a line is heard that is said
// now, by from.
func quiet[E bot.Event](r *room, p, from *bot.Person, unwanted func(E) bool) {
	r.t.Helper()
	r.must(from.Say("and then", nil))
	await(r, p, func(e bot.Event) bool {
		if one, ok := e.(E); ok && unwanted(one) {
			r.t.Errorf("%T: %+v", one, one)
		}
		said, ok := e.(bot.Said)
		return ok && said.Text == "and then"
	})
}

func TestConnectionBreaksAndComesBack(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	bob, between := r.lied("Bob", honest)
	epoch := r.agree(2, alice, bob)
	between.Cut()
	await(r, bob, func(e bot.Broken) bool { return e.Broken })
	await(r, bob, func(e bot.Broken) bool { return !e.Broken })
	r.must(bob.Say("here again", nil))
	await(r, alice, func(e bot.Said) bool { return e.Text == "here again" })
	if r.agree(2, alice, bob) != epoch {
		t.Error("the keys have changed for nothing")
	}
	// What is said while nothing can be sent goes when it can.
	between.Cut()
	await(r, bob, func(e bot.Broken) bool { return e.Broken })
	r.must(bob.Say("meanwhile", nil))
	await(r, alice, func(e bot.Said) bool { return e.Text == "meanwhile" })
}

func TestForgedStatementsHaveNoEffect(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	forge := func(m wire.ServerMessage) []wire.ServerMessage {
		acted, ok := m.(*wire.Acted)
		if !ok {
			return honest(m)
		}
		var all []wire.ServerMessage
		// Another order under the true signature; a true order of nobody.
		said, err := wire.DecodeStatement(acted.Signed.Statement)
		if err != nil {
			return honest(m)
		}
		for _, other := range []wire.Statement{
			&wire.End{Seq: moderation.SeqOf(said) + 1},
			&wire.Stop{Seq: moderation.SeqOf(said) + 2, Source: "microphone"},
			&wire.Policy{Seq: moderation.SeqOf(said) + 3, Version: 99, Unmoderated: "continue"},
		} {
			text, err := wire.EncodeStatement(other)
			if err != nil {
				continue
			}
			forged := acted.Signed
			forged.Statement = text
			all = append(all, &wire.Acted{Signed: forged})
		}
		turned := acted.Signed
		turned.Grant = append([]byte(nil), turned.Grant...)
		turned.Grant[100] ^= 1
		return append(all, &wire.Acted{Signed: turned}, m)
	}
	bob, _ := r.lied("Bob", forge)
	r.agree(2, alice, bob)
	r.must(alice.Change(r.context(), func(p *wire.Policy) { p.Share = false }))
	acted := await(r, bob, every[bot.Acted])
	if p, ok := acted.Statement.(*wire.Policy); !ok || p.Share || p.Version == 99 {
		t.Errorf("%+v", acted.Statement)
	}
	quiet(r, bob, alice, every[bot.Acted])
	if rules := bob.Rules(); rules.Version == 99 || rules.Share {
		t.Errorf("%+v", rules)
	}
}

func TestRepeatedAndReorderedStatementsHaveNoEffect(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	var mu sync.Mutex
	var kept []wire.ServerMessage
	var backwards atomic.Bool
	bob, _ := r.lied("Bob", func(m wire.ServerMessage) []wire.ServerMessage {
		if _, ok := m.(*wire.Acted); !ok {
			return honest(m)
		}
		mu.Lock()
		defer mu.Unlock()
		kept = append(kept, m)
		if backwards.Load() {
			if len(kept) < 2 {
				return nil
			}
			last := []wire.ServerMessage{kept[1], kept[0]}
			kept = nil
			return last
		}
		return append([]wire.ServerMessage(nil), kept...) // everything said before, again
	})
	r.agree(2, alice, bob)
	r.must(alice.Change(r.context(), func(p *wire.Policy) { p.Share = false }))
	r.must(alice.Change(r.context(), func(p *wire.Policy) { p.Share = true }))
	seen := 0
	await(r, bob, func(e bot.Acted) bool { seen++; return seen == 2 })
	quiet(r, bob, alice, every[bot.Acted])
	if !bob.Rules().Share {
		t.Error("rules of the past hold")
	}

	mu.Lock()
	kept = nil
	mu.Unlock()
	backwards.Store(true)
	r.must(alice.Change(r.context(), func(p *wire.Policy) { p.Quiet = true }))
	r.must(alice.Change(r.context(), func(p *wire.Policy) { p.Quiet = false }))
	await(r, bob, func(e bot.Acted) bool { p, ok := e.Statement.(*wire.Policy); return ok && !p.Quiet })
	quiet(r, bob, alice, every[bot.Acted])
	if bob.Rules().Quiet {
		t.Error("the earlier of two rules holds")
	}
}

func TestDroppedStatements(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	alice := r.open("Alice")
	bob, _ := r.lied("Bob", func(m wire.ServerMessage) []wire.ServerMessage {
		if _, ok := m.(*wire.Acted); ok {
			return nil
		}
		return honest(m)
	})
	carol := r.guest("Carol")
	r.agree(3, alice, bob, carol)
	// He is not shown the order, but the commit that carries it out has it.
	r.must(alice.Remove(r.context(), carol.Self(), bot.Removed))
	acted := await(r, bob, every[bot.Acted])
	if _, ok := acted.Statement.(*wire.Remove); !ok || acted.By != alice.Self() {
		t.Errorf("%+v", acted)
	}
	r.agree(2, alice, bob)
	// Who comes later is told the rules by whoever adds it.
	dave := r.admitted(alice, "Dave")
	r.agree(3, alice, bob, dave)
	if rules := dave.Rules(); len(rules.Barred) != 1 || !rules.Lobby {
		t.Errorf("%+v", rules)
	}
}

func TestOrdersThatDoNotComeBackAreTold(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	between := meeting.Lie(t, r.server, func() meeting.Liar {
		return func(m wire.ServerMessage) []wire.ServerMessage {
			if _, ok := m.(*wire.Acted); ok {
				return nil
			}
			return honest(m)
		}
	})
	text, err := r.link.String(between.Origin)
	r.must(err)
	alice := r.come(text, "Alice", func(o *bot.Options) {
		o.TLS, o.Rules = nil, &wire.Policy{Chat: true, Unmoderated: "lock"}
	}).in()
	start := time.Now()
	if err := alice.Stop(r.context(), nil, "microphone"); !errors.Is(err, bot.ErrUnconfirmed) || time.Since(start) < 4*time.Second {
		t.Errorf("%v", err)
	}
}

func TestServerAloneLetsNobodyIn(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	// What moderators have signed for the newcomer is kept from whoever commits.
	hide := func(m wire.ServerMessage) []wire.ServerMessage {
		if n, ok := m.(*wire.Nominate); ok {
			n.Admissions, n.Grants = nil, nil
		}
		return honest(m)
	}
	between := meeting.Lie(t, r.server, func() meeting.Liar { return hide })
	text, err := r.link.String(between.Origin)
	r.must(err)
	alice := r.come(text, "Alice", func(o *bot.Options) {
		o.TLS, o.Rules = nil, &wire.Policy{Chat: true, Unmoderated: "lock"}
	}).in()
	bob, _ := r.lied("Bob", hide)
	r.agree(2, alice, bob)
	r.must(alice.Change(r.context(), func(p *wire.Policy) { p.Lobby = true }))
	await(r, bob, func(e bot.Ruled) bool { return e.Rules.Lobby })
	mallory := r.come(r.participantLink(), "Mallory").waiting("admission")
	k := await(r, alice, every[bot.Knocked])
	r.must(alice.Admit(r.context(), k.Person))
	if err := mallory.refused(); !errors.Is(err, bot.ErrProtocol) {
		t.Errorf("the end: %v", err) // given up by the server, after three nominees
	}
	if len(alice.Members()) != 2 || len(bob.Members()) != 2 {
		t.Error("somebody is in whom nobody was shown to be admitted")
	}
}

func TestNothingIsSentWhileARemovalIsInDoubt(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	var hide atomic.Bool
	between := meeting.Lie(t, r.server, func() meeting.Liar {
		return func(m wire.ServerMessage) []wire.ServerMessage {
			switch m.(type) {
			case *wire.Acted, *wire.Committed, *wire.Left:
				if hide.Load() {
					return nil
				}
			}
			return honest(m)
		}
	})
	text, err := r.link.String(between.Origin)
	r.must(err)
	alice := r.come(text, "Alice", func(o *bot.Options) {
		o.TLS, o.Rules = nil, &wire.Policy{Chat: true, Unmoderated: "lock"}
	}).in()
	bob := r.guest("Bob")
	r.agree(2, alice, bob)
	microphone, err := alice.Publish(r.context(), bot.Microphone, bot.Opus)
	r.must(err)
	r.must(microphone.Write(sound(0)))
	hide.Store(true)
	if err := alice.Remove(r.context(), bob.Self(), bot.Removed); !errors.Is(err, bot.ErrUnconfirmed) {
		t.Errorf("%v", err)
	}
	ctx := r.context()
	for err = microphone.Write(sound(1)); err == nil && ctx.Err() == nil; err = microphone.Write(sound(1)) {
		<-time.After(10 * time.Millisecond)
	}
	if !errors.Is(err, bot.ErrForbidden) {
		t.Errorf("goes on sending: %v", err)
	}
}
