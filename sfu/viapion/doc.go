// Package viapion is the transport that pion makes: its peer connections, its
// interceptors, its estimator. Beside the engine it is slow. It is kept as the
// oracle that every test of the router also runs against, and as a way out for
// an operator whose machine or network the engine does not suit.
//
// Each publish connection is a lane. It has no goroutine of its own: whoever
// comes with something to do carries it out, one after another (lane).
//
// Lost sound is not made up for: it neither tells of what viewers lose of it, nor
// has publishers told (Lossy in package transport).
//
// Nothing is logged: what pion would say has addresses in it. Every description
// is checked before pion sees it, and what pion breaks on ends one connection.
package viapion
