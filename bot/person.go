package bot

import (
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"sync/atomic"
	"time"

	"paravent/e2ee/group"
	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

const (
	inboxSize   = 16
	resumeTime  = 30 * time.Second // within which a stay can go on (signaling/PROTOCOL.md)
	confirmTime = 5 * time.Second  // for an order to come back
	leaveTime   = 2 * time.Second  // for the server to close the connection
)

// backoff is how long to wait before each try to connect again; the last one
// repeats.
//
//nolint:gochecknoglobals // immutable table
var backoff = [...]time.Duration{0, 300 * time.Millisecond, 700 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second}

// Person is one stay of a headless person in one room. Its methods are safe
// for concurrent use; those with a context wait, at most until it ends. After
// the stay has ended they return its end, as Err does.
type Person struct {
	options Options
	url     string // of the server's signaling
	origin  string // of links
	link    *link.Link
	keys    *keys
	pass    []byte             // what Argon2id made of the passphrase; nil: none
	device  ed25519.PrivateKey // for a ticket; nil until it is needed
	id      ID
	viewer  bool
	media   media
	events  *queue

	inbox   chan func()   // what the loop does next
	live    chan struct{} // closed with the first epoch
	done    chan struct{} // closed when the stay is over
	err     error         // why; to be read after done
	permits atomic.Pointer[permits]

	// What follows belongs to the loop.
	socket     *socket // nil: none
	entered    bool    // the server has let this connection in
	known      bool    // the server has answered this person before
	leaving    bool
	lostAt     time.Time
	tries      int
	token      []byte // for Resume; nil before the first Joined
	group      *group.Stay
	epoch      *group.Epoch // nil outside a group
	talk       *talk
	outbox     outbox
	people     map[ID]*someone
	waiting    map[ID]*knocker // only for moderators
	rules      rules
	orders     orders
	mids       [sources]string  // one's own tracks
	hand       uint64           // raised since, ms since 1970; 0: down
	turn       uint64           // how often the stay was taken up
	generation *link.Generation // of the link; nil: the first
	compared   map[[ed25519.PublicKeySize]byte]bool
}

// keys are the secrets of one stay.
type keys struct {
	room      *link.Room
	moderator *link.Moderator // nil without a moderator link
	seed      []byte
	sign      ed25519.PrivateKey
	kem       *ecdh.PrivateKey // X25519
	grant     []byte           // nil: no moderator
}

// public returns the signature key of the leaf.
func (k *keys) public() [ed25519.PublicKeySize]byte {
	return [ed25519.PublicKeySize]byte(k.sign[ed25519.SeedSize:])
}

func newPerson(text string, o Options) (*Person, error) {
	if o.now == nil {
		o.now = time.Now
	}
	origin, l, err := link.Parse(text)
	if err != nil {
		return nil, ErrLink
	}
	p := &Person{
		options: o, origin: origin, link: l, events: newQueue(),
		url:    "ws" + strings.TrimPrefix(origin, "http") + "/signaling",
		device: o.Device, generation: l.Generation,
		inbox: make(chan func(), inboxSize), live: make(chan struct{}), done: make(chan struct{}),
		people: map[ID]*someone{}, waiting: map[ID]*knocker{},
	}
	if p.keys, err = p.newKeys(); err != nil {
		return nil, err
	}
	if p.viewer, err = viewerLink(l); err != nil {
		return nil, err
	}
	role := group.Participant
	if p.viewer {
		role = group.Viewer
	}
	self := group.Self{Person: p.id, Key: p.keys.sign, Role: role}
	if p.pass, err = p.passphrase(); err != nil {
		return nil, err
	}
	if p.group, err = group.New(l, p.pass, self); err != nil {
		return nil, err
	}
	p.talk = newTalk(p.id, p.keys.sign, p.turn)
	p.orders.init(p.turn)
	p.media.init(p)
	p.permits.Store(&permits{})
	p.rules.init()
	if o.Stay != nil && o.Stay.Policy != nil {
		p.know(o.Stay.Policy)
	}
	return p, nil
}

// newKeys chooses id and keys, or takes those of the stay that goes on.
func (p *Person) newKeys() (*keys, error) {
	room, err := p.link.Room()
	if err != nil {
		return nil, err
	}
	k := &keys{room: room, seed: make([]byte, ed25519.SeedSize)}
	if s := p.options.Stay; s != nil {
		if len(s.Seed) != ed25519.SeedSize || len(s.Token) != wire.TokenSize {
			return nil, ErrProtocol
		}
		p.id, p.turn, p.token = s.Person, s.Turn+1, s.Token
		k.seed, k.grant = s.Seed, s.Grant
	} else {
		_, _ = rand.Read(k.seed) // never fails
		_, _ = rand.Read(p.id[:])
	}
	k.sign = ed25519.NewKeyFromSeed(k.seed)
	scalar, err := hkdf.Expand(sha256.New, k.seed, "paravent bot kem", 32)
	if err != nil {
		return nil, err
	}
	if k.kem, err = ecdh.X25519().NewPrivateKey(scalar); err != nil {
		return nil, err
	}
	if p.link.Moderator == nil {
		return k, nil
	}
	if k.moderator, err = link.NewModerator(*p.link.Moderator); err != nil {
		return nil, err
	}
	k.kem = k.moderator.KEM
	return k, nil
}

// ---- The loop ----

// run does one thing after the other until the stay is over.
func (p *Person) run() {
	for p.err == nil {
		(<-p.inbox)()
	}
	if p.socket != nil {
		p.socket.close()
	}
	close(p.done)
	p.media.close()
	p.talk.forget()
	p.epoch = nil
	p.group.Erase()
	if p.orders.office != nil {
		p.orders.office.Stop()
	}
	clear(p.keys.seed)
	clear(p.keys.sign)
	p.events.put(Ended{p.err})
}

// post has the loop do something, soon; nothing once the stay is over.
func (p *Person) post(do func()) {
	select {
	case p.inbox <- do:
	case <-p.done:
	}
}

// call has the loop do something and waits for it.
func (p *Person) call(do func() error) error {
	answer := make(chan error, 1)
	p.post(func() { answer <- do() })
	select {
	case err := <-answer:
		return err
	case <-p.done:
	}
	select { // it may have been the last thing done
	case err := <-answer:
		return err
	default:
		return p.err
	}
}

// after has the loop do something later.
func (p *Person) after(wait time.Duration, do func()) {
	time.AfterFunc(wait, func() { p.post(do) })
}

// during returns a context that ends with the stay.
func (p *Person) during(limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	go func() {
		select {
		case <-p.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// end ends the stay. Only the loop calls it.
func (p *Person) end(why error) {
	if p.err == nil {
		p.err = why
	}
}

// Err returns why the stay has ended, and nil before that.
func (p *Person) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Done returns a channel that is closed when the stay has ended.
func (p *Person) Done() <-chan struct{} { return p.done }

// Leave ends the stay and erases its keys. It returns once that is done.
func (p *Person) Leave() {
	p.post(func() {
		if p.socket == nil {
			p.end(ErrLeft) // the server notices by itself
			return
		}
		// A socket closed on data that was not read can lose what it sent last:
		// the server closes it.
		p.leaving = true
		p.media.ring.forget()
		p.write(&wire.Leave{})
		p.after(leaveTime, func() { p.end(ErrLeft) })
	})
	<-p.done
}

// Stay ends this person without leaving, and returns what another process needs
// to go on as the same person within 30 s.
func (p *Person) Stay() (*Stay, error) {
	s := &Stay{Person: p.id}
	err := p.call(func() error {
		if p.token == nil {
			return ErrNoKeys
		}
		s.Token, s.Seed, s.Turn = p.token, append([]byte(nil), p.keys.seed...), p.turn
		if p.keys.moderator == nil {
			s.Grant = p.keys.grant
		}
		s.Policy, s.Pass = p.rules.signed, p.pass
		p.end(ErrReplaced)
		return nil
	})
	if err != nil {
		return nil, err
	}
	<-p.done
	return s, nil
}

// ---- The connection ----

// connect opens a socket and reads it, and says to the loop what comes of it.
func (p *Person) connect() {
	go func() {
		ctx, cancel := p.during(dialTime)
		defer cancel()
		s, err := dial(ctx, p.url, &p.options)
		if err != nil {
			p.post(func() { p.closed(nil, 0, err) })
			return
		}
		p.post(func() { p.socket = s })
		code := s.read(func(m wire.ServerMessage) {
			p.post(func() {
				if p.socket == s && p.err == nil && !p.leaving {
					p.take(m)
				}
			})
		})
		s.close()
		p.post(func() { p.closed(s, code, nil) })
	}()
}

// closed goes back, or ends the stay. The time for it begins when the
// connection breaks.
func (p *Person) closed(s *socket, code wire.Close, err error) {
	if p.err != nil || s != p.socket {
		return
	}
	p.socket = nil
	if p.leaving {
		p.end(ErrLeft)
		return
	}
	if end := endAt(code); end != nil {
		p.end(end)
		return
	}
	now := p.options.now()
	if p.lostAt.IsZero() {
		p.lostAt, p.tries = now, 0
		if p.entered {
			p.events.put(Broken{true})
		}
	}
	p.entered = false
	switch {
	case !p.known && err != nil:
		p.end(err) // a first try that fails tells why
	case !p.known || now.Sub(p.lostAt) > resumeTime:
		p.end(ErrConnection)
	}
	if p.err != nil {
		return
	}
	wait := backoff[min(p.tries, len(backoff)-1)]
	p.tries++
	p.after(wait, func() {
		if p.socket == nil && p.err == nil {
			p.connect()
		}
	})
}

// back says that the connection is as it was.
func (p *Person) back() {
	if p.lostAt.IsZero() {
		return
	}
	p.lostAt = time.Time{}
	p.events.put(Broken{false})
}

// send writes a message, if the server has let this connection in: anything
// else would end the stay.
func (p *Person) send(m wire.ClientMessage) {
	if p.socket == nil || !p.entered {
		return
	}
	p.write(m)
}

func (p *Person) write(m wire.ClientMessage) {
	// A socket that fails ends its reader, and so comes back as closed.
	_ = p.socket.send(m)
}
