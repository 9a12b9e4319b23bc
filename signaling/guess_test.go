package signaling

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"paravent/signaling/wire"
)

// knows gives a visitor a passphrase, by the name of its key, and a network.
func (v *visitor) knows(words string, network uint64) *visitor {
	key := publicKey(public(keyOf(words)))
	v.entry.passphrase, v.entry.network = &key, network
	return v
}

// TestGuessingAPassphrase says what a room does: three wrong ones are told so
// at once; then everybody from that network waits, also with the right one, and
// nobody else does.
func TestGuessingAPassphrase(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law.Passphrase = public(keyOf("right"))
		h.come("A")
		const guesser, other = 1000, 1001
		for i := range 4 {
			err := h.who(fmt.Sprint("guess ", i)).knows("wrong", guesser).come()
			want := refusal{code: wire.CodePassphrase}
			if i == 3 {
				want.wait = slowFirst
			}
			if err != want {
				t.Errorf("wrong passphrase %d: %v, want %v", i, err, want)
			}
		}
		time.Sleep(slowFirst / 2)
		for _, words := range []string{"wrong", "right"} {
			want := refusal{code: wire.CodeThrottled, wait: slowFirst / 2}
			if err := h.who("b").knows(words, guesser).come(); err != want {
				t.Errorf("%s passphrase meanwhile: %v, want %v", words, err, want)
			}
		}
		if err := h.who("bare").come(); err != (refusal{code: wire.CodePassphrase}) {
			t.Errorf("without a passphrase: %v", err)
		}
		if err := h.who("c").knows("right", other).come(); err != nil {
			t.Errorf("from another network: %v", err)
		}
		moderator := h.who("M")
		moderator.entry.network = guesser
		if err := moderator.come(); err != nil {
			t.Errorf("a moderator from the guesser's network: %v", err)
		}
		time.Sleep(slowFirst / 2)
		if err := h.who("d").knows("right", guesser).come(); err != nil {
			t.Errorf("after the wait: %v", err)
		}
	})
}

// TestKnockingAgainAfterADenial: the next one from that network waits, and who
// comes from elsewhere or by the moderator link does not.
func TestKnockingAgainAfterADenial(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		h.law.Lobby = true
		a := h.come("A")[0]
		const network = 1000
		knock := func(name string) error {
			v := h.who(name)
			v.entry.network = network
			err := v.come()
			if err != nil {
				return err
			}
			a.denies(name)
			v.got()
			return nil
		}
		for i, wait := range []time.Duration{slowKnock, 2 * slowKnock, 4 * slowKnock} {
			if err := knock("b"); err != nil {
				t.Fatalf("knock %d: %v", i, err)
			}
			if err := knock("b"); err != (refusal{code: wire.CodeThrottled, wait: wait}) {
				t.Errorf("knock %d, at once again: %v, want to wait %v", i, err, wait)
			}
			if err := h.who("c").come(); err != nil {
				t.Errorf("from elsewhere: %v", err)
			}
			time.Sleep(wait)
		}
		moderator := h.who("M")
		moderator.entry.network = network
		if err := moderator.come(); err != nil {
			t.Errorf("a moderator from that network: %v", err)
		}
	})
}

func TestSlowDownIsForgottenByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(nil, Limits{})
		network := h.network("192.0.2.1:1")
		for range 20 {
			h.wrong(passphrases, roomID{1}, network, time.Now())
			h.wrong(knocks, roomID{1}, network, time.Now())
		}
		time.Sleep(slowTime + guessSweep + time.Second)
		h.mu.Lock()
		defer h.mu.Unlock()
		if n := len(h.slow.tries) + len(h.slow.rooms); n != 0 || h.sweeping {
			t.Fatalf("%d networks and rooms remembered, sweeping %v", n, h.sweeping)
		}
	})
}

// falsehoods are what whoever has no link can send in a Join.
var falsehoods = map[string]func(k *keys, nonce []byte, j *wire.Join){
	"another link":     func(_ *keys, _ []byte, j *wire.Join) { j.JoinKey = random(wire.KeySize) },
	"other moderators": func(_ *keys, _ []byte, j *wire.Join) { j.Moderators = random(16) },
	"a false signature": func(k *keys, nonce []byte, j *wire.Join) {
		j.JoinSignature = k.prove(keyOf("another"), joinProofLabel, nonce, "A")
	},
	"a false grant":      func(_ *keys, _ []byte, j *wire.Join) { j.Moderator.Grant = random(wire.GrantSize) },
	"a false ticket":     func(_ *keys, _ []byte, j *wire.Join) { j.Ticket.Ticket = random(ticketEnd) },
	"a false passphrase": func(_ *keys, _ []byte, j *wire.Join) { j.Passphrase.Signature = random(wire.SignatureSize) },
	"a false generation": func(_ *keys, _ []byte, j *wire.Join) { j.Generation.Signature = random(wire.SignatureSize) },
}

func falseJoin(k *keys, nonce []byte, name string) *wire.Join {
	j := k.full(nonce, "A")
	falsehoods[name](k, nonce, j)
	return j
}

