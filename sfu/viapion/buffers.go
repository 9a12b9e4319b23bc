package viapion

import (
	"io"
	"sync"

	"github.com/pion/transport/v4/packetio"
)

// buffers makes what pion keeps the packets of one connection in until they
// are read: one for each SSRC that arrives, announced or not. Without a limit
// a client could fill the memory by inventing SSRCs. Safe for concurrent use.
type buffers struct {
	flood func()         // called when there are too many; it must not wait
	heard func(b []byte) // called with all reports, also those on retransmissions, which pion gives to nobody; nil: nothing

	mu   sync.Mutex // guards what follows
	seen [2]map[uint32]bool
}

func (b *buffers) make(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	which, size, most := 0, mediaBuffer, maxMediaStreams
	if kind == packetio.RTCPBufferPacket {
		which, size, most = 1, reportBuffer, maxReportStreams
	}
	b.mu.Lock()
	if b.seen[which] == nil {
		b.seen[which] = map[uint32]bool{}
	}
	if len(b.seen[which]) < most {
		b.seen[which][ssrc] = true
	}
	fits := b.seen[which][ssrc]
	b.mu.Unlock()
	buffer := packetio.NewBuffer()
	buffer.SetLimitSize(size)
	if !fits {
		_ = buffer.Close() // an empty one, which takes nothing in
		b.flood()
	}
	if kind == packetio.RTCPBufferPacket && b.heard != nil {
		return &overheard{buffer, b.heard}
	}
	return buffer
}

// overheard is a buffer that tells what is put in.
type overheard struct {
	*packetio.Buffer
	heard func(b []byte)
}

// Write implements io.Writer.
func (o *overheard) Write(b []byte) (int, error) {
	o.heard(b)
	return o.Buffer.Write(b)
}
