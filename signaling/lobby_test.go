package signaling

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"paravent/signaling/wire"
)

// lobby is what holds before a moderator has said anything, as the next policy.
func lobby() *wire.Policy {
	p := rules(1)
	p.Lobby = true
	return p
}

func TestKnockAdmitJoin(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law = lobby()
		a, b := h.come("A")[0], h.come("b")[0]
		a.want("joined found")
		b.want("waiting admission+")
		if m := b.last[0].(*wire.Waiting); !bytes.Equal(m.Grants[0], h.keys.grant("A")) {
			t.Error("another grant than the moderator's")
		}
		b.knocks()
		a.want("knocked b I am b")
		if m := a.last[len(a.last)-1].(*wire.Knocked); string(m.KeyPackage) != "kp b" {
			t.Errorf("key package %q", m.KeyPackage)
		}
		b.knocks() // nothing that moderators do not have
		a.want()
		a.admits("b")
		b.want("acted admit b", "joined A")
		a.want("acted admit b", "unknocked b", "arrived b", "nominate 0 +b")
		n := a.last[len(a.last)-1].(*wire.Nominate)
		if len(n.Admissions) != 1 || shortStatement(n.Admissions[0]) != "admit b" || len(n.Grants) != 0 {
			t.Errorf("nominated with %d admissions and %d grants", len(n.Admissions), len(n.Grants))
		}
		a.commit(0, "+b")
		b.want("welcome 1")
	})
}

func TestDenyRefusesAndSlowsDown(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law = lobby()
		a, b, c := h.come("A")[0], h.come("b")[0], h.come("c")[0]
		b.knocks()
		a.want("joined found", "knocked b I am b")
		a.denies("b")
		b.want("waiting admission+", "acted deny b", "refused denied 10000", "close 4001")
		a.want("acted deny b", "unknocked b")
		c.want("waiting admission+")
		again := h.who("b again")
		again.entry.network = b.entry.network
		if err := again.come(); !errors.Is(err, refusal{wire.CodeThrottled, slowKnock}) {
			t.Errorf("at once: %v", err)
		}
		h.come("d")[0].want("waiting admission+") // from elsewhere
		time.Sleep(slowKnock)
		if err := again.come(); err != nil {
			t.Fatal(err)
		}
		again.knocks()
		a.want("knocked b again I am b again")
		a.denies("b again")
		again.want("waiting admission+", "acted deny b again", "refused denied 20000", "close 4001")
	})
}

func TestModeratorWhoComesLaterGetsTheList(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law = lobby()
		b := h.come("b")[0]
		b.want("waiting moderator")
		b.knocks() // too early: nobody to knock at
		a := h.come("A")[0]
		a.want("joined found")
		b.want("waiting admission+")
		b.knocks()
		a.want("knocked b I am b")
		c := h.come("C")[0] // the same key opens the same box
		c.want("joined A", "knocked b I am b")
		b.want()
		a.want("arrived C", "nominate 0 +C")
		a.lose()
		c.want("away A")
		if err := a.back(0); err != nil {
			t.Fatal(err)
		}
		a.want("resumed member C", "knocked b I am b", "nominate 0 +C")
		a.leave()
		c.leave()
		b.want("waiting admission+", "waiting moderator") // A's grant, then C's
	})
}

func TestAppointedModeratorsAreKnockedAtToo(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		a, b, c := all[0], all[1], all[2]
		a.lays(func(p *wire.Policy) { p.Lobby = true })
		d := h.come("d")[0]
		d.want("waiting admission+")
		d.knocks()
		a.want("acted policy 2", "knocked d I am d")
		a.appoints(b)
		for _, v := range all {
			v.want(append(flags(v != a, "acted policy 2"), "acted appoint b")...)
		}
		d.want("waiting admission++")
		d.knocks("b")
		b.want("knocked d for b")
		a.want() // it has that one
		c.want()
		b.admits("d")
		d.want("acted admit d", "joined A b c")
		a.want("acted admit d", "unknocked d", "arrived d")
		a.lays(func(p *wire.Policy) { m := markOf(publicKey(public(keyOf("b")))); p.Dismissed = [][]byte{m[:]} })
		synctest.Wait()
		for _, p := range d.room.people { // the room is idle
			if p.grant != nil && p.id != named("A") {
				t.Error("a dismissed moderator is one still")
			}
		}
		b.got()
		e := h.come("e")[0]
		e.want("waiting admission+")
		b.denies("e")
		b.want()
		e.want()
	})
}

func flags(yes bool, words ...string) []string {
	if yes {
		return words
	}
	return nil
}

func TestAdmissionOutlivesTheModeratorsBrowser(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law = lobby()
		all := h.come("A", "b", "C")
		a, b, c := all[0], all[1], all[2]
		b.knocks()
		a.commit(0, "+C")
		time.Sleep(time.Second)
		for _, v := range all {
			v.got()
		}
		a.admits("b") // and dies
		a.lose()
		b.want("acted admit b", "joined A C", "away A")
		told := c.got()
		if !slices.Contains(told, "arrived b") || !slices.Contains(told, "away A") {
			t.Errorf("C was told %q", told)
		}
		time.Sleep(nominationTime)
		c.got()
		var n *wire.Nominate
		for _, m := range c.last {
			if m, ok := m.(*wire.Nominate); ok {
				n = m
			}
		}
		if n == nil || len(n.Adds) != 1 || len(n.Admissions) != 1 || shortStatement(n.Admissions[0]) != "admit b" {
			t.Fatalf("C was not asked to add b with its admission: %+v", n)
		}
	})
	inHouse(t, Limits{}, func(h *house) { // it dies before it could say so
		h.law = lobby()
		a, b := h.come("A")[0], h.come("b")[0]
		b.knocks()
		a.lose()
		b.want("waiting admission+")
		time.Sleep(resumeTime + time.Second)
		b.want("waiting admission", "waiting moderator")
		h.come("A")[0].want("joined found")
		b.want("waiting admission+")
	})
}

