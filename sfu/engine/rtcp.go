package engine

import (
	"encoding/binary"
	"time"

	"paravent/sfu/transport"
)

// RTCP packet types and formats (RFC 3550, section 12.1; RFC 4585, section
// 6.1; draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1).
const (
	kindSender    = 200
	kindReceiver  = 201
	kindTransport = 205 // feedback of the transport layer
	kindPayload   = 206 // feedback on what is carried

	formatNack = 1  // of kindTransport
	formatTWCC = 15 // of kindTransport
	formatPLI  = 1  // of kindPayload
	formatFIR  = 4  // of kindPayload
)

const (
	wordSize        = 4 // bytes that RTCP counts lengths in
	startSize       = 8 // bytes of the first words: with the SSRC of who sends
	reportBlockSize = 24
	maxReportBlocks = 31 // of one report: 5 bits
	maxNackPairs    = 64 // in one packet: 256 bytes
)

// piece is one packet of a compound packet (RFC 3550, section 6.1).
type piece struct {
	kind, count uint8  // count: 5 bits, which also tell formats
	whole       []byte // with its first word and padding
	body        []byte // what stands behind the first word, without padding
}

// cut takes the first packet off a compound one. It is not ok for what is
// none. Padding of any length is accepted, behind any packet: browsers fill
// transport-wide feedback up to a word with it, not by words (as RFC 3550,
// section 6.4.1, has it), and other packets may follow.
func cut(b []byte) (p piece, rest []byte, ok bool) {
	if len(b) < wordSize || b[0]>>6 != 2 {
		return piece{}, nil, false
	}
	size := wordSize * (int(binary.BigEndian.Uint16(b[2:])) + 1)
	if size > len(b) {
		return piece{}, nil, false
	}
	p = piece{kind: b[1], count: b[0] & 0x1f, whole: b[:size], body: b[wordSize:size]}
	if b[0]&paddingFlag != 0 {
		padding := int(b[size-1])
		if padding == 0 || padding > len(p.body) {
			return piece{}, nil, false
		}
		p.body = p.body[:len(p.body)-padding]
	}
	return p, b[size:], true
}

// isCompound says whether b consists of RTCP packets and nothing else.
func isCompound(b []byte) bool {
	for len(b) > 0 {
		_, rest, ok := cut(b)
		if !ok {
			return false
		}
		b = rest
	}
	return true
}

// blocks are the report blocks of a sender or receiver report (RFC 3550,
// sections 6.4.1 and 6.4.2).
func (p *piece) blocks() (b []byte, ok bool) {
	skip := wordSize
	if p.kind == kindSender {
		skip = senderSize - wordSize
	}
	size := int(p.count) * reportBlockSize
	if len(p.body) < skip+size {
		return nil, false
	}
	return p.body[skip : skip+size], true
}

// senderSize is how long a sender report without blocks is.
const senderSize = 28

// What we send stands alone, of reduced size (RFC 5506), as all browsers offer
// and take it: what else would be in a compound packet is a name for the sender
// of media (CNAME), of whom nothing is to be said.

// appendStart appends the first words of an RTCP packet; finish sets its
// length.
func appendStart(b []byte, kind, count uint8, ssrc uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, 2<<6|count, kind, 0, 0), ssrc)
}

// finish sets the length of the RTCP packet that begins at start and reaches to
// the end.
func finish(b []byte, start int) []byte {
	binary.BigEndian.PutUint16(b[start+2:], uint16((len(b)-start)/wordSize-1))
	return b
}

// appendNack asks for packets again (RFC 4585, section 6.2.1), and returns what
// of seqs had no room. The numbers are best in order.
func appendNack(b []byte, from, ssrc uint32, seqs []uint16) (packet []byte, rest []uint16) {
	start := len(b)
	b = binary.BigEndian.AppendUint32(appendStart(b, kindTransport, formatNack, from), ssrc)
	for pairs := 0; len(seqs) > 0 && pairs < maxNackPairs; pairs++ {
		first := seqs[0]
		var following uint16
		for seqs = seqs[1:]; len(seqs) > 0; seqs = seqs[1:] {
			after := seqs[0] - first - 1
			if after > 15 {
				break
			}
			following |= 1 << after
		}
		b = binary.BigEndian.AppendUint16(b, first)
		b = binary.BigEndian.AppendUint16(b, following)
	}
	return finish(b, start), seqs
}

// appendPLI asks for a key frame (RFC 4585, section 6.3.1).
func appendPLI(b []byte, from, ssrc uint32) []byte {
	start := len(b)
	b = appendStart(b, kindPayload, formatPLI, from)
	return finish(binary.BigEndian.AppendUint32(b, ssrc), start)
}

// appendSender appends a sender report (RFC 3550, section 6.4.1); wall is the
// wall clock at the moment it is of.
func appendSender(b []byte, r *transport.SenderReport, wall time.Time) []byte {
	start := len(b)
	b = appendStart(b, kindSender, 0, r.SSRC)
	b = binary.BigEndian.AppendUint64(b, ntp(wall))
	b = binary.BigEndian.AppendUint32(b, r.Timestamp)
	b = binary.BigEndian.AppendUint32(b, r.Packets)
	b = binary.BigEndian.AppendUint32(b, r.Octets)
	return finish(b, start)
}
