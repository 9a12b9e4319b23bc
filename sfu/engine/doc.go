// Package engine carries media packets between browsers and package sfu: the
// Transport of package transport at the speed of the machine. It knows
// connections and lanes, and neither peers nor rooms.
//
// # Lanes and what they own
//
// There is one lane for each core: one goroutine with one socket on the common
// UDP port. A turn of a lane receives what has come, tells packets apart by
// their first byte (RFC 7983, section 7), opens SRTP in place, hands what was
// opened to the media half of its connection, carries out what others gave to
// the lane and what is due, and sends what was written meanwhile, in as few
// system calls as there can be. Nothing in a turn waits, locks or allocates for
// a packet.
//
// A connection belongs to the lane that its first packets come to: there it is
// opened, there its reports are read and written. What arrives in another lane
// is copied and handed over. Every lane can send to every connection, for each
// has a sealer of its own with the connection's keys.
//
// # What is left to pion
//
// Connectivity checks and DTLS records go to pion by a bounded queue, which
// drops what does not fit; pion answers through the same socket. It finds out
// where a client is (ICE, lite: RFC 8445, section 2.5) and who it is (DTLS-SRTP:
// RFC 5763, RFC 5764), against the fingerprint in the client's description. The
// SRTP keys come from the exporter of that handshake and exist only in the
// memory of the connection; without them, nothing is opened and nothing sealed.
// Everything pion would log is discarded.
//
// # Clients without UDP
//
// A client that reaches us by TCP only (RFC 6544) is handed in as a net.Conn.
// Its packets go the same ways, by copies and bounded queues: it never holds up
// a lane.
package engine
