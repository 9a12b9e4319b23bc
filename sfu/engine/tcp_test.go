package engine

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"paravent/sfu/srtp"
)

// accept hands everybody who connects to a listener to a transport.
func accept(t *testing.T, on net.Listener, to *Transport) {
	t.Helper()
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := on.Accept()
			if err != nil {
				return
			}
			to.TakeTCP(conn)
		}
	})
	t.Cleanup(func() {
		_ = on.Close()
		all.Wait()
	})
}

// Clients that have TCP only publish, and receive what others publish.
func TestClientsWithoutUDP(t *testing.T) {
	for name, one := range map[string]struct{ from, to client }{
		"both":       {client{tcp: true}, client{tcp: true}},
		"publisher":  {client{tcp: true}, client{}},
		"subscriber": {client{}, client{tcp: true}},
	} {
		t.Run(name, func(t *testing.T) {
			on, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			at := on.Addr().(*net.TCPAddr).AddrPort()
			e := start(t, setting{lanes: 2, tcp: []netip.AddrPort{at}, profiles: []srtp.Profile{srtp.AEADAES128GCM}})
			accept(t, on, e)
			exchange(t, e, one.from, one.to, 300)
			eventually(t, "nothing is left", func() bool {
				return e.Counts().Connections == 0 && boxes(e) == 0 && strangers(e) == 0
			})
		})
	}
}

// strangers are the TCP connections that have not said whose they are.
func strangers(e *Transport) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.newLines)
}

// knock connects to a transport by TCP.
func knock(t *testing.T, e *Transport) net.Conn {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	client, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	e.TakeTCP(server)
	return client
}

func framed(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}

// Whoever does not begin with a check of a connection of ours is cut off.
func TestStrangersByTCP(t *testing.T) {
	e := start(t, setting{})
	w := newWatcher(t)
	var err error
	if w.s, err = e.Subscribe(1, 0, w); err != nil {
		t.Fatal(err)
	}
	name := w.s.(*subscribing).c.local.Ufrag
	for what, b := range map[string][]byte{
		"another's check": framed(checkFor("nobody:theirs")),
		"a record":        framed([]byte{22, 254, 253}),
		"media":           framed(bytes.Repeat([]byte{128}, 40)),
		"nothing":         framed(nil),
		"a giant":         framed(make([]byte, lineSize+1)),
	} {
		c := knock(t, e)
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s was answered with %d bytes", what, n)
		}
	}
	// Of one client only so many are taken.
	var last net.Conn
	for range maxLines + 1 {
		last = knock(t, e)
		if _, err := last.Write(framed(checkFor(name + ":theirs"))); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is known whose the connection is", func() bool { return strangers(e) == 0 })
	}
	if _, err := last.Read(make([]byte, 1)); err == nil {
		t.Error("there is no end to them")
	}
	w.s.Close()
	eventually(t, "nothing is left", func() bool { return boxes(e) == 0 })
}

// A transport does not wait for who has said nothing yet.
func TestCloseEndsStrangers(t *testing.T) {
	e := start(t, setting{})
	near, far := net.Pipe()
	defer func() { _ = far.Close() }()
	e.TakeTCP(endless{tcpConn{near}})
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := far.Read(make([]byte, 1))
		ended <- err
	}()
	if wait(t, "end of the connection", ended) == nil {
		t.Error("the connection is open")
	}
	late, other := net.Pipe()
	defer func() { _ = late.Close() }()
	e.TakeTCP(other)
	if _, err := late.Read(make([]byte, 1)); err == nil {
		t.Error("a connection was taken afterwards")
	}
}

// Whoever says nothing keeps nobody out: the one that has said nothing for the
// longest goes.
func TestCrowdOfStrangers(t *testing.T) {
	e := start(t, setting{})
	w := newWatcher(t)
	var err error
	if w.s, err = e.Subscribe(1, 0, w); err != nil {
		t.Fatal(err)
	}
	first := knock(t, e)
	for range maxNewLines {
		knock(t, e)
	}
	if n := strangers(e); n > maxNewLines {
		t.Errorf("%d wait", n)
	}
	if _, err := first.Read(make([]byte, 1)); err == nil {
		t.Error("the first is still there")
	}
	c := knock(t, e)
	if _, err := c.Write(framed(checkFor(w.s.(*subscribing).c.local.Ufrag + ":theirs"))); err != nil {
		t.Fatal(err)
	}
	b := w.s.(*subscribing).c.box
	eventually(t, "a client among them is heard", func() bool {
		b.port.mu.Lock()
		defer b.port.mu.Unlock()
		return len(b.lines) == 1
	})
}

