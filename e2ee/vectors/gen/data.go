package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"paravent/e2ee/data"
)

type dataCase struct {
	Verdict  string       `json:"verdict"`
	Name     string       `json:"name"`
	Seal     *dataSeal    `json:"seal,omitempty"` // how Body was made
	Body     hexBytes     `json:"body"`
	Receiver dataReceiver `json:"receiver"`
	Content  any          `json:"content,omitempty"` // byte strings as hex
	Seq      uint64       `json:"seq,omitempty"`
	Alone    bool         `json:"alone,omitempty"` // sealed for the receiver only
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
	media := data.Media{Microphone: "0", Camera: "1"}
	shown := map[string]any{"microphone": "0", "camera": "1", "screen": "", "screenAudio": ""}
	masked := func(mask data.Mask) (data.Media, map[string]any) {
		m, of := media, maps.Clone(shown)
		m.Mask, of["mask"] = mask, string(mask)
		return m, of
	}
	faces, shownFaces := masked(data.Faces)
	body, shownBody := masked(data.Body)
	kem, signature := secret("kem"), make([]byte, 64)
	grant := slices.Repeat([]byte{7}, 216)
	hello := func(name string, hand uint64) data.Hello {
		return data.Hello{Name: name, Media: media, Hand: hand, KEM: kem[:]}
	}
	shownHello := func(name string, hand uint64) map[string]any {
		return map[string]any{"t": "hello", "name": name, "media": shown, "hand": hand, "kem": hexBytes(kem[:])}
	}
	moderator, shownModerator := hello("Грейс 🙂", 0), shownHello("Грейс 🙂", 0)
	moderator.Grant, shownModerator["moderator"] = grant, hexBytes(grant)
	veiled, shownVeiled := hello("Ada", 0), shownHello("Ada", 0)
	veiled.Media, shownVeiled["media"] = faces, shownFaces
	longest := strings.Repeat("x", 15000)
	policy := func(statement string) map[string]any {
		return map[string]any{"t": "policy", "statement": statement, "grant": hexBytes(grant), "signature": hexBytes(signature)}
	}
	for _, good := range []struct {
		name    string
		content data.Content
		to      *data.Person
		shown   map[string]any
	}{
		{"hello", hello("Ada", 0), nil, shownHello("Ada", 0)},
		{"hello with a raised hand", hello("", 1<<53-1), nil, shownHello("", 1<<53-1)},
		{"hello of a moderator, to one", moderator, &s.self, shownModerator},
		{"hello with masked faces", veiled, nil, shownVeiled},
		{"media", media, nil, map[string]any{"t": "media", "media": shown}},
		{"media with masked faces", faces, nil, map[string]any{"t": "media", "media": shownFaces}},
		{"media with a covered person", body, nil, map[string]any{"t": "media", "media": shownBody}},
		{"chat", data.Chat{Text: "Guten Tag"}, nil, map[string]any{"t": "chat", "text": "Guten Tag"}},
		{"chat to one", data.Chat{Text: "nur du"}, &s.self, map[string]any{"t": "chat", "text": "nur du"}},
		{"chat of 600 bytes", data.Chat{Text: strings.Repeat("x", 600)}, nil, map[string]any{"t": "chat", "text": strings.Repeat("x", 600)}},
		{"chat of 8192 bytes", data.Chat{Text: strings.Repeat("x", 8192)}, nil, map[string]any{"t": "chat", "text": strings.Repeat("x", 8192)}},
		{"hand", data.Hand{Since: 1_800_000_000_000}, nil, map[string]any{"t": "hand", "since": 1_800_000_000_000}},
		{"hand down", data.Hand{}, nil, map[string]any{"t": "hand", "since": 0}},
		{"reaction", data.Reaction{Emoji: "❤️"}, nil, map[string]any{"t": "reaction", "emoji": "❤️"}},
		{"compared", data.Compared{}, nil, map[string]any{"t": "compared"}},
		{"speaking", data.Speaking{}, nil, map[string]any{"t": "speaking"}},
		{"policy, to one", data.Policy{Statement: "{}", Grant: grant, Signature: signature}, &s.self, policy("{}")},
		{"policy of 15000 bytes", data.Policy{Statement: longest, Grant: grant, Signature: signature}, &s.self, policy(longest)},
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
			c.Seal.To, c.Alone = good.to[:], true
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
