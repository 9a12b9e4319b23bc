package data

import (
	"bytes"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"

	"paravent/signaling/wire"
)

// Limits of what a message says.
const (
	maxDepth     = 4         // maps and arrays inside each other, the outermost counted
	maxType      = 32        // bytes
	maxName      = 512       // bytes of UTF-8 as sent; clients show 64 code points at most
	maxText      = 8192      // bytes of UTF-8
	maxMid       = 8         // bytes, as on the wire to the server
	maxStatement = 15000     // bytes: a Policy with full lists has 12000
	maxUint      = 1<<53 - 1 // every client can hold it exactly
)

// Reactions are the emoji that can be sent as a Reaction.
//
//nolint:gochecknoglobals // immutable table
var Reactions = [...]string{"👍", "👎", "👏", "❤️", "😂", "😮", "🎉", "🤔"}

// Content is what a message says.
//
//sumtype:decl
type Content interface{ fields() map[string]any }

// Hello introduces a person to the others. Whether the grant holds, and is for
// this very leaf, is checked by whoever hears it.
type Hello struct {
	Name  string
	Media Media
	Hand  uint64 // raised since, ms since 1970; 0: down
	KEM   []byte // X25519 key of the stay, 32 bytes
	Grant []byte // a moderator's, 216 bytes; nil for a participant
}

// Media says which of the sender's tracks is what: media ids of its publish
// SDP, empty while off.
type Media struct {
	Microphone, Camera, Screen, ScreenAudio string

	Mask Mask // of the camera's picture
}

// Mask is what is covered in a camera's picture before anybody else gets it:
// nothing where it is empty.
type Mask string

// What a mask covers.
const (
	Faces Mask = "faces" // every face
	Body  Mask = "body"  // the whole person
)

// Chat is a line of text. One for a single person is private.
type Chat struct{ Text string }

// Hand is the sender's hand: raised since (ms since 1970, its own clock), or 0: down.
type Hand struct{ Since uint64 }

// Reaction is one of Reactions.
type Reaction struct{ Emoji string }

// Compared says that the sender has compared the safety code of the epoch it
// sealed this in, and found it right.
type Compared struct{}

// Speaking says that the sender's voice is heard now, where more microphones
// are open than anybody receives.
type Speaking struct{}

// Policy is the newest rules, from the member that has added somebody, to that
// newcomer alone: a signed statement as on the wire.
type Policy struct {
	Statement string
	Grant     []byte // 216 bytes
	Signature []byte // 64 bytes
}

// Signed returns the statement as the wire has it.
func (c Policy) Signed() *wire.Signed {
	return &wire.Signed{Statement: c.Statement, Grant: c.Grant, Signature: c.Signature}
}

func (c Hello) fields() map[string]any {
	f := map[string]any{"t": "hello", "name": c.Name, "media": c.Media.value(), "hand": c.Hand, "kem": c.KEM}
	if c.Grant != nil {
		f["moderator"] = c.Grant
	}
	return f
}

func (c Media) fields() map[string]any    { return map[string]any{"t": "media", "media": c.value()} }
func (c Chat) fields() map[string]any     { return map[string]any{"t": "chat", "text": c.Text} }
func (c Hand) fields() map[string]any     { return map[string]any{"t": "hand", "since": c.Since} }
func (c Reaction) fields() map[string]any { return map[string]any{"t": "reaction", "emoji": c.Emoji} }
func (c Compared) fields() map[string]any { return map[string]any{"t": "compared"} }
func (c Speaking) fields() map[string]any { return map[string]any{"t": "speaking"} }

func (c Policy) fields() map[string]any {
	return map[string]any{"t": "policy", "statement": c.Statement, "grant": c.Grant, "signature": c.Signature}
}

func (c Media) value() map[string]any {
	v := map[string]any{"microphone": c.Microphone, "camera": c.Camera, "screen": c.Screen, "screenAudio": c.ScreenAudio}
	if c.Mask != "" {
		v["mask"] = string(c.Mask)
	}
	return v
}

type codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
	err error
}

// modes are the strictest that the library has: deterministic encoding (RFC
// 8949, section 4.2.1), and no input with tags, duplicate keys, open lengths
// or wrong UTF-8.
//
//nolint:gochecknoglobals // immutable table
var modes = sync.OnceValue(func() codec {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return codec{err: err}
	}
	dec, err := cbor.DecOptions{
		DupMapKey:       cbor.DupMapKeyEnforcedAPF,
		IndefLength:     cbor.IndefLengthForbidden,
		TagsMd:          cbor.TagsForbidden,
		MaxNestedLevels: 4 * maxDepth,
		DefaultMapType:  mapType,
	}.DecMode()
	return codec{enc, dec, err}
})

