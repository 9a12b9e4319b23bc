package signaling

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"paravent/signaling/wire"
)

// TestGauntlet is what somebody who was banned may try, and what the server
// says to each of it. The ban is two orders: a policy that turns the lobby on
// and bars the keys, and the removal.
func TestGauntlet(t *testing.T) {
	for name, try := range map[string]func(h *house, banned *visitor) (*visitor, error){
		"a reload": func(_ *house, b *visitor) (*visitor, error) { return b, b.back(2) },
		"an old resume token": func(_ *house, b *visitor) (*visitor, error) {
			old := *b
			old.token = b.last[0].(*wire.Joined).Token
			return b, old.back(0)
		},
		"the ticket once more": func(h *house, _ *visitor) (*visitor, error) {
			v := h.who("b2").withTicket("ticket", "laptop", 0)
			return v, v.come()
		},
		"the ticket on another device": func(h *house, _ *visitor) (*visitor, error) {
			v := h.who("b2").withTicket("ticket", "phone", 0)
			return v, v.come()
		},
		"another ticket on the same device": func(h *house, _ *visitor) (*visitor, error) {
			v := h.who("b2").withTicket("another", "laptop", 0)
			return v, v.come()
		},
		"a new browser": func(h *house, _ *visitor) (*visitor, error) { v := h.who("b2"); return v, v.come() },
		"a copied link": func(h *house, _ *visitor) (*visitor, error) { v := h.who("b3"); return v, v.come() },
		"another address": func(h *house, _ *visitor) (*visitor, error) {
			v := h.who("b4")
			v.entry.network = 99
			return v, v.come()
		},
		"the same person and key": func(h *house, _ *visitor) (*visitor, error) { v := h.who("b"); return v, v.come() },
		"someone else's ticket": func(h *house, _ *visitor) (*visitor, error) {
			v := h.who("b5").withTicket("c's", "laptop 2", 0)
			return v, v.come()
		},
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, Limits{}, func(h *house) {
				a, c := h.come("A")[0], h.who("c").withTicket("c's", "c's laptop", 0)
				b := h.who("b").withTicket("ticket", "laptop", 0)
				for _, v := range []*visitor{c, b} {
					if err := v.come(); err != nil {
						t.Fatal(err)
					}
					v.got()
				}
				a.lays(func(p *wire.Policy) {
					p.Lobby, p.Banned = true, true
					for _, key := range []string{"b", "ticket", "laptop"} {
						m := markOf(publicKey(public(keyOf(key))))
						p.Barred = append(p.Barred, m[:])
					}
				})
				a.removes("b", "ban")
				synctest.Wait()
				h.media.asked()
				v, err := try(h, b)
				if err == nil {
					v.want("waiting admission+") // no nearer than the lobby
				} else if no := (refusal{}); !errors.As(err, &no) {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				h.media.want(t) // and no media, however long
				if r := a.room; r.people[v.entry.person] != nil {
					t.Error("is in the room")
				}
			})
		})
	}
}

// TestModeratorLinkOfAnotherRoom: its proofs are those of another room, and do
// not even reach this one.
func TestModeratorLinkOfAnotherRoom(t *testing.T) {
	here, there, nonce := newKeys(t), newKeys(t), random(wire.NonceSize)
	for name, j := range map[string]*wire.Join{
		"its grant": func() *wire.Join {
			j := here.proof(nonce, "B")
			j.Moderator = there.proof(nonce, "B").Moderator
			return j
		}(),
		"its room with our id": func() *wire.Join {
			j := there.proof(nonce, "B")
			j.Room = here.room
			return j
		}(),
		"its policy": func() *wire.Join {
			j := here.proof(nonce, "B")
			signed := there.signed("B", rules(9))
			j.Policy = &signed
			return j
		}(),
	} {
		if _, code := prove(j, nonce, nil, time.Now()); code != wire.CodeProof {
			t.Errorf("%s: %q", name, code)
		}
	}
}

