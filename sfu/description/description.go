// Package description reads and writes what is agreed on about a connection
// (SDP, RFC 8866, as browsers use it: RFC 8829). It knows our two kinds of
// connection and nothing else: one on which a peer sends what it offers, and
// one on which it receives in a fixed set of slots that we offer.
//
// Reading is strict. What our clients never say is refused: another medium, a
// second transport, a peer that insists on being the DTLS server, streams that
// are not announced, another order of sections than before. An error says
// nothing of what was read. Nothing that was read is written again but numbers,
// media ids and rids, and those have been checked letter by letter.
//
// The package is pure: it keeps nothing, and asks neither clock nor network. What
// it returns shares no memory with what was read, which is large: a few letters
// that are kept for a connection's life do not keep the text.
package description

import (
	"crypto/sha256"
	"errors"
	"net/netip"
	"slices"

	"paravent/sfu/transport"
)

// ErrRefused is any description that is not accepted.
var ErrRefused = errors.New("description: want a session description of the agreed shape")

// Limits of what is read.
const (
	MaxOffer    = 64 << 10  // bytes of an offer
	MaxAnswer   = 192 << 10 // bytes of an answer: 80 sections of about 1 kB, twice
	MaxSections = 32        // media sections of an offer, stopped ones included
	MaxTracks   = 8         // sections of an offer that send
	MaxLayers   = 3         // simulcast layers of a section
	maxName     = 8         // bytes of a media id or rid
)

// Local is our end of a connection.
type Local struct {
	Session     uint64 // names the connection in its descriptions: random, at most 62 bits (RFC 8829, section 5.2.1)
	Version     uint64 // one more for each description of the connection
	Ufrag, Pwd  string // of ICE (RFC 8839, section 5.4)
	Fingerprint [sha256.Size]byte
	Candidates  []Candidate // the best first; there will be no others
}

// Candidate is an address of this host that we can be reached at.
type Candidate struct {
	Addr netip.AddrPort
	TCP  bool // we wait for the other side to connect (RFC 6544, section 4.5: passive)
}

// Remote is the other end of a connection.
type Remote struct {
	Ufrag, Pwd   string
	Fingerprints [][sha256.Size]byte // it has a certificate of one of these
}

// Proves says whether a certificate (DER) is one that the description named.
func (r *Remote) Proves(certificate []byte) bool {
	return slices.Contains(r.Fingerprints, sha256.Sum256(certificate))
}

// same says whether two descriptions are of the same end.
func (r *Remote) same(s *Remote) bool {
	return r.Ufrag == s.Ufrag && r.Pwd == s.Pwd && slices.Equal(r.Fingerprints, s.Fingerprints)
}

// Extensions are the numbers of header extensions; 0: not used.
type Extensions struct{ Mid, RID, Repaired, TransportCC, Dependency uint8 }

// Type is what a payload type number means on a connection.
type Type struct {
	Codec   transport.Codec // NoCodec: the number is not used
	Repairs bool            // it is for retransmissions of the codec (RTX, RFC 4588)
}

// Stream is an announced SSRC.
type Stream struct {
	SSRC uint32
	RTX  uint32 // SSRC of its retransmissions; 0: none. Firefox announces one without a payload type for it
}

// Offer is what a peer wants to send.
type Offer struct {
	Remote
	Sections   []Section  // in their order
	Types      [128]Type  // of all sections: a number has one meaning on a connection
	Extensions Extensions // of all sections: likewise
	Mixed      bool       // one-byte and two-byte extensions may stand in one stream (RFC 8285, section 6)

	mixedAtSession bool // it is the session that says so
}

// Section is a media section of an offer.
type Section struct {
	Mid        string
	Video      bool
	Stopped    bool // it is not used any more; all below is empty
	Sends      bool // something is to be received
	Formats    [transport.Codecs]transport.Formats
	Extensions Extensions
	Layers     []string // rids of simulcast in the peer's order, by agreement the smallest first; none: no simulcast
	Streams    []Stream // what is announced: one if the section sends without simulcast; with it there may be none

	preference []format   // of ours, in the order of the offer
	protocol   string     // a word of protocols
	first      uint8      // payload type, for the answer to a stopped section
	reduced    bool       // RTCP of reduced size (RFC 5506)
	oneWay     Extensions // those among Extensions that are said to be only sent
	paused     []bool     // of Layers: encoded by nobody at present (RFC 8853, section 5.1)
}

// Slot is one of the streams that we offer.
type Slot struct {
	Mid    string
	Video  bool
	Stream // with RTX if it is for video
}

// Answer is what a peer takes of our offer.
type Answer struct {
	Remote
	Slots []Agreed // in the order of the offer
	Mixed bool     // as in Offer
}

// Agreed is what was agreed on for a slot.
type Agreed struct {
	transport.SlotInfo
	Extensions Extensions // that may be sent; TransportCC only if feedback comes in return
}
