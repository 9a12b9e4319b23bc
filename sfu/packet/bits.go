package packet

import "math/bits"

// bitReader reads numbers of any width, the highest bit first. Behind the end
// it reads zeros, and is no longer ok.
type bitReader struct {
	b   []byte
	at  int // bits read
	bad bool
}

func (r *bitReader) read(n int) (v uint32) {
	if r.bad || 8*len(r.b)-r.at < n {
		r.bad = true
		return 0
	}
	for n > 0 {
		free := 8 - r.at%8
		take := min(free, n)
		v = v<<take | uint32(r.b[r.at/8])>>(free-take)&(1<<take-1)
		r.at += take
		n -= take
	}
	return v
}

func (r *bitReader) flag() bool { return r.read(1) != 0 }

// readBelow reads a number below n, in as few bits as it takes (ns(n) of the
// AV1 RTP specification, appendix A.8.1).
func (r *bitReader) readBelow(n int) uint32 {
	width := bits.Len(uint(n))
	short := uint32(1<<width - n)
	v := r.read(width - 1)
	if v < short {
		return v
	}
	return v<<1 - short + r.read(1)
}

func (r *bitReader) skip(n int) {
	if r.bad || 8*len(r.b)-r.at < n {
		r.bad = true
		return
	}
	r.at += n
}
