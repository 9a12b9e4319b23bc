// Package transport is the line between what is forwarded and how it travels.
// Above it (package sfu) there are peers, tracks, slots, layers and numbers;
// below it (packages sfu/engine and sfu/viapion) sockets, ICE, DTLS, SRTP, SDP
// and what a browser reports of the network. Both sides are written to what
// stands here and to nothing else.
//
// # Lanes
//
// A lane carries out one thing after another. Every stream that is received
// belongs to one lane for as long as it lasts; its packets are handed over
// there, burst by burst, and so the state of everything that forwards them
// needs no lock. Work that comes from elsewhere is brought into the lane by Do.
// Nothing done in a lane may wait.
//
// # Time
//
// Moments on the path of a packet are durations since the transport began, by
// a clock that only goes forward. Wall gives the wall clock that belongs to one.
package transport

import "time"

// Codec is what a payload type means.
type Codec uint8

// The codecs that are forwarded.
const (
	NoCodec Codec = iota
	Opus
	VP8
	VP9
	AV1
	Codecs // how many there are
)

// Clock is the codec's RTP clock in Hz (RFC 7587, section 4.1; RFC 7741,
// section 6.1).
func (c Codec) Clock() uint32 {
	if c == Opus {
		return 48000
	}
	return 90000
}

// Video says whether the codec is one of pictures.
func (c Codec) Video() bool { return c == VP8 || c == VP9 || c == AV1 }

// Lane carries out one thing after another. Safe for concurrent use but where
// noted.
type Lane interface {
	// Do carries out f after what was given to the lane before, never beside
	// anything else of the lane. It returns at once. It may be called in the
	// lane; f is then carried out later. Once the transport is closed nothing
	// is carried out any more.
	Do(f func())
	// At carries out f once the moment when has come. Only to be called in the
	// lane.
	At(when time.Duration, f func())
	// Now is the present moment: in the lane the one when the burst at hand
	// was received.
	Now() time.Duration
}

// Transport makes connections. All share one UDP port. Safe for concurrent
// use.
type Transport interface {
	// Publish begins a connection on which a peer sends.
	Publish(events PublishEvents) (Publishing, error)
	// Subscribe begins a connection on which a peer receives, with so many
	// slots, at most MaxSlots in all.
	Subscribe(video, audio int, events SubscribeEvents) (Subscribing, error)
	// Wall is the wall clock at a moment.
	Wall(at time.Duration) time.Time
	// Now is the present moment.
	Now() time.Duration
	// Counts counts.
	Counts() Counts
	// Close ends everything and gives the port back. It waits until nothing is
	// carried out in any lane.
	Close() error
}

// Counts says what became of packets since the transport began, and nothing
// about whose they were.
type Counts struct {
	Connections int    // that are there now, or coming about
	Received    uint64 // datagrams
	Opened      uint64 // RTP packets that were handed to a stream
	Sealed      uint64 // RTP packets that were written
	Sends       uint64 // system calls that sent them; 0: not known
	Unknown     uint64 // datagrams from no connection, packets of no stream, and what is more than may come
	Malformed   uint64 // what could not be read
	Forged      uint64 // what did not open
	Replayed    uint64
	Unsent      uint64 // packets that the system did not take
}

// MaxSlots is how many slots a subscribe connection may have: Firefox does not
// connect with more than about 128 media sections.
const MaxSlots = 80

// Publishing is a connection on which a peer sends. Negotiate is called by one
// goroutine at a time; all else is safe for concurrent use.
type Publishing interface {
	// Negotiate answers an offer, which may change what is sent. Streams of the
	// media ids in it are told of as their first packets come. The error says
	// that the offer is not accepted; the connection is then of no more use. It
	// may wait for as long as quit is open, but for no network.
	Negotiate(offer string, quit <-chan struct{}) (answer string, err error)
	// Close ends the connection; nothing is begun for it once Close has
	// returned but Stream.End. It does not wait for the network.
	Close()
}

// PublishEvents hears of a publish connection. The methods are called from any
// goroutine, but for one connection never two at a time; they must not wait,
// nor call Negotiate.
type PublishEvents interface {
	// Sections says what an offer sends, in its order: called within Negotiate
	// once the offer is found acceptable, before any stream of it begins.
	Sections(all []Section)
	// Connected says that packets can come.
	Connected()
	// Ended says that the connection is of no more use: closed from the other
	// side, silent for too long, strayed from the limits. It comes at most once.
	Ended()
	// Stream begins a stream that the last offer announces; nil leaves it
	// unread. It is called in the stream's lane.
	Stream(info StreamInfo) Stream
}

// Section is a media section of an offer that sends.
type Section struct {
	Mid   string // media id, 1 to 8 bytes
	Video bool   // otherwise audio
}

// StreamInfo says what a stream is.
type StreamInfo struct {
	Mid   string // media id of its section
	Layer int    // its place among the simulcast layers of the section: 0 is the smallest; 0 without simulcast
	SSRC  uint32
	Lane  Lane
	// KeyFrame asks the sender for a key frame (PLI, RFC 4585, section 6.3.1),
	// each time it is called: spacing requests is the caller's part. Safe for
	// concurrent use.
	KeyFrame func()
	// Lossy says what part of the stream's packets is lost on the way to those
	// it is for, in 256ths; it holds until the next call. No smaller loss is
	// reported to the sender, so that it writes what lost sound can be made up
	// from (RFC 7587, section 3.3). Only to be called in the lane. Nil: the
	// transport cannot do so.
	Lossy func(part uint8)
}

