package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"slices"
	"strings"

	"paravent/e2ee/data"
	"paravent/e2ee/link"
)

type dataCase struct {
	Verdict  string       `json:"verdict"`
	Name     string       `json:"name"`
	Seal     *dataSeal    `json:"seal,omitempty"` // how Body was made
	Body     hexBytes     `json:"body"`
	Receiver dataReceiver `json:"receiver"`
	Content  any          `json:"content,omitempty"` // byte strings as hex
	Seq      uint64       `json:"seq,omitempty"`
}

type dataSeal struct {
	Seed hexBytes `json:"seed"` // of the leaf's Ed25519 key
	Leaf uint32   `json:"leaf"`
	CTR  uint32   `json:"ctr"`
	Seq  uint64   `json:"seq"`
	To   hexBytes `json:"to,omitempty"`
}

type dataReceiver struct {
	GroupID hexBytes `json:"groupId"`
	Epoch   uint64   `json:"epoch"`
	BaseKey hexBytes `json:"baseKey"`
	Self    hexBytes `json:"self"`
	Leaf    uint32   `json:"leaf"`
	Key     hexBytes `json:"signatureKey"`
	LastSeq uint64   `json:"lastSeq"`
}

// stage is one sender, one receiver and one epoch.
type stage struct {
	epoch data.Epoch
	seed  [32]byte
	from  data.Sender
	self  data.Person
	file  *file
}

func newStage() *stage {
	base, seed, self := secret("base key"), secret("leaf seed"), secret("self")
	return &stage{
		epoch: data.Epoch{GroupID: secret("group"), Number: 300, BaseKey: base[:]},
		seed:  seed,
		from:  data.Sender{Leaf: 3, Key: ed25519.NewKeyFromSeed(seed[:]), CTR: 9, Seq: 5},
		self:  data.Person(self[:16]),
		file:  &file{About: "Data messages (PROTOCOL.md, Data messages): what one receiver makes of a body that is said to come from one leaf."},
	}
}

func (s *stage) receiver() dataReceiver {
	return dataReceiver{
		GroupID: s.epoch.GroupID[:], Epoch: s.epoch.Number, BaseKey: s.epoch.BaseKey, Self: s.self[:],
		Leaf: s.from.Leaf, Key: hexBytes(s.from.Key[ed25519.SeedSize:]), LastSeq: 4,
	}
}

func (s *stage) add(verdict, name string, body []byte, change ...func(*dataReceiver)) {
	r := s.receiver()
	for _, f := range change {
		f(&r)
	}
	s.file.Cases = append(s.file.Cases, dataCase{Verdict: verdict, Name: name, Body: body, Receiver: r})
}

func messages() (*file, error) {
	s := newStage()
	if err := s.good(); err != nil {
		return nil, err
	}
	body, err := data.Seal(data.Chat{Text: "Guten Tag"}, &s.epoch, &s.from, nil)
	if err != nil {
		return nil, err
	}
	s.elsewhere(body)
	s.damaged(body)
	if err := s.audiences(); err != nil {
		return nil, err
	}
	if err := s.layouts(); err != nil {
		return nil, err
	}
	return s.file, s.contents()
}

