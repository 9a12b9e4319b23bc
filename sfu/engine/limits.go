package engine

import "time"

// What the specifications fix.
const (
	frameHeader = 2 // bytes of length before a packet on TCP (RFC 4571, section 2)
)

// What we chose.
const (
	largest       = 2048      // bytes of a packet that is looked at: nothing that we speak is larger than one of Ethernet
	letterSize    = largest   // bytes of the largest packet that is for pion
	scratchSize   = 2048      // bytes of the largest packet that is sent by TCP
	lineSize      = largest   // bytes of the largest packet that is taken by TCP
	maxStreams    = 256       // SSRCs that are opened on a connection: eight tracks of three layers with repair and renewals; as many receivers that report
	maxAddresses  = 4         // where the media of a connection may come from: its client moved, and packets are on their way
	maxEarly      = 32        // packets that are kept until the keys are there
	maxGroups     = 32        // SSRCs whose packets are gathered before they are handed over
	maxParcels    = 64        // bursts on their way to another lane, in all
	maxParcelSize = 64 << 10  // bytes of such a burst
	maxSpareMail  = 4096      // places of a mailbox that are kept for later
	maxLetters    = 32        // what waits for pion on a connection: a client's checks from all its addresses
	maxLines      = 4         // TCP connections of one client
	maxNewLines   = 256       // TCP connections that have not said whose they are
	lineBuffer    = 16 << 10  // bytes that are read from a TCP connection at once
	lineQueue     = 256 << 10 // bytes that wait to be written to a TCP connection: most of a second
	nameLetters   = 8         // random letters of a user name of ICE, of five bits each (RFC 8445, section 5.3: at least 24 bits)

	recordBurst = 100 // DTLS records of a connection at once: a handshake takes ten
	recordRate  = 20  // and so many a second in the long run

	tickInterval = 50 * time.Millisecond  // between calls to what a connection does now and then
	restInterval = 500 * time.Millisecond // the same where nothing comes or goes
	restTime     = time.Second            // of nothing but reports and checks, until it is so
	connectTime  = 30 * time.Second       // from the first description to DTLS done
	silentTime   = 5 * time.Second        // without a check until ICE doubts a connection
	failTime     = 25 * time.Second       // and from there until it is lost: 30 s in all, as long as a consent holds (RFC 7675, section 5.1)
	closeTime    = 10 * time.Second       // until connections that do not close are given up
	claimTime    = 10 * time.Second       // until a TCP connection has said whose it is
	writeTime    = 10 * time.Second       // for a write to a TCP connection
)
