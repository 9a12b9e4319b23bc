package srtp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

var sizes = []int{100, 1200}

// run is a benchmark with one profile and size of payload.
type run struct {
	*testing.B
	p    Profile
	size int
}

// eachSize runs a benchmark for every profile and size of payload.
func eachSize(b *testing.B, f func(b run)) {
	b.Helper()
	for _, p := range profiles {
		for _, size := range sizes {
			b.Run(fmt.Sprintf("%v/%d", p, size), func(b *testing.B) {
				b.ReportAllocs()
				f(run{b, p, size})
			})
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	eachSize(b, func(b run) {
		s, _ := ends(b, b.p, 1)
		payload := make([]byte, b.size)
		h := slices.Grow(header(7, 0), b.size+s.Overhead())
		index := uint64(0)
		for b.Loop() {
			binary.BigEndian.PutUint16(h[2:], uint16(index))
			if s.SealRTP(h, len(h), payload, index) == nil {
				b.Fatal("not sealed")
			}
			index++
		}
	})
}

func BenchmarkSealByPion(b *testing.B) {
	eachSize(b, func(b run) {
		s := pion(b, b.p)
		packet := plain(7, 0, make([]byte, b.size))
		into := make([]byte, 0, len(packet)+20)
		seq := uint16(0)
		for b.Loop() {
			binary.BigEndian.PutUint16(packet[2:], seq)
			if _, err := s.EncryptRTP(into, packet, nil); err != nil {
				b.Fatal(err)
			}
			seq++
		}
	})
}

// train is how many packets are sealed at once for the benchmarks of opening.
const train = 1024

func BenchmarkOpen(b *testing.B) {
	eachSize(b, func(b run) {
		s, o := ends(b, b.p, 1)
		payload := make([]byte, b.size)
		packets := make([][]byte, train)
		index := uint64(0)
		for b.Loop() {
			if index%train == 0 {
				b.StopTimer()
				for n := range packets {
					packets[n] = sealed(b, s, 7, index+uint64(n), payload)
				}
				b.StartTimer()
			}
			if _, _, err := o.OpenRTP(packets[index%train]); err != nil {
				b.Fatal(err)
			}
			index++
		}
	})
}

func BenchmarkOpenByPion(b *testing.B) {
	eachSize(b, func(b run) {
		s, _ := ends(b, b.p, 1)
		other := pion(b, b.p)
		payload := make([]byte, b.size)
		into := make([]byte, 0, b.size+100)
		packets := make([][]byte, train)
		index := uint64(0)
		for b.Loop() {
			if index%train == 0 {
				b.StopTimer()
				for n := range packets {
					packets[n] = sealed(b, s, 7, index+uint64(n), payload)
				}
				b.StartTimer()
			}
			if _, err := other.DecryptRTP(into, packets[index%train], nil); err != nil {
				b.Fatal(err)
			}
			index++
		}
	})
}

func BenchmarkNewSealer(b *testing.B) {
	for _, p := range profiles {
		b.Run(p.String(), func(b *testing.B) {
			b.ReportAllocs()
			m, _, err := Split(p, material(p, 1))
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := NewSealer(p, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCrypt(b *testing.B) {
	for _, size := range []int{64, 96, 128, 160, 161, 192, 256, 1200} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s, _ := ends(b, AES128CMSHA1, 1)
			k := s.sender.keys.Load()
			buf := make([]byte, size)
			for b.Loop() {
				s.scratch.crypt(&k.rtp, buf, 7, 5)
			}
		})
	}
}