func (s *stage) good() error {
	m, err := link.NewModerator(secret("M"))
	if err != nil {
		return err
	}
	leafKey := ed25519.PublicKey(s.from.Key[ed25519.SeedSize:])
	claim := data.NewClaim(m, s.epoch.GroupID, data.Person{1}, leafKey)
	media := data.Media{Microphone: "0", Camera: "1"}
	shown := map[string]any{"microphone": "0", "camera": "1", "screen": "", "screenAudio": ""}
	shownClaim := map[string]any{"signatureKey": hexBytes(claim.SignatureKey), "kemKey": hexBytes(claim.KEMKey), "signature": hexBytes(claim.Signature)}
	for _, good := range []struct {
		name    string
		content data.Content
		to      *data.Person
		shown   map[string]any
	}{
		{"hello", data.Hello{Name: "Ada", Media: media}, nil, map[string]any{"t": "hello", "name": "Ada", "media": shown}},
		{
			"hello of a moderator, to one",
			data.Hello{Name: "Грейс 🙂", Media: media, Moderator: claim},
			&s.self,
			map[string]any{"t": "hello", "name": "Грейс 🙂", "media": shown, "moderator": shownClaim},
		},
		{"media", media, nil, map[string]any{"t": "media", "media": shown}},
		{"chat", data.Chat{Text: "Guten Tag"}, nil, map[string]any{"t": "chat", "text": "Guten Tag"}},
		{"chat to one", data.Chat{Text: "nur du"}, &s.self, map[string]any{"t": "chat", "text": "nur du"}},
		{"chat of 600 bytes", data.Chat{Text: strings.Repeat("x", 600)}, nil, map[string]any{"t": "chat", "text": strings.Repeat("x", 600)}},
		{"chat of 8192 bytes", data.Chat{Text: strings.Repeat("x", 8192)}, nil, map[string]any{"t": "chat", "text": strings.Repeat("x", 8192)}},
	} {
		body, err := data.Seal(good.content, &s.epoch, &s.from, good.to)
		if err != nil {
			return err
		}
		c := dataCase{
			Verdict: "ok", Name: good.name, Body: body, Receiver: s.receiver(), Content: good.shown, Seq: s.from.Seq,
			Seal: &dataSeal{Seed: s.seed[:], Leaf: s.from.Leaf, CTR: s.from.CTR, Seq: s.from.Seq},
		}
		if good.to != nil {
			c.Seal.To = good.to[:]
		}
		s.file.Cases = append(s.file.Cases, c)
	}
	return nil
}

// elsewhere opens a good message where it does not belong.
func (s *stage) elsewhere(body []byte) {
	other := secret("other")
	s.add("replayed", "a number seen before", body, func(r *dataReceiver) { r.LastSeq = 5 })
	s.add("replayed", "a number below the last", body, func(r *dataReceiver) { r.LastSeq = 99 })
	s.add("forged", "another group", body, func(r *dataReceiver) { r.GroupID = other[:] })
	s.add("no key", "another epoch", body, func(r *dataReceiver) { r.Epoch = 301 })
	s.add("forged", "an epoch 256 later, under the same base key", body, func(r *dataReceiver) { r.Epoch = 556 })
	s.add("forged", "another base key", body, func(r *dataReceiver) { r.BaseKey = other[:] })
	s.add("no key", "another leaf", body, func(r *dataReceiver) { r.Leaf = 4 })
	s.add("forged", "another signature key", body, func(r *dataReceiver) {
		r.Key = hexBytes(ed25519.NewKeyFromSeed(other[:])[ed25519.SeedSize:])
	})
	s.add("forged", "a signature key that is none", body, func(r *dataReceiver) { r.Key = r.Key[:31] })
}

func (s *stage) damaged(body []byte) {
	// The header is c9 101 32c and the CTR 9: 1 + 3 + 1 bytes.
	s.add("malformed", "nothing", nil)
	s.add("malformed", "header cut short", body[:3])
	s.add("forged", "header alone", body[:5])
	s.add("forged", "last byte missing", body[:len(body)-1])
	s.add("forged", "one byte more", append(slices.Clone(body), 0))
	s.add("forged", "CTR changed", flip(body, 8*4+2))
	s.add("no key", "leaf changed", flip(body, 8*2))
	s.add("no key", "epoch changed", flip(body, 8*3))
	s.add("malformed", "context changed", flip(body, 8*1+3))
	s.add("malformed", "a media frame's context", flip(body, 8*1+4))
	for _, at := range []int{5, 70, 150, len(body) - 1} {
		s.add("forged", "ciphertext changed", flip(body, 8*at))
	}
}

func (s *stage) audiences() error {
	other := data.Person{9}
	toOther, err := data.Seal(data.Chat{Text: "nur er"}, &s.epoch, &s.from, &other)
	if err != nil {
		return err
	}
	s.add("forged", "for another person", toOther)
	stranger := s.from
	seed := secret("other")
	stranger.Key = ed25519.NewKeyFromSeed(seed[:])
	fake, err := data.Seal(data.Chat{Text: "not me"}, &s.epoch, &stranger, nil)
	if err != nil {
		return err
	}
	s.add("forged", "another member under the sender's KID", fake)
	big := s.from
	big.Seq = 1 << 53
	if _, err := data.Seal(data.Chat{Text: "x"}, &s.epoch, &big, nil); err == nil {
		return errReference
	}
	return nil
}

