package sfu

import "time"

// What the specifications fix.
const (
	videoClock = 90000 // Hz, RTP clock of every video codec (RFC 7741, section 6.1)
	opusClock  = 48000 // Hz, RTP clock of Opus whatever it samples at (RFC 7587, section 4.1)
)

// What we chose.
const (
	maxTracks       = 8         // tracks a peer publishes: camera, screen, their sound, and as many to spare
	maxSections     = 32        // media sections of an offer, stopped ones included
	maxStreams      = 4         // SSRCs of one media section: media, retransmission, and some slack
	maxMid          = 8         // bytes of a media id
	maxOffer        = 64 << 10  // bytes of SDP
	maxAnswer       = 128 << 10 // bytes of SDP; 41 sections of about 1 kB, twice
	videoSlots      = 25        // a full grid
	audioSlots      = 16        // more open microphones are not understood anyway
	maxQueue        = 256       // operations a peer may be behind: six for each slot
	receiveSize     = 1500      // bytes of the largest packet, an Ethernet frame
	replayWindow    = 1024      // packets; a publisher repeats under the same number, so this is also how late it may
	rewriteWindow   = 512       // packets a late one may be behind: half a second of 1000 a second
	sentWindow      = 1024      // packets a viewer may ask for again
	historyPackets  = 1024      // packets kept of a video track, for all its viewers
	historyBytes    = 512 << 10 // bytes kept of a video track: a second at 4 Mbit/s
	resendsPerSlot  = 500       // retransmissions a second and slot: more is a link that cannot carry the stream
	reportsPerBatch = 32        // sender reports in one packet, which stays below 1200 bytes

	checkBurst       = 200       // connectivity checks of a connection at once: browsers make 50 a second until one succeeds
	checkRate        = 30        // and so many a second in the long run
	checkSources     = 256       // addresses that the checks of a connection come from: networks of one client
	mediaBuffer      = 256 << 10 // bytes of a stream that are not read yet: most of a second
	reportBuffer     = 32 << 10  // bytes of reports on a stream that are not read yet
	maxMediaStreams  = 64        // SSRCs seen on a connection: eight tracks and their renewals
	maxReportStreams = 256       // SSRCs reported of on a connection: 41 slots, retransmissions, and some slack

	historyAge      = time.Second            // older packets come too late to be shown
	minResend       = 20 * time.Millisecond  // before one packet is sent again, unless a round trip takes longer
	maxResend       = 500 * time.Millisecond // and at most this, whatever a viewer claims of its round trip
	keyFrameSpacing = 350 * time.Millisecond // browsers ignore requests within 300 ms of a key frame
	keyFrameSlowly  = 3 * time.Second        // spacing for a publisher that does not answer
	keyFrameTries   = 20                     // requests until it counts as not answering: 7 s
	nackSpacing     = 40 * time.Millisecond  // between requests for a publisher's lost packet, which costs every viewer time
	nackTries       = 15                     // such requests for a packet: padding that is lost never comes again
	reportInterval  = time.Second            // between sender reports
	checkMemory     = 2 * time.Minute        // from the last check until a connection counts as gone, which it is long before
	gatherTime      = 3 * time.Second        // gathering asks no server and takes milliseconds
	connectTime     = 30 * time.Second       // from the first SDP to DTLS done
	silentTime      = 5 * time.Second        // without a packet until ICE doubts a connection
	failTime        = 10 * time.Second       // and from there until it is lost: 15 s in all
	closeTime       = 10 * time.Second       // until a connection that does not close is given up
)
