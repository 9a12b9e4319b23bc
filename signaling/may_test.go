package signaling

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"paravent/signaling/wire"
)

// TestMayIsTheTableOfTheProtocol compares the whole table with what
// PROTOCOL.md says, written down a second time.
func TestMayIsTheTableOfTheProtocol(t *testing.T) {
	roles := []role{roleWaiting, roleViewer, roleParticipant, roleModerator, roleHolder}
	for do, want := range map[action]string{ // waiting, viewer, participant, moderator, holder
		doKnock:    "x....",
		doTakePart: ".xxxx",
		doPublish:  "..xxx",
		doRules:    "...xx",
		doRenew:    "....x",
		doAdmit:    "...xx",
		doDeny:     "...xx",
		doNote:     "...xx",
		doRemove:   "...xx",
		doUnseat:   "....x",
		doStop:     "...xx",
		doAppoint:  "....x",
		doEnd:      "...xx",
	} {
		for i, r := range roles {
			if got := may(r, do); got != (want[i] == 'x') {
				t.Errorf("may(%d, %d) = %v", r, do, got)
			}
		}
	}
	if len(allowed) != int(doEnd)+1 {
		t.Error("an action without a row")
	}
}

// everyOrder is one of every kind, filled so that it would have an effect in
// the room that cast makes, in the order of the actions it needs.
func everyOrder(target string, seq uint64) []wire.Statement {
	id := named(target)
	policy := rules(2)
	policy.Seq, policy.Quiet = seq, true
	renewed := rules(2)
	renewed.Seq, renewed.Generation = seq, &wire.Generation{Number: 1, Key: public(keyOf("g"))}
	return []wire.Statement{
		policy, renewed,
		&wire.Admit{Seq: seq, Until: milliseconds(time.Now().Add(time.Hour)), People: []wire.Admitted{admitted("waiter")}},
		&wire.Deny{Seq: seq, Person: id[:]},
		&wire.Note{Seq: seq, Person: id[:], Box: []byte("x")},
		&wire.Remove{Seq: seq, Person: id[:], How: "ban"},
		&wire.Remove{Seq: seq, Person: id[:], How: "lobby"},
		&wire.Stop{Seq: seq, Source: "microphone"},
		&wire.Appoint{Seq: seq},
		&wire.End{Seq: seq},
	}
}

// cast is a room with somebody in every role.
func cast(h *house) map[role]*visitor {
	h.t.Helper()
	all := h.seated("A", "mod", "part", "target")
	all[0].appoints(all[1])
	viewer := h.who("viewer").withTicket("seat", "phone", ticketViewer|ticketMany)
	if err := viewer.come(); err != nil {
		h.t.Fatal(err)
	}
	all[0].lays(func(p *wire.Policy) { p.Lobby, p.Version = true, 1 }) // no later version: it is a holder's, but has no effect
	return map[role]*visitor{roleHolder: all[0], roleModerator: all[1], roleParticipant: all[2], roleViewer: viewer}
}

// TestEveryRoleAndEveryOrder gives every order in every role: as one's own,
// forged with the proof of somebody who may, and played again by its author
// and by somebody else.
func TestEveryRoleAndEveryOrder(t *testing.T) {
	needs := []action{doRules, doRenew, doAdmit, doDeny, doNote, doRemove, doRemove, doStop, doAppoint, doEnd}
	for i, need := range needs {
		for _, as := range []role{roleViewer, roleParticipant, roleModerator, roleHolder} {
			inHouse(t, Limits{}, func(h *house) {
				all := cast(h)
				author, holder := all[as], all[roleHolder]
				seq := uint64(100)
				anew := func() wire.Statement {
					s := everyOrder("target", seq)[i]
					if a, ok := s.(*wire.Appoint); ok {
						a.Grant = h.keys.appoint("part", public(keyOf("kem part")), time.Now().Add(time.Hour))
					}
					return s
				}
				drain(all)
				forged := holder.signs(anew()) // signed by one who may, sent by another
				if as != roleHolder {
					author.send(forged)
					if told := toldOf(all); told != 0 {
						t.Errorf("order %d of role %d, forged: %d were told", i, as, told)
					}
				}
				author.send(author.signs(anew()))
				told := toldOf(all)
				if (told > 0) != may(as, need) {
					t.Errorf("order %d of role %d: %d were told", i, as, told)
				}
				if need == doEnd && told > 0 {
					return // there is nobody to play it to
				}
				author.send(author.signs(anew())) // played again
				if told := toldOf(all); told != 0 {
					t.Errorf("order %d of role %d, played again: %d were told", i, as, told)
				}
			})
		}
	}
}

func drain(all map[role]*visitor) {
	for _, v := range all {
		v.got()
	}
}

// toldOf says how many have been shown an order since last asked.
func toldOf(all map[role]*visitor) (n int) {
	for _, v := range all {
		if slices.ContainsFunc(v.got(), func(told string) bool { return len(told) > 6 && told[:6] == "acted " }) {
			n++
		}
	}
	return n
}

// TestEveryRoleAndEveryMessage says every message that a room hears in every
// role, and looks at what came of it.
func TestEveryRoleAndEveryMessage(t *testing.T) {
	target := named("target")
	messages := []wire.ClientMessage{
		&wire.Knock{Boxes: []wire.Box{{KEMKey: random(32), Sealed: []byte("x")}}},
		&wire.Ready{}, &wire.Commit{Epoch: 77, Commit: []byte("c")}, &wire.Resync{KeyPackage: []byte("kp")},
		&wire.Data{Body: []byte("x")}, &wire.Publish{SDP: "x"}, &wire.Subscribe{}, &wire.Answer{SDP: "x"},
		&wire.Watch{Slot: "1", Person: target[:], Mid: "0", Size: "large", Priority: "medium"},
	}
	for _, m := range messages {
		inHouse(t, Limits{}, func(h *house) {
			all := cast(h)
			for as, v := range all {
				h.media.asked()
				v.say(m)
				if as == roleViewer && actionOf(m) == doPublish {
					h.media.want(t)
				}
			}
			synctest.Wait()
			for as, v := range all {
				if v.mail.ended() {
					t.Errorf("%T ended the stay of role %d", m, as)
				}
			}
		})
		inHouse(t, Limits{}, func(h *house) {
			h.law = lobby()
			h.come("A")
			b := h.come("b")[0]
			h.media.asked()
			b.say(m)
			h.media.want(t)
			if told := b.got(); slices.Contains(told, "close 4000") == may(roleWaiting, actionOf(m)) {
				t.Errorf("%T of one who waits: %q", m, told)
			}
		})
	}
}

func TestAnOrderOfOneWhoWaitsEndsItsVisit(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law = lobby()
		a := h.come("A")[0]
		b := h.come("b")[0]
		b.send(a.signs(&wire.End{Seq: 9}))
		b.want("waiting admission+", "close 4000")
		a.want("joined found")
	})
}
