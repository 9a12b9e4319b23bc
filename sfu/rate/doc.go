// Package rate decides how much is sent to whom, and how fast. It counts and
// reckons; it sends nothing, starts nothing and knows no clock: every moment is
// a parameter, a duration by a clock that only goes forward.
//
// [Arrivals] tells a sender when its packets came (feedback to publishers).
// [Estimator] learns from such feedback what the network carries towards a
// subscriber, [Pacer] spreads what is sent, and [Allocator] shares the rate
// among the tracks that a subscriber shows. [Budget] bounds what somebody may
// have us do.
package rate
