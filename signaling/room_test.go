package signaling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"paravent/signaling/wire"
)

func TestFirstFoundsSecondIsAdded(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.come("A", "b")
		a, b := all[0], all[1]
		a.want("joined found", "arrived b", "nominate 0 +b")
		b.want("joined A")
		a.commit(0, "+b")
		a.want("committed 0")
		b.want("welcome 1")
		b.say(&wire.Data{Body: []byte("hello")})
		a.want("relayed b hello")
		b.want()
	})
}

func TestParticipantsWaitForAModerator(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.come("b", "c")
		b, c := all[0], all[1]
		b.want("waiting moderator")
		c.want("waiting moderator")
		a := h.come("A")[0]
		a.want("joined found", "arrived b", "arrived c", "nominate 0 +b +c")
		b.want("joined A", "arrived c")
		c.want("joined A b")
		a.leave()
		b.want("left A", "unmoderated 300000", "regroup found", "nominate 0 +c") // those who are in stay
		d := h.come("d")[0]
		d.want("waiting moderator") // newcomers wait again
		b.want()
	})
}

func TestModeratorAwayStillLetsIn(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		all[0].lose()
		all[1].want("away A")
		h.come("c")[0].want("joined A(away) b")
		time.Sleep(leafGrace + time.Second)
		h.come("d")[0].want("joined b c")
		time.Sleep(resumeTime - leafGrace)
		h.come("e")[0].want("waiting moderator")
	})
}

func TestWaitingPersonIsForgottenWithItsConnection(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		b := h.come("b")[0]
		b.lose()
		synctest.Wait()
		if c := h.hub.Counts(); c != (Counts{}) {
			t.Errorf("%+v, want an empty hub", c)
		}
		again := h.come("b")[0]
		twice := h.come("b")[0] // the first connection hangs: the same browser again
		again.want("waiting moderator", "close 4004")
		twice.want("waiting moderator")
	})
}

func TestLastPersonLeavesAndTheRoomIsGone(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		all[0].leave()
		all[0].want("close 1000")
		all[1].want("left A", "unmoderated 300000", "nominate 1 -A")
		all[1].leave()
		synctest.Wait()
		if c := h.hub.Counts(); c != (Counts{}) {
			t.Errorf("%+v, want an empty hub", c)
		}
		h.come("A")[0].want("joined found")
	})
}

func TestOneWhoLeftIsRemovedAtOnce(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		all[1].leave()
		all[2].want("left b", "nominate 2 -b") // no window, and not A twice in a row
		all[2].commit(2, "-b")
		all[0].want("left b", "committed 2")
	})
}

func TestLostConnectionAwayThenLeft(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		all[2].lose()
		all[0].want("away c")
		time.Sleep(leafGrace - time.Second)
		all[0].want()
		time.Sleep(time.Second)
		told := append(all[0].got(), all[1].got()...)
		if want := []string{"left c", "nominate 2 -c", "away c", "left c"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		time.Sleep(resumeTime)
		if err := all[2].back(1); !errors.Is(err, refusal{code: wire.CodeExpired}) {
			t.Errorf("after the resume time: %v", err)
		}
	})
}

func TestResumeWithinTheGrace(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		a, b, c := all[0], all[1], all[2]
		c.lose()
		time.Sleep(time.Second)
		b.commit(2, "") // an empty commit that c misses
		b.want("away c", "committed 2")
		first := c.token
		if err := c.back(2); err != nil {
			t.Fatal(err)
		}
		c.want("resumed member A b", "committed 2")
		a.want("away c", "committed 2", "back c")
		if string(first) == string(c.token) {
			t.Error("the token did not change")
		}
		time.Sleep(resumeTime)
		a.want()
	})
}

func TestResumeWhileTheOldSocketSeemsAlive(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		old := *all[1]
		if err := all[1].back(1); err != nil {
			t.Fatal(err)
		}
		old.want("close 4004")
		all[1].want("resumed member A")
		old.lose() // its reader ends later: no matter
		all[0].want()
	})
}

func TestResumeAfterTheLeafWasRemoved(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		a, b, c := all[0], all[1], all[2]
		c.lose()
		time.Sleep(leafGrace + time.Second)
		a.commit(2, "-c")
		a.want("away c", "left c", "nominate 2 -c", "committed 2")
		time.Sleep(time.Second)
		if err := c.back(2); err != nil {
			t.Fatal(err)
		}
		c.want("resumed A b", "lost publish", "lost subscribe")
		b.want("away c", "left c", "committed 2", "arrived c", "nominate 3 +c")
		b.commit(3, "+c")
		c.want("welcome 4")
	})
}