// TestRoomsThatExistAndThoseThatDoNotAnswerAlike, in content: whatever is
// false in a Join, the frames are the same, and the answer comes also while the
// room that it names is stuck, so nobody asks it.
func TestRoomsThatExistAndThoseThatDoNotAnswerAlike(t *testing.T) {
	s := newServer(t, Limits{})
	there, missing := s.keys, newKeys(t)
	a, _ := s.seated()
	_ = a
	s.hub.mu.Lock()
	stuck := s.hub.rooms[cleared[roomID]{key: roomID(there.room)}]
	s.hub.mu.Unlock()
	if stuck == nil || s.hub.Counts().Rooms != 1 {
		t.Fatal("want one room")
	}
	release := make(chan error)
	_ = stuck.post(enter{ // whose verdict is taken by nobody for now
		join: &wire.Join{Person: random(wire.PersonSize)}, entry: &entry{network: 1}, mail: newMail(), verdict: release,
	})
	defer func() {
		select {
		case err := <-release:
			if err != nil {
				t.Error(err)
			}
		case <-stuck.done:
		}
	}()
	for name := range falsehoods {
		answers := [2][]string{}
		for i, k := range []*keys{there, missing} {
			s.forgive()
			c := s.connect()
			c.send(falseJoin(k, c.nonce, name))
			for {
				kind, frame, err := c.ws.ReadMessage()
				if err != nil {
					answers[i] = append(answers[i], err.Error())
					break
				}
				answers[i] = append(answers[i], fmt.Sprint(kind, string(frame)))
			}
		}
		if !slices.Equal(answers[0], answers[1]) || len(answers[0]) != 2 {
			t.Errorf("%s: %q where there is a room, %q where there is none", name, answers[0], answers[1])
		}
	}
	if n := s.hub.Counts().Rooms; n != 1 {
		t.Errorf("%d rooms: false proofs make rooms", n)
	}
}

// forgive forgets all failed tries.
func (s *server) forgive() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.throttle = newThrottle()
}

// TestRoomsThatExistAndThoseThatDoNotAnswerAsFast, as far as a statistic can
// say: of many false Joins, one for a room that exists and one for a room that
// does not in turn, the fastest of each kind lie within a fifth of each other.
// Another program that uses the machine half of the time can move a median, but
// makes nothing faster. That there is no difference at all follows from prove,
// which knows no room.
func TestRoomsThatExistAndThoseThatDoNotAnswerAsFast(t *testing.T) {
	s := newServer(t, Limits{})
	s.seated()
	nonce := random(wire.NonceSize)
	rooms := [2]*keys{s.keys, newKeys(t)}
	joins := [2]*wire.Join{}
	for i, k := range rooms {
		joins[i] = falseJoin(k, nonce, "a false signature")
	}
	const rounds = 1001
	fastest := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	for round := range rounds {
		for i := range joins {
			i = (i + round) % 2 // neither is always the first
			c := &conn{hub: s.hub, mail: newMail(), network: 1, nonce: nonce}
			s.forgive()
			begin := time.Now()
			_, err := c.join(joins[i])
			fastest[i] = min(fastest[i], time.Since(begin))
			if err != (refusal{code: wire.CodeProof}) {
				t.Fatal(err)
			}
		}
	}
	t.Logf("at least %v with a room, %v without", fastest[0], fastest[1])
	if difference := (fastest[0] - fastest[1]).Abs(); difference > max(fastest[0], fastest[1])/5 {
		t.Errorf("at least %v with a room, %v without", fastest[0], fastest[1])
	}
}

// TestGuessingLinksRoomsAndTickets says how many false proofs of any kind are
// looked at, of one network: 20 at once, and then 20 a minute. Who comes from
// another network is not hindered, who is in stays in.
func TestGuessingLinksRoomsAndTickets(t *testing.T) {
	for name := range falsehoods {
		inPipes(t, func(s *server) {
			a := s.come("A")
			a.want("joined found")
			guess := func() wire.Refused {
				c := s.connect()
				c.send(falseJoin(s.keys, c.nonce, name))
				m, _ := c.read()
				no, ok := m.(*wire.Refused)
				if !ok {
					t.Fatalf("%s: told %T", name, m)
				}
				c.wantClose(4001)
				return *no
			}
			looked := func(tries int) (n int) {
				for range tries {
					if guess().Code != wire.CodeThrottled {
						n++
					}
				}
				return n
			}
			const most = guessMost / guessProof
			if n := looked(2 * most); n != most {
				t.Errorf("%s: %d false proofs were looked at, want %d", name, n, most)
			}
			if ms := guess().WaitMs; ms != int(throttleWait.Milliseconds()) {
				t.Errorf("%s: told to wait %d ms", name, ms)
			}
			s.from = "192.0.2.7:1"
			b := s.come("B")
			b.want("joined A")
			a.want("arrived B")
			for _, c := range []*socket{a, b} {
				c.send(&wire.Leave{})
				c.wantClose(1000)
			}
			s.from = ""
			time.Sleep(time.Minute)
			if n := looked(2 * most); n != most {
				t.Errorf("%s: %d false proofs were looked at a minute later, want %d", name, n, most)
			}
		})
	}
}

// TestAnOrderThatIsFalseEndsTheStay: also of somebody who waits, and before
// anybody has come in.
func TestAnOrderThatIsFalseEndsTheStay(t *testing.T) {
	s := newServer(t, Limits{})
	a, b := s.seated()
	good := s.keys.signed("A", &wire.Stop{Seq: 9, Source: "hand"})
	false1 := good
	false1.Statement += " "
	b.send(&wire.Act{Signed: false1})
	b.wantClose(4000)
	a.want("left b")
	other := newKeys(t).signed("A", &wire.End{Seq: 1})
	a.send(&wire.Act{Signed: other})
	a.wantClose(4000)
	c := s.connect()
	c.send(&wire.Act{Signed: good})
	c.wantClose(4000)
	waits := s.connect()
	waits.send(s.keys.proof(waits.nonce, "w"))
	waits.want("waiting moderator")
	waits.send(&wire.Act{Signed: false1})
	waits.wantClose(4000)
}
