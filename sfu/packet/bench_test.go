package packet

import (
	"testing"

	"paravent/sfu/transport"
)

func nothingAllocates(t *testing.T, what string, f func()) {
	t.Helper()
	if n := testing.AllocsPerRun(200, f); n != 0 {
		t.Errorf("%s allocates %v times", what, n)
	}
}

func TestNothingAllocates(t *testing.T) {
	for _, name := range []string{"chromium-vp8-l1t3", "chromium-vp9-l3t3", "chromium-av1-l3t3key", "firefox-vp8"} {
		all := recorded(t, name)
		var r Reader
		var f Frame
		var s Selector
		var n Pictures
		s.Want(All, All)
		i := 0
		path := func() {
			p := &all[i%len(all)]
			p.Seq += uint16(len(all)) // and on
			if r.Read(&f, p) {
				s.Next(&f)
				numbers, _ := n.Next(&f.Marks)
				f.Write(p.Payload, nil, numbers)
				f.Activate(p.Dependency, 1, 1)
			}
			i++
		}
		for range 2 * len(all) { // structures are kept once
			path()
		}
		nothingAllocates(t, name, path)
	}
	room := make([]byte, 0, 1500)
	o := transport.Outgoing{SSRC: 1, Index: 2, Format: 96, Timestamp: 3, Payload: make([]byte, 1200), Dependency: []byte{1, 2, 3}, Repeat: true}
	b := append(appendBefore(AppendHeader(nil, &o, OutIDs{TransportCC: 4, Dependency: 13}, 5), &o), o.Payload...)
	nothingAllocates(t, "AppendHeader", func() {
		appendBefore(AppendHeader(room, &o, OutIDs{TransportCC: 4, Dependency: 13}, 5), &o)
	})
	var h Header
	var e Extensions
	ids := IDs{Mid: 9, TransportCC: 4, Dependency: 13}
	nothingAllocates(t, "Parse", func() {
		if !Parse(&h, b) || !ids.Read(&e, &h) {
			t.Fatal("cannot be read")
		}
	})
}

func BenchmarkParse(b *testing.B) {
	o := transport.Outgoing{SSRC: 1, Index: 2, Format: 96, Timestamp: 3, Payload: make([]byte, 1200), Dependency: []byte{1, 2, 3}}
	p := append(AppendHeader(nil, &o, OutIDs{TransportCC: 4, Dependency: 13}, 5), o.Payload...)
	ids := IDs{Mid: 9, TransportCC: 4, Dependency: 13}
	var h Header
	var e Extensions
	b.ReportAllocs()
	for b.Loop() {
		if !Parse(&h, p) || !ids.Read(&e, &h) {
			b.Fatal("cannot be read")
		}
	}
}

func BenchmarkAppendHeader(b *testing.B) {
	room := make([]byte, 0, 1500)
	o := transport.Outgoing{SSRC: 1, Index: 2, Format: 96, Timestamp: 3}
	b.ReportAllocs()
	for b.Loop() {
		AppendHeader(room, &o, OutIDs{TransportCC: 4, Dependency: 13}, 5)
	}
}

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"firefox-vp8", "chromium-vp9-l3t3", "chromium-av1-l3t3key"} {
		b.Run(name, func(b *testing.B) {
			all := recorded(b, name)
			var r Reader
			var f Frame
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				p := &all[i%len(all)]
				p.Seq += uint16(len(all))
				r.Read(&f, p)
				i++
			}
		})
	}
}

// BenchmarkSelect is what one viewer costs for one packet: the choice, and the
// numbers.
func BenchmarkSelect(b *testing.B) {
	for _, name := range []string{"firefox-vp8", "chromium-vp9-l3t3", "chromium-av1-l3t3key"} {
		b.Run(name, func(b *testing.B) {
			var frames []Frame
			var r Reader
			for _, p := range recorded(b, name) {
				var f Frame
				if r.Read(&f, &p) {
					frames = append(frames, f)
				}
			}
			var s Selector
			var n Pictures
			s.Want(All, All)
			i, payload := 0, make([]byte, 20)
			b.ReportAllocs()
			for b.Loop() {
				f := &frames[i%len(frames)]
				if i%len(frames) == 0 {
					s.Begin()
					n.Begin(&f.Marks)
				}
				if forward, _ := s.Next(f); forward {
					numbers, _ := n.Next(&f.Marks)
					f.Write(payload, nil, numbers)
				}
				i++
			}
		})
	}
}
