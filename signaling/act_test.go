package signaling

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"paravent/signaling/wire"
)

func TestRemoveBanAndBackToTheLobby(t *testing.T) {
	for how, why := range map[string]string{"remove": "removed", "ban": "banned", "lobby": "lobby"} {
		t.Run(how, func(t *testing.T) {
			inHouse(t, Limits{}, func(h *house) {
				all := h.seated("A", "b", "c")
				a, b, c := all[0], all[1], all[2]
				h.media.asked()
				a.removes("b", how)
				b.want("acted "+how+" b", "over "+why, "close 4003")
				h.media.want(t, "close 2") // at once
				told := append(a.got(), c.got()...)
				want := []string{"acted " + how + " b", "left b", "acted " + how + " b", "left b", "nominate 2 -b"}
				if !slices.Equal(told, want) {
					t.Errorf("the others were told\n\t%q, want\n\t%q", told, want)
				}
				if err := b.back(2); !errors.Is(err, refusal{code: wire.CodeExpired}) {
					t.Errorf("its token: %v", err)
				}
			})
		})
	}
}

func TestOneWhoIsAwayIsRemovedToo(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		all[1].lose()
		all[0].removes("b", "remove")
		all[2].want("away b", "acted remove b", "left b", "nominate 2 -b")
		if err := all[1].back(2); !errors.Is(err, refusal{code: wire.CodeExpired}) {
			t.Errorf("its token: %v", err)
		}
		all[0].removes("b", "remove") // gone already: its author is answered all the same
		all[0].want("away b", "acted remove b", "left b", "acted remove b")
	})
}

func TestTwoModeratorsActAtOnce(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "B", "c")
		a, b, c := all[0], all[1], all[2]
		locked, quiet := *h.law, *h.law
		locked.Version, locked.Locked = 2, true
		quiet.Version, quiet.Quiet = 2, true
		a.order(&locked)
		b.order(&quiet) // it lost the race
		c.want("acted policy 2")
		a.want("acted policy 2")
		b.want("acted policy 2")
		quiet = locked // it applies its change to the winner
		quiet.Version, quiet.Quiet = 3, true
		b.order(&quiet)
		c.want("acted policy 3")
		synctest.Wait()
		if p := c.room.rules.policy; !p.Locked || !p.Quiet {
			t.Errorf("%+v: one of the changes is lost", p)
		}
		a.removes("c", "remove")
		b.removes("c", "remove")
		c.want("acted remove c", "over removed", "close 4003")
	})
	inHouse(t, Limits{}, func(h *house) {
		h.law = lobby()
		all := h.come("A", "B", "c")
		a, b, c := all[0], all[1], all[2]
		a.admits("c")
		b.denies("c") // too late
		c.want("waiting admission+", "acted admit c", "joined A B", "acted deny c")
		b.got()
		a.admits("c")
		c.want("acted admit c")
	})
}

func TestOrdersThatHaveNoEffect(t *testing.T) {
	quiet := func() *wire.Policy { p := rules(2); p.Quiet = true; return p }
	b := named("b")
	for name, act := range map[string]func(h *house, a, b, c *visitor){
		"of a participant": func(_ *house, _, b, _ *visitor) { b.order(quiet()) },
		"of somebody else": func(_ *house, a, b, _ *visitor) { s := quiet(); s.Seq = 9; b.send(a.signs(s)) },
		"with a number once more": func(_ *house, a, _, _ *visitor) {
			s := quiet()
			s.Seq = 1
			a.seq = 1
			a.send(a.signs(&wire.Stop{Seq: 1, Source: "hand"}))
			a.send(a.signs(s))
		},
		"an old policy": func(_ *house, a, _, _ *visitor) { s := quiet(); s.Version = 1; a.order(s) },
		"with a grant that is past": func(_ *house, a, _, _ *visitor) {
			a.grant = a.h.keys.appoint("A", a.h.keys.kem, time.Now().Add(-time.Minute))
			a.order(quiet())
		},
		"with another's grant": func(h *house, a, _, _ *visitor) {
			a.grant = h.keys.appoint("A", public(keyOf("kem")), time.Now().Add(time.Hour))
			a.entry.person = b
			a.order(&wire.Appoint{Grant: h.keys.grant("b")})
		},
		"of a removed moderator": func(_ *house, a, _, c *visitor) { a.leave(); a.order(quiet()) },
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, Limits{}, func(h *house) {
				all := h.seated("A", "b", "c")
				room := all[0].room
				act(h, all[0], all[1], all[2])
				synctest.Wait()
				if p := room.rules.policy; p.Quiet || p.Version != 1 {
					t.Errorf("the policy is %+v", p)
				}
				if p := room.people[b]; p != nil && p.grant != nil {
					t.Error("b is a moderator")
				}
				for _, told := range all[2].got() {
					if told == "acted policy 2" {
						t.Error("told to others")
					}
				}
			})
		})
	}
}

