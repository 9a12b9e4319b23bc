//go:build !linux

package floor

import (
	"errors"
	"net/netip"
	"time"
)

// drain is there on Linux alone.
type drain struct{ at netip.AddrPort }

func openDrains(int) ([]drain, error) { return nil, errors.ErrUnsupported }

func closeDrains([]drain) {}

func threadTime() (time.Duration, error) { return 0, errors.ErrUnsupported }
