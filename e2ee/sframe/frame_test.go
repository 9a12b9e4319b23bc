package sframe

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

type frameVector struct {
	Verdict, Name string
	Codec         Codec
	Seal          *struct {
		BaseKey unhex
		Epoch   uint64
		Leaf    uint32
		Context Context
		CTR     uint32
		Key     bool
		Data    unhex
		Level   uint8
		Voice   bool
	}
	Sent     unhex
	Receiver struct {
		Leaf    uint32
		Context Context
		Epochs  []struct {
			Epoch   uint64
			BaseKey unhex
			Members []uint32
		}
	}
	Received []unhex
	Data     unhex
	Level    uint8
	Voice    bool
}

func frameVectors(tb testing.TB) []frameVector {
	tb.Helper()
	var file struct{ Cases []frameVector }
	load(tb, "../vectors/frames.json", &file)
	return file.Cases
}

func (v *frameVector) receiver() *Receiver {
	r := NewReceiver(v.Receiver.Leaf, v.Receiver.Context)
	for _, e := range v.Receiver.Epochs {
		r.Add(e.Epoch, e.BaseKey, e.Members)
	}
	return r
}

func TestFrameVectors(t *testing.T) {
	for _, v := range frameVectors(t) {
		t.Run(string(v.Codec)+"/"+v.Verdict+"/"+v.Name, func(t *testing.T) {
			r := v.receiver()
			var f *Frame
			var err error
			for _, wire := range v.Received {
				f, err = r.Open(v.Codec, wire)
			}
			if verdict(err) != v.Verdict {
				t.Fatalf("want %s, got %v", v.Verdict, err)
			}
			if v.Seal == nil {
				return
			}
			if !bytes.Equal(f.Data, v.Data) || (v.Codec == Opus && (f.Level != v.Level || f.Voice != v.Voice)) {
				t.Errorf("opened as %+v", f)
			}
			sealAgain(t, &v)
		})
	}
}

func sealAgain(t *testing.T, v *frameVector) {
	t.Helper()
	s := v.Seal
	id := KeyID{Context: s.Context, Leaf: s.Leaf, Epoch: uint8(s.Epoch)}
	key, err := NewKey(AES256GCMSHA512Tag128, s.BaseKey, id.KID())
	if err != nil {
		t.Fatal(err)
	}
	sent, err := SealFrame(key, s.CTR, &Frame{Codec: v.Codec, Key: s.Key, Data: s.Data, Level: s.Level, Voice: s.Voice})
	if err != nil || !bytes.Equal(sent, v.Sent) {
		t.Errorf("sealed otherwise: %x, %v", sent, err)
	}
}

func TestNoBitMayBeTurned(t *testing.T) {
	for _, v := range frameVectors(t) {
		if v.Seal == nil {
			continue
		}
		wire := v.Received[0]
		for bit := range 8 * len(wire) {
			turned := bytes.Clone(wire)
			turned[bit/8] ^= 1 << (bit % 8)
			if _, err := v.receiver().Open(v.Codec, turned); err == nil {
				t.Fatalf("%s: opened with bit %d turned", v.Codec, bit)
			}
		}
		for size := range wire {
			if _, err := v.receiver().Open(v.Codec, wire[:size]); err == nil {
				t.Fatalf("%s: opened cut to %d bytes", v.Codec, size)
			}
		}
	}
}

func TestSealRefusesWhatIsNoFrame(t *testing.T) {
	key, err := NewKey(AES256GCMSHA512Tag128, make([]byte, 32), 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]Frame{
		"empty":                      {Codec: VP9},
		"unknown codec":              {Codec: "H264", Data: []byte{1}},
		"short VP8 key frame":        {Codec: VP8, Key: true, Data: make([]byte, 9)},
		"VP8 key frame without code": {Codec: VP8, Key: true, Data: make([]byte, 20)},
	} {
		if _, err := SealFrame(key, 0, &f); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
}

func TestForget(t *testing.T) {
	v := frameVectors(t)[0]
	r := v.receiver()
	if _, err := r.Open(v.Codec, v.Received[0]); err != nil {
		t.Fatal(err)
	}
	r.Forget(v.Seal.Epoch)
	if _, err := r.Open(v.Codec, v.Received[0]); !errors.Is(err, ErrNoKey) {
		t.Fatal(err)
	}
}

func TestAudioSizesTellNothing(t *testing.T) {
	key, err := NewKey(AES256GCMSHA512Tag128, make([]byte, 32), 1)
	if err != nil {
		t.Fatal(err)
	}
	for size := 1; size <= 1300; size++ {
		wire, err := SealFrame(key, 1, &Frame{Codec: Opus, Data: make([]byte, size)})
		if err != nil {
			t.Fatal(err)
		}
		if text := len(wire) - 1 - 16; text%audioStep != 0 || text < size+audioTrailer || text >= size+audioTrailer+audioStep {
			t.Fatalf("%d bytes became %d", size, text)
		}
	}
}

func TestWindowAgreesWithASet(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var w window
	seen := map[uint64]bool{}
	greatest := int64(-1)
	for range 200_000 {
		ctr := max(0, greatest+random.Int64N(1500)-1400)
		if random.IntN(97) == 0 {
			ctr += 3000
		}
		fresh := !seen[uint64(ctr)] && ctr > greatest-windowSize
		if w.fresh(uint64(ctr)) != fresh {
			t.Fatalf("counter %d after %d: fresh is not %v", ctr, greatest, fresh)
		}
		if fresh {
			w.mark(uint64(ctr))
			seen[uint64(ctr)] = true
		}
		greatest = max(greatest, ctr)
	}
}

func FuzzOpenFrame(f *testing.F) {
	codecs := []Codec{Opus, VP8, VP9, AV1}
	vectors := frameVectors(f)
	for _, v := range vectors {
		for i, codec := range codecs {
			if codec == v.Codec {
				f.Add(uint8(i), []byte(v.Received[len(v.Received)-1]))
			}
		}
	}
	f.Fuzz(func(t *testing.T, codec uint8, wire []byte) {
		c := codecs[int(codec)%len(codecs)]
		shim, sealed, err := SplitShim(c, wire)
		if err == nil && !bytes.Equal(Depacketized(c, append(bytes.Clone(shim), sealed...)), Depacketized(c, wire)) &&
			!bytes.Equal(Depacketized(c, append(bytes.Clone(shim), sealed...)), wire) {
			t.Fatal("a shim with two spellings")
		}
		for _, v := range vectors {
			if v.Seal == nil || v.Codec != c {
				continue
			}
			if _, err := v.receiver().Open(c, wire); err == nil && !known(vectors, wire) {
				t.Fatal("opened a frame that nobody sealed")
			}
		}
	})
}

func known(vectors []frameVector, wire []byte) bool {
	return slices.ContainsFunc(vectors, func(v frameVector) bool {
		return slices.ContainsFunc(v.Received, func(received unhex) bool { return bytes.Equal(received, wire) })
	})
}
