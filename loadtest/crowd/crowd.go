// Package crowd is people who are not there: they publish and receive over real
// connections, as browsers do, at as little cost as can be, so that a machine
// can hold a server that is measured and all who are on it.
//
// Each has a socket of its own for each connection, finds the server by ICE,
// makes the handshake of DTLS and sends and opens SRTP. What they publish is
// noise behind a valid descriptor. Of what they receive the system drops most
// before it is read, on Linux; of the rest they report as if everything had
// arrived, which it has on loopback: transport-wide feedback, receiver reports,
// and checks of their consent.
package crowd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/pion/logging"
)

// Server is what a crowd needs of a server besides packets. Its methods wait for
// the answer.
type Server interface {
	Open(id uint64) error
	Publish(id uint64, offer string) (answer string, err error)
	Subscribe(id uint64) (offer string, err error)
	Answer(id uint64, answer string) error
	Watch(id uint64, slot string, publisher uint64, mid string) error
	Leave(id uint64) error
}

// Crowd is people on one server. Safe for concurrent use.
type Crowd struct {
	server   Server
	identity tls.Certificate
	mark     string // fingerprint of the identity
	reading  sync.WaitGroup
	keeping  sync.WaitGroup
	quit     chan struct{}
	Delays   Delays
	Learning bool // everybody reads everything at first; set before anybody is there

	mu    sync.Mutex // guards what follows
	lines []*line
	last  uint64 // id
}

// New makes an empty crowd.
func New(s Server) (*Crowd, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	c := &Crowd{
		server: s, quit: make(chan struct{}), mark: fingerprint(raw),
		identity: tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key},
	}
	c.keeping.Go(c.keep)
	return c, nil
}

// silent discards what pion would log.
func silent() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

// keep renews everybody's consent, each in turn.
func (c *Crowd) keep() {
	const (
		consent = 2500 * time.Millisecond // between two checks of a line, as in Chromium
		steps   = 50
	)
	beat := time.NewTicker(consent / steps)
	defer beat.Stop()
	for step := 0; ; step = (step + 1) % steps {
		select {
		case <-c.quit:
			return
		case <-beat.C:
		}
		c.mu.Lock()
		var turn []*line
		for i := step; i < len(c.lines); i += steps {
			turn = append(turn, c.lines[i])
		}
		c.mu.Unlock()
		for _, l := range turn {
			l.check()
		}
	}
}

func (c *Crowd) add(l *line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, l)
}

func (c *Crowd) drop(l *line) {
	c.mu.Lock()
	c.lines = slices.DeleteFunc(c.lines, func(x *line) bool { return x == l })
	c.mu.Unlock()
	l.close()
}

// end is ours of a new connection.
func (c *Crowd) end() end { return end{rand.Text()[:8], rand.Text(), c.mark} }

// Close ends what is left.
func (c *Crowd) Close() {
	close(c.quit)
	c.keeping.Wait()
	c.mu.Lock()
	lines := c.lines
	c.lines = nil
	c.mu.Unlock()
	for _, l := range lines {
		l.close()
	}
	c.reading.Wait()
}

// Person is one of a crowd.
type Person struct {
	ID     uint64
	crowd  *Crowd
	Camera *Camera // nil: publishes nothing
	Screen *Screen // nil: receives nothing
}

// Join brings another person, with both connections.
func (c *Crowd) Join(d Diet) (*Person, error) {
	p, err := c.Enter()
	if err == nil {
		err = p.Publish()
	}
	if err == nil {
		err = p.Subscribe(d)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Enter brings another person, without connections.
func (c *Crowd) Enter() (*Person, error) {
	c.mu.Lock()
	c.last++
	p := &Person{ID: c.last, crowd: c}
	c.mu.Unlock()
	return p, c.server.Open(p.ID)
}

// Publish begins the connection to send on: one sound, one picture.
func (p *Person) Publish() error {
	local := p.crowd.end()
	sound, picture := uint32(p.ID)<<8|1, uint32(p.ID)<<8|2
	text, err := p.crowd.server.Publish(p.ID, local.offer(sound, picture))
	if err != nil {
		return err
	}
	r, err := read(text)
	if err != nil {
		return err
	}
	c := &Camera{sound: stream{ssrc: sound, kind: typeSound}, picture: stream{ssrc: picture, kind: typePicture}, counted: r.counted}
	c.wanted.Store(true)
	if c.line, err = p.crowd.connect(local, r, c.hear); err != nil {
		return err
	}
	p.crowd.add(c.line)
	p.Camera = c
	return nil
}

// Subscribe begins the connection to receive on.
func (p *Person) Subscribe(d Diet) error {
	text, err := p.crowd.server.Subscribe(p.ID)
	if err != nil {
		return err
	}
	r, err := read(text)
	if err != nil {
		return err
	}
	local := p.crowd.end()
	if err := p.crowd.server.Answer(p.ID, local.answer(text)); err != nil {
		return err
	}
	s, sifted := newScreen(p.crowd, d, r), d > Everything && !p.crowd.Learning
	s.sifted = sifted
	if s.line, err = p.crowd.connect(local, r, s.take); err != nil {
		return err
	}
	if sifted {
		sift(s.line.conn, int(d))
	}
	p.crowd.add(s.line)
	p.Screen = s
	return nil
}

// Watch shows another's picture in the next free slot, and Listen plays their
// sound.
func (p *Person) Watch(other *Person) error {
	p.Screen.shows.Store(other.Camera)
	return p.crowd.server.Watch(p.ID, next(&p.Screen.video), other.ID, MidPicture)
}

// Listen plays another's sound in the next free slot.
func (p *Person) Listen(other *Person) error {
	return p.crowd.server.Watch(p.ID, next(&p.Screen.audio), other.ID, MidSound)
}

// next takes the first of the slots that are left; none is a name that the
// server does not know.
func next(slots *[]string) string {
	if len(*slots) == 0 {
		return ""
	}
	s := (*slots)[0]
	*slots = (*slots)[1:]
	return s
}

// Leave ends the person.
func (p *Person) Leave() error {
	err := p.crowd.server.Leave(p.ID)
	if p.Camera != nil {
		p.crowd.drop(p.Camera.line)
	}
	if p.Screen != nil {
		p.crowd.drop(p.Screen.line)
	}
	return err
}

// Delays are how long packets were on their way, from the moment before they
// were sealed to their arrival at the socket. Safe for concurrent use.
type Delays struct {
	mu  sync.Mutex // guards what follows
	all []time.Duration
}

func (d *Delays) add(one time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, one)
}

// Take gives those since the last call, sorted.
func (d *Delays) Take() []time.Duration {
	d.mu.Lock()
	all := d.all
	d.all = nil
	d.mu.Unlock()
	slices.Sort(all)
	return all
}

// Quantile is of sorted delays the one below which so many of a thousand are.
func Quantile(sorted []time.Duration, perMille int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*perMille/1000, len(sorted)-1)]
}
