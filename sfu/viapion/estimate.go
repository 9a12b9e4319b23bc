package viapion

import (
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/cc"
	"github.com/pion/interceptor/pkg/gcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// estimator is pion's send-side estimator. It passes packets on at once and
// along the path of their own slot: pion's would know no retransmission streams.
// Safe for concurrent use.
type estimator struct {
	*gcc.SendSideBWE
	path *path

	mu   sync.Mutex // guards what follows
	last uint8      // number of the latest feedback
	any  bool       // there was one
}

var _ cc.BandwidthEstimator = (*estimator)(nil)

func newEstimator() (*estimator, error) {
	p := &path{}
	e, err := gcc.NewSendSideBWE(gcc.SendSideBWEInitialBitrate(firstRate), gcc.SendSideBWEMinBitrate(leastRate),
		gcc.SendSideBWEMaxBitrate(mostRate), gcc.SendSideBWEPacer(p), gcc.WithLoggerFactory(silent()))
	if err != nil {
		return nil, err
	}
	return &estimator{SendSideBWE: e, path: p}, nil
}

// AddStream implements cc.BandwidthEstimator.
func (e *estimator) AddStream(info *interceptor.StreamInfo, w interceptor.RTPWriter) interceptor.RTPWriter {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.SendSideBWE.AddStream(info, w)
	return e.path.latest
}

// WriteRTCP does nothing: pion would have it called only with what is reported
// of media, and that as often as slots are reported of.
func (e *estimator) WriteRTCP([]rtcp.Packet, interceptor.Attributes) error { return nil }

// hear takes feedback out of a report, once. What cannot be understood changes
// nothing.
func (e *estimator) hear(report []byte) {
	packets, err := rtcp.Unmarshal(report)
	if err != nil {
		return
	}
	for _, p := range packets {
		if f, ok := p.(*rtcp.TransportLayerCC); ok && e.fresh(f.FbPktCount) {
			_ = e.SendSideBWE.WriteRTCP([]rtcp.Packet{f}, nil)
		}
	}
}

func (e *estimator) fresh(number uint8) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.any && e.last == number {
		return false
	}
	e.last, e.any = number, true
	return true
}

// path takes from gcc what packets of one stream have to pass.
type path struct{ latest interceptor.RTPWriter }

var _ gcc.Pacer = (*path)(nil)

// AddStream implements gcc.Pacer.
func (p *path) AddStream(_ uint32, w interceptor.RTPWriter) { p.latest = w }

// Write implements interceptor.RTPWriter. It is not on the path of a packet.
func (p *path) Write(*rtp.Header, []byte, interceptor.Attributes) (int, error) { return 0, nil }

// SetTargetBitrate implements gcc.Pacer.
func (p *path) SetTargetBitrate(int) {}

// Close implements gcc.Pacer.
func (p *path) Close() error { return nil }
