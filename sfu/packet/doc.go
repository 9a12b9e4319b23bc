// Package packet reads and writes what is not secret of an RTP packet: its
// header and header extensions (RFC 3550, RFC 8285), the payload descriptors of
// video (VP8: RFC 7741, VP9: RFC 9628, AV1: its RTP specification) and the
// dependency descriptor (appendix A there). It knows which layers a packet is
// of, and decides which of them can be shown.
//
// A Reader reads what one stream brings and says of each packet which Frame it
// belongs to, in one form for all codecs. A Selector says for one viewer which
// packets of the stream are forwarded, so that whatever is forwarded can be
// decoded. Pictures numbers the frames that one viewer is sent.
//
// What stands behind a descriptor is ciphertext behind a made-up shim
// (e2ee/PROTOCOL.md, section "Frames"). Of it only one bit is read: whether a
// VP8 frame is a key frame, which its descriptor does not tell.
//
// Everything is bounded, nothing allocates, and nothing waits.
package packet
