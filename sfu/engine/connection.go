package engine

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"

	"paravent/sfu/description"
	"paravent/sfu/guard"
	"paravent/sfu/srtp"
)

// connection is one way to a client: where it is, who it is, and the keys that
// were agreed on with it. It tells the media half what comes.
type connection struct {
	t     *Transport
	local description.Local
	media media
	begin func(home *lane) // called in the home, once packets can come and go
	ended func()           // tells of it
	box   *box
	agent *ice.Agent
	ways  atomic.Pointer[way]
	home  atomic.Pointer[lane] // nil: there are no keys yet
	over  atomic.Bool          // set under mu
	mute  atomic.Bool          // it was closed, or its end told: nothing is told any more
	late  *time.Timer          // ends it if it does not come about
	ctx   context.Context      //nolint:containedctx // it is the connection's life, and ends what pion waits for
	quit  context.CancelFunc

	// Speaking is held by who calls events before there is a home; from then on
	// they are called there only.
	speaking sync.Mutex

	mu      sync.Mutex // guards what follows
	keys    *keys
	sealers []*srtp.Sealer   // see way
	shook   *dtls.Conn       // the handshake that they are from
	at      netip.AddrPort   // where the client is; invalid: not known yet
	entered []netip.AddrPort // addresses in the maps of the lanes, the newest last
	early   [][]byte         // media that came before the keys

	// The home's:
	opener *srtp.Opener
	place  int  // among the connections of the home
	awake  bool // it is among those that are ticked often
}

var errClosed = errors.New("engine: want an open transport")

// connect makes a connection, which begins to come about with meet. Fill has
// to give it what it belongs to.
func (t *Transport) connect(fill func(*connection)) (*connection, error) {
	if !t.begin() {
		return nil, errClosed
	}
	c := &connection{t: t, local: t.describe()}
	fill(c)
	c.late = time.AfterFunc(math.MaxInt64, c.stray)
	c.ctx, c.quit = context.WithCancel(context.Background())
	if err := c.prepare(); err != nil {
		c.late.Stop()
		c.quit()
		if c.box != nil {
			c.box.close()
		}
		t.running.Done()
		return nil, err
	}
	t.add(c)
	c.late.Reset(t.waits.connect)
	return c, nil
}

// prepare opens what pion needs for the connection.
func (c *connection) prepare() error {
	if c.box = c.t.port.open(c.local.Ufrag); c.box == nil {
		return errClosed
	}
	agent, err := c.t.agent(c.local.Ufrag, c.local.Pwd)
	if err != nil {
		return err
	}
	err = errors.Join(
		agent.OnCandidate(func(ice.Candidate) {}), // they stand in our description already
		agent.OnConnectionStateChange(func(s ice.ConnectionState) {
			if s == ice.ConnectionStateFailed {
				c.stray()
			}
		}),
		agent.OnSelectedCandidatePairChange(func(_, remote ice.Candidate) { c.move(remote) }),
		agent.GatherCandidates(),
	)
	if err != nil {
		_ = agent.Close()
		return err
	}
	c.agent = agent
	return nil
}

// meet lets the connection come about with the remote end. To be called once.
func (c *connection) meet(remote description.Remote) {
	if !c.t.begin() {
		c.stray()
		return
	}
	go func() {
		defer c.t.running.Done()
		_ = guard.Do(func() error { return c.live(&remote) }) // either way it is over
		c.stray()
	}()
}

// live is the life of the connection on the side of pion: it returns once the
// connection is of no more use.
func (c *connection) live(remote *description.Remote) error {
	conn, err := c.agent.Accept(c.ctx, remote.Ufrag, remote.Pwd)
	if err != nil {
		return err
	}
	shook, k, err := c.t.identity.shake(c.ctx, conn, remote)
	if err != nil {
		return err
	}
	if !c.unlock(shook, k) {
		k.wipe()
		return shook.Close()
	}
	// Nothing but the end is expected on it: there are no data channels.
	var b [1]byte
	for err == nil {
		_, err = shook.Read(b[:])
	}
	return err
}

// unlock takes the keys. False: it is too late.
func (c *connection) unlock(shook *dtls.Conn, k *keys) bool {
	home := c.t.homeFor(c.box)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over.Load() {
		return false
	}
	c.late.Stop()
	c.shook, c.keys = shook, k
	c.sealers = make([]*srtp.Sealer, len(c.t.lanes))
	for i := range c.sealers {
		c.sealers[i] = k.sealer
		if i != home.number {
			c.sealers[i] = k.sealer.Share()
		}
	}
	c.lead()
	c.t.port.give(c.box, c)
	// Whoever was at our address when it was found has left by now: their records
	// came to them alone.
	for _, at := range c.entered {
		c.enter(at)
	}
	home.Do(func() { c.arrive(home) })
	return true
}

// arrive begins the exchange of packets, in the home.
func (c *connection) arrive(home *lane) {
	c.speaking.Lock()
	c.mu.Lock()
	over, early := c.over.Load(), c.early
	if !over {
		c.opener, c.early = c.keys.opener, nil
		c.home.Store(home)
	}
	c.mu.Unlock()
	c.speaking.Unlock()
	if over {
		return
	}
	home.adopt(c)
	c.begin(home)
	for _, b := range early {
		c.open(b, 0)
	}
}

