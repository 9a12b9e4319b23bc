//go:build !tap

package sfu

import "paravent/sfu/transport"

// tap is nothing: this binary has no tap.
func tap(uint32, *transport.Packet) {}

func keepsPeers() bool { return false }

func letsSpeak() bool { return false }
