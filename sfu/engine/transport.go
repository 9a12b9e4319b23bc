package engine

import (
	"crypto/rand"
	"errors"
	"maps"
	"math/big"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/transport/v4/stdnet"

	"paravent/sfu/checks"
	"paravent/sfu/datagram"
	"paravent/sfu/description"
	"paravent/sfu/guard"
	"paravent/sfu/srtp"
	"paravent/sfu/transport"
)

// Config is what a Transport needs.
type Config struct {
	// Port is the one UDP port of all connections. It belongs to the Transport
	// from now on, and has a lane for each of its sockets.
	Port *datagram.Port
	// Addresses are advertised, with the port's number. Nil means the one that
	// the port listens at, or else those of the machine, of which loopback only
	// if asked for or if there is no other.
	Addresses       []netip.Addr
	IncludeLoopback bool
	// TCP are addresses where clients without UDP can connect. Who accepts them
	// there hands them in with TakeTCP.
	TCP []netip.AddrPort
	// Profiles are the SRTP profiles, the one to be preferred first. Nil means
	// all, AES-256 first.
	Profiles []srtp.Profile
	// Silence is how long a connection may be silent until it is lost; 0 means
	// 30 seconds.
	Silence time.Duration

	waits waits // for tests; the zero value means the limits
}

// waits is how long is waited for a connection.
type waits struct{ silent, fail, connect time.Duration }

// Transport implements transport.Transport.
type Transport struct {
	port       *port
	datagrams  *datagram.Port
	identity   *identity
	network    *stdnet.Net
	candidates []description.Candidate
	lanes      []*lane
	clock      clock
	waits      waits
	looping    sync.WaitGroup // the lanes
	running    sync.WaitGroup // connections, and all that serves them
	turn       atomic.Uint32  // the lane that the last connection without a natural home came to
	unknown    atomic.Uint64  // what came by TCP and nobody had a use for
	malformed  atomic.Uint64  // what came by TCP and could not be read

	mu          sync.Mutex // guards what follows, and that nothing is begun that Close does not see
	connections map[*connection]struct{}
	lines       map[*line]struct{}
	newLines    []*line // that have not said whose they are, the oldest first
	closed      bool
}

var _ transport.Transport = (*Transport)(nil)

var (
	errPort      = errors.New("engine: want an open port")
	errAddresses = errors.New("engine: want an address to advertise")
	errClose     = errors.New("engine: want connections that can be closed in time")
)

// New makes a Transport, and begins to receive.
func New(c Config) (*Transport, error) {
	if c.Port == nil {
		return nil, errPort
	}
	if c.waits == (waits{}) {
		c.waits = waits{silent: silentTime, fail: failTime, connect: connectTime}
	}
	if c.Silence != 0 {
		c.waits.silent, c.waits.fail = c.Silence/3, c.Silence-c.Silence/3
	}
	if c.Profiles == nil {
		c.Profiles = []srtp.Profile{srtp.AEADAES256GCM, srtp.AEADAES128GCM, srtp.AES128CMSHA1}
	}
	t := &Transport{
		datagrams: c.Port, clock: clock{time.Now()}, waits: c.waits,
		connections: map[*connection]struct{}{}, lines: map[*line]struct{}{},
	}
	var err error
	if t.candidates, err = candidates(c); err != nil {
		return nil, err
	}
	if t.identity, err = newIdentity(c.Profiles); err != nil {
		return nil, err
	}
	if t.network, err = stdnet.NewNet(); err != nil { // one list of interfaces for all connections
		return nil, err
	}
	sockets := c.Port.Sockets()
	t.port = newPort(sockets[0].SendOne, families(t.candidates), t.clock.now)
	t.lanes = newLanes(t.clock, t.port, sockets)
	for _, l := range t.lanes {
		t.looping.Go(l.run)
	}
	return t, nil
}

// candidates are what we tell clients of where we are, the best first.
func candidates(c Config) ([]description.Candidate, error) {
	at := c.Port.Addr()
	addresses := c.Addresses
	if addresses == nil {
		addresses = checks.Addresses(at.Addr(), c.IncludeLoopback)
	}
	if len(addresses) == 0 {
		return nil, errAddresses
	}
	var all []description.Candidate
	for _, a := range addresses {
		all = append(all, description.Candidate{Addr: netip.AddrPortFrom(a.Unmap(), at.Port())})
	}
	for _, a := range c.TCP {
		all = append(all, description.Candidate{Addr: netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), TCP: true})
	}
	return all, nil
}