// move notes where the client is now.
func (c *connection) move(remote ice.Candidate) {
	addr, err := netip.ParseAddr(remote.Address())
	if err != nil {
		return
	}
	at := netip.AddrPortFrom(addr.Unmap(), uint16(remote.Port()))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over.Load() || at == c.at {
		return
	}
	c.at = at
	if c.box.line(at) == nil && !slices.Contains(c.entered, at) {
		c.entered = append(c.entered, at)
		c.enter(at)
		if len(c.entered) > maxAddresses {
			c.forget(c.entered[:1])
			c.entered = slices.Delete(c.entered, 0, 1)
		}
	}
	c.lead()
}

// lead makes the way to where the client is, once there are keys. To be called
// under mu.
func (c *connection) lead() {
	if c.sealers == nil || !c.at.IsValid() {
		return
	}
	w := &way{to: c.at, sealers: c.sealers}
	if l := c.box.line(c.at); l != nil {
		w.slow = l
	}
	c.ways.Store(w)
}

// enter puts an address into the maps of the lanes, where nobody else has it.
func (c *connection) enter(at netip.AddrPort) {
	for _, l := range c.t.lanes {
		l.Do(func() { l.enter(at, c) })
	}
}

// forget takes addresses out of the maps of the lanes.
func (c *connection) forget(addresses []netip.AddrPort) {
	for _, at := range addresses {
		for _, l := range c.t.lanes {
			l.Do(func() { l.forget(at, c) })
		}
	}
}

// hold keeps a packet that came before the keys: a client may send as soon as
// its own part of the handshake is done.
func (c *connection) hold(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over.Load() && len(c.early) < maxEarly {
		c.early = append(c.early, slices.Clone(b))
	}
}

// close ends the connection. Nothing is told of it.
func (c *connection) close() {
	c.mute.Store(true)
	c.end()
}

// stray implements link.
func (c *connection) stray() { c.end() }

// end ends the connection: nothing is sealed and nothing opened any more, from
// here on. What pion has of it is closed aside.
func (c *connection) end() {
	c.mu.Lock()
	if c.over.Swap(true) {
		c.mu.Unlock()
		return
	}
	c.ways.Store(nil)
	if c.keys != nil {
		c.keys.wipe()
	}
	c.early, c.sealers = nil, nil
	c.forget(c.entered)
	home := c.home.Load()
	c.mu.Unlock()
	c.late.Stop()
	c.quit()
	go c.bury()
	if home == nil {
		c.t.lanes[0].Do(func() {
			c.speaking.Lock()
			defer c.speaking.Unlock()
			c.say()
		})
		return
	}
	home.Do(func() {
		home.release(c)
		defer c.say()
		c.media.end()
	})
}

// say tells that the connection has ended.
func (c *connection) say() {
	if !c.mute.Swap(true) {
		c.ended()
	}
}

// bury closes what pion has of the connection.
func (c *connection) bury() {
	defer c.t.running.Done()
	defer c.t.remove(c)
	_ = guard.Do(func() error {
		c.mu.Lock()
		shook := c.shook
		c.mu.Unlock()
		if shook != nil {
			_ = shook.Close()
		}
		return c.agent.GracefulClose()
	})
	c.box.close()
}

// open opens a packet, in the home, that arrived at a moment; 0: now.
func (c *connection) open(b []byte, came time.Duration) {
	defer guard.End(c.stray)
	l := c.home.Load()
	if c.over.Load() || len(b) < 2 || !c.media.admits(b, l.now) {
		l.tally.unknown++
		return
	}
	if isControl(b[1]) {
		n, err := c.opener.OpenRTCP(b)
		if c.accepts(l, err) {
			c.media.control(b[:n], l.now)
		}
		return
	}
	n, index, err := c.opener.OpenRTP(b)
	if c.accepts(l, err) {
		l.groups.add(c, arrived{bytes: b[:n], index: index, came: came}, l.now)
	}
}

// isControl tells RTCP from RTP by its second byte (RFC 5761, section 4).
func isControl(second byte) bool { return second >= 192 && second <= 223 }

// accepts counts what did not open.
func (c *connection) accepts(l *lane, err error) bool {
	switch {
	case err == nil:
		return true
	case errors.Is(err, srtp.ErrForged):
		l.tally.forged++
	case errors.Is(err, srtp.ErrReplayed):
		l.tally.replayed++
	case errors.Is(err, srtp.ErrTooMany):
		l.tally.unknown++
		c.stray() // it was sealed with the client's key: this is its doing
	case errors.Is(err, srtp.ErrWiped):
		l.tally.unknown++
	default:
		l.tally.malformed++
	}
	return false
}

// receive hands a burst over, in the home.
func (c *connection) receive(burst []arrived, at time.Duration) {
	defer guard.End(c.stray)
	if !c.over.Load() {
		c.media.receive(burst, at)
	}
}

// tick is called now and then, in the home. It says whether that may be rarely.
func (c *connection) tick(at time.Duration) (rests bool) {
	defer guard.End(c.stray)
	return c.over.Load() || c.media.tick(at)
}

// rouse implements link.
func (c *connection) rouse() {
	if home := c.home.Load(); home != nil {
		home.Do(func() { home.rouse(c) })
	}
}

// control implements link.
func (c *connection) control(packet []byte) {
	w, l := c.ways.Load(), c.home.Load()
	if w == nil || l == nil {
		return
	}
	sealer := w.sealers[l.number]
	b := sealer.SealRTCP(l.room(w, len(packet)+sealer.OverheadRTCP()), packet)
	if b == nil {
		c.stray() // no index is left, or no report was made
		return
	}
	l.commit(w, b)
}