func TestResumeCancelsARemovalThatHasNotHappened(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		c := all[2]
		c.lose()
		time.Sleep(leafGrace + time.Second)
		if err := c.back(2); err != nil {
			t.Fatal(err)
		}
		c.want("resumed member A b", "lost publish", "lost subscribe")
		all[0].want("away c", "left c", "nominate 2 -c", "arrived c")
		all[0].commit(2, "-c") // was on its way
		all[0].want("rejected 2")
	})
}

func TestResumeBeyondTheLogIsAddedAnew(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		a, b, c := all[0], all[1], all[2]
		c.lose()
		for i := range uint64(3) {
			time.Sleep(time.Second)
			b.commit(2+i, "")
		}
		b.got()
		time.Sleep(window(3))
		if err := c.back(1); err != nil { // it never had been in epoch 1
			t.Fatal(err)
		}
		c.want("resumed A b")
		told := append(a.got(), b.got()...)
		if !slices.Contains(told, "nominate 5 +c -c") {
			t.Errorf("told %q, want a commit that removes and adds c", told)
		}
	})
}

func TestUsedTokenEndsTheStay(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		thief := *all[1]
		if err := all[1].back(1); err != nil {
			t.Fatal(err)
		}
		all[1].want("resumed member A")
		if err := thief.back(1); !errors.Is(err, refusal{code: wire.CodeExpired}) {
			t.Errorf("used token: %v", err)
		}
		all[1].want("over replayed", "close 4008")
		all[0].want("warned replay b", "left b", "nominate 1 -b")
		if err := all[1].back(1); !errors.Is(err, refusal{code: wire.CodeExpired}) {
			t.Errorf("the new token of an ended stay: %v", err)
		}
	})
}

func TestPersonIdInUseIsRefused(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		if err := h.who("b").come(); !errors.Is(err, refusal{code: wire.CodeTaken}) {
			t.Errorf("same id: %v", err)
		}
		all[1].want()
		all[0].want()
	})
}

func TestRoomAndServerHaveLimits(t *testing.T) {
	inHouse(t, Limits{People: 2, Rooms: 1}, func(h *house) {
		h.come("A", "b")
		if err := h.who("c").come(); !errors.Is(err, refusal{code: wire.CodeFull}) {
			t.Errorf("third: %v", err)
		}
		elsewhere := func(name, room string) error {
			p := h.who(name)
			p.entry.room = roomID([]byte(room))
			return p.come()
		}
		if err := elsewhere("E", "another room ..."); !errors.Is(err, refusal{code: wire.CodeBusy}) {
			t.Errorf("second room: %v", err)
		}
		if err := elsewhere("f", "another room ..."); err != nil {
			t.Errorf("waiting in a second room: %v", err)
		}
		if err := elsewhere("g", "the third room.."); !errors.Is(err, refusal{code: wire.CodeBusy}) {
			t.Errorf("waiting in a third room: %v", err)
		}
	})
	inHouse(t, Limits{Rooms: 1}, func(h *house) { // made-up rooms take no place from a meeting
		stranger := h.who("f")
		stranger.entry.room = roomID([]byte("a made-up room.."))
		if err := stranger.come(); err != nil {
			t.Fatal(err)
		}
		h.come("A")[0].want("joined found")
	})
	inHouse(t, Limits{People: 2}, func(h *house) {
		all := h.come("b", "c", "d", "A") // those who wait take no place
		all[0].want("waiting moderator", "joined A")
		all[1].want("waiting moderator", "refused full", "close 4001")
		all[2].want("waiting moderator", "refused full", "close 4001")
		h.come("B")[0].want("joined A b") // nor does the limit keep a moderator out
	})
}

func TestGroupGivenUpWhenNobodyCanCommit(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		a := h.seated("A")[0]
		a.lose()
		b := h.come("b")[0]
		b.want("joined A(away)") // A may come back at once
		time.Sleep(strandedTime)
		b.want("regroup found")
		if err := a.back(0); err != nil {
			t.Fatal(err)
		}
		a.want("resumed b")
		b.want("back A", "nominate 0 +A")
	})
}

func TestEverybodyStuck(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		a, b := all[0], all[1]
		a.say(&wire.Resync{Epoch: 1, KeyPackage: []byte("fresh A")})
		b.want("nominate 1 +A -A")
		b.say(&wire.Resync{Epoch: 1, KeyPackage: []byte("fresh b")})
		a.want("regroup found", "nominate 0 +b")
		a.commit(0, "+b")
		a.want("committed 0")
		b.want("welcome 1")
	})
}