// families are the first address of each family: as much as pion has to know
// to tell them apart.
func families(all []description.Candidate) []netip.AddrPort {
	var one []netip.AddrPort
	for _, c := range all {
		if !slices.ContainsFunc(one, func(a netip.AddrPort) bool { return a.Addr().Is4() == c.Addr.Addr().Is4() }) {
			one = append(one, c.Addr)
		}
	}
	return one
}

// agent makes pion's part of a connection: it waits for checks and answers
// them. It never asks anything itself, nor anybody else.
func (t *Transport) agent(name, password string) (*ice.Agent, error) {
	return ice.NewAgentWithOptions(
		ice.WithNet(t.network),
		ice.WithLoggerFactory(silent()),
		ice.WithICELite(true),
		ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}),
		ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4, ice.NetworkTypeUDP6}),
		ice.WithUDPMux(t.port),
		ice.WithInterfaceFilter(func(string) bool { return false }),
		ice.WithIncludeLoopback(),
		ice.WithDisableActiveTCP(),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled),
		ice.WithLocalCredentials(name, password),
		ice.WithDisconnectedTimeout(t.waits.silent),
		ice.WithFailedTimeout(t.waits.fail),
		ice.WithKeepaliveInterval(0),
	)
}

// describe is our end of a new connection.
func (t *Transport) describe() description.Local {
	const sessionBits = 62 // RFC 8829, section 5.2.1
	session, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), sessionBits))
	if err != nil {
		session = new(big.Int) // it names nothing that could be guessed to any use
	}
	return description.Local{
		Session: session.Uint64(), Version: 1,
		Ufrag: rand.Text()[:nameLetters], Pwd: rand.Text(),
		Fingerprint: t.identity.fingerprint,
		Candidates:  t.candidates,
	}
}

// homeFor is the lane that a connection belongs to: the one that its checks
// come to, for so will its media.
func (t *Transport) homeFor(b *box) *lane {
	b.port.mu.Lock()
	l := b.lane
	b.port.mu.Unlock()
	if l == nil {
		l = t.lanes[int(t.turn.Add(1))%len(t.lanes)]
	}
	return l
}

// begin counts in something that Close waits for. False: it is too late.
func (t *Transport) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.running.Add(1)
	return true
}

func (t *Transport) add(c *connection) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connections[c] = struct{}{}
}

func (t *Transport) remove(c *connection) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.connections, c)
}

// Wall implements transport.Transport.
func (t *Transport) Wall(at time.Duration) time.Time { return t.clock.wall(at) }

// Now implements transport.Transport.
func (t *Transport) Now() time.Duration { return t.clock.now() }

// Counts implements transport.Transport.
func (t *Transport) Counts() transport.Counts {
	t.mu.Lock()
	c := transport.Counts{Connections: len(t.connections)}
	t.mu.Unlock()
	d := t.datagrams.Counts()
	c.Received, c.Sends, c.Unsent = d.Received, d.Sends, d.Unsent
	c.Unknown, c.Malformed = t.unknown.Load(), t.malformed.Load()
	for _, l := range t.lanes {
		c.Opened += l.sums.opened.Load()
		c.Sealed += l.sums.sealed.Load()
		c.Unsent += l.sums.unsent.Load()
		c.Unknown += l.sums.unknown.Load()
		c.Malformed += l.sums.malformed.Load()
		c.Forged += l.sums.forged.Load()
		c.Replayed += l.sums.replayed.Load()
	}
	return c
}

// Close implements transport.Transport. It gives connections that do not close
// up after a while, and says so.
func (t *Transport) Close() error {
	t.mu.Lock()
	already := t.closed
	t.closed = true
	all, lines := slices.Collect(maps.Keys(t.connections)), slices.Collect(maps.Keys(t.lines))
	t.mu.Unlock()
	if already {
		t.looping.Wait()
		return nil
	}
	for _, c := range all {
		c.close()
	}
	for _, l := range lines {
		l.close()
	}
	t.port.close()
	var err error
	if !guard.Wait(&t.running, closeTime) { // what serves a connection
		err = errClose
	}
	for _, l := range t.lanes {
		l.stop()
	}
	t.looping.Wait()
	return errors.Join(err, t.datagrams.Close())
}