// layouts makes plaintexts that no client makes.
func (s *stage) layouts() error {
	content := cborMap("chat", "text", "x")
	signed, err := s.plaintext(content)
	if err != nil {
		return err
	}
	longer := append(slices.Clone(signed), make([]byte, 1024-256)...)
	padded := slices.Clone(signed)
	padded[255] = 1
	audience := slices.Clone(signed)
	audience[64] = 2
	toOne := slices.Clone(signed)
	toOne[64] = 1
	length := slices.Clone(signed)
	length[65] = 0xff
	less := slices.Clone(signed)
	less[66]--
	more := slices.Clone(signed)
	more[66]++
	signature := flip(signed, 0)
	for _, bad := range []struct {
		verdict, name string
		plaintext     []byte
	}{
		{"malformed", "a larger size than necessary", longer},
		{"malformed", "a size that is none", signed[:200]},
		{"malformed", "nothing inside", nil},
		{"malformed", "padding that is not 0", padded},
		{"malformed", "an audience that is none", audience},
		{"forged", "for all turned into for one", toOne},
		{"malformed", "a length beyond the end", length},
		{"malformed", "a length too short", less},
		{"forged", "a length too long", more},
		{"forged", "signature changed", signature},
	} {
		body, err := data.SealPlaintext(bad.plaintext, &s.epoch, &s.from)
		if err != nil {
			return err
		}
		s.add(bad.verdict, bad.name, body)
	}
	return nil
}

// plaintext returns what SealBytes seals, by opening what it sealed.
func (s *stage) plaintext(content []byte) ([]byte, error) {
	body, err := data.SealBytes(content, &s.epoch, &s.from, nil)
	if err != nil {
		return nil, err
	}
	return data.OpenPlaintext(body, &s.epoch, s.from.Leaf)
}

func (s *stage) contents() error {
	for _, bad := range badContents() {
		content, err := hex.DecodeString(strings.ReplaceAll(bad[2], " ", ""))
		if err != nil {
			return err
		}
		body, err := data.SealBytes(content, &s.epoch, &s.from, nil)
		if err != nil {
			return err
		}
		c := dataCase{Verdict: bad[0], Name: bad[1], Body: body, Receiver: s.receiver()}
		if bad[0] == "unknown type" {
			c.Seq = s.from.Seq
		}
		s.file.Cases = append(s.file.Cases, c)
	}
	return nil
}

// cborMap returns {t, seq: 5, key: value} with a key longer than "seq".
func cborMap(t, key, value string) []byte {
	b := slices.Concat([]byte{0xa3}, text("t"), text(t), text("seq"), []byte{5})
	return slices.Concat(b, text(key), text(value))
}

func text(s string) []byte {
	var b bytes.Buffer
	switch {
	case len(s) < 24:
		b.WriteByte(0x60 | byte(len(s)))
	case len(s) < 256:
		b.Write([]byte{0x78, byte(len(s))})
	default:
		b.Write([]byte{0x79, byte(len(s) >> 8), byte(len(s))})
	}
	b.WriteString(s)
	return b.Bytes()
}

