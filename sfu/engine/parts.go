package engine

import (
	"net/netip"
	"time"

	"paravent/sfu/srtp"
)

// This file is where the two halves of a connection meet: the half that finds
// the client, has the keys and moves datagrams (connection, lane, port), and the
// half that knows streams and reports (inbound, outbound).

// media is the half of a connection that deals in RTP and RTCP. All is called
// in the connection's home lane, begin first and end last. What is taken stays
// valid until the call returns and may be changed until then.
type media interface {
	// begin says which lane the home is. From now on packets can come and go.
	begin(home *lane)
	// admits says whether a datagram of two bytes or more, RTP or RTCP, is to be
	// opened; else it is dropped.
	admits(sealed []byte, at time.Duration) bool
	// receive takes the packets that one SSRC sent in one burst, in the order
	// of arrival.
	receive(burst []arrived, at time.Duration)
	// control takes a compound RTCP packet, opened.
	control(packet []byte, at time.Duration)
	// tick comes every tickInterval, or if it said that all is at rest, every
	// restInterval until rouse is called.
	tick(at time.Duration) (rests bool)
	// end comes once when the connection is over, if there was a begin.
	end()
}

var (
	_ media = (*inbound)(nil)
	_ media = (*outbound)(nil)
)

// arrived is a received RTP packet: opened, with a header that was checked for
// its size only.
type arrived struct {
	bytes []byte        // header, payload and padding
	index uint64        // rollover counter and sequence number (RFC 3711, section 3.3.1)
	came  time.Duration // when it arrived in the system; 0: when it is handed over
}

// link is what the media half needs of the other one. Safe for concurrent use
// but where noted.
type link interface {
	// control seals a compound RTCP packet and sends it. It keeps nothing of
	// it. Only in the home lane, between begin and end.
	control(packet []byte)
	// stray ends the connection because its client strayed from the limits.
	stray()
	// rouse has tick come every tickInterval again.
	rouse()
}

// way is how the packets of a connection travel. It is never changed, but
// replaced as a whole when the client's address changes. A connection has none
// before the keys are there and none once it is closed: then nothing can be
// sealed.
//
// A packet of at most n bytes is written like this, in any lane:
//
//	w := ways.Load()
//	if w == nil { return }
//	b := l.room(w, n)              // empty, with a capacity of n at least
//	b = packet.AppendHeader(b, ...)
//	b = w.sealers[l.number].SealRTP(b, ...)
//	l.commit(w, b)                 // b still begins where room began
type way struct {
	to      netip.AddrPort // the client's address, if it is reached by UDP
	slow    slow           // else what writes to it; nil: UDP
	sealers []*srtp.Sealer // of each lane, by its number; that of the home also seals reports
}

// slow sends packets to a client that is not reached by UDP. Safe for
// concurrent use.
type slow interface {
	// send keeps a copy of the packet and returns at once. What does not fit
	// is lost.
	send(packet []byte)
}

// tally counts in a lane. Only to be used there; the lane makes the sums known
// after each turn.
type tally struct {
	opened, sealed, unsent, unknown, malformed, forged, replayed uint64
}