func TestResyncedPersonGetsAWelcomeOnly(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		a, b, c := all[0], all[1], all[2]
		c.say(&wire.Resync{Epoch: 2, KeyPackage: []byte("fresh")})
		told := append(a.got(), b.got()...)
		if want := []string{"nominate 2 +c -c"}; !slices.Equal(told, want) {
			t.Fatalf("told %q, want %q", told, want)
		}
		b.commit(2, "+c -c")
		a.want("committed 2")
		b.want("committed 2")
		c.want("welcome 3")
	})
}

func TestGroupWhoseMembersSleepIsGivenUp(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		a := h.seated("A")[0]
		b := h.come("b")[0]
		b.want("joined A")
		time.Sleep(mostMisses * nominationTime)
		b.want("regroup found")
		told := a.got()
		if told[len(told)-1] != "regroup" {
			t.Fatalf("A was told %q, want to forget the group", told)
		}
		a.say(&wire.Resync{KeyPackage: []byte("fresh")})
		b.want("nominate 0 +A")
	})
}

func TestSlowReaderIsRemovedAndNobodyWaits(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b", "c")
		a, b, c := all[0], all[1], all[2]
		for i := range mailFrames + 1 {
			a.say(&wire.Data{Body: []byte{1}})
			if i%100 == 0 {
				c.got()
			}
		}
		b.want("close 4002")
		if told := c.got(); told[len(told)-1] != "away b" {
			t.Errorf("c was told %q, want b away", told[len(told)-1])
		}
		a.want("away b")
		if err := b.back(2); err != nil { // it may try again
			t.Fatal(err)
		}
		b.want("resumed member A c")
	})
}

func TestMailIsBoundedInBytes(t *testing.T) {
	m := newMail()
	for range mailBytes / 10_000 {
		if !m.put(make([]byte, 10_000)) {
			t.Fatal("full too early")
		}
	}
	if m.put(make([]byte, 10_000)) {
		t.Fatal("beyond its bytes")
	}
	m.end(wire.CloseRefused)
	if !m.put(nil) {
		t.Fatal("an ended mail is not full")
	}
	frames, code := m.take()
	if len(frames) != mailBytes/10_000 || code != wire.CloseRefused {
		t.Fatalf("%d frames and %d", len(frames), code)
	}
}

func TestFiveHundredWaitForOneModerator(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		names := make([]string, mostPeople-1)
		for i := range names {
			names[i] = fmt.Sprint("p", i)
		}
		crowd := h.come(names...)
		a := h.come("A")[0]
		for i, v := range crowd {
			if told := v.got(); len(told) != len(crowd)+1-i || told[0] != "waiting moderator" {
				t.Fatalf("%s was told %d things, the first %q", v.name, len(told), told[0])
			}
		}
		in, epoch := 1, uint64(0)
		for in < mostPeople {
			for _, v := range append(crowd, a) {
				for _, told := range v.got() {
					if f := strings.SplitN(told, " ", 3); f[0] == "nominate" {
						v.commit(epoch, f[2])
						in += strings.Count(f[2], "+")
						epoch++
					}
				}
			}
			time.Sleep(nominationTime / 2)
		}
		if epoch > 8 {
			t.Errorf("%d commits for 499 people, want 8 of at most 64", epoch)
		}
	})
}

func TestDataGoesToMembersOnly(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		a, b := all[0], all[1]
		c := h.come("c")[0] // not in the group yet
		a.got()
		b.got()
		c.want("joined A b")
		c.say(&wire.Data{Body: []byte("x")})
		id, self, nobody, outside := named("b"), named("A"), named("zz"), named("c")
		for _, to := range [][]byte{self[:], nobody[:], outside[:], id[:], nil} {
			a.say(&wire.Data{To: to, Body: []byte("y")})
		}
		b.want("relayed A y", "relayed A y")
		a.want()
		c.want()
	})
}

func TestMessagesOfAWaitingPersonEndItsStay(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		b := h.come("b")[0]
		b.say(&wire.Subscribe{})
		b.want("waiting moderator", "close 4000")
	})
}

func TestMediaFollowsThePerson(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		a, b := all[0], all[1]
		h.media.want(t, "open 1", "open 2")
		b.say(&wire.Publish{SDP: "offer", Restart: true})
		b.say(&wire.Subscribe{})
		b.say(&wire.Answer{SDP: "answer"})
		b.say(&wire.Subscribe{Pictures: 49})
		h.media.want(t, "publish 2 offer true", "subscribe 2 25", "answer 2 answer", "subscribe 2 49")
		e := h.media.of(2)
		e.Published("sdp")
		e.Offered("sdp")
		e.Offered(string(make([]byte, 200_000)))
		e.Tracks([]MediaTrack{{"0", "audio"}, {"far too long", "audio"}, {"1", "smell"}, {"2", "video"}})
		e.Lost(PublishConnection)
		b.want("published sdp", "offered sdp", "lost subscribe", "lost publish")
		a.want("tracks b[{0 audio} {2 video}]")
		h.come("c")[0].want("joined A b**")
		b.leave()
		h.media.want(t, "open 3", "close 2")
		e.Tracks(nil) // too late
		a.got()
		a.want()
	})
}