// What comes by TCP waits for its lane, and is lost only where nobody has a use
// for it: it takes no place from what others send, however much it is.
func TestLinesWaitForTheirLane(t *testing.T) {
	l := bench(t, 1)[0]
	m := &shelfful{}
	c, seals := keyed(t, l, from(1), m)
	e := &Transport{port: l.port, lanes: l.all, lines: map[*line]struct{}{}}
	b := l.port.open("name")
	near, far := net.Pipe()
	e.TakeTCP(endless{tcpConn{near}})
	const count = 10 * maxParcels
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = far.Write(framed(checkFor("name:theirs")))
		_, _ = far.Write(framed(sealed(t, seals, 10, 0))) // nobody's yet
		_, _ = far.Write(framed([]byte{70}))
		l.port.give(b, c)
		for seq := range uint16(count) {
			_, _ = far.Write(framed(sealed(t, seals, 10, seq+1)))
		}
	}()
	packets := func() (n int) {
		for _, burst := range m.bursts {
			n += len(burst)
		}
		return n
	}
	most := 0
	for end := time.Now().Add(atMost); packets() < count && time.Now().Before(end); runtime.Gosched() {
		l.mu.Lock()
		most = max(most, len(l.mail))
		l.mu.Unlock()
		l.empty()
	}
	<-done
	if packets() != count {
		t.Fatalf("%d packets of %d", packets(), count)
	}
	if most > 1 || l.coming.Load() != 0 {
		t.Errorf("%d parcels waited at a time", most)
	}
	if e.unknown.Load() != 1 || e.malformed.Load() != 1 {
		t.Errorf("%d and %d were counted", e.unknown.Load(), e.malformed.Load())
	}
	// It ends although the lane takes nothing any more.
	_, _ = far.Write(framed(sealed(t, seals, 10, count+1)))
	e.mu.Lock()
	for one := range e.lines {
		one.close()
	}
	e.mu.Unlock()
	e.running.Wait()
}

// tcpConn is a connection that seems to be one by TCP.
type tcpConn struct{ net.Conn }

func (tcpConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9} }

// endless is a connection that may say nothing for as long as it likes.
type endless struct{ net.Conn }

func (endless) SetReadDeadline(time.Time) error { return nil }

// A client that does not read holds up nobody: what does not fit is lost.
func TestLineNeverWaits(t *testing.T) {
	near, far := net.Pipe()
	l := newLine(near, netip.AddrPort{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.write()
	}()
	const size = 1000
	for n := range 4 * lineQueue / size {
		l.send(bytes.Repeat([]byte{byte(n)}, size))
	}
	l.send(make([]byte, lineSize+1)) // too large to be a packet
	l.mu.Lock()
	if n := len(l.queue); n > lineQueue {
		t.Errorf("%d bytes wait", n)
	}
	l.mu.Unlock()
	// What fitted comes whole, and in order.
	before := -1
	for range lineQueue / (size + frameHeader) {
		b := make([]byte, frameHeader+size)
		if _, err := io.ReadFull(far, b); err != nil {
			t.Fatal(err)
		}
		if int(binary.BigEndian.Uint16(b)) != size || b[2] != b[len(b)-1] {
			t.Fatal("a frame is broken")
		}
		if before >= 0 && byte(before+1) != b[2] && before == int(b[2]) {
			t.Fatal("a frame came twice")
		}
		before = int(b[2])
	}
	l.close()
	l.close()
	l.send([]byte{1})
	wait(t, "end of writing", done)
}

// FuzzFrames reads whatever comes by TCP: no frame is larger than its room.
func FuzzFrames(f *testing.F) {
	f.Add(framed([]byte("one")))
	f.Add(append(framed([]byte("one")), 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		near, far := net.Pipe()
		go func() {
			_, _ = far.Write(b)
			_ = far.Close()
		}()
		l := newLine(near, netip.AddrPort{})
		room := make([]byte, lineSize)
		rest := b
		for {
			got, err := l.readFrame(room)
			if err != nil {
				break
			}
			if !bytes.Equal(got, rest[frameHeader:frameHeader+len(got)]) {
				t.Fatal("another frame than was sent")
			}
			rest = rest[frameHeader+len(got):]
		}
		_ = near.Close()
	})
}
