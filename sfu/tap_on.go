//go:build tap

package sfu

// Tap, if set before a Router is made, is called with every packet that is
// received from a publisher, as the forwarder sees it: kind is "audio" or
// "video". It must neither keep nor change the packet. It exists in test
// builds only, to prove that there is nothing to see.
var Tap func(kind string, payloadType uint8, packet []byte) //nolint:gochecknoglobals // test builds only

func tap(c codec, payloadType uint8, packet []byte) {
	if Tap == nil {
		return
	}
	kind := "video"
	if c == opus {
		kind = "audio"
	}
	Tap(kind, payloadType, packet)
}
