package signaling

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"paravent/signaling/wire"
)

func TestRulesBroughtByTheModeratorHoldAtOnce(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law = nil
		a := h.come("A")[0]
		a.want("joined found")
		if a.last[0].(*wire.Joined).Policy != nil {
			t.Error("a policy out of nothing")
		}
		b := h.come("b")[0]
		b.want("waiting admission+") // version 0: the lobby is on
		h.law = rules(5)
		c := h.come("C")[0]
		c.want("joined A", "arrived b")
		if p := c.last[0].(*wire.Joined).Policy; p == nil || shortStatement(*p) != "policy 5" {
			t.Error("not told the policy")
		}
		a.want("acted policy 5", "arrived C", "arrived b", "nominate 0 +C +b")
		b.want("joined A C")
		h.law = rules(3) // older
		h.come("D")[0].want("joined A C b")
		a.want("arrived D")
		h.law = rules(9)
		e := h.who("E")
		e.entry.policy.grant = &grant{key: publicKey{1}} // laid down by somebody appointed
		if err := e.come(); err != nil {
			t.Fatal(err)
		}
		a.want("arrived E")
	})
}

func TestRulesOutliveTheLastPersonAMinute(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		m := markOf(publicKey(public(keyOf("stolen phone"))))
		h.law.Barred, h.law.Unmoderated = [][]byte{m[:]}, goesOn
		a := h.come("A")[0]
		once := h.who("once").withTicket("once", "laptop", 0)
		if err := once.come(); err != nil {
			t.Fatal(err)
		}
		once.leave()
		a.leave()
		synctest.Wait()
		if c := h.hub.Counts(); c != (Counts{}) || len(h.hub.rooms) != 0 {
			t.Fatalf("%+v, want an empty hub", c)
		}
		time.Sleep(keepTime - time.Second)
		h.law = nil
		if err := h.who("x").withTicket("x", "stolen phone", 0).come(); !errors.Is(err, refusal{code: wire.CodeBarred}) {
			t.Errorf("a barred device: %v", err)
		}
		if err := h.who("y").withTicket("once", "another", 0).come(); !errors.Is(err, refusal{code: wire.CodeUsed}) {
			t.Errorf("a used ticket: %v", err)
		}
		b := h.come("b")[0]
		b.want("joined found", "unmoderated 0") // the rules say that it goes on
		b.leave()
		synctest.Wait()
		time.Sleep(keepTime + time.Second)
		synctest.Wait() // the shelf is dusted by a goroutine of its own
		if len(h.hub.shelf) != 0 {
			t.Errorf("%d rooms' rules are kept", len(h.hub.shelf))
		}
		h.come("b")[0].want("waiting moderator") // all is forgotten
	})
}

func TestKeptRulesAreBounded(t *testing.T) {
	s, now := make(shelf), start()
	for i := range keptRooms + 10 {
		s.put(roomID{byte(i), byte(i >> 8)}, &ruleset{opened: true}, now.Add(time.Duration(i)))
	}
	if len(s) != keptRooms {
		t.Errorf("%d kept", len(s))
	}
	if s.take(roomID{0}, now).opened || !s.take(roomID{10}, now).opened {
		t.Error("not the oldest have gone")
	}
	if s.take(roomID{11}, now.Add(keepTime+time.Second)).opened {
		t.Error("kept too long")
	}
	s.put(roomID{9, 9, 9}, newRuleset(), now)
	if _, kept := s[cleared[roomID]{key: roomID{9, 9, 9}}]; kept {
		t.Error("nothing was kept")
	}
}

func TestLastModeratorAndThenLocked(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		a, b := all[0], all[1]
		a.lose()
		b.want("away A")
		time.Sleep(resumeTime)
		told := append(b.got(), all[2].got()...)
		if !slices.Contains(told, "unmoderated 300000") {
			t.Errorf("told %q", told)
		}
		h.come("d")[0].want("waiting moderator")
		time.Sleep(time.Minute)
		if told := h.come("B")[0].got(); told[0] != "joined b c" { // a moderator comes back
			t.Errorf("told %q", told)
		}
		told = b.got()
		if !slices.Contains(told, "moderated") {
			t.Errorf("told %q", told)
		}
		all[2].got()
		time.Sleep(unmoderatedTime)
		if told := b.got(); slices.Contains(told, "over unmoderated") {
			t.Error("ended although a moderator is in")
		}
	})
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		all[0].leave()
		d := h.come("d")[0]
		time.Sleep(unmoderatedTime - time.Second)
		if told := all[1].got(); slices.Contains(told, "over unmoderated") {
			t.Error("ended early")
		}
		time.Sleep(time.Second)
		for _, v := range all[1:] {
			if told := v.got(); !slices.Equal(told[len(told)-2:], []string{"over unmoderated", "close 4008"}) {
				t.Errorf("told %q", told)
			}
		}
		d.want("waiting moderator") // and waits on
		h.come("A")[0].want("joined found", "arrived d", "nominate 0 +d")
	})
}

func TestLastModeratorAndThenTheEndOrOn(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law.Unmoderated = ends
		all := h.seated("A", "b")
		all[0].leave()
		all[1].want("left A", "unmoderated 0", "over unmoderated", "close 4008")
	})
	inHouse(t, Limits{}, func(h *house) {
		h.law.Unmoderated = goesOn
		all := h.seated("A", "b")
		all[0].leave()
		all[1].want("left A", "unmoderated 0", "nominate 1 -A")
		h.come("c")[0].want("joined b", "unmoderated 0")
		time.Sleep(time.Hour)
		if told := all[1].got(); slices.Contains(told, "over unmoderated") {
			t.Errorf("told %q", told)
		}
	})
}

func TestHandoverKeepsTheMeeting(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		all[0].appoints(all[1])
		all[0].leave()
		all[2].want("acted appoint b", "left A", "nominate 2 -A")
		all[1].lays(func(p *wire.Policy) { p.Quiet = true })
		all[2].want("acted policy 2")
		d := h.come("d")[0]
		d.want("joined b c")
		if people := d.last[0].(*wire.Joined).People; !slices.ContainsFunc(people, func(p wire.Person) bool { return nameOf(p.ID) == "b" && p.Moderator }) {
			t.Error("b is no moderator for newcomers")
		}
		all[1].lays(func(p *wire.Policy) { m := markOf(publicKey(public(keyOf("b")))); p.Dismissed = [][]byte{m[:]} })
		told := all[2].got()
		if !slices.Contains(told, "unmoderated 300000") {
			t.Errorf("told %q", told)
		}
	})
}

func TestOpeningARoomWantsAHostToken(t *testing.T) {
	inHouse(t, Limits{Hosts: public(keyOf("server"))}, func(h *house) {
		h.come("b")[0].want("waiting moderator")
		a := h.who("A")
		if err := a.come(); !errors.Is(err, refusal{code: wire.CodeHost}) {
			t.Errorf("without a token: %v", err)
		}
		a.entry.host = true
		if err := a.come(); err != nil {
			t.Fatal(err)
		}
		h.come("C")[0].want("joined A b") // it is open
	})
}
