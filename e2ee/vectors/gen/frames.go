package main

import (
	"bytes"
	"slices"

	"paravent/e2ee/sframe"
)

type frameCase struct {
	Verdict  string        `json:"verdict"`
	Name     string        `json:"name"`
	Codec    sframe.Codec  `json:"codec"`
	Seal     *frameSeal    `json:"seal,omitempty"` // how Sent was made
	Sent     hexBytes      `json:"sent,omitempty"` // what the sender gives to its packetizer
	Receiver frameReceiver `json:"receiver"`
	Received []hexBytes    `json:"received"` // in order; the verdict is on the last
	Data     hexBytes      `json:"data,omitempty"`
	Level    *uint8        `json:"level,omitempty"`
	Voice    *bool         `json:"voice,omitempty"`
}

type frameSeal struct {
	BaseKey hexBytes       `json:"baseKey"`
	Epoch   uint64         `json:"epoch"`
	Leaf    uint32         `json:"leaf"`
	Context sframe.Context `json:"context"`
	CTR     uint32         `json:"ctr"`
	Key     bool           `json:"key"`
	Data    hexBytes       `json:"data"`
	Level   uint8          `json:"level"`
	Voice   bool           `json:"voice"`
}

type frameReceiver struct {
	Leaf    uint32         `json:"leaf"`
	Context sframe.Context `json:"context"`
	Epochs  []frameEpoch   `json:"epochs"` // oldest first
}

type frameEpoch struct {
	Epoch   uint64   `json:"epoch"`
	BaseKey hexBytes `json:"baseKey"`
	Members []uint32 `json:"members"`
}

// scene is one sender, leaf 3 in epoch 300, and a receiver that has epochs 299
// and 300 and is bound to it.
type scene struct {
	codec   sframe.Codec
	context sframe.Context
	frame   sframe.Frame
	base    [32]byte
	epoch   uint64
	leaf    uint32
	ctr     uint32
}

func (s *scene) key(epoch uint64, leaf uint32, context sframe.Context) (*sframe.Key, error) {
	id := sframe.KeyID{Context: context, Leaf: leaf, Epoch: uint8(epoch)}
	return sframe.NewKey(sframe.AES256GCMSHA512Tag128, s.base[:], id.KID())
}

func (s *scene) sent() ([]byte, error) {
	key, err := s.key(s.epoch, s.leaf, s.context)
	if err != nil {
		return nil, err
	}
	return sframe.SealFrame(key, s.ctr, &s.frame)
}

func (s *scene) receiver() frameReceiver {
	old := secret("old base key")
	return frameReceiver{Leaf: 3, Context: s.context, Epochs: []frameEpoch{
		{Epoch: 299, BaseKey: old[:], Members: []uint32{0, 3, 5}},
		{Epoch: 300, BaseKey: s.base[:], Members: []uint32{0, 3, 1023}},
	}}
}

func scenes() []scene {
	vp8 := []byte{0x50, 0x01, 0x02, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01, 0xaa, 0xbb, 0xcc}
	with := func(codec sframe.Codec, context sframe.Context, key bool, data []byte, level uint8, voice bool) scene {
		f := sframe.Frame{Codec: codec, Key: key, Data: data, Level: level, Voice: voice}
		return scene{codec, context, f, secret("base key"), 300, 3, 7}
	}
	return []scene{
		with(sframe.Opus, sframe.Microphone, false, bytes.Repeat([]byte{0x78}, 80), 33, true),
		with(sframe.Opus, sframe.Microphone, false, []byte{0xf8}, 127, false),
		with(sframe.Opus, sframe.ScreenAudio, false, bytes.Repeat([]byte{0x78}, 93), 0, true),
		with(sframe.Opus, sframe.Microphone, false, bytes.Repeat([]byte{0x78}, 94), 60, false),
		with(sframe.VP8, sframe.Camera, true, vp8, sframe.Silence, false),
		with(sframe.VP8, sframe.Camera, false, []byte{0x31, 1, 2, 3}, sframe.Silence, false),
		with(sframe.VP9, sframe.Camera, true, []byte{0x82, 0x49, 0x83, 0x42}, sframe.Silence, false),
		with(sframe.VP9, sframe.Screen, false, []byte{0x86, 1, 2, 3}, sframe.Silence, false),
		with(sframe.AV1, sframe.Camera, true, []byte{0x0a, 0x0b, 0, 0, 0}, sframe.Silence, false),
		with(sframe.AV1, sframe.Camera, false, bytes.Repeat([]byte{0x32}, 300), sframe.Silence, false),
	}
}

