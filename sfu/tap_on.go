//go:build tap

package sfu

import (
	"encoding/binary"

	"paravent/sfu/transport"
)

// Tap is called with every packet that is received from a publisher, as the
// forwarder sees it, if it is set before a Router is made: codec is "opus",
// "VP8", "VP9" or "AV1", packet is RTP in clear (RFC 3550, section 5.1), without
// extensions, and with a payload type of 0. It must neither keep nor change the
// packet. It exists in test builds only, to prove that there is nothing to see.
var Tap func(codec string, packet []byte) //nolint:gochecknoglobals // test builds only

var tapNames = [transport.Codecs]string{ //nolint:gochecknoglobals // immutable table
	transport.Opus: "opus", transport.VP8: "VP8", transport.VP9: "VP9", transport.AV1: "AV1",
}

func tap(ssrc uint32, p *transport.Packet) {
	if Tap == nil || p.Codec >= transport.Codecs {
		return
	}
	b := []byte{0x80, 0} // version 2
	if p.Marker {
		b[1] = 0x80
	}
	b = binary.BigEndian.AppendUint16(b, p.Seq)
	b = binary.BigEndian.AppendUint32(b, p.Timestamp)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	Tap(tapNames[p.Codec], append(b, p.Payload...))
}

// KeepPeers, set before a Router is made, has ClosePeer do nothing: whoever has
// left or was removed is forwarded everything on, as a server would that helps
// them. Test builds only, to prove that it helps nobody.
var KeepPeers bool //nolint:gochecknoglobals // test builds only

func keepsPeers() bool { return KeepPeers }

// LetSpeak, set before a Router is made, has Silence do nothing: everybody is
// forwarded who sends. Test builds only, to prove that the receivers look too.
var LetSpeak bool //nolint:gochecknoglobals // test builds only

func letsSpeak() bool { return LetSpeak }
