package crowd

import (
	"encoding/binary"
	"sync/atomic"
	"time"
)

const (
	rtpHeader    = 20 // bytes of every packet's header, with one extension
	overhead     = 64 // bytes: more than SRTP adds
	descriptor   = 4  // bytes of the VP8 payload descriptor (RFC 7741, section 4.2)
	stampAt      = 5  // where in a payload the moment stands when it was sent
	stampSize    = 8
	indexAt      = stampAt + stampSize // and which packet of its stream it is
	minPayload   = indexAt + 4
	maxDiary     = 1 << 10
	pictureClock = 90000
	soundClock   = 48000

	reportSender   = 200 // RTCP packet types (RFC 3550, section 12.1; RFC 4585, section 6.1)
	reportReceiver = 201
	feedbackRTP    = 205
	feedbackMedia  = 206
)

// stream is one SSRC that is sent.
type stream struct {
	ssrc      uint32
	kind      uint8 // payload type
	index     uint64
	timestamp uint32
}

// Camera publishes one sound and one picture. Picture and Sound are for one
// goroutine at a time.
type Camera struct {
	line           *line
	sound, picture stream
	counted        uint8  // see remote
	count          uint16 // transport-wide
	number         uint16 // of the picture
	noise          [1500]byte
	sealed         [maxPacket]byte
	wanted         atomic.Bool // a key frame is
	sent           atomic.Uint64
	diary          [maxDiary]atomic.Int64 // when the latest packets of the picture were sent, by their number
}

// left is when a packet of the picture was sent, if it was among the latest.
func (c *Camera) left(number uint32) time.Duration {
	return time.Duration(c.diary[number%maxDiary].Load())
}

// kept reports whether a packet that was read is among the latest of the picture.
func (c *Camera) kept(a *arrival) bool { return a.left != 0 && c.left(a.number) == a.left }

// Sent counts packets.
func (c *Camera) Sent() uint64 { return c.sent.Load() }

// Picture sends one frame of packets, one after the other, each with a payload
// of so many bytes.
func (c *Camera) Picture(packets, size int, at time.Duration) {
	c.picture.timestamp = ticks(at, pictureClock)
	c.number++
	delta := byte(1)
	if c.wanted.Swap(false) {
		delta = 0 // a key frame
	}
	for n := range packets {
		start := byte(0x80)
		if n == 0 {
			start |= 0x10
		}
		c.noise[0], c.noise[1] = start, 0x80
		binary.BigEndian.PutUint16(c.noise[2:], c.number|0x8000)
		c.noise[descriptor] = delta
		c.send(&c.picture, size, n == packets-1)
	}
}

// Sound sends one packet of sound.
func (c *Camera) Sound(size int, at time.Duration) {
	c.sound.timestamp = ticks(at, soundClock)
	c.send(&c.sound, size, false)
}

// ticks is a moment by a clock of so many Hz.
func ticks(at time.Duration, hertz uint64) uint32 {
	return uint32(uint64(at/time.Microsecond) * hertz / 1e6)
}

func (c *Camera) send(s *stream, size int, marker bool) {
	size = min(max(size, minPayload), len(c.noise))
	now := time.Now().UnixNano()
	if s == &c.picture {
		c.diary[s.index%maxDiary].Store(now)
	}
	binary.BigEndian.PutUint64(c.noise[stampAt:], uint64(now))
	binary.BigEndian.PutUint32(c.noise[indexAt:], uint32(s.index))
	b := c.sealed[: rtpHeader : rtpHeader+size+overhead]
	b[0], b[1] = 0x90, s.kind
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], uint16(s.index))
	binary.BigEndian.PutUint32(b[4:], s.timestamp)
	binary.BigEndian.PutUint32(b[8:], s.ssrc)
	binary.BigEndian.PutUint32(b[12:], 0xBEDE0001) // RFC 8285, section 4.2
	c.count++
	binary.BigEndian.PutUint32(b[16:], uint32(countedID<<4|1)<<24|uint32(c.count)<<8)
	b = c.line.sealer.SealRTP(b, rtpHeader, c.noise[:size], s.index)
	s.index++
	if b == nil {
		return
	}
	if _, err := c.line.conn.Write(b); err == nil {
		c.sent.Add(1)
	}
}

// hear takes what the server reports: it may want a key frame.
func (c *Camera) hear(l *line, b []byte, _ time.Time) {
	n, err := l.opener.OpenRTCP(b)
	if err != nil {
		return
	}
	each(b[:n], func(one []byte) {
		if format := one[0] & 0x1f; one[1] == feedbackMedia && (format == 1 || format == 4) { // PLI, FIR
			c.wanted.Store(true)
		}
	})
}

// each walks through a compound RTCP packet (RFC 3550, section 6.1).
func each(b []byte, do func(one []byte)) {
	for len(b) >= 4 {
		n := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if n > len(b) {
			return
		}
		do(b[:n])
		b = b[n:]
	}
}