func TestWatchIsHeldUntilReady(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		a, b := all[0], all[1]
		h.media.asked()
		self, other, gone := named("b"), named("A"), named("zz")
		b.say(&wire.Watch{Slot: "1", Person: other[:], Mid: "0", Size: "large", Priority: "medium"})
		b.say(&wire.Watch{Slot: "1", Person: other[:], Mid: "5", Size: "large", Priority: "medium"})
		h.media.want(t)
		b.say(&wire.Ready{Epoch: 1})
		h.media.want(t, "watch 2 1 1 5 3 1")
		b.say(&wire.Watch{Slot: "1", Person: other[:], Mid: "5", Size: "small", Priority: "high"})
		b.say(&wire.Watch{Slot: "1", Person: other[:], Mid: "5", Size: "medium", Priority: "low"})
		h.media.want(t, "watch 2 1 1 5 1 2", "watch 2 1 1 5 2 0")
		h.media.of(1).Wanted("5", MediaMedium)
		h.media.of(1).Wanted("5", MediaNone)
		a.want("wanted 5 medium", "wanted 5 none")
		b.say(&wire.Watch{Slot: "2", Person: self[:], Mid: "0", Size: "large", Priority: "medium"})
		b.say(&wire.Watch{Slot: "2", Person: gone[:], Mid: "0", Size: "large", Priority: "medium"})
		h.media.want(t)
		b.say(&wire.Watch{Slot: "1", Size: "large", Priority: "medium"})
		h.media.want(t, "watch 2 1 0  3 1")
		h.media.of(2).Shown("1", 1, "5")
		h.media.of(2).Shown("1", 0, "")
		b.want("shown 1 A 5", "shown 1")
		a.leave()
		synctest.Wait()
		h.media.of(2).Shown("1", 1, "5") // it was on its way
		b.want("left A", "unmoderated 300000", "nominate 1 -A", "shown 1")
		for i := range 2 * heldWatches {
			a.say(&wire.Watch{Slot: fmt.Sprint(i), Size: "large", Priority: "medium"})
		}
	})
}

func TestHeldWatchesAreBounded(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		a := h.seated("A")[0]
		h.media.asked()
		for i := range 2 * heldWatches {
			a.say(&wire.Watch{Slot: fmt.Sprint(i), Size: "large", Priority: "medium"})
		}
		a.say(&wire.Ready{})
		if n := len(h.media.asked()); n != heldWatches {
			t.Errorf("%d watches, want %d", n, heldWatches)
		}
	})
}

func TestMediaStaysWhileAwayAndIsMadeAnewAfterLeft(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		all[1].say(&wire.Ready{Epoch: 1})
		h.media.asked()
		all[1].lose()
		time.Sleep(leafGrace - time.Second)
		h.media.want(t)
		time.Sleep(2 * time.Second)
		h.media.want(t, "close 2")
		if err := all[1].back(1); err != nil {
			t.Fatal(err)
		}
		h.media.want(t, "open 3")
		id := named("A")
		all[1].say(&wire.Watch{Slot: "1", Person: id[:], Mid: "0", Size: "large", Priority: "medium"}) // it has been Ready
		h.media.want(t, "watch 3 1 1 0 3 1")
	})
}

func TestRoomThatBreaksEndsSilently(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := h.seated("A", "b")
		all[0].room.post(enter{}) // a fault of ours: no message
		all[0].want("close 1011")
		all[1].want("close 1011")
		h.come("A")[0].want("joined found")
	})
}

func TestClosingTellsEverybody(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		all := append(h.seated("A", "b"), h.come("c")...)
		h.hub.Close(context.Background())
		for _, v := range all {
			if told := v.got(); told[len(told)-1] != "close 4007" {
				t.Errorf("%s was told %q", v.name, told)
			}
		}
		if err := h.who("d").come(); !errors.Is(err, refusal{code: wire.CodeBusy}) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func (f *fakeMedia) want(t *testing.T, want ...string) {
	t.Helper()
	if got := f.asked(); !slices.Equal(got, want) {
		t.Errorf("the media plane was asked\n\t%q, want\n\t%q", got, want)
	}
}
