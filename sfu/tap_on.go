//go:build tap

package sfu

// Tap is called with every packet that is received from a publisher, as the
// forwarder sees it, if it is set before a Router is made: codec is "opus",
// "VP8", "VP9" or "AV1", packet is RTP in clear. It must neither keep nor change
// the packet. It exists in test builds only, to prove that there is nothing to
// see.
var Tap func(codec string, packet []byte) //nolint:gochecknoglobals // test builds only

var tapNames = [codecs]string{opus: "opus", vp8: "VP8", vp9: "VP9", av1: "AV1"} //nolint:gochecknoglobals // immutable table

func tap(c codec, packet []byte) {
	if Tap != nil && c < codecs {
		Tap(tapNames[c], packet)
	}
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