// badContents returns verdict, name and content in hex.
func badContents() [][3]string {
	const (
		t     = "6174"             // "t"
		chat  = "6463686174"       // "chat"
		seq   = "63736571"         // "seq"
		txt   = "6474657874"       // "text"
		x     = "6178"             // "x"
		n5    = seq + "05"         // seq: 5
		tc    = t + chat           // t: "chat"
		media = "656d65646961"     // "media"
		name  = "646e616d65"       // "name"
		hello = t + "6568656c6c6f" // t: "hello"
	)
	mids := func(camera string) string {
		return "a4" + hex.EncodeToString(text("camera")) + camera + hex.EncodeToString(text("screen")) + "60" +
			hex.EncodeToString(text("microphone")) + "60" + hex.EncodeToString(text("screenAudio")) + "60"
	}
	long := func(s string) string { return hex.EncodeToString(text(s)) }
	return [][3]string{
		{"unknown type", "a type of a later version", "a2" + t + "6468616e64" + n5},
		{"unknown type", "a later type with members of its own", "a3" + t + "6468616e64" + n5 + "6472616973" + "f5"},
		{"malformed", "nothing", ""},
		{"malformed", "no map", "80"},
		{"malformed", "a text", "6161"},
		{"malformed", "an empty map", "a0"},
		{"malformed", "no type", "a1" + n5},
		{"malformed", "no number", "a2" + tc + txt + x},
		{"malformed", "number 0", "a3" + tc + seq + "00" + txt + x},
		{"malformed", "a negative number", "a3" + tc + seq + "20" + txt + x},
		{"malformed", "a number of 2^53", "a3" + tc + seq + "1b0020000000000000" + txt + x},
		{"malformed", "a number as floating point", "a3" + tc + seq + "f94500" + txt + x},
		{"malformed", "a number as text", "a3" + tc + seq + "6135" + txt + x},
		{"malformed", "a number spelt too long", "a3" + tc + seq + "1805" + txt + x},
		{"malformed", "an empty type", "a2" + t + "60" + n5},
		{"malformed", "a type of 33 bytes", "a2" + t + long(strings.Repeat("z", 33)) + n5},
		{"malformed", "a type that is no text", "a2" + t + "05" + n5},
		{"malformed", "keys in another order", "a3" + n5 + tc + txt + x},
		{"malformed", "a key twice", "a4" + tc + n5 + n5 + txt + x},
		{"malformed", "an open map", "bf" + tc + n5 + txt + x + "ff"},
		{"malformed", "an open text", "a3" + tc + n5 + txt + "7f6178ff"},
		{"malformed", "a tag", "a3" + tc + n5 + txt + "c06178"},
		{"malformed", "null", "a3" + tc + n5 + txt + "f6"},
		{"malformed", "undefined", "a3" + tc + n5 + txt + "f7"},
		{"malformed", "text that is not UTF-8", "a3" + tc + n5 + txt + "61ff"},
		{"malformed", "text as bytes", "a3" + tc + n5 + txt + "4178"},
		{"malformed", "bytes after the end", "a3" + tc + n5 + txt + x + "00"},
		{"malformed", "cut short", "a3" + tc + n5 + txt + "62" + "78"},
		{"malformed", "a key that is no text", "a3" + "0102" + tc + n5},
		{"malformed", "chat without text", "a2" + tc + n5},
		{"malformed", "chat with an empty text", "a3" + tc + n5 + txt + "60"},
		{"malformed", "chat of 8193 bytes", "a3" + tc + n5 + txt + long(strings.Repeat("x", 8193))},
		{"malformed", "chat with a member too many", "a4" + tc + n5 + txt + x + "657a7a7a7a7a" + "05"},
		{"malformed", "media without media", "a2" + t + media + n5},
		{"malformed", "media that is a text", "a3" + t + media + n5 + media + x},
		{"malformed", "a media id of 9 bytes", "a3" + t + media + n5 + media + mids(long("123456789"))},
		{"malformed", "a media id with a space", "a3" + t + media + n5 + media + mids(long("1 2"))},
		{"malformed", "a media id that is a number", "a3" + t + media + n5 + media + mids("05")},
		{"malformed", "a name of 513 bytes", "a4" + hello + n5 + name + long(strings.Repeat("n", 513)) + media + mids("60")},
		{"malformed", "a moderator's claim that is empty", "a5" + hello + n5 + name + x + media + mids("60") + "696d6f64657261746f72" + "a0"},
		{"malformed", "a moderator's claim that is true", "a5" + hello + n5 + name + x + media + mids("60") + "696d6f64657261746f72" + "f5"},
		{"unknown type", "nested four deep", "a3" + t + "617a" + n5 + "646c697374" + "818180"},
		{"malformed", "nested five deep", "a3" + t + "617a" + n5 + "646c697374" + "81818180"},
		{"malformed", "nested without end", "a3" + t + "617a" + n5 + "646c697374" + strings.Repeat("81", 500) + "80"},
		{"unknown type", "a key named __proto__", "a3" + t + "617a" + n5 + long("__proto__") + "a0"},
	}
}
