package engine

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
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
				return e.Counts().Connections == 0 && boxes(e) == 0 && e.newLines.Load() == 0
			})
		})
	}
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
		eventually(t, "it is known whose the connection is", func() bool { return e.newLines.Load() == 0 })
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
	c := knock(t, e)
	began := time.Now()
	if err := e.Close(); err != nil || time.Since(began) > claimTime/2 {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is open")
	}
	late, other := net.Pipe()
	defer func() { _ = late.Close() }()
	e.TakeTCP(other)
	if _, err := late.Read(make([]byte, 1)); err == nil {
		t.Error("a connection was taken afterwards")
	}
}

// A client that does not read holds up nobody: what does not fit is lost.
func TestLineNeverWaits(t *testing.T) {
	near, far := net.Pipe()
	l := &line{conn: near, wake: make(chan struct{}, 1)}
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
		l := &line{conn: near}
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
