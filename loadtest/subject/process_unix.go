//go:build unix

package subject

import (
	"time"

	"golang.org/x/sys/unix"
)

// Process is what this process has used of the machine.
func Process() (cpu time.Duration, switches uint64) {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0, 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), uint64(r.Nvcsw + r.Nivcsw)
}
