package mls

import "slices"

// PSK is an external pre-shared key and its id (section 8.4).
type PSK struct {
	ID, Secret []byte
}

// Lookup returns the external PSK with that id; nil if there is none.
type Lookup func(id []byte) []byte

// PSK types (section 8.4).
const (
	pskExternal   = 1
	pskResumption = 2
)

// pskID is PreSharedKeyID (section 8.4).
type pskID struct {
	kind  uint8
	id    []byte // external: psk_id; resumption: psk_group_id
	usage uint8  // of pskResumption, and so is epoch
	epoch uint64
	nonce []byte
}

func (r *reader) pskID() pskID {
	id := pskID{kind: r.u8()}
	switch id.kind {
	case pskExternal:
		id.id = r.opaque()
	case pskResumption:
		id.usage, id.id, id.epoch = r.u8(), r.opaque(), r.u64()
	default:
		r.fail()
	}
	id.nonce = r.opaque()
	return id
}

func (id pskID) append(b []byte) []byte {
	b = append(b, id.kind)
	switch id.kind {
	case pskExternal:
		b = appendOpaque(b, id.id)
	case pskResumption:
		b = appendU64(appendOpaque(append(b, id.usage), id.id), id.epoch)
	}
	return appendOpaque(b, id.nonce)
}

// sound reports whether this is an external PSK with a nonce of Nh bytes.
func (id pskID) sound() bool { return id.kind == pskExternal && len(id.nonce) == hashSize }

// pskSecret returns psk_secret for PSKs in the order of their proposals; all
// zeros if there is none (section 8.4).
func pskSecret(ids []pskID, psks Lookup) ([]byte, error) {
	secret := make([]byte, hashSize)
	for i, id := range ids {
		if id.kind != pskExternal {
			return nil, unsupported("external psks")
		}
		if slices.ContainsFunc(ids[:i], func(other pskID) bool { return string(other.append(nil)) == string(id.append(nil)) }) {
			return nil, invalid("each psk once")
		}
		psk := psks(id.id)
		if psk == nil || len(id.nonce) != hashSize {
			return nil, invalid("a psk that this member has")
		}
		label := appendU16(appendU16(id.append(nil), uint16(i)), uint16(len(ids)))
		input, err := expandWithLabel(extract(make([]byte, hashSize), psk), "derived psk", label, hashSize)
		if err != nil {
			return nil, err
		}
		secret = extract(input, secret)
		wipe(input)
	}
	return secret, nil
}
