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
// in this process. Header extensions are stepped over unread by this package;
// pion reads the congestion counter of a publisher's packets. No extension that
// describes a person is negotiated: no audio level, no orientation, no capture
// time. Forwarded packets have no extension at all. Nothing is logged or kept,
// but for the last second of each video track, which viewers may ask for again.
//
// # Connections
//
// A peer has two. On the publish connection the client offers what it sends,
// up to 8 tracks, and offers again when that changes. On the subscribe
// connection the router offers once a fixed set of slots, 25 for video and 16
// for audio, and never again: what a slot shows changes by Watch, without SDP.
// To its viewer a slot is one unbroken stream under one SSRC, whatever it shows
// and in whatever codec. A pion client must choose to be the DTLS client
// (SetAnsweringDTLSRole); browsers do. Clients send no ICE candidates, and
// those they send all the same are left out: only the address that a
// connection's checks come from counts. Our own stand in our descriptions.
//
// Every description is checked, and one that is not accepted costs that peer
// that connection and nobody anything else.
//
// # The path of a packet
//
// The goroutine that reads a track (publishing.read) parses the packet, keeps
// it for retransmission and writes it to each watching slot in turn
// (track.forward): one atomic load of the list of slots, then for each the
// numbers that follow its last (rewriter), a reused header, and pion's write
// stream, which seals and sends. No channel, no other goroutine and no
// allocation of ours lies in between. A slot begins to show a video track once
// its connection is there, with the first packet of a key frame; until then,
// requests for one go to the publisher every 350 ms. Sound of a peer that was
// silenced ends there, at one atomic flag of its track, and to the slot's viewer
// goes on later as if another source began.
//
// Backwards, one goroutine for each used slot reads what its viewer reports:
// missing packets are sent again from the track's history, in the
// retransmission stream (RFC 4588) and never otherwise, because sealing twice
// under one number breaks SRTP; requests for key frames are shared and spaced
// out on their way to the publisher.
package sfu
