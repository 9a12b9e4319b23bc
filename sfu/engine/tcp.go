package engine

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"paravent/sfu/checks"
)

// line is a TCP connection of a client without UDP (RFC 6544; framed as RFC
// 4571 says). Two goroutines serve it, one for each direction; no lane ever
// waits for it. Safe for concurrent use.
type line struct {
	conn net.Conn
	to   netip.AddrPort // the client's address; pion takes it for one of UDP

	mu     sync.Mutex // guards what follows
	queue  []byte     // frames that wait to be written
	closed bool

	wake chan struct{} // of one element: the queue is not empty, or the line is closed
}

var _ slow = (*line)(nil)

var errFrame = errors.New("engine: want frames of the agreed size")

// send implements slow.
func (l *line) send(packet []byte) {
	l.mu.Lock()
	fits := !l.closed && len(packet) <= lineSize && len(l.queue)+frameHeader+len(packet) <= lineQueue
	if fits {
		l.queue = binary.BigEndian.AppendUint16(l.queue, uint16(len(packet)))
		l.queue = append(l.queue, packet...)
	}
	l.mu.Unlock()
	if fits {
		l.poke()
	}
}

func (l *line) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// close ends the line at once: what waits is lost.
func (l *line) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	_ = l.conn.Close()
	l.poke()
}

// write writes what is queued until the line ends.
func (l *line) write() {
	var spare []byte
	for range l.wake {
		l.mu.Lock()
		frames, closed := l.queue, l.closed
		l.queue = spare[:0]
		l.mu.Unlock()
		if closed {
			return
		}
		spare = frames
		if l.conn.SetWriteDeadline(time.Now().Add(writeTime)) != nil {
			return
		}
		if _, err := l.conn.Write(frames); err != nil {
			l.close()
			return
		}
	}
}

// readFrame reads the next packet into b.
func (l *line) readFrame(b []byte) ([]byte, error) {
	if _, err := io.ReadFull(l.conn, b[:frameHeader]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(b))
	if n == 0 || n > len(b) {
		return nil, errFrame
	}
	_, err := io.ReadFull(l.conn, b[:n])
	return b[:n], err
}

// TakeTCP takes over a TCP connection that seems to come from a client without
// UDP: one whose first bytes are framed STUN. It is closed if it is not.
func (t *Transport) TakeTCP(conn net.Conn) {
	to, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		_ = conn.Close()
		return
	}
	at := to.AddrPort()
	l := &line{conn: conn, to: netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), wake: make(chan struct{}, 1)}
	if !t.addLine(l) {
		_ = conn.Close()
		return
	}
	go func() {
		defer t.running.Done()
		defer t.removeLine(l)
		defer l.close()
		t.hear(l)
	}()
}

// addLine counts a line in. False: there are too many that have not said whose
// they are, or it is too late.
func (t *Transport) addLine(l *line) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.newLines.Load() >= maxNewLines {
		return false
	}
	t.newLines.Add(1)
	t.lines[l] = struct{}{}
	t.running.Add(1)
	return true
}

func (t *Transport) removeLine(l *line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.lines, l)
}

// hear reads a line until it ends.
func (t *Transport) hear(l *line) {
	b := make([]byte, lineSize)
	_ = l.conn.SetReadDeadline(time.Now().Add(claimTime))
	first, err := l.readFrame(b)
	to := (*box)(nil)
	if err == nil {
		to = t.port.claim(l, first)
	}
	t.newLines.Add(-1)
	if to == nil {
		return
	}
	defer to.drop(l)
	if l.conn.SetReadDeadline(time.Time{}) != nil || !t.begin() {
		return
	}
	go func() {
		defer t.running.Done()
		l.write()
	}()
	for err == nil {
		first, err = l.readFrame(b)
		if err == nil {
			t.pass(to, l, first)
		}
	}
}

// pass puts a packet from a line where it belongs.
func (t *Transport) pass(to *box, l *line, b []byte) {
	switch {
	case isMedia(b[0]):
		c := to.mediaOwner()
		if c == nil {
			return
		}
		if home := c.home.Load(); home != nil {
			home.accept(parcel{bytes: append([]byte(nil), b...), items: []item{{c, len(b)}}})
		}
	case isCheck(b[0]), isRecord(b[0]):
		t.port.takeFromLine(to, l, b)
	}
}

// claim finds the box that the first packet of a line is for, and adds the line
// to it. Nil: there is none, or it has enough.
func (p *port) claim(l *line, first []byte) *box {
	name, ok := checks.Name(first)
	if !ok {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.boxes[string(name)]
	if b == nil || b.closed || len(b.lines) == maxLines {
		return nil
	}
	b.lines = append(b.lines, l)
	b.check(first, l.to)
	return b
}

// takeFromLine is take for what came by TCP.
func (p *port) takeFromLine(to *box, l *line, b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if isRecord(b[0]) {
		to.record(b, l.to)
	} else if name, ok := checks.Name(b); ok && string(name) == to.name {
		to.check(b, l.to)
	}
}