func TestTicketsAtTheDoor(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law.Tickets = true
		a := h.come("A")[0]
		if err := h.who("b").come(); !errors.Is(err, refusal{code: wire.CodeTicket}) {
			t.Errorf("without: %v", err)
		}
		early, late := h.who("early").withTicket("early", "d1", 0), h.who("late").withTicket("late", "d2", 0)
		early.entry.ticket.notBefore = milliseconds(time.Now().Add(time.Minute))
		late.entry.ticket.notAfter = milliseconds(time.Now().Add(-time.Minute))
		if err := early.come(); !errors.Is(err, refusal{wire.CodeEarly, time.Minute}) {
			t.Errorf("early: %v", err)
		}
		if err := late.come(); !errors.Is(err, refusal{code: wire.CodeLate}) {
			t.Errorf("late: %v", err)
		}
		once := h.who("once").withTicket("once", "laptop", 0)
		if err := once.come(); err != nil {
			t.Fatal(err)
		}
		if err := h.who("thief").withTicket("once", "phone", 0).come(); !errors.Is(err, refusal{code: wire.CodeUsed}) {
			t.Errorf("used: %v", err)
		}
		again := h.who("again").withTicket("once", "laptop", 0) // a page that has lost its token
		if err := again.come(); err != nil {
			t.Fatal(err)
		}
		once.want("joined A", "close 4004")
		again.want("joined A")
		a.want("joined found", "arrived once", "nominate 0 +once", "left once", "arrived again")
		for _, name := range []string{"x", "y"} {
			if err := h.who(name).withTicket("many", name, ticketMany).come(); err != nil {
				t.Errorf("many uses: %v", err)
			}
		}
		a.lays(func(p *wire.Policy) {
			m := markOf(publicKey(public(keyOf("once"))))
			p.Barred = [][]byte{m[:]} // revoked
		})
		again.lose()
		if err := again.back(0); !errors.Is(err, refusal{code: wire.CodeExpired}) {
			t.Errorf("coming back with a revoked ticket: %v", err)
		}
		h.come("B")[0].got() // moderators need none
	})
}

func TestOldLinksAreReplaced(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		a := h.come("A")[0]
		key := public(keyOf("generation 1"))
		early := h.come("early")[0] // in already: stays
		a.lays(func(p *wire.Policy) { p.Generation = &wire.Generation{Number: 1, Key: key} })
		synctest.Wait()
		early.want("joined A", "acted policy 2")
		if err := h.who("b").come(); !errors.Is(err, refusal{code: wire.CodeGeneration}) {
			t.Errorf("the first link: %v", err)
		}
		other := h.who("c")
		other.entry.generation = &wire.GenerationProof{Number: 1, Key: public(keyOf("another"))}
		if err := other.come(); !errors.Is(err, refusal{code: wire.CodeGeneration}) {
			t.Errorf("another key: %v", err)
		}
		other.entry.generation.Key = key
		if err := other.come(); err != nil {
			t.Errorf("the new link: %v", err)
		}
		h.come("B")[0].want("joined A c early") // moderators' links never change
	})
}

func TestPassphraseIsSlowedDown(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		words, wrong := publicKey(public(keyOf("words"))), publicKey{1}
		h.law.Passphrase = words[:]
		h.come("A")
		guess := func(key *publicKey, network uint64) error {
			v := h.who("guesser")
			v.entry.passphrase, v.entry.network = key, network
			return v.come()
		}
		if err := guess(nil, 5); !errors.Is(err, refusal{code: wire.CodePassphrase}) {
			t.Errorf("none: %v", err)
		}
		for range slowFree {
			if err := guess(&wrong, 5); !errors.Is(err, refusal{code: wire.CodePassphrase}) {
				t.Errorf("wrong: %v", err)
			}
		}
		if err := guess(&wrong, 5); !errors.Is(err, refusal{wire.CodePassphrase, slowFirst}) {
			t.Errorf("one too many: %v", err)
		}
		if err := guess(&words, 5); !errors.Is(err, refusal{wire.CodeThrottled, slowFirst}) {
			t.Errorf("looked at too early: %v", err)
		}
		if err := guess(&words, 6); err != nil { // from elsewhere
			t.Errorf("right: %v", err)
		}
	})
}
