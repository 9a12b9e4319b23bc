package main

import (
	"math/rand/v2"
	"time"
)

const (
	temporals  = 3
	frameRate  = 30
	frameTime  = time.Second / frameRate
	keyWeight  = 4.0 // of a key frame, in frames of average size
	unevenness = 0.4 // frames differ from what is usual for them by half of this, up and down
)

// Layers that a camera sends, from the smallest: what a browser makes of 720
// lines.
var ladder = []struct { //nolint:gochecknoglobals // immutable table
	rid  string
	rate int // bits per second
}{{"q", 150_000}, {"h", 500_000}, {"f", 1_700_000}}

// camera makes the frames of one simulcast layer: VP8 with three temporal
// layers. What the lower two need is 0.6 of the rate, and the lowest alone 0.4.
type camera struct {
	layer   uint8
	rate    int
	random  *rand.Rand
	picture picture
	last    [temporals]uint32 // frame, by temporal layer
	any     bool
}

func newCamera(layer int, rate int, seed uint64) *camera {
	return &camera{layer: uint8(layer), rate: rate, random: rand.New(rand.NewPCG(seed, uint64(layer)))} //nolint:gosec // the same each time
}

// frame makes the packets of one frame.
func (c *camera) frame(number uint32, key bool, now time.Duration) [][]byte {
	key = key || !c.any
	c.any = true
	f := piece{layer: c.layer, number: number, key: key, sent: now, base: c.last[0]}
	weight := keyWeight
	switch place := number % 4; {
	case key:
	case place == 0:
		weight = 1.6
	case place == 2:
		f.temporal, weight = 1, 0.8
	default:
		f.temporal, weight = 2, 0.8
		if place == 3 {
			f.base = max(c.last[0], c.last[1])
		}
	}
	c.last[f.temporal] = number
	if key {
		c.last = [temporals]uint32{number, number, number}
	}
	c.picture.number = (c.picture.number + 1) & 0x7fff
	if f.temporal == 0 {
		c.picture.tl0++
	}
	c.picture.sync = f.temporal > 0 && f.base == c.last[0]
	const bitsPerByte = 8
	size := float64(c.rate) / bitsPerByte / frameRate * weight * (1 + unevenness*(c.random.Float64()-0.5))
	return c.split(f, int(size))
}

func (c *camera) split(f piece, size int) (packets [][]byte) {
	f.count = uint16(max(1, (size+mostPayload-1)/mostPayload))
	for f.index = range f.count {
		packets = append(packets, appendPacket(nil, &f, c.picture, size/int(f.count)))
	}
	return packets
}
