package signaling

import (
	"testing"
	"time"
)

// guesser tries wrong passphrases from one network, each as soon as it may.
type guesser struct {
	network uint64
	next    time.Time
	looked  int // that were looked at
	turned  int // that were not
}

func (g *guesser) guess(s *slow, room roomID, now time.Time) {
	if now.Before(g.next) {
		return
	}
	if wait := s.wait(passphrases, room, g.network, now); wait > 0 {
		g.turned++
		g.next = now.Add(wait)
		return
	}
	g.looked++
	g.next = now.Add(s.wrong(passphrases, room, g.network, now))
}

// TestGuessingAPassphraseFromOneNetwork says how many guesses are looked at:
// 8 in the first minute, 13 in the first quarter of an hour, 12 an hour from
// then on.
func TestGuessingAPassphraseFromOneNetwork(t *testing.T) {
	s, now := newSlow(), start()
	g, room := &guesser{network: 1}, roomID{1}
	counts := map[time.Duration]int{}
	for passed := time.Duration(0); passed <= 3*time.Hour; passed += 100 * time.Millisecond {
		for range 5 { // at once, on several connections
			g.guess(&s, room, now.Add(passed))
		}
		counts[passed] = g.looked
	}
	if n := counts[time.Minute]; n != 8 {
		t.Errorf("%d guesses in the first minute, want 8", n)
	}
	if n := counts[15*time.Minute]; n != 13 {
		t.Errorf("%d guesses in the first quarter of an hour, want 13", n)
	}
	if n := counts[3*time.Hour] - counts[2*time.Hour]; n != 12 {
		t.Errorf("%d guesses in the third hour, want 12", n)
	}
	if len(s.tries) != 1 {
		t.Errorf("%d entries for one network", len(s.tries))
	}
}

// TestOthersAreNotHinderedByAGuesser: neither another network, nor another
// room, nor anybody who knocks.
func TestOthersAreNotHinderedByAGuesser(t *testing.T) {
	s, now := newSlow(), start()
	for range 20 {
		s.wrong(passphrases, roomID{1}, 1, now)
	}
	if wait := s.wait(passphrases, roomID{1}, 1, now); wait != slowMost {
		t.Fatalf("the guesser waits %v", wait)
	}
	for name, wait := range map[string]time.Duration{
		"another network": s.wait(passphrases, roomID{1}, 2, now),
		"another room":    s.wait(passphrases, roomID{2}, 1, now),
		"a knock":         s.wait(knocks, roomID{1}, 1, now),
	} {
		if wait != 0 {
			t.Errorf("%s: waits %v", name, wait)
		}
	}
}

// TestGuessingFromManyNetworks: when a room is guessed at from everywhere,
// whoever knows the passphrase waits a second and is then looked at, whatever
// the others do.
func TestGuessingFromManyNetworks(t *testing.T) {
	s, now, room := newSlow(), start(), roomID{1}
	guessers := make([]guesser, 300)
	const tick = 50 * time.Millisecond
	total := func() (n int) {
		for _, g := range guessers {
			n += g.looked
		}
		return n
	}
	for passed := time.Duration(0); passed <= time.Minute; passed += tick {
		for i := range guessers {
			guessers[i].network = uint64(i + 1)
			guessers[i].guess(&s, room, now.Add(passed))
		}
		if passed == 0 && total() != slowRoom {
			t.Errorf("%d guesses at once, want %d", total(), slowRoom)
		}
	}
	// No network has more than it would have alone.
	if n := total(); n > 8*len(guessers) {
		t.Errorf("%d guesses in a minute from %d networks", n, len(guessers))
	}
	now = now.Add(time.Minute)
	for i := range uint64(1000) { // a flood, right now
		s.wrong(passphrases, room, 10_000+i, now)
	}
	if wait := s.wait(passphrases, room, 9999, now); wait != slowTurn {
		t.Fatalf("an honest one waits %v, want %v", wait, slowTurn)
	}
	if wait := s.wait(passphrases, room, 9999, now.Add(slowTurn/2)); wait != slowTurn/2 {
		t.Fatalf("asking again makes it %v", wait)
	}
	for i := range uint64(1000) {
		s.wrong(passphrases, room, 20_000+i, now.Add(slowTurn))
	}
	if wait := s.wait(passphrases, room, 9999, now.Add(slowTurn)); wait != 0 {
		t.Fatalf("after its second an honest one waits %v more", wait)
	}
	if wait := s.wait(passphrases, room, 9999, now.Add(slowTurn)); wait != slowTurn {
		t.Fatalf("a second try waits %v, want %v", wait, slowTurn)
	}
	if wait := s.wait(passphrases, room, 9998, now.Add(slowTurn+2*time.Second)); wait != 0 {
		t.Fatalf("once the flood has ended one waits %v", wait)
	}
}

func TestDeniedKnocksAreSlowedDown(t *testing.T) {
	s, now, room := newSlow(), start(), roomID{1}
	for i, seconds := range []int{10, 20, 40, 80, 160, 300, 300} {
		want := time.Duration(seconds) * time.Second
		if wait := s.wait(knocks, room, 1, now); wait != 0 {
			t.Fatalf("knock %d has to wait %v", i, wait)
		}
		if wait := s.wrong(knocks, room, 1, now); wait != want {
			t.Fatalf("denial %d: wait %v, want %v", i, wait, want)
		}
		if wait := s.wait(knocks, room, 1, now.Add(want-time.Second)); wait != time.Second {
			t.Fatalf("denial %d: a second before, wait %v", i, wait)
		}
		now = now.Add(want)
	}
	if wait := s.wait(passphrases, room, 1, now); wait != 0 {
		t.Errorf("knocks slow down passphrases by %v", wait)
	}
}

func TestSlowDownIsForgotten(t *testing.T) {
	s, now := newSlow(), start()
	for range 10 {
		s.wrong(passphrases, roomID{1}, 1, now)
	}
	s.wrong(knocks, roomID{1}, 2, now)
	if !s.forget(now.Add(slowTime - time.Second)) {
		t.Error("forgotten too early")
	}
	if s.forget(now.Add(slowTime)) || len(s.tries)+len(s.rooms) != 0 {
		t.Errorf("%d networks and %d rooms remembered after %v", len(s.tries), len(s.rooms), slowTime)
	}
	// Also what nobody has swept yet does not count any more.
	for range 10 {
		s.wrong(passphrases, roomID{1}, 1, now)
	}
	if wait := s.wrong(passphrases, roomID{1}, 1, now.Add(slowTime)); wait != 0 {
		t.Errorf("it is remembered what was %v ago: wait %v", slowTime, wait)
	}
}

func TestSlowDownMemoryIsBounded(t *testing.T) {
	s, now := newSlow(), start()
	for i := range uint64(slowEntries + 100) {
		s.wrong(passphrases, roomID{byte(i), byte(i >> 8), byte(i >> 16)}, i, now)
	}
	if len(s.tries) > slowEntries || len(s.rooms) > slowEntries {
		t.Fatalf("%d networks and %d rooms remembered", len(s.tries), len(s.rooms))
	}
}

func TestTwoProcessesRememberUnderDifferentKeys(t *testing.T) {
	a, b := newSlow(), newSlow()
	a.wrong(knocks, roomID{1}, 1, start())
	b.wrong(knocks, roomID{1}, 1, start())
	for key := range a.tries {
		if _, same := b.tries[key]; same {
			t.Fatal("two processes share a key")
		}
	}
}
