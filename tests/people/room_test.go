// Package people lets headless people meet on the real server: the second
// implementation against the first server, and what each of them does when the
// server lies.
package people

import (
	"context"
	"testing"
	"time"

	"paravent/bot"
	"paravent/e2ee/link"
	"paravent/server"
	"paravent/signaling/wire"
	"paravent/tests/meeting"
)

// room is one room on one server, and the links to it.
type room struct {
	t      *testing.T
	server *meeting.Server
	link   *link.Link
}

func newRoom(t *testing.T) *room {
	t.Helper()
	return &room{t: t, server: meeting.Start(t, server.Config{}), link: meeting.NewLink(t)}
}

func (r *room) context() context.Context {
	ctx, cancel := context.WithTimeout(r.t.Context(), meeting.Patience)
	r.t.Cleanup(cancel)
	return ctx
}

func (r *room) moderatorLink() string   { r.t.Helper(); return r.text(r.link) }
func (r *room) participantLink() string { return r.link.Participant(r.server.Origin) }

func (r *room) text(l *link.Link) string {
	r.t.Helper()
	text, err := l.String(r.server.Origin)
	r.must(err)
	return text
}

// joining is somebody who may still wait.
type joining struct {
	r      *room
	name   string
	person *bot.Person
	err    error
	waits  chan string
	done   chan struct{}
}

// come begins to join.
func (r *room) come(text, name string, options ...func(*bot.Options)) *joining {
	r.t.Helper()
	j := &joining{r: r, name: name, waits: make(chan string, 16), done: make(chan struct{})}
	o := bot.Options{Name: name, TLS: r.server.TLS, Waiting: func(reason string) { j.waits <- reason }}
	for _, set := range options {
		set(&o)
	}
	ctx := r.context()
	go func() {
		defer close(j.done)
		j.person, j.err = bot.Join(ctx, text, o)
	}()
	r.t.Cleanup(func() {
		<-j.done
		if j.person != nil {
			j.person.Leave()
		}
	})
	return j
}

// waiting waits until the server says what is waited for.
func (j *joining) waiting(reason string) *joining {
	j.r.t.Helper()
	for {
		select {
		case got := <-j.waits:
			if got == reason {
				return j
			}
		case <-j.done:
			j.r.t.Fatalf("%s: want to wait for %s: %v", j.name, reason, j.err)
		case <-time.After(meeting.Patience):
			j.r.t.Fatalf("%s: does not wait for %s", j.name, reason)
		}
	}
}

// either waits until the person waits in the lobby, or is turned away: then it
// is false.
func (j *joining) either() bool {
	j.r.t.Helper()
	select {
	case <-j.waits:
		return true
	case <-j.done:
		return false
	case <-time.After(meeting.Patience):
		j.r.t.Fatalf("%s: no answer", j.name)
		return false
	}
}

// in waits until the person is in.
func (j *joining) in() *bot.Person {
	j.r.t.Helper()
	<-j.done
	if j.err != nil {
		j.r.t.Fatalf("%s: %v", j.name, j.err)
	}
	return j.person
}

// refused waits until the person is turned away.
func (j *joining) refused() error {
	j.r.t.Helper()
	<-j.done
	if j.err == nil {
		j.r.t.Fatalf("%s: is in", j.name)
	}
	return j.err
}

// open opens the room with a moderator; the lobby is off unless rules say
// otherwise.
func (r *room) open(name string, rules ...func(*wire.Policy)) *bot.Person {
	r.t.Helper()
	p := r.come(r.moderatorLink(), name, func(o *bot.Options) {
		o.Rules = &wire.Policy{Chat: true, Share: true, Unmoderated: "lock"}
		for _, rule := range rules {
			rule(o.Rules)
		}
	}).in()
	return p
}

func withLobby(p *wire.Policy) { p.Lobby = true }

// guest lets a participant in who need not be admitted.
func (r *room) guest(name string) *bot.Person {
	r.t.Helper()
	return r.come(r.participantLink(), name).in()
}

// admitted lets somebody knock and a moderator admit it.
func (r *room) admitted(moderator *bot.Person, name string) *bot.Person {
	r.t.Helper()
	j := r.come(r.participantLink(), name).waiting("admission")
	k := await(r, moderator, func(e bot.Knocked) bool { return e.Name == name })
	r.must(moderator.Admit(r.context(), k.Person))
	return j.in()
}

func (r *room) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// await reads events until one is as wanted.
func await[E bot.Event](r *room, p *bot.Person, want func(E) bool) E {
	r.t.Helper()
	ctx := r.context()
	for {
		event, err := p.Next(ctx)
		if err != nil {
			var none E
			r.t.Fatalf("no %T: %v", none, err)
		}
		if e, ok := event.(E); ok && want(e) {
			return e
		}
	}
}

func every[E bot.Event](E) bool { return true }

// agree waits until all hold the keys of one epoch with so many members, and
// returns it.
func (r *room) agree(members int, all ...*bot.Person) uint64 {
	r.t.Helper()
	ctx := r.context()
	for {
		var epochs []bot.Epoch
		for _, p := range all {
			epochs = append(epochs, p.Epoch())
		}
		same := true
		for _, e := range epochs {
			same = same && e.Members == members && e.Authenticator == epochs[0].Authenticator && e.Number == epochs[0].Number
		}
		if same {
			return epochs[0].Number
		}
		select {
		case <-ctx.Done():
			r.t.Fatalf("no agreement: %+v", epochs)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