func frames() (*file, error) {
	f := &file{About: "Media frames (PROTOCOL.md, Frames): what a receiver bound to one leaf and context makes of them, without holding any."}
	for _, s := range scenes() {
		sent, err := s.sent()
		if err != nil {
			return nil, err
		}
		received := sframe.Depacketized(s.codec, sent)
		good := frameCase{
			Verdict: "ok", Name: "as it was sent", Codec: s.codec, Sent: sent, Receiver: s.receiver(), Received: []hexBytes{received}, Data: s.frame.Data,
			Seal: &frameSeal{s.base[:], s.epoch, s.leaf, s.context, s.ctr, s.frame.Key, s.frame.Data, s.frame.Level, s.frame.Voice},
		}
		if s.codec == sframe.Opus {
			good.Level, good.Voice = &s.frame.Level, &s.frame.Voice
		}
		f.Cases = append(f.Cases, good)
		bad, err := badFrames(s, sent, received)
		if err != nil {
			return nil, err
		}
		f.Cases = append(f.Cases, bad...)
	}
	return f, nil
}

func badFrames(s scene, sent, received []byte) ([]any, error) {
	var cases []any
	add := func(verdict, name string, receiver frameReceiver, wires ...[]byte) {
		c := frameCase{Verdict: verdict, Name: name, Codec: s.codec, Receiver: receiver}
		for _, wire := range wires {
			c.Received = append(c.Received, wire)
		}
		cases = append(cases, c)
	}
	usual := s.receiver()
	add("replayed", "the same again", usual, received, received)
	add("forged", "last bit turned", usual, flip(received, 8*len(received)-1))
	add("forged", "last bit of the CTR turned", usual, ctrChanged(s, sent))
	add("forged", "first byte of the ciphertext changed", usual, cipherChanged(s, sent))
	add("malformed", "nothing", usual, nil)
	add("malformed", "shim alone", usual, sframe.Depacketized(s.codec, sent[:shimSize(s, sent)]))
	add("forged", "last byte missing", usual, sframe.Depacketized(s.codec, sent[:len(sent)-1]))
	add("forged", "one byte more", usual, sframe.Depacketized(s.codec, append(slices.Clone(sent), 0)))
	foreign := usual
	foreign.Leaf = 0
	add("foreign", "bound to another leaf", foreign, received)
	if err := badSenders(s, usual, add); err != nil {
		return nil, err
	}
	if err := badPlaintexts(s, usual, add); err != nil {
		return nil, err
	}
	badShims(s, usual, sent, add)
	return cases, nil
}

func shimSize(s scene, sent []byte) int {
	shim, _, err := sframe.SplitShim(s.codec, sent)
	if err != nil {
		return 0
	}
	return len(shim)
}

// The header of every scene is: configuration with CTR 7 inside, KID of 3 bytes
// (2 for contexts 0), so the CTR is the low half of the first byte.
func ctrChanged(s scene, sent []byte) []byte {
	return sframe.Depacketized(s.codec, flip(sent, 8*shimSize(s, sent)))
}

func cipherChanged(s scene, sent []byte) []byte {
	at := shimSize(s, sent)
	_, size, err := sframe.ParseHeader(sent[at:])
	if err != nil {
		return nil
	}
	return sframe.Depacketized(s.codec, flip(sent, 8*(at+size)))
}

type adder func(verdict, name string, receiver frameReceiver, wires ...[]byte)

