package data

import (
	"bytes"
	"sync"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
)

// Limits of what a message says.
const (
	maxDepth = 4         // maps and arrays inside each other, the outermost counted
	maxType  = 32        // bytes
	maxName  = 512       // bytes of UTF-8 as sent; clients show 64 code points at most
	maxText  = 8192      // bytes of UTF-8
	maxMid   = 8         // bytes, as on the wire to the server
	maxUint  = 1<<53 - 1 // every client can hold it exactly
)

// Content is what a message says.
//
//sumtype:decl
type Content interface{ fields() map[string]any }

// Hello introduces a person to the others.
type Hello struct {
	Name      string
	Media     Media
	Moderator *Claim // nil for a participant
}

// Media says which of the sender's tracks is what: media ids of its publish
// SDP, empty while off.
type Media struct {
	Microphone, Camera, Screen, ScreenAudio string
}

// Chat is a line of text.
type Chat struct{ Text string }

// Claim shows that a leaf belongs to a moderator. Its signature is over
// "paravent moderator v1" || group id || person || signature key of the leaf.
type Claim struct {
	SignatureKey []byte // Ed25519, 32 bytes
	KEMKey       []byte // X25519, 32 bytes
	Signature    []byte // 64 bytes
}

func (c Hello) fields() map[string]any {
	f := map[string]any{"t": "hello", "name": c.Name, "media": c.Media.value()}
	if c.Moderator != nil {
		f["moderator"] = map[string]any{
			"signatureKey": c.Moderator.SignatureKey,
			"kemKey":       c.Moderator.KEMKey,
			"signature":    c.Moderator.Signature,
		}
	}
	return f
}

func (c Media) fields() map[string]any { return map[string]any{"t": "media", "media": c.value()} }
func (c Chat) fields() map[string]any  { return map[string]any{"t": "chat", "text": c.Text} }

func (c Media) value() map[string]any {
	return map[string]any{"microphone": c.Microphone, "camera": c.Camera, "screen": c.Screen, "screenAudio": c.ScreenAudio}
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
	case "media":
		m, ok := mediaOf(f["media"])
		return m, ok && len(f) == 3
	case "chat":
		text, ok := f["text"].(string)
		return Chat{text}, ok && len(f) == 3 && text != "" && len(text) <= maxText
	default:
		return nil, true
	}
}

func helloOf(f map[string]any) (Content, bool) {
	name, isText := f["name"].(string)
	media, isMedia := mediaOf(f["media"])
	if !isText || !isMedia || len(name) > maxName {
		return nil, false
	}
	h := Hello{Name: name, Media: media}
	v, claims := f["moderator"]
	if !claims {
		return h, len(f) == 4
	}
	m, isMap := v.(map[string]any)
	signatureKey, a := m["signatureKey"].([]byte)
	kemKey, b := m["kemKey"].([]byte)
	signature, c := m["signature"].([]byte)
	h.Moderator = &Claim{signatureKey, kemKey, signature}
	sizes := len(signatureKey) == 32 && len(kemKey) == 32 && len(signature) == 64
	return h, isMap && a && b && c && sizes && len(m) == 3 && len(f) == 5
}

func mediaOf(v any) (Media, bool) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 4 {
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
	return Media{mids[0], mids[1], mids[2], mids[3]}, true
}

func isMid(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7e {
			return false
		}
	}
	return len(s) <= maxMid
}
