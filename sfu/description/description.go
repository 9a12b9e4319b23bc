// Package description reads and writes what is agreed on about a connection
// (SDP, RFC 8866, as browsers use it: RFC 8829). It knows our two kinds of
// connection and nothing else: one on which a peer sends what it offers, and
// one on which it receives in a fixed set of slots that we offer.
//
// Reading is strict. What our clients never say is refused: another medium, a
// second transport, a peer that insists on being the DTLS server, streams that
// are not announced, another order of sections than before. An error says
// nothing of what was read. Nothing that was read is written again but numbers,
// media ids and rids, which have been checked letter by letter.
//
// The package is pure: it keeps nothing, and asks neither clock nor network.
package description

import (
	"crypto/sha256"
	"errors"
	"net/netip"

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
	maxStreams  = 4         // SSRCs of a section without simulcast: media, repair, and some slack
	maxName     = 8         // bytes of a media id or rid
)

// Local is our end of a connection.
type Local struct {
	Session     uint64 // names the connection in its descriptions; random, of 62 bits at most
	Version     uint64 // one more for each description of the connection
	Ufrag, Pwd  string // of ICE, as RFC 8839, section 5.4, allows them
	Fingerprint [sha256.Size]byte
	Candidates  []Candidate // the best first
}

// Candidate is an address that we can be reached at. All are of this host, and
// there will be no others.
type Candidate struct {
	Addr netip.AddrPort
	TCP  bool // we wait for the other side to connect (RFC 6544, passive)
}

// Remote is the other end of a connection.
type Remote struct {
	Ufrag, Pwd   string
	Fingerprints [][sha256.Size]byte // of certificates; it has one of these
}

// Proves says whether a certificate (DER) is one that the description named.
func (r *Remote) Proves(certificate []byte) bool {
	sum := sha256.Sum256(certificate)
	for _, f := range r.Fingerprints {
		if f == sum {
			return true
		}
	}
	return false
}

// Extensions are the numbers of header extensions; 0: not used.
type Extensions struct{ Mid, RID, Repaired, TransportCC, Dependency uint8 }

// Type is what a payload type number means on a connection.
type Type struct {
	Codec   transport.Codec // NoCodec: the number is not used
	Repairs bool            // it is a retransmission of the codec (RTX, RFC 4588)
}

// Stream is an announced SSRC.
type Stream struct {
	SSRC uint32
	RTX  uint32 // SSRC of its retransmissions; 0: none
}

// Offer is what a peer wants to send.
type Offer struct {
	Remote
	Sections   []Section  // in their order
	Types      [128]Type  // of all sections: a number has one meaning on a connection
	Extensions Extensions // of all sections; those of a section are among them
	Mixed      bool       // extensions of both forms may stand on one stream (RFC 8285, section 4.1.2)
}

// Section is a media section of an offer.
type Section struct {
	Mid        string
	Video      bool
	Stopped    bool // it is not used, nor will it be; the fields below are empty
	Sends      bool // something is to be received
	Formats    [transport.Codecs]transport.Formats
	Extensions Extensions
	Layers     []string // rids of simulcast in the peer's order, smallest first; none: no simulcast
	Streams    []Stream // that are announced; with Layers there may be none. Without Layers the first is the one

	preference []format // our codecs in the order of the offer
	protocol   string
	number     uint8 // that stands in the answer if the section is stopped
}

// ReadOffer reads the offer of a publish connection.
func ReadOffer(text string) (*Offer, error) {
	return nil, ErrRefused
}

// Follows says whether the offer is one that may come after before on the same
// connection: the same peer with the same ICE credentials, all sections as
// they were, no number with a new meaning. ErrRefused: it is not.
func (o *Offer) Follows(before *Offer) error {
	return ErrRefused
}

// Answer writes the answer to an offer.
func (o *Offer) Answer(l *Local) string {
	return ""
}

// Slot is one of the streams that we offer.
type Slot struct {
	Mid    string
	Video  bool
	Stream // RTX only for video
}

// NewOffer writes the offer of a subscribe connection: so many slots for
// video, then so many for audio. random gives SSRCs.
func NewOffer(l *Local, video, audio int, random func() uint32) (text string, slots []Slot) {
	return "", nil
}

// OfferedExtensions are the numbers in our offers.
func OfferedExtensions() Extensions {
	return Extensions{}
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
	Extensions Extensions // those that may be sent; TransportCC only if feedback was agreed on too
}

// ReadAnswer reads the answer to an offer with these slots.
func ReadAnswer(text string, slots []Slot) (*Answer, error) {
	return nil, ErrRefused
}

type format struct {
	codec      transport.Codec
	media, rtx uint8
}
