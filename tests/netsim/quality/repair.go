package main

import (
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
)

// named has what is sent again say so, as browsers do: which layer it repairs
// stands in an extension of its own (RFC 8852, section 3.3). Pion would leave the
// one of the original in it.
type named struct{ interceptor.NoOp }

// NewInterceptor implements interceptor.Factory.
func (*named) NewInterceptor(string) (interceptor.Interceptor, error) { return &named{}, nil }

// BindLocalStream implements interceptor.Interceptor.
func (*named) BindLocalStream(info *interceptor.StreamInfo, w interceptor.RTPWriter) interceptor.RTPWriter {
	var layer, repaired uint8
	for _, e := range info.RTPHeaderExtensions {
		switch e.URI {
		case sdp.SDESRTPStreamIDURI:
			layer = uint8(e.ID)
		case sdp.SDESRepairRTPStreamIDURI:
			repaired = uint8(e.ID)
		}
	}
	if layer == 0 || repaired == 0 || info.SSRCRetransmission == 0 {
		return w
	}
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		name := h.GetExtension(layer)
		if h.SSRC != info.SSRCRetransmission || name == nil {
			return w.Write(h, payload, a)
		}
		again := h.Clone()
		if err := again.DelExtension(layer); err != nil {
			return 0, err
		}
		if err := again.SetExtension(repaired, name); err != nil {
			return 0, err
		}
		return w.Write(&again, payload, a)
	})
}