func TestAdmissionIsKeptForWhoeverComesBack(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law = lobby()
		a, b := h.come("A")[0], h.come("b")[0]
		b.knocks()
		a.admits("b")
		a.commit(0, "+b")
		b.want("waiting admission+", "acted admit b", "joined A", "welcome 1")
		b.lose()
		time.Sleep(leafGrace + time.Second)
		a.got()
		a.commit(1, "-b")
		time.Sleep(time.Second)
		if err := b.back(1); err != nil {
			t.Fatal(err)
		}
		b.want("resumed A", "lost publish", "lost subscribe")
		a.want("committed 1", "arrived b", "nominate 2 +b")
		if n := a.last[len(a.last)-1].(*wire.Nominate); len(n.Admissions) != 1 {
			t.Error("without the admission")
		}
	})
}

func TestLockTurnsEverybodyAwayButModerators(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law = lobby()
		a, b := h.come("A")[0], h.come("b")[0]
		b.knocks()
		a.want("joined found", "knocked b I am b")
		a.lays(func(p *wire.Policy) { p.Locked = true })
		a.want("acted policy 2", "unknocked b")
		b.want("waiting admission+", "waiting lock")
		b.knocks()
		h.come("c")[0].want("waiting lock")
		h.come("D")[0].want("joined A")
		a.admits("b") // it was on its way
		a.want("arrived D", "nominate 0 +D", "acted admit b")
		b.want()
		a.lays(func(p *wire.Policy) { p.Locked = false })
		a.want("acted policy 3")
		b.want("waiting admission+")
	})
}

func TestThoseNotYetInTheGroupGoBackToTheLobby(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		a := h.seated("A")[0]
		all := h.come("b", "c")
		b, c := all[0], all[1]
		b.want("joined A", "arrived c")
		a.want("arrived b", "nominate 0 +b", "arrived c")
		a.commit(0, "+b")
		a.want("committed 0")
		b.want("welcome 1")
		c.want("joined A b")
		token := c.token
		a.lays(func(p *wire.Policy) { p.Lobby = true })
		a.want("acted policy 2", "left c")
		c.want("acted policy 2", "waiting admission+")
		h.media.want(t, "open 1", "open 2", "open 3", "close 3")
		c.say(&wire.Subscribe{}) // it was on its way
		c.knocks()
		a.want("knocked c I am c")
		a.commit(1, "+c") // that too
		a.want("rejected 1")
		stolen := *c
		stolen.token = token
		if err := stolen.back(0); !errors.Is(err, refusal{code: wire.CodeExpired}) {
			t.Errorf("the token of one who waits: %v", err)
		}
		a.admits("c")
		c.want("acted admit c", "joined A b")
		a.want("acted admit c", "unknocked c", "arrived c")
		time.Sleep(windowLeast)
		b.want("acted policy 2", "left c", "acted admit c", "arrived c", "nominate 1 +c")
	})
}

func TestLobbyIsBounded(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law = lobby()
		a := h.come("A")[0]
		a.want("joined found")
		for i := range lobbyPerNetwork + 3 {
			v := h.who(fmt.Sprint("x", i))
			v.entry.network = 7777
			err := v.come()
			if want := i >= lobbyPerNetwork; errors.Is(err, refusal{wire.CodeBusy, crowdedWait}) != want {
				t.Fatalf("number %d of a network: %v", i, err)
			}
		}
		a.want("warned lobby") // once
		time.Sleep(warnTime)
		for i := range lobbyMost - lobbyPerNetwork {
			h.come(fmt.Sprint("y", i))
		}
		if err := h.who("one too many").come(); !errors.Is(err, refusal{wire.CodeBusy, crowdedWait}) {
			t.Fatalf("number %d: %v", lobbyMost+1, err)
		}
		a.want("warned lobby")
		h.come("B")[0].want("joined A") // a moderator always gets in
	})
}

func TestFloodsEndTheirOwnStayOnly(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law = lobby()
		a, b := h.come("A")[0], h.come("b")[0]
		for range knockBurst + 1 {
			b.knocks()
		}
		b.want("waiting admission+", "close 4005")
		a.want("joined found", "knocked b I am b", "unknocked b") // once, however often
		c := h.come("C")[0]
		for range actBurst + 1 {
			c.order(&wire.Stop{Source: "hand"})
		}
		told := c.got()
		if told[len(told)-1] != "close 4005" {
			t.Errorf("at last %q", told[len(told)-1])
		}
	})
}

func TestEarlyArrivals(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law = lobby()
		h.law.Passphrase = public(keyOf("words"))
		words := publicKey(public(keyOf("words")))
		knows, guesses, asks := h.who("knows"), h.who("guesses"), h.who("asks")
		knows.entry.passphrase = &words
		guesses.entry.passphrase = &publicKey{1}
		for _, v := range []*visitor{knows, guesses, asks} {
			if err := v.come(); err != nil {
				t.Fatal(err)
			}
			v.want("waiting moderator")
		}
		a := h.come("A")[0]
		a.want("joined found")
		knows.want("waiting admission+") // let in only by an admission
		guesses.want("refused passphrase", "close 4001")
		asks.want("refused passphrase", "close 4001")
		h.media.want(t, "open 1")
	})
}