func TestNoteGoesToItsRecipientAlone(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "B", "c")
		all[0].lays(func(p *wire.Policy) { p.Lobby = true })
		d, e := h.come("d")[0], h.come("e")[0]
		for _, v := range append(all, d, e) {
			v.got()
		}
		id := named("d")
		all[0].order(&wire.Note{Person: id[:], Box: []byte("soon")})
		all[0].want("acted note d")
		d.want("acted note d")
		for _, v := range []*visitor{all[1], all[2], e} {
			v.want()
		}
	})
}

func TestStopIsOnlyPassedOn(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		h.media.asked()
		id := named("b")
		all[0].order(&wire.Stop{Person: id[:], Source: "camera"})
		all[0].order(&wire.Stop{Source: "microphone"})
		for _, v := range all {
			v.want("acted stop camera b", "acted stop microphone")
		}
		h.media.want(t)
	})
}

func TestEndForAll(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		all[0].lays(func(p *wire.Policy) { p.Lobby, p.Unmoderated = true, goesOn })
		c := h.come("c")[0]
		all[0].order(&wire.End{})
		all[0].want("acted policy 2", "acted end", "over ended", "close 4008")
		all[1].want("acted policy 2", "acted end", "over ended", "close 4008")
		c.want("waiting admission+", "acted end", "over ended", "close 4008")
		if counts := h.hub.Counts(); counts != (Counts{}) {
			t.Errorf("%+v, want an empty hub", counts)
		}
		h.come("d")[0].want("waiting moderator") // an ended meeting does not go on by itself
	})
}

func TestSilenceReachesTheMediaPlane(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		a, b := all[0], all[1]
		h.media.asked()
		idB, idC := named("b"), named("c")
		a.lays(func(p *wire.Policy) { p.Silenced = [][]byte{idB[:]} })
		h.media.want(t, "silence 2 true")
		a.lays(func(p *wire.Policy) { p.Silenced, p.Quiet, p.Speakers = nil, true, [][]byte{idB[:]} })
		asked := h.media.asked()
		slices.Sort(asked)
		if want := []string{"silence 2 false", "silence 3 true"}; !slices.Equal(asked, want) {
			t.Errorf("asked %q, want %q", asked, want)
		}
		h.come("d")
		h.media.want(t, "open 4", "silence 4 true")
		a.lays(func(p *wire.Policy) { p.Speakers = [][]byte{idC[:]} })
		asked = h.media.asked()
		slices.Sort(asked)
		if want := []string{"silence 2 true", "silence 3 false"}; !slices.Equal(asked, want) {
			t.Errorf("asked %q, want %q", asked, want)
		}
		a.appoints(b) // moderators may always speak
		h.media.want(t, "silence 2 false")
		b.lose()
		time.Sleep(leafGrace + time.Second)
		h.media.want(t, "close 2")
		if err := b.back(2); err != nil {
			t.Fatal(err)
		}
		h.media.want(t, "open 5")
	})
}

