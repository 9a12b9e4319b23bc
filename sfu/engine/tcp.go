package engine

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"paravent/sfu/checks"
)

// line is a TCP connection of a client without UDP (RFC 6544; framed as RFC
// 4571 says). Two goroutines serve it, one for each direction; no lane ever
// waits for it. Who reads waits for the lane that takes what came: a client that
// sends faster than it may is slowed down by TCP, and takes no place from others.
// Safe for concurrent use.
type line struct {
	conn net.Conn
	to   netip.AddrPort // the client's address; pion takes it for one of UDP

	mu     sync.Mutex // guards what follows
	queue  []byte     // frames that wait to be written
	closed bool

	wake chan struct{} // of one element: the queue is not empty, or the line is closed
	done chan struct{} // closed with the line

	// Of who reads:
	in    *bufio.Reader
	media parcel        // what came and has not been handed over
	taken chan struct{} // of one element: a lane has opened what it was handed
}

var _ slow = (*line)(nil)

func newLine(conn net.Conn, to netip.AddrPort) *line {
	return &line{
		conn: conn, to: to, in: bufio.NewReaderSize(conn, lineBuffer),
		wake: make(chan struct{}, 1), done: make(chan struct{}), taken: make(chan struct{}, 1),
	}
}

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
	if !l.closed {
		l.closed = true
		close(l.done)
	}
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
	if _, err := io.ReadFull(l.in, b[:frameHeader]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(b))
	if n == 0 || n > len(b) {
		return nil, errFrame
	}
	_, err := io.ReadFull(l.in, b[:n])
	return b[:n], err
}

// more says whether another packet is there already.
func (l *line) more() bool {
	waiting := l.in.Buffered()
	if waiting < frameHeader {
		return false
	}
	header, err := l.in.Peek(frameHeader)
	return err == nil && waiting-frameHeader >= int(binary.BigEndian.Uint16(header))
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
	l := newLine(conn, netip.AddrPortFrom(at.Addr().Unmap(), at.Port()))
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

// addLine counts a line in. Where too many have not said whose they are, the one
// goes that has had the most time to: a client says so at once. False: it is too
// late.
func (t *Transport) addLine(l *line) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	if len(t.newLines) == maxNewLines {
		t.newLines[0].close()
		t.newLines = slices.Delete(t.newLines, 0, 1)
	}
	t.newLines = append(t.newLines, l)
	t.lines[l] = struct{}{}
	t.running.Add(1)
	return true
}

// settleLine notes that a line has said whose it is, or that it never will.
func (t *Transport) settleLine(l *line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.newLines, l); i >= 0 {
		t.newLines = slices.Delete(t.newLines, i, i+1)
	}
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
	t.settleLine(l)
	if to == nil {
		t.unknown.Add(1)
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
		if first, err = l.readFrame(b); err == nil {
			t.pass(to, l, first)
		}
	}
}

// pass puts a packet from a line where it belongs.
func (t *Transport) pass(to *box, l *line, b []byte) {
	p := &l.media
	switch {
	case isMedia(b[0]):
		p.bytes = append(p.bytes, b...)
		p.items = append(p.items, item{size: len(b)})
	case !isCheck(b[0]) && !isRecord(b[0]):
		t.malformed.Add(1)
	case !t.port.takeFromLine(to, l, b):
		t.unknown.Add(1)
	}
	if len(p.items) > 0 && (len(p.items) == maxBurst || !l.more()) {
		t.handOver(to.mediaOwner(), l)
	}
}

// handOver has the media that came on a line opened, and waits until it is. What
// nobody has a use for is lost.
func (t *Transport) handOver(c *connection, l *line) {
	p := l.media
	l.media = parcel{p.bytes[:0], p.items[:0]}
	if c == nil {
		t.unknown.Add(uint64(len(p.items)))
		return
	}
	home := c.home.Load()
	if home == nil {
		for _, it := range p.items {
			c.hold(p.bytes[:it.size])
			p.bytes = p.bytes[it.size:]
		}
		return
	}
	for i := range p.items {
		p.items[i].c = c
	}
	home.bring(p, func() { l.taken <- struct{}{} })
	select {
	case <-l.taken:
		clear(p.items)
	case <-l.done:
		l.media = parcel{} // what was handed over may still be read
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
func (p *port) takeFromLine(to *box, l *line, b []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if isRecord(b[0]) {
		return to.record(b, l.to)
	}
	name, ok := checks.Name(b)
	return ok && string(name) == to.name && to.check(b, l.to)
}
