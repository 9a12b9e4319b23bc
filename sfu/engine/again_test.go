package engine

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"paravent/sfu/srtp"
	"paravent/sfu/transport"
)

// What is sent again is the packet that was sent, to the last byte: it is not
// sealed anew, opens once, and where it was received before it is a replay.
func TestAgainIsTheSamePacket(t *testing.T) {
	for _, profile := range []srtp.Profile{srtp.AEADAES128GCM, srtp.AEADAES256GCM, srtp.AES128CMSHA1} {
		v := viewing(t, profile, 2)
		k := transport.Kept{Bytes: make([]byte, 0, 320)}
		o := transport.Outgoing{SSRC: 102, Index: 10, Format: outOpus, Timestamp: 960, Payload: []byte("sound"), Keep: &k}
		v.out.writer(v.lanes[0]).Write(&o)
		o.Index, o.Keep = 11, nil
		v.out.writer(v.lanes[0]).Write(&o)
		v.out.writer(v.lanes[1]).Again(&k) // what forwards to the slot may be in another lane by now
		v.out.writer(v.lanes[1]).Again(&k)
		all := v.kept.packets
		if len(all) != 4 || !bytes.Equal(all[0], all[2]) || !bytes.Equal(all[0], all[3]) {
			t.Fatalf("%x", all)
		}
		if v.nonces.Sealed() != 2 || v.nonces.Twice() != 0 {
			t.Errorf("%d nonces, %d twice", v.nonces.Sealed(), v.nonces.Twice())
		}
		v.open(all[1])
		if p, index := v.open(all[2]); index != 10 || string(p.Payload) != "sound" { // the first was lost
			t.Errorf("opened %d: %q", index, p.Payload)
		}
		if _, _, err := v.opener.OpenRTP(all[3]); err == nil {
			t.Error("a packet opens twice")
		}
	}
}

func TestAgainOfNothing(t *testing.T) {
	v := viewing(t, srtp.AEADAES128GCM, 1)
	w := v.out.writer(v.lanes[0])
	small := transport.Kept{Bytes: make([]byte, 0, 20)}
	w.Write(&transport.Outgoing{SSRC: 102, Index: 1, Format: outOpus, Payload: []byte("sound"), Keep: &small})
	whole := transport.Kept{Bytes: make([]byte, 0, 100)}
	w.Write(&transport.Outgoing{SSRC: 102, Index: 2, Format: outOpus, Payload: []byte("sound"), Keep: &whole})
	v.kept.packets = nil
	w.Again(&small)
	w.Again(&transport.Kept{})
	v.ways.Store(nil)
	w.Again(&whole)
	if len(v.kept.packets) != 0 {
		t.Errorf("%x", v.kept.packets)
	}
}

// When what was sent again arrives says nothing of the network: it comes later
// than it was first sent for another reason.
func TestAgainIsNoDelay(t *testing.T) {
	v := viewing(t, srtp.AEADAES128GCM, 1)
	w := v.out.writer(v.lanes[0])
	k := transport.Kept{Bytes: make([]byte, 0, 320)}
	w.Write(&transport.Outgoing{SSRC: 102, Index: 1, Format: outOpus, Payload: []byte("sound"), Keep: &k})
	w.Again(&k)
	report, err := (&rtcp.TransportLayerCC{
		Header:             rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: 5},
		MediaSSRC:          102,
		BaseSequenceNumber: k.Number,
		PacketStatusCount:  1,
		PacketChunks:       []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 1}},
		RecvDeltas:         []*rtcp.RecvDelta{{Type: rtcp.TypeTCCPacketReceivedSmallDelta}},
	}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := v.out.estimator.Feedback(report, v.lanes[0].now+time.Second); !ok {
		t.Fatal("the report is not read")
	}
	if trip := v.out.estimator.RoundTrip(); trip != 0 {
		t.Errorf("it was taken for a round trip of %v", trip)
	}
}

func TestAgainDoesNotAllocate(t *testing.T) {
	_, writers := audience(t, 1)
	o := transport.Outgoing{SSRC: 102, Format: outOpus, Payload: make([]byte, 100), Keep: &transport.Kept{Bytes: make([]byte, 0, 320)}}
	if n := testing.AllocsPerRun(1000, func() { o.Index++; writers[0].Write(&o); writers[0].Again(o.Keep) }); n != 0 {
		t.Errorf("%v allocations a packet, want 0", n)
	}
}