func badSenders(s scene, usual frameReceiver, add adder) error {
	kinds := map[sframe.Context][2]sframe.Context{ // another context of the kind, one of another kind
		sframe.Microphone: {sframe.ScreenAudio, sframe.Camera}, sframe.ScreenAudio: {sframe.Microphone, sframe.Screen},
		sframe.Camera: {sframe.Screen, sframe.Microphone}, sframe.Screen: {sframe.Camera, sframe.ScreenAudio},
	}
	for _, bad := range []struct {
		verdict, name string
		epoch         uint64
		leaf          uint32
		context       sframe.Context
	}{
		{"no key", "an epoch that is over", 298, 3, s.context},
		{"no key", "an epoch to come", 301, 3, s.context},
		{"no key", "a leaf that is not in the group", 300, 4, s.context},
		{"no key", "a leaf that left before this epoch", 300, 5, s.context},
		{"foreign", "another member", 300, 1023, s.context},
		{"foreign", "another track of the sender", 300, 3, kinds[s.context][0]},
		{"malformed", "a track of another kind", 300, 3, kinds[s.context][1]},
		{"malformed", "a data message", 300, 3, sframe.Data},
		{"malformed", "a context that does not exist", 300, 3, 5},
		{"forged", "sealed under the base key of another epoch", 299, 3, s.context},
	} {
		other := s
		other.epoch, other.leaf, other.context = bad.epoch, bad.leaf, bad.context
		sent, err := other.sent()
		if err != nil {
			return err
		}
		add(bad.verdict, bad.name, usual, sframe.Depacketized(s.codec, sent))
	}
	return nil
}

// badPlaintexts makes frames that only a member could make wrong.
func badPlaintexts(s scene, usual frameReceiver, add adder) error {
	shim, err := sframe.Shim(s.codec, s.frame.Data, s.frame.Key)
	if err != nil {
		return err
	}
	key, err := s.key(s.epoch, s.leaf, s.context)
	if err != nil {
		return err
	}
	wrong := map[string][]byte{"no trailer": {}, "another version": {1, 0x20}, "nothing but a trailer": {0x10}}
	if s.codec == sframe.Opus {
		wrong = map[string][]byte{
			"no trailer":              {},
			"half a trailer":          {0, 0x10},
			"another version":         {1, 0, 0, 0x20},
			"nothing but a trailer":   {0, 0, 0x10},
			"more padding than bytes": {1, 2, 0, 0x10},
			"nothing but padding":     {0, 0, 2, 0, 0x10},
			"padding that is not 0":   {9, 1, 0, 2, 0, 0x10},
		}
	}
	names := make([]string, 0, len(wrong))
	for name := range wrong {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		sent := slices.Concat(shim, key.Seal(uint64(s.ctr), shim, wrong[name]))
		add("malformed", "member's mistake: "+name, usual, sframe.Depacketized(s.codec, sent))
	}
	big := slices.Concat(shim, key.Seal(1<<32, shim, []byte{1, 0, 0, 0x10}))
	add("malformed", "a counter above 32 bits", usual, sframe.Depacketized(s.codec, big))
	return nil
}

func badShims(s scene, usual frameReceiver, sent []byte, add adder) {
	behind := sent[shimSize(s, sent):]
	switch {
	case s.codec == sframe.AV1:
		add("ok", "without the OBU's size", usual, sent)
		add("malformed", "another OBU type", usual, append([]byte{0x12}, sframe.Depacketized(s.codec, sent)[1:]...))
		add("malformed", "an OBU extension", usual, append([]byte{sent[0] | 4}, behind...))
		add("malformed", "a size too small", usual, slices.Concat([]byte{sent[0] | 2, 1}, behind))
		add("malformed", "a size spelt too long", usual, longSize(sent))
		add("malformed", "a size without end", usual, []byte{sent[0] | 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0})
		add("forged", "key frame shown as delta or delta as key", usual, sframe.Depacketized(s.codec, append([]byte{sent[0] ^ 0x38}, behind...)))
	case s.codec == sframe.VP8 && s.frame.Key:
		add("forged", "another picture size", usual, flip(sent, 8*6))
		add("forged", "shown as a delta frame", usual, append([]byte{0x11}, behind...))
		add("malformed", "another start code", usual, flip(sent, 8*3))
	case s.codec == sframe.VP8:
		add("malformed", "other bits in the shim", usual, flip(sent, 8*1-1))
		add("forged", "shown as a key frame", usual, append([]byte{0x10, 0, 0, 0x9d, 1, 0x2a, 0, 0, 0, 0}, behind...))
	}
}

// longSize spells the OBU's size with a useless last byte.
func longSize(sent []byte) []byte {
	size := len(sent) - 1
	return slices.Concat([]byte{sent[0] | 2, byte(size) | 0x80, byte(size>>7) | 0x80, 0}, sent[1:])
}
