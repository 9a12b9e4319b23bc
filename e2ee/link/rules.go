package link

import (
	"bytes"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"paravent/signaling/wire"
)

const maxHost = 128 // bytes, as on the wire

// Rules is how a moderator link wants its room to be when it opens it.
type Rules struct {
	Policy     *wire.Policy // with number 0 and a version from 1
	Passphrase []byte       // what Stretch made of it, 32 bytes: there exactly if Policy.Passphrase is
	Host       []byte       // host token, 1 to 128 bytes; nil: none
}

// rules is the form of Rules in a link.
type rules struct {
	Host       []byte `cbor:"h,omitempty"`
	Policy     string `cbor:"p"`
	Passphrase []byte `cbor:"s,omitempty"`
}

type codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
	err error
}

//nolint:gochecknoglobals // immutable table
var modes = sync.OnceValue(func() codec {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return codec{err: err}
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode()
	return codec{enc, dec, err}
})

func (r *Rules) encode() ([]byte, error) {
	m := modes()
	if m.err != nil {
		return nil, m.err
	}
	if r.Policy == nil {
		return nil, ErrSize
	}
	text, err := wire.EncodeStatement(r.Policy)
	if err != nil {
		return nil, err
	}
	return m.enc.Marshal(rules{Host: r.Host, Policy: text, Passphrase: r.Passphrase})
}

// readRules returns ErrLink unless b is the one encoding of rules whose parts
// belong to M and to each other.
func readRules(b []byte, moderator [SecretSize]byte) (*Rules, error) {
	m := modes()
	if m.err != nil {
		return nil, m.err
	}
	var in rules
	if m.dec.Unmarshal(b, &in) != nil || len(in.Host) > maxHost {
		return nil, ErrLink
	}
	statement, err := wire.DecodeStatement(in.Policy)
	if err != nil {
		return nil, ErrLink
	}
	policy, ok := statement.(*wire.Policy)
	if !ok || policy.Seq != 0 || policy.Version == 0 {
		return nil, ErrLink
	}
	r := &Rules{Policy: policy, Passphrase: in.Passphrase, Host: in.Host}
	again, err := r.encode() // also finds a text of the policy that is not the one
	if err != nil || !bytes.Equal(again, b) || !r.fit(moderator) {
		return nil, ErrLink
	}
	return r, nil
}

// fit reports whether the keys that the rules name follow from their secrets:
// false ones would lock everybody out, or nobody.
func (r *Rules) fit(moderator [SecretSize]byte) bool {
	if (r.Passphrase == nil) != (r.Policy.Passphrase == nil) {
		return false
	}
	if r.Passphrase != nil {
		p, err := NewPassphrase(r.Passphrase)
		if err != nil || !bytes.Equal(public(p.Signature), r.Policy.Passphrase) {
			return false
		}
	}
	wanted := r.Policy.Generation
	if wanted == nil {
		return true
	}
	if wanted.Number != uint64(uint32(wanted.Number)) {
		return false
	}
	g, err := NewGeneration(moderator, uint32(wanted.Number))
	if err != nil {
		return false
	}
	join, err := g.Join()
	return err == nil && bytes.Equal(public(join), wanted.Key)
}