// encode returns the bytes to sign and seal, or ErrLimit.
func encode(c Content, seq uint64) ([]byte, error) {
	m := modes()
	if m.err != nil {
		return nil, m.err
	}
	f := c.fields()
	f["seq"] = seq
	b, err := m.enc.Marshal(f)
	if err != nil {
		return nil, ErrLimit
	}
	if _, known, err := decode(b); err != nil || known == nil {
		return nil, ErrLimit
	}
	return b, nil
}

// decode returns a message's number and content; a nil content stands for a
// type that this version does not know. It returns ErrMalformed unless b is
// the one deterministic encoding of an allowed map.
func decode(b []byte) (seq uint64, c Content, err error) {
	m := modes()
	if m.err != nil {
		return 0, nil, m.err
	}
	var f map[string]any
	if m.dec.Unmarshal(b, &f) != nil || f == nil || !allowed(f, maxDepth) {
		return 0, nil, ErrMalformed
	}
	again, err := m.enc.Marshal(f)
	if err != nil || !bytes.Equal(again, b) {
		return 0, nil, ErrMalformed
	}
	t, isText := f["t"].(string)
	seq, isNumber := f["seq"].(uint64)
	if !isText || t == "" || len(t) > maxType || !isNumber || seq < 1 {
		return 0, nil, ErrMalformed
	}
	c, ok := contentOf(t, f)
	if !ok {
		return 0, nil, ErrMalformed
	}
	return seq, c, nil
}

// allowed reports whether v holds only text, byte strings, whole numbers from
// 0 to 2^53 - 1, booleans, lists and maps.
func allowed(v any, depth int) bool {
	switch v := v.(type) {
	case string:
		return utf8.ValidString(v)
	case bool, []byte:
		return true
	case uint64:
		return v <= maxUint
	case []any:
		return depth > 0 && all(v, depth)
	case map[string]any:
		for key, one := range v {
			if depth == 0 || !utf8.ValidString(key) || !allowed(one, depth-1) {
				return false
			}
		}
		return depth > 0
	default:
		return false
	}
}

func all(list []any, depth int) bool {
	for _, one := range list {
		if !allowed(one, depth-1) {
			return false
		}
	}
	return true
}

// contentOf returns the content in these members, nil for an unknown type, and
// false when a member is missing, wrong or too much.
func contentOf(t string, f map[string]any) (Content, bool) {
	switch t {
	case "hello":
		return helloOf(f)
	case "policy":
		return policyOf(f)
	case "media":
		m, ok := mediaOf(f["media"])
		return m, ok && len(f) == 3
	case "chat":
		text, ok := f["text"].(string)
		return Chat{text}, ok && len(f) == 3 && text != "" && len(text) <= maxText
	case "hand":
		since, ok := f["since"].(uint64)
		return Hand{since}, ok && len(f) == 3
	case "reaction":
		emoji, ok := f["emoji"].(string)
		return Reaction{emoji}, ok && len(f) == 3 && slices.Contains(Reactions[:], emoji)
	case "compared":
		return Compared{}, len(f) == 2
	case "speaking":
		return Speaking{}, len(f) == 2
	default:
		return nil, true
	}
}

func helloOf(f map[string]any) (Content, bool) {
	name, isText := f["name"].(string)
	media, isMedia := mediaOf(f["media"])
	hand, isNumber := f["hand"].(uint64)
	kem, isBytes := f["kem"].([]byte)
	if !isText || !isMedia || !isNumber || !isBytes || len(name) > maxName || len(kem) != wire.KeySize {
		return nil, false
	}
	h := Hello{Name: name, Media: media, Hand: hand, KEM: kem}
	v, moderates := f["moderator"]
	if !moderates {
		return h, len(f) == 6
	}
	h.Grant, isBytes = v.([]byte)
	return h, isBytes && len(h.Grant) == wire.GrantSize && len(f) == 7
}

func policyOf(f map[string]any) (Content, bool) {
	statement, isText := f["statement"].(string)
	grant, isGrant := f["grant"].([]byte)
	signature, isSignature := f["signature"].([]byte)
	ok := isText && isGrant && isSignature && len(f) == 5 && statement != "" && len(statement) <= maxStatement &&
		len(grant) == wire.GrantSize && len(signature) == wire.SignatureSize
	return Policy{statement, grant, signature}, ok
}

func mediaOf(v any) (Media, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return Media{}, false
	}
	var mids [4]string
	for i, key := range [...]string{"microphone", "camera", "screen", "screenAudio"} {
		mid, isText := m[key].(string)
		if !isText || !isMid(mid) {
			return Media{}, false
		}
		mids[i] = mid
	}
	media := Media{Microphone: mids[0], Camera: mids[1], Screen: mids[2], ScreenAudio: mids[3]}
	mask, masked := m["mask"]
	if !masked {
		return media, len(m) == len(mids)
	}
	text, isText := mask.(string)
	media.Mask = Mask(text)
	known := media.Mask == Faces || media.Mask == Body
	return media, isText && known && media.Camera != "" && len(m) == len(mids)+1
}

func isMid(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7e {
			return false
		}
	}
	return len(s) <= maxMid
}
