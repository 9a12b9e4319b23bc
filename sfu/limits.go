package sfu

import "time"

// What we chose.
const (
	maxMid         = 8         // bytes of a media id
	maxLayers      = 3         // simulcast layers of a track
	maxSteps       = 3         // sizes of a picture
	maxTemporals   = 4         // temporal layers
	mostTries      = 5         // requests for a key frame until another spatial layer is given up
	packetOverhead = 50        // bytes around a payload
	maxWaiting     = 256       // packets of a slot that wait until they may leave
	repairShare    = 3         // what is sent again takes so small a part of what the network carries
	mostLoss       = 51        // of 256 packets, a fifth: beyond it more redundancy takes more from the sound than it gives
	unknownRate    = 1 << 30   // bits per second, where it is not known
	audioSlots     = 16        // more open microphones are not understood anyway
	maxQueue       = 256       // operations a peer may be behind: more than a client may ask for at once
	rewriteWindow  = 512       // packets a late one may be behind: half a second of 1000 a second
	sentWindow     = 1024      // packets a viewer may ask for again
	historyPackets = 1024      // packets kept of a video layer, for all its viewers
	historyFirst   = 64        // so many at first
	historyBytes   = 512 << 10 // bytes kept of a video layer: a second at 4 Mbit/s
	historyChunk   = 32 << 10  // and so many at a time, as they are needed
	soundWindow    = 16        // packets of sound kept of a slot: a third of a second
	soundSize      = 320       // bytes of a sealed one: of 32 kbit/s they have about 170
	soundTimes     = 2         // that one is sent again
	twiceLoss      = 6         // of 256 packets, a fiftieth, from which on sound is sent twice
	resendsPerSlot = 500       // retransmissions a second and slot: more is a link that cannot carry the stream
	maxPadding     = 255       // bytes in a packet: their number has to fit into the last (RFC 3550, section 5.1)
	maxProbe       = 64 << 10  // bytes of padding that are asked for at once

	historyAge      = time.Second            // older packets come too late to be shown
	paceTogether    = 10 * time.Millisecond  // what may leave so soon leaves at once: a frame of usual size
	repairBurst     = 300 * time.Millisecond // that nothing was sent again may be made up for at once
	urgentWait      = 300 * time.Millisecond // that too much is forwarded while a key frame of less is awaited
	lossAge         = 10 * time.Second       // that a report of loss holds: browsers report of sound every 2.5 to 7.5 s
	leastMeasure    = 400 * time.Millisecond // that a layer is measured for
	wantLess        = 2 * time.Second        // that layers are not wanted before the publisher is told
	wantNothing     = 5 * time.Second        // and that nobody comes to want any
	layerSilence    = time.Second            // after which a layer that sends nothing counts as not there
	minResend       = 20 * time.Millisecond  // before one packet is sent again, unless a round trip takes longer
	maxResend       = 500 * time.Millisecond // and at most this, whatever a viewer claims of its round trip
	soundAge        = 250 * time.Millisecond // of sound that is sent again: what is older is not played any more
	soundTrip       = 150 * time.Millisecond // longest round trip at which that helps
	twiceAfter      = 60 * time.Millisecond  // sound is sent twice at most: it goes with what follows it, and that may be late
	twiceTime       = time.Minute            // that it is, from the last report of loss
	twiceAsked      = 20 * time.Second       // that it is not, from when the viewer last asked for any
	keyFrameSpacing = 350 * time.Millisecond // browsers ignore requests within 300 ms of a key frame
	keyFrameSlowly  = 3 * time.Second        // spacing for a publisher that does not answer
	keyFrameTries   = 20                     // requests until it counts as not answering: 7 s
	reportInterval  = time.Second            // between sender reports
	lookInterval    = time.Second            // between looks whether a connection is late
	connectTime     = 30 * time.Second       // from the first SDP to DTLS done
	closeTime       = 10 * time.Second       // until a peer that does not end is given up
)
