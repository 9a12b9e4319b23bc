//go:build !tap

package sfu

// tap is nothing: this binary has no tap.
func tap(codec, uint8, []byte) {}