func TestViewersReceiveOnly(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		a := h.seated("A")[0]
		v := h.who("v").withTicket("seat", "phone", ticketViewer|ticketMany)
		if err := v.come(); err != nil {
			t.Fatal(err)
		}
		a.want("arrived v(viewer)", "nominate 0 +v")
		a.commit(0, "+v")
		v.want("joined A", "welcome 1")
		h.media.asked()
		v.say(&wire.Publish{SDP: "offer"})
		v.say(&wire.Subscribe{})
		v.want("lost publish")
		h.media.want(t, "subscribe 2 25")
		h.come("c")
		time.Sleep(time.Second)
		a.want("committed 0", "arrived c", "nominate 1 +c") // not the viewer's turn, though A was last
		time.Sleep(nominationTime)
		v.want("arrived c")
		v.commit(1, "+c")
		v.want("committed 1") // it may all the same
		a.appoints(v)
		synctest.Wait()
		if v.room.people[named("v")].grant != nil {
			t.Error("a viewer became a moderator")
		}
	})
}

func TestOnlyHoldersOfTheModeratorLinkAppointAndRenew(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		a, b, c := all[0], all[1], all[2]
		a.appoints(b)
		c.want("acted appoint b")
		b.appoints(c)
		generation := &wire.Generation{Number: 1, Key: public(keyOf("generation"))}
		next := *h.law
		next.Version, next.Generation = 2, generation
		b.order(&next)
		jump := *h.law
		jump.Version = 99
		b.order(&jump)
		bars := *h.law
		m := markOf(publicKey(public(keyOf("A"))))
		bars.Version, bars.Barred = 2, [][]byte{m[:]}
		b.order(&bars)
		b.removes("A", "remove")
		c.want()
		a.order(&next)
		c.want("acted policy 2")
		a.removes("b", "remove")
		c.want("acted remove b", "left b", "nominate 2 -b")
	})
}

func TestAHoldersPolicyHealsTheRoom(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		a, b := all[0], all[1]
		a.appoints(b)
		h.law.Version = 1
		b.lays(func(p *wire.Policy) { p.Quiet = true })
		m := markOf(publicKey(public(keyOf("b"))))
		mine := *h.law
		mine.Version, mine.Quiet, mine.Dismissed = 1, false, [][]byte{m[:]}
		a.order(&mine) // whatever its version: it withdraws the author of what holds
		a.want("acted appoint b", "acted policy 2", "acted policy 1")
		synctest.Wait()
		if p := a.room.rules.policy; p.Quiet {
			t.Error("a dismissed moderator's rules hold")
		}
	})
}

func TestAdmissionOfAWithdrawnModeratorIsVoid(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		a, b := all[0], all[1]
		a.appoints(b)
		a.lays(func(p *wire.Policy) { p.Lobby = true })
		c := h.come("c")[0]
		c.want("waiting admission++")
		b.admits("c")
		c.want("acted admit c", "joined A b")
		m := markOf(publicKey(public(keyOf("b"))))
		a.lays(func(p *wire.Policy) { p.Dismissed = [][]byte{m[:]} })
		c.want("acted policy 3", "waiting admission+")
	})
	inHouse(t, Limits{}, func(h *house) { // it has a leaf already
		all := h.seated("A", "b")
		a, b := all[0], all[1]
		a.appoints(b)
		a.lays(func(p *wire.Policy) { p.Lobby = true })
		c := h.come("c")[0]
		b.admits("c")
		time.Sleep(windowMost)
		a.commit(1, "+c")
		c.want("waiting admission++", "acted admit c", "joined A b", "welcome 2")
		m := markOf(publicKey(public(keyOf("b"))))
		a.lays(func(p *wire.Policy) { p.Dismissed = [][]byte{m[:]} })
		c.want("acted policy 3") // and stays
		b.got()
		time.Sleep(windowMost)
		c.say(&wire.Resync{Epoch: 2, KeyPackage: []byte("fresh")})
		told := append(a.got(), b.got()...)
		if !slices.Contains(told, "nominate 2 +c -c") {
			t.Fatalf("told %q", told)
		}
		for _, m := range append(a.last, b.last...) {
			if n, ok := m.(*wire.Nominate); ok && n.Epoch == 2 && len(n.Admissions) != 0 {
				t.Error("nominated with an admission that holds no more")
			}
		}
	})
}