// Stream takes in what one SSRC sends, and what is sent again in its place.
type Stream interface {
	// Receive takes a burst, in the order of arrival. The packets are valid
	// until it returns; it may change their payloads and descriptors. Called in
	// the lane.
	Receive(burst []Packet)
	// End is the last call, in the lane.
	End()
}

// Packet is one received RTP packet, opened. No two that a stream is given
// have the same number within the replay window.
type Packet struct {
	Seq       uint16 // of its stream; what was sent again by RTX has the number of the original (RFC 4588)
	Marker    bool
	Codec     Codec // never NoCodec
	Timestamp uint32
	Payload   []byte // without padding; empty: padding alone
	// Dependency is the dependency descriptor (AV1 RTP specification, appendix
	// A) as it came; nil: the packet has none.
	Dependency []byte
	At         time.Duration // when it was received
}

// Subscribing is a connection on which a peer receives. Offer and Answer are
// called by one goroutine at a time; all else is safe for concurrent use.
type Subscribing interface {
	// Offer is made once. Mids are the media ids of the slots: first the video
	// slots, then the audio slots.
	Offer(quit <-chan struct{}) (offer string, mids []string, err error)
	// Answer takes the answer. The error says that it is not accepted; the
	// connection is then of no more use.
	Answer(answer string) error
	// Slot says what was agreed on for slot i; the zero value before Answer.
	Slot(i int) SlotInfo
	// Writer is how packets are sent from a lane. Each lane has one of its own;
	// asked again it is the same.
	Writer(lane Lane) Writer
	// RoundTrip is the latest measurement; 0: none yet.
	RoundTrip() time.Duration
	// Rate is what the network seems to carry towards the peer, of media and
	// all else, in bits per second; 0: not known yet.
	Rate() int
	// Want says how many bits per second would be sent if the network carried
	// them: nothing beyond is probed for. Nothing is wanted before.
	Want(bits int)
	// Close ends the connection; nothing is begun for it once Close has
	// returned. It does not wait for the network.
	Close()
}

// SlotInfo is what was agreed on for a slot. SSRCs are ours, from the offer.
type SlotInfo struct {
	SSRC       uint32
	RTX        uint32          // SSRC of retransmissions; 0: none are wanted
	Types      [Codecs]Formats // the payload types; 0: the codec is not taken
	Dependency bool            // the dependency descriptor is taken
}

// Formats are the payload types of a codec; 0 is none.
type Formats struct{ Media, RTX uint8 }

// SubscribeEvents hears of a subscribe connection. The methods are called from
// any goroutine, but for one connection never two at a time; they must not
// wait.
type SubscribeEvents interface {
	// Connected says that packets can be sent. The answer was given before.
	Connected()
	// Ended says that the connection is of no more use. It comes at most once.
	Ended()
	// Missing says which packets of a slot the peer misses (NACK, RFC 4585,
	// section 6.2.1), at most 256 at a time; seqs is valid until it returns.
	Missing(slot int, seqs []uint16)
	// KeyFrame says that the peer cannot go on with a slot without one (PLI or
	// FIR).
	KeyFrame(slot int)
	// Lossy says what part of a slot's packets the peer reports as lost since its
	// last report, in 256ths (fraction lost, RFC 3550, section 6.4.1). A transport
	// that cannot have it told to senders does not say so.
	Lossy(slot int, part uint8)
	// Rated says that Rate has changed.
	Rated()
	// Probe asks for padding of about so many bytes, at once, so that it can be
	// seen whether the network carries more than is sent.
	Probe(bytes int)
}

// Writer sends the packets of one lane to one peer. Only to be used in its
// lane. What is written leaves at the end of the burst at hand at the latest.
type Writer interface {
	// Write seals a packet and sends it. It keeps nothing of p. What cannot be
	// sent is lost, and is not told of.
	Write(p *Outgoing)
	// Again sends a packet as it was sent, to the last byte: nothing is sealed,
	// so that no number is used for anything else. It must have been kept of this
	// connection. Nothing is sent where nothing was kept.
	Again(k *Kept)
	// Report sends a sender report (RFC 3550, section 6.4.1).
	Report(r SenderReport)
}

// Outgoing is a packet to be sent. No two of one SSRC may have the same Index:
// the caller sees to that, for SRTP would seal both under one nonce (RFC 7714,
// section 8.1).
type Outgoing struct {
	SSRC       uint32
	Index      uint64 // sequence number in the lower 16 bits, above them how often it wrapped, 32 bits (RFC 3711, section 3.3.1)
	Format     uint8  // payload type
	Marker     bool
	Timestamp  uint32
	Original   uint16 // with Repeat: the number that the packet had, which goes before the payload (RFC 4588, section 4)
	Repeat     bool   // sent again: SSRC and Format are those of RTX
	Dependency []byte // the dependency descriptor; nil: none
	Payload    []byte // empty: Padding alone
	Padding    uint8  // bytes of padding behind an empty payload, at least 1 then; else 0
	Keep       *Kept  // where it is kept as it is sent; nil: nowhere
}

// Kept is a packet as it was sent, for Again. What is in it is the transport's;
// whoever has it makes Bytes, with the capacity that a packet may take.
type Kept struct {
	Bytes  []byte // sealed; empty: nothing was kept, for a lack of room or because the transport cannot send anything as it was
	Number uint16 // transport-wide
	Counts bool   // it has such a number
}

// SenderReport is the report of one slot.
type SenderReport struct {
	SSRC      uint32
	At        time.Duration // the moment it is of
	Timestamp uint32        // RTP time at that moment
	Packets   uint32
	Octets    uint32 // of payload
}
