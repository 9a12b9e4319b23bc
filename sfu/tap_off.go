//go:build !tap

package sfu

// tap is nothing: this binary has no tap.
func tap(codec, []byte) {}

func keepsPeers() bool { return false }

func letsSpeak() bool { return false }
