//go:build !linux

package datagram

import (
	"errors"
	"net/netip"
)

// listenFast is of Linux.
func listenFast(netip.AddrPort, Options) (*Port, error) { return nil, errors.ErrUnsupported }
