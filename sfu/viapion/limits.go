package viapion

import "time"

// What the specifications fix.
const (
	videoClock = 90000 // Hz, RTP clock of every video codec (RFC 7741, section 6.1)
	opusClock  = 48000 // Hz, RTP clock of Opus whatever it samples at (RFC 7587, section 4.1)
)

// What we chose.
const (
	maxMissing   = 256  // packets that are told of at once
	receiveSize  = 1500 // bytes of the largest packet, an Ethernet frame
	replayWindow = 1024 // packets; a publisher repeats under the same number, so this is also how late it may

	mediaBuffer      = 256 << 10 // bytes of a stream that are not read yet: most of a second
	reportBuffer     = 32 << 10  // bytes of reports on a stream that are not read yet
	maxMediaStreams  = 64        // SSRCs seen on a connection: eight tracks and their renewals
	maxReportStreams = 256       // SSRCs reported of on a connection: 80 slots, retransmissions, and some slack

	firstRate = 300_000    // bits per second that are taken for granted, like browsers do
	leastRate = 30_000     // bits per second: less carries not even sound
	mostRate  = 50_000_000 // bits per second

	nackSpacing = 40 * time.Millisecond // between requests for a publisher's lost packet, which costs every viewer time
	nackTries   = 15                    // such requests for a packet: padding that is lost never comes again
	checkMemory = 2 * time.Minute       // from the last check until a connection counts as gone, which it is long before
	gatherTime  = 30 * time.Second      // gathering asks no server: milliseconds, or seconds while many join a busy machine
	silentTime  = 30 * time.Second      // without a packet until a connection is lost
	closeTime   = 10 * time.Second      // until a connection that does not close is given up
)
