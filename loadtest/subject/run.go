package subject

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"sync/atomic"

	"paravent/sfu"
	"paravent/sfu/datagram"
	"paravent/sfu/engine"
	"paravent/sfu/transport"
	"paravent/sfu/viapion"
)

var errOptions = errors.New("subject: want a transport that there is")

// Run is the subject: it does what the lines of in ask for until they end.
func Run(options string, in io.Reader, out io.Writer) error {
	var o Options
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		return errOptions
	}
	t, err := open(o)
	if err != nil {
		return err
	}
	router, err := sfu.New(sfu.Config{Transport: t})
	if err != nil {
		return err
	}
	h := &half{router: router, transport: t, peers: map[uint64]*peer{}, out: json.NewEncoder(out)}
	lines := json.NewDecoder(bufio.NewReader(in))
	for {
		var r request
		if lines.Decode(&r) != nil {
			break
		}
		h.do(r)
	}
	h.stop()
	return router.Close()
}

// open makes the transport, on some port of loopback.
func open(o Options) (transport.Transport, error) {
	loopback := netip.MustParseAddr("127.0.0.1")
	switch o.Transport {
	case "engine":
		if o.Lanes == 0 {
			o.Lanes = runtime.GOMAXPROCS(0)
		}
		port, err := datagram.Listen(netip.AddrPortFrom(loopback, 0), datagram.Options{Sockets: o.Lanes})
		if err != nil {
			return nil, err
		}
		return engine.New(engine.Config{Port: port, Addresses: []netip.Addr{loopback}})
	case "pion":
		udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
		if err != nil {
			return nil, err
		}
		_ = udp.SetReadBuffer(socketBuffer) // as much as is given: it is measured either way
		_ = udp.SetWriteBuffer(socketBuffer)
		return viapion.New(viapion.Config{UDP: udp, Addresses: []netip.Addr{loopback}, IncludeLoopback: true})
	}
	return nil, errOptions
}

const socketBuffer = 4 << 20 // bytes

// half is the media half of a server.
type half struct {
	router    *sfu.Router
	transport transport.Transport
	lost      atomic.Int64
	shown     atomic.Int64
	profile   *os.File

	mu    sync.Mutex // guards what follows
	peers map[uint64]*peer
	out   *json.Encoder
}

// peer hears what happens to one, and answers what asked for it.
type peer struct {
	half *half

	mu        sync.Mutex // guards what follows
	published []uint64   // numbers of requests
	offered   []uint64
	showing   map[string]bool
}

var _ sfu.Events = (*peer)(nil)

func (h *half) write(a answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.out.Encode(a) // whoever asked is gone
}

// do carries out a request.
func (h *half) do(r request) {
	id := sfu.PeerID(r.Peer)
	p := h.peer(r)
	if p == nil && r.Peer != 0 {
		h.write(answer{Number: r.Number, Fault: "peer"})
		return
	}
	switch r.Do {
	case "open":
		h.router.Open(id, p)
	case "publish":
		p.expect(&p.published, r.Number)
		h.router.Publish(id, r.Text, false)
		return
	case "subscribe":
		p.expect(&p.offered, r.Number)
		h.router.Subscribe(id, sfu.VideoSlots)
		return
	case "answer":
		h.router.Answer(id, r.Text)
	case "watch":
		h.watch(r)
	case "leave":
		h.router.ClosePeer(id)
		h.forget(r.Peer, p)
	default:
		h.look(r)
		return
	}
	h.write(answer{Number: r.Number})
}

func (h *half) peer(r request) *peer {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Do == "open" && h.peers[r.Peer] == nil {
		h.peers[r.Peer] = &peer{half: h, showing: map[string]bool{}}
	}
	return h.peers[r.Peer]
}

func (h *half) forget(id uint64, p *peer) {
	h.mu.Lock()
	delete(h.peers, id)
	h.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	h.shown.Add(-int64(len(p.showing)))
	p.showing = nil
}

// look answers what does not change anything.
func (h *half) look(r request) {
	var err error
	a := answer{Number: r.Number}
	switch r.Do {
	case "usage":
		if r.Text == "true" {
			debug.FreeOSMemory()
			runtime.GC()
		}
		a.Usage = h.usage()
	case "profile":
		err = h.record(r.Text)
	case "heap":
		err = heap(r.Text)
	default:
		err = errOptions
	}
	if err != nil {
		a.Fault = err.Error()
	}
	h.write(a)
}

func (h *half) usage() *Usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := &Usage{
		Mallocs: m.Mallocs, Bytes: m.TotalAlloc, Heap: m.HeapAlloc, Stack: m.StackInuse,
		Goroutines: runtime.NumGoroutine(), Counts: h.transport.Counts(),
		Lost: int(h.lost.Load()), Shown: int(h.shown.Load()),
	}
	if all, err := os.ReadDir("/proc/self/fd"); err == nil {
		u.Descriptors = len(all)
	}
	u.CPU, u.Switches = Process()
	return u
}

// record begins a profile, or ends it.
func (h *half) record(name string) error {
	h.stop()
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	h.profile = file
	return pprof.StartCPUProfile(file)
}

func (h *half) stop() {
	if h.profile != nil {
		pprof.StopCPUProfile()
		_ = h.profile.Close()
		h.profile = nil
	}
}

func heap(name string) error {
	runtime.GC()
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return pprof.WriteHeapProfile(file)
}

func (p *peer) expect(list *[]uint64, number uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*list = append(*list, number)
}

// reply answers the first request that waits in a list.
func (p *peer) reply(list *[]uint64, a answer) {
	p.mu.Lock()
	if len(*list) == 0 {
		p.mu.Unlock()
		return
	}
	a.Number = (*list)[0]
	*list = (*list)[1:]
	p.mu.Unlock()
	p.half.write(a)
}

// Published implements sfu.Events, like the following.
func (p *peer) Published(text string) { p.reply(&p.published, answer{Text: text}) }

// Offered gives the offer.
func (p *peer) Offered(offer string) { p.reply(&p.offered, answer{Text: offer}) }

// Tracks tells nothing new.
func (*peer) Tracks([]sfu.Track) {}

// Wanted tells what browsers go by: here everything is always sent.
func (*peer) Wanted(string, int) {}

// Shown counts.
func (p *peer) Shown(slot string, publisher sfu.PeerID, _ string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.showing == nil || p.showing[slot] == (publisher != 0) {
		return
	}
	if publisher != 0 {
		p.showing[slot] = true
		p.half.shown.Add(1)
		return
	}
	delete(p.showing, slot)
	p.half.shown.Add(-1)
}

// Lost counts, and fails what waits for it.
func (p *peer) Lost(c sfu.Connection) {
	p.mu.Lock()
	left := p.showing == nil
	p.mu.Unlock()
	if left {
		return
	}
	p.half.lost.Add(1)
	list := &p.published
	if c == sfu.SubscribeConnection {
		list = &p.offered
	}
	p.reply(list, answer{Fault: "lost"})
}
