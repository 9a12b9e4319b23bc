package sfu

import "time"

// rewriter numbers what a viewer is sent as one unbroken stream, whatever was
// dropped and whichever source it came from.
//
// Sequence numbers are 16 bits and wrap (RFC 3550, section 5.1); they are
// compared by serial arithmetic (RFC 1982). An output number is given at most
// once: SRTP would encrypt two packets under one nonce (RFC 3711, section
// 9.1). Outputs advance by at most rewriteWindow at a time, and in the long run by
// two for each that is given, so that SRTP never miscounts the wraps: a publisher
// that leaves gaps and sends nothing of use between them would otherwise carry a
// viewer's slot so far that nobody's packets open there any more. What is given is
// the whole number, the wraps in its upper bits: 48 bits last for thousands of
// years. The zero value is ready. It belongs to a lane.
type rewriter struct {
	out   uint64 // highest number given or set aside
	high  uint16 // newest input
	aside int    // how many were set aside, less those that were given since
	past  [rewriteWindow]fate
}

// mostAside is how many numbers may be set aside beyond those that are given. A
// receiver follows a leap of up to 2^15 (RFC 3711, appendix A), on its way packets
// are lost too.
const mostAside = 8 * rewriteWindow

// fate is what became of one input.
type fate struct {
	in, out uint16
	state   fateState
}

type fateState uint8

const (
	unknown fateState = iota // before the source began, or too long ago
	missing                  // not here yet: out is set aside for it
	settled                  // sent or dropped
)

// begin makes input in the next packet. Inputs before it are refused.
func (r *rewriter) begin(in uint16) {
	clear(r.past[:])
	r.high = in - 1
}

// next gives the number for input in. It is false for an input that had its
// turn, was dropped, came before the source began or is too late.
func (r *rewriter) next(in uint16) (uint64, bool) {
	if int16(in-r.high) > 0 {
		r.advance(in)
		r.out++
		r.aside = max(0, r.aside-1)
		r.past[in%rewriteWindow] = fate{in: in, out: uint16(r.out), state: settled}
		return r.out, true
	}
	f := &r.past[in%rewriteWindow]
	if f.in != in || f.state != missing {
		return 0, false
	}
	f.state = settled
	r.aside = max(0, r.aside-1)
	return r.out - uint64(uint16(r.out)-f.out), true
}

// drop leaves input in out without leaving a gap. One that is late already
// has a gap, which stays.
func (r *rewriter) drop(in uint16) {
	if int16(in-r.high) > 0 {
		r.advance(in)
		r.past[in%rewriteWindow] = fate{in: in, state: settled}
		return
	}
	if f := &r.past[in%rewriteWindow]; f.in == in {
		f.state = settled
	}
}

// advance sets numbers aside for what lies between the newest input and in,
// and makes in the newest. What lies further back than the window is lost for
// good and leaves no gap; nor does anything where too much was set aside already.
func (r *rewriter) advance(in uint16) {
	gap := int(in - r.high - 1)
	if gap >= rewriteWindow || r.aside+gap > mostAside {
		r.begin(in)
		gap = 0
	}
	r.aside += gap
	for i := r.high + 1; i != in; i++ {
		r.out++
		r.past[i%rewriteWindow] = fate{in: i, out: uint16(r.out), state: missing}
	}
	r.high = in
}

// clock makes timestamps go on by the wall clock where one source follows
// another. The zero value is ready.
type clock struct {
	shift uint32        // added to the source's timestamps
	last  uint32        // newest timestamp sent
	at    time.Duration // when it was sent
	begun bool          // anything was
}

// begin fits a source whose first timestamp is in, of rate ticks a second.
func (c *clock) begin(in, rate uint32, now time.Duration) {
	if !c.begun {
		c.shift, c.at, c.begun = c.last-in, now, true
		return
	}
	// At least a tick: two frames never share a timestamp.
	c.shift = c.last + max(1, c.ticks(rate, now)) - in
}

// next gives the timestamp for input in.
func (c *clock) next(in uint32, now time.Duration) uint32 {
	out := in + c.shift
	if int32(out-c.last) > 0 {
		c.last, c.at = out, now
	}
	return out
}

// read gives the timestamp that belongs to this moment.
func (c *clock) read(rate uint32, now time.Duration) uint32 {
	return c.last + c.ticks(rate, now)
}

func (c *clock) ticks(rate uint32, now time.Duration) uint32 {
	passed := max(0, now-c.at)
	return uint32(uint64(passed.Microseconds()) * uint64(rate) / uint64(time.Second/time.Microsecond))
}
