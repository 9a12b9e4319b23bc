package signaling

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"paravent/signaling/wire"
)

// house is a hub with people in it, under a fake clock and without sockets.
type house struct {
	t     *testing.T
	hub   *Hub
	media *fakeMedia
	keys  *keys
	law   *wire.Policy // what moderators bring along; nil: nothing
	came  uint64       // visitors made: everybody has a network of its own
}

// inHouse runs a story in a bubble. What is left of the hub ends with it, and
// the bubble fails if a goroutine does not.
func inHouse(t *testing.T, limits Limits, story func(h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		media := newFakeMedia()
		h := &house{t: t, hub: NewHub(media, limits), media: media, keys: newKeys(t), law: rules(1)}
		defer h.hub.Close(context.Background()) // a story that fails ends early
		story(h)
		h.hub.Close(context.Background())
		synctest.Wait() // also whoever is not waited for has had its say
		if c := h.hub.Counts(); c != (Counts{}) || len(h.hub.routes) != 0 {
			t.Errorf("left behind: %+v and %d tokens", c, len(h.hub.routes))
		}
		if n := len(media.events); n != 0 {
			t.Errorf("left behind: %d open peers", n)
		}
	})
}

// visitor is somebody with a browser.
type visitor struct {
	h     *house
	name  string
	join  *wire.Join
	entry *entry
	mail  *mail
	room  *room
	token []byte
	seq   uint64 // of the last order
	grant []byte // of one who was appointed; nil: that of the moderator link
	last  []wire.ServerMessage
}

func named(name string) (id personID) {
	copy(id[:], name)
	return id
}

func nameOf(id []byte) string { return strings.TrimRight(string(id), "\x00") }

// who makes a visitor of the room; a name in capitals is a moderator's.
func (h *house) who(name string) *visitor {
	h.t.Helper()
	id := named(name)
	h.came++
	j := &wire.Join{Person: id[:], KeyPackage: []byte("kp " + name), Device: "desktop"}
	e := &entry{room: roomID(h.keys.room), moderators: moderatorsID(h.keys.moderators), person: id, network: h.came}
	if strings.ToUpper(name) == name {
		g, err := readGrant(h.keys.grant(name), e.room, e.moderators)
		if err != nil {
			h.t.Fatal(err)
		}
		e.moderator = g
		if h.law != nil {
			e.policy = h.keys.order(name, h.law)
		}
	}
	return &visitor{h: h, name: name, join: j, entry: e, seq: 1}
}

