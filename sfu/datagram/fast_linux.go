//go:build linux

package datagram

import (
	"errors"
	"net/netip"
)

// listenFast comes next.
func listenFast(netip.AddrPort, Options) (*Port, error) { return nil, errors.ErrUnsupported }
