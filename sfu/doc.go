// Package sfu forwards media packets between peers without being able to read
// them. It knows peers by number and nothing else: no room, no role, no name,
// no wire message.
//
// # What is read of a packet
//
// Of every packet: the fixed RTP header (payload type, marker, sequence number,
// timestamp, SSRC), and the payload descriptor that the sender's packetizer
// puts before the frame: picture number, layer, whether a key frame begins (VP8:
// RFC 7741; VP9: RFC 9628; AV1: its aggregation header). VP8 tells key frames
// only by the first bit behind its descriptor, which belongs to a synthetic
// shim that carries nothing of the picture.
//
// Nothing behind that is ever looked at: it is ciphertext, and no key exists
// in this process. No header extension that describes a person is negotiated: no
// audio level, no orientation, no capture time. Nothing is logged or kept, but
// for the last second of each video layer that somebody watches, which viewers
// may ask for again.
//
// # What carries it
//
// How packets travel is none of this package's business: it asks a
// transport.Transport for connections, and takes and gives packets that are
// opened and sealed on the other side of that line. No description (SDP) is read
// here, no socket opened, no module of others used.
//
// A peer has two connections. On the publish connection the client offers what
// it sends, up to 8 tracks, and offers again when that changes. On the subscribe
// connection the router offers once a fixed set of slots, 25 or 49 for video
// and 16 for audio, and never again: what a slot shows changes by Watch, without SDP.
// To its viewer a slot is one unbroken stream under one SSRC, whatever it shows
// and in whatever codec.
//
// # Who owns what
//
// Peers, tracks and slots are known to the Router, and each peer has a
// goroutine that makes the calls on its connections. All that a packet touches
// belongs to a lane of the transport instead, where one thing happens after
// another, and has no lock: a feed, that is what one section of a publish
// connection sends; its sources, one for each layer, with their histories; and a
// flow for each slot that shows it. A slot that comes to show something else has
// its flow brought from lane to lane (slot.settle), so that its numbers go on
// and none is used twice. What may end at any moment, because somebody was
// removed or silenced or looks elsewhere, is an atomic flag that is looked at
// for each packet: once the call that set it returns, no packet is begun.
//
// # The path of a packet
//
// The transport hands a source a burst of opened packets, in its lane. The
// source describes each, keeps it for retransmission (history) and gives the
// burst to its feed, which hands it to each flow in turn: all packets to one
// viewer, then all to the next, because what goes to one address in a row can
// leave in one system call. The flow gives each packet the number that follows
// its last (rewriter) and writes it; the transport seals and sends. No lock, no
// channel, no other goroutine and no allocation lies in between. A picture that is
// larger than the way to the viewer takes at once is spread (rate.Pacer): its
// later packets wait, as references into the history, 250 ms at most. Sound never
// waits. A slot begins
// to show a video track once its connection is there, with the first packet of a
// key frame; until then, requests for one go to the publisher every 350 ms. So
// it goes from one layer of a track to another, too: the old one is shown until
// a key frame of the new one comes. Sound of a peer that was silenced ends in
// the flow, and to the viewer goes on later as if another source began.
//
// # Which layers
//
// A feed measures what each of its layers takes (meter), and the viewer's
// goroutine divides what the network carries among the pictures that are shown
// (sharing), by their size and priority, whenever one of these changes and about
// each second. Each slot is told its choice, and its flow aims there in its lane:
// at a source for a simulcast layer, at layers within a source by
// packet.Selector. A picture of which not even the smallest layer is carried is
// paused: the slot shows it still, but nothing is forwarded. Publishers are told
// how many layers anybody has a use for (demand).
//
// # What comes back
//
// Backwards, the transport tells what a viewer reports. Missing packets are sent
// again from the history of what the slot shows, in the retransmission stream
// (RFC 4588) and never otherwise, because sealing twice under one number breaks
// SRTP; padding, which finds out what the network carries, goes there as well.
// For sound, for which browsers take no such stream, the packet that was sealed
// is itself sent again (sounds), where that comes in time to be played; to who
// loses some and asks for none, each is sent twice.
// Requests for key frames are shared and spaced out on their way to the
// publisher.
package sfu