// come lets visitors join on new connections, one after the other.
func (h *house) come(names ...string) []*visitor {
	h.t.Helper()
	all := make([]*visitor, len(names))
	for i, name := range names {
		all[i] = h.who(name)
		if err := all[i].come(); err != nil {
			h.t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}

func (v *visitor) come() error {
	m := newMail()
	r, err := v.h.hub.enter(enter{join: v.join, entry: v.entry, mail: m, verdict: make(chan error, 1)})
	if err == nil {
		v.mail, v.room = m, r
	}
	return err
}

// back resumes on a new connection.
func (v *visitor) back(epoch uint64) error {
	m := newMail()
	r, err := v.h.hub.resume(resume{
		resume: &wire.Resume{Token: v.token, Epoch: epoch, KeyPackage: []byte("new kp " + v.name)},
		hash:   hashToken(v.token), mail: m, verdict: make(chan error, 1),
	})
	if err == nil {
		v.mail, v.room = m, r
	}
	return err
}

func (v *visitor) say(m wire.ClientMessage) { v.room.post(say{v.mail, m}) }
func (v *visitor) lose()                    { v.room.post(depart{mail: v.mail, code: closeNormal}) }
func (v *visitor) leave()                   { v.room.post(depart{mail: v.mail, code: closeNormal, good: true}) }

// order gives an order. Its number is the next one.
func (v *visitor) order(statement wire.Statement) {
	v.h.t.Helper()
	v.seq++
	reflect.ValueOf(statement).Elem().FieldByName("Seq").SetUint(v.seq)
	v.send(v.signs(statement))
}

// signs has an order signed and read as a connection does.
func (v *visitor) signs(statement wire.Statement) *order {
	v.h.t.Helper()
	signed := v.h.keys.signed(v.name, statement)
	if v.grant != nil {
		signed.Grant = v.grant
	}
	o, err := readSigned(&signed, v.entry.room, v.entry.moderators)
	if err != nil {
		v.h.t.Fatal(err)
	}
	return o
}

// appoints makes somebody a moderator by an order.
func (v *visitor) appoints(o *visitor) {
	v.h.t.Helper()
	o.grant = v.h.keys.appoint(o.name, public(keyOf("kem "+o.name)), time.Now().Add(time.Hour))
	v.order(&wire.Appoint{Grant: o.grant})
}

// withTicket has a visitor come with a ticket on a device.
func (v *visitor) withTicket(ticket, device string, flags byte) *visitor {
	v.h.t.Helper()
	t, err := readTicket(v.h.keys.ticket(ticket, flags, time.Time{}, time.Time{}), v.entry.room, v.entry.moderators)
	if err != nil {
		v.h.t.Fatal(err)
	}
	t.device = publicKey(public(keyOf(device)))
	v.entry.ticket = t
	return v
}

// send posts an order that somebody has signed.
func (v *visitor) send(o *order) { v.room.post(act{v.mail, o}) }

// admits, removes and the like are the orders that stories are about.
func (v *visitor) admits(names ...string) {
	v.h.t.Helper()
	s := &wire.Admit{Until: milliseconds(time.Now().Add(time.Minute))}
	for _, name := range names {
		s.People = append(s.People, admitted(name))
	}
	v.order(s)
}

func admitted(name string) wire.Admitted {
	id := named(name)
	return wire.Admitted{Person: id[:], Key: public(keyOf(name))}
}

func (v *visitor) denies(name string) {
	v.h.t.Helper()
	id := named(name)
	v.order(&wire.Deny{Person: id[:]})
}

func (v *visitor) removes(name, how string) {
	v.h.t.Helper()
	id := named(name)
	v.order(&wire.Remove{Person: id[:], How: how})
}

// lays lays down the next policy: the present one with a change.
func (v *visitor) lays(change func(*wire.Policy)) {
	v.h.t.Helper()
	p := *v.h.law
	p.Version++
	change(&p)
	v.h.law = &p
	v.order(&p)
}

// knocks says who one is to whoever holds the room's KEM key, and to others.
func (v *visitor) knocks(others ...string) {
	m := &wire.Knock{Boxes: []wire.Box{{KEMKey: v.h.keys.kem, Sealed: []byte("I am " + v.name)}}}
	for _, name := range others {
		m.Boxes = append(m.Boxes, wire.Box{KEMKey: public(keyOf("kem " + name)), Sealed: []byte("for " + name)})
	}
	v.say(m)
}

// commit offers a commit with the changes written as in got: "+a -b".
func (v *visitor) commit(epoch uint64, changes string) {
	c := &wire.Commit{Epoch: epoch, Commit: []byte("commit")}
	for f := range strings.FieldsSeq(changes) {
		id := named(f[1:])
		if f[0] == '+' {
			c.Adds, c.Welcome = append(c.Adds, id[:]), []byte("welcome")
		} else {
			c.Removes = append(c.Removes, id[:])
		}
	}
	v.say(c)
}

// got returns in short what the browser has been told since last asked, and at
// the end the close code if there is one.
func (v *visitor) got() []string {
	v.h.t.Helper()
	synctest.Wait()
	frames, code := v.mail.take()
	out := []string{}
	for _, frame := range frames {
		m, err := wire.DecodeServer(frame)
		if err != nil {
			v.h.t.Fatal(err)
		}
		switch m := m.(type) {
		case *wire.Joined:
			v.token = m.Token
		case *wire.Resumed:
			v.token = m.Token
		}
		v.last = append(v.last, m)
		out = append(out, short(m))
	}
	if code != 0 {
		out = append(out, fmt.Sprint("close ", int(code)))
	}
	return unremarkable(out)
}

// unremarkable leaves out that a moderator is in, where that goes without
// saying: just after somebody came.
func unremarkable(told []string) (out []string) {
	out = []string{}
	for _, m := range told {
		if m == "moderated" && len(out) > 0 && (strings.HasPrefix(out[len(out)-1], "joined") || slices.ContainsFunc(out, func(o string) bool { return strings.HasPrefix(o, "resumed") })) {
			continue
		}
		out = append(out, m)
	}
	return out
}

// want compares what the browser has been told.
func (v *visitor) want(want ...string) {
	v.h.t.Helper()
	if got := v.got(); !slices.Equal(got, want) {
		v.h.t.Errorf("%s was told\n\t%q, want\n\t%q", v.name, got, want)
	}
}

// seated makes a room of one group: everybody in it, everything told, and the
// last commit long enough ago for the next.
func (h *house) seated(names ...string) []*visitor {
	h.t.Helper()
	all := h.come(names...)
	for members := 1; members < len(all); time.Sleep(windowLeast) { // the founder is the first
		for _, v := range all {
			for _, told := range v.got() {
				var epoch uint64
				switch f := strings.SplitN(told, " ", 3); f[0] {
				case "nominate":
					_, _ = fmt.Sscan(f[1], &epoch)
					v.commit(epoch, f[2])
				case "welcome":
					members++
				}
			}
		}
	}
	time.Sleep(windowMost)
	for _, v := range all {
		v.got()
	}
	return all
}

// short writes a message of the server in words.
func short(m wire.ServerMessage) string {
	switch m := m.(type) {
	case *wire.Waiting:
		return "waiting " + m.For + strings.Repeat("+", len(m.Grants))
	case *wire.Refused:
		return "refused " + string(m.Code) + flag(m.WaitMs > 0, fmt.Sprint(" ", m.WaitMs))
	case *wire.Knocked:
		return "knocked " + nameOf(m.Person) + " " + string(m.Sealed) + flag(m.Ticket != nil, " ticket")
	case *wire.Unknocked:
		return "unknocked " + nameOf(m.Person)
	case *wire.Acted:
		return "acted " + shortStatement(m.Signed)
	case *wire.Moderated:
		if m.Present {
			return "moderated"
		}
		return fmt.Sprint("unmoderated ", m.EndsMs)
	case *wire.Over:
		return "over " + m.Why
	case *wire.Warned:
		return strings.TrimSpace("warned " + m.Of + " " + nameOf(m.Person))
	case *wire.Joined:
		return "joined" + flag(m.Found, " found") + people(m.People)
	case *wire.Resumed:
		return "resumed" + flag(m.Member, " member") + flag(m.Found, " found") + people(m.People)
	case *wire.Arrived:
		return "arrived" + people([]wire.Person{m.Person})
	case *wire.Away:
		return "away " + nameOf(m.Person)
	case *wire.Back:
		return "back " + nameOf(m.Person)
	case *wire.Left:
		return "left " + nameOf(m.Person)
	case *wire.Nominate:
		out := fmt.Sprintf("nominate %d ", m.Epoch)
		for _, a := range m.Adds {
			out += "+" + nameOf(a.Person) + " "
		}
		for _, id := range m.Removes {
			out += "-" + nameOf(id) + " "
		}
		return strings.TrimSpace(out) + flag(len(m.Adds)+len(m.Removes) == 0, " rekey")
	case *wire.Committed:
		return fmt.Sprint("committed ", m.Epoch)
	case *wire.Rejected:
		return fmt.Sprint("rejected ", m.Epoch)
	case *wire.Welcome:
		return fmt.Sprint("welcome ", m.Epoch)
	case *wire.Regroup:
		return "regroup" + flag(m.Found, " found")
	case *wire.Relayed:
		return "relayed " + nameOf(m.From) + " " + string(m.Body)
	case *wire.Published:
		return "published " + m.SDP
	case *wire.Offered:
		return "offered " + m.SDP
	case *wire.Tracks:
		return "tracks " + nameOf(m.Person) + fmt.Sprint(m.Tracks)
	case *wire.Shown:
		return strings.TrimSpace("shown " + m.Slot + " " + nameOf(m.Person) + " " + m.Mid)
	case *wire.Wanted:
		return "wanted " + m.Mid + " " + m.Size
	case *wire.Lost:
		return "lost " + m.Connection
	case *wire.Challenge, *wire.Pong:
	}
	return fmt.Sprintf("%T", m)
}

// shortStatement writes an order in words.
func shortStatement(signed wire.Signed) string {
	statement, err := wire.DecodeStatement(signed.Statement)
	if err != nil {
		return err.Error()
	}
	switch s := statement.(type) {
	case *wire.Policy:
		return fmt.Sprint("policy ", s.Version)
	case *wire.Admit:
		out := "admit"
		for _, a := range s.People {
			out += " " + nameOf(a.Person)
		}
		return out
	case *wire.Deny:
		return "deny " + nameOf(s.Person)
	case *wire.Note:
		return "note " + nameOf(s.Person)
	case *wire.Remove:
		return s.How + " " + nameOf(s.Person)
	case *wire.Stop:
		return strings.TrimSpace("stop " + s.Source + " " + nameOf(s.Person))
	case *wire.Appoint:
		return "appoint " + nameOf(s.Grant[grantPerson:grantKey])
	case *wire.End:
	}
	return "end"
}

func flag(yes bool, word string) string {
	if yes {
		return word
	}
	return ""
}

func people(all []wire.Person) string {
	names := []string{}
	for _, p := range all {
		names = append(names, " "+nameOf(p.ID)+flag(p.Viewer, "(viewer)")+flag(p.Away, "(away)")+strings.Repeat("*", len(p.Tracks)))
	}
	slices.Sort(names)
	return strings.Join(names, "")
}

// fakeMedia is a media plane that only notes what it is asked.
type fakeMedia struct {
	mu       sync.Mutex
	events   map[PeerID]MediaEvents // of open peers
	silenced map[PeerID]bool
	calls    []string
}

func newFakeMedia() *fakeMedia {
	return &fakeMedia{events: make(map[PeerID]MediaEvents), silenced: make(map[PeerID]bool)}
}

func (f *fakeMedia) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
}

// asked returns what was asked since last called.
func (f *fakeMedia) asked() []string {
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

// of returns where the media plane reports about a peer.
func (f *fakeMedia) of(peer PeerID) MediaEvents {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.events[peer]
}

func (f *fakeMedia) Open(peer PeerID, e MediaEvents) {
	f.mu.Lock()
	f.events[peer] = e
	f.mu.Unlock()
	f.note("open %d", peer)
}

func (f *fakeMedia) Close(peer PeerID) {
	f.mu.Lock()
	delete(f.events, peer)
	delete(f.silenced, peer)
	f.mu.Unlock()
	f.note("close %d", peer)
}

func (f *fakeMedia) Silence(peer PeerID, on bool) {
	f.mu.Lock()
	f.silenced[peer] = on
	f.mu.Unlock()
	f.note("silence %d %v", peer, on)
}

func (f *fakeMedia) Publish(peer PeerID, offer string, restart bool) {
	f.note("publish %d %s %v", peer, offer, restart)
}
func (f *fakeMedia) Subscribe(peer PeerID, video int)  { f.note("subscribe %d %d", peer, video) }
func (f *fakeMedia) Answer(peer PeerID, answer string) { f.note("answer %d %s", peer, answer) }
func (f *fakeMedia) Watch(peer PeerID, slot string, w MediaWatch) {
	f.note("watch %d %s %d %s %d %d", peer, slot, w.Publisher, w.Mid, w.Size, w.Priority)
}
