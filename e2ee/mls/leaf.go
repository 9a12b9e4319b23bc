package mls

import (
	"bytes"
	"crypto/ed25519"
	"math"
	"slices"
)

// source is LeafNodeSource (section 7.2).
type source uint8

const (
	sourceKeyPackage source = 1
	sourceUpdate     source = 2
	sourceCommit     source = 3
)

// credential is Credential (section 5.3). Of types other than basic the bytes
// are kept as they came.
type credential struct {
	kind     uint16
	identity []byte // basic: the identity; x509: the certificates, encoded
}

func (r *reader) credential() credential {
	c := credential{kind: r.u16()}
	switch c.kind {
	case credentialBasic:
		c.identity = r.opaque()
	case credentialX509:
		c.identity = r.opaque()
		certificates := &reader{b: c.identity}
		for len(certificates.b) > 0 {
			certificates.opaque()
		}
		if certificates.bad {
			r.fail()
		}
	default:
		r.fail()
	}
	return c
}

func (c credential) append(b []byte) []byte { return appendOpaque(appendU16(b, c.kind), c.identity) }

// capabilities is Capabilities (section 7.2).
type capabilities struct {
	versions, suites, extensions, proposals, credentials []uint16
}

func (r *reader) capabilities() capabilities {
	return capabilities{r.u16s(), r.u16s(), r.u16s(), r.u16s(), r.u16s()}
}

func (c capabilities) append(b []byte) []byte {
	for _, list := range [][]uint16{c.versions, c.suites, c.extensions, c.proposals, c.credentials} {
		b = appendU16s(b, list)
	}
	return b
}

// extension is Extension (section 13).
type extension struct {
	kind uint16
	data []byte
}

func (r *reader) extensions() []extension {
	var all []extension
	r.vector(func(r *reader) { all = append(all, extension{r.u16(), r.opaque()}) })
	return all
}

func appendExtensions(b []byte, all []extension) []byte {
	return appendVector(b, all, func(b []byte, e extension) []byte { return appendOpaque(appendU16(b, e.kind), e.data) })
}

// onceEach reports whether no type of extension occurs twice (section 13.4).
func onceEach(all []extension) bool {
	for i, e := range all {
		if slices.ContainsFunc(all[:i], func(other extension) bool { return other.kind == e.kind }) {
			return false
		}
	}
	return true
}

// leafNode is LeafNode (section 7.2). Its values are never changed.
type leafNode struct {
	encryptionKey []byte
	signatureKey  []byte
	credential    credential
	capabilities  capabilities
	source        source
	notBefore     uint64 // s since 1970; of sourceKeyPackage
	notAfter      uint64
	parentHash    []byte // of sourceCommit
	extensions    []extension
	signature     []byte
}

func (r *reader) leafNode() *leafNode {
	l := &leafNode{
		encryptionKey: r.opaque(),
		signatureKey:  r.opaque(),
		credential:    r.credential(),
		capabilities:  r.capabilities(),
		source:        source(r.u8()),
	}
	switch l.source {
	case sourceKeyPackage:
		l.notBefore, l.notAfter = r.u64(), r.u64()
	case sourceUpdate:
	case sourceCommit:
		l.parentHash = r.opaque()
	default:
		r.fail()
	}
	l.extensions = r.extensions()
	l.signature = r.opaque()
	return l
}

// appendUnsigned writes the leaf up to its signature.
func (l *leafNode) appendUnsigned(b []byte) []byte {
	b = appendOpaque(b, l.encryptionKey)
	b = appendOpaque(b, l.signatureKey)
	b = l.credential.append(b)
	b = l.capabilities.append(b)
	b = append(b, byte(l.source))
	switch l.source {
	case sourceKeyPackage:
		b = appendU64(appendU64(b, l.notBefore), l.notAfter)
	case sourceUpdate:
	case sourceCommit:
		b = appendOpaque(b, l.parentHash)
	}
	return appendExtensions(b, l.extensions)
}

func (l *leafNode) append(b []byte) []byte { return appendOpaque(l.appendUnsigned(b), l.signature) }

const leafLabel = "LeafNodeTBS"

// signed returns LeafNodeTBS (section 7.2). A leaf from a KeyPackage is signed
// for any group and place.
func (l *leafNode) signed(groupID []byte, leaf uint32) []byte {
	b := l.appendUnsigned(nil)
	if l.source == sourceKeyPackage {
		return b
	}
	return appendU32(appendOpaque(b, groupID), leaf)
}

// verify checks the leaf's signature for a place in a group (section 7.3).
func (l *leafNode) verify(groupID []byte, leaf uint32) error {
	if !verifyWithLabel(l.signatureKey, leafLabel, l.signed(groupID, leaf), l.signature) {
		return invalid("a leaf signed by its key")
	}
	return nil
}

// check does what section 7.3 asks of a leaf on its own, for a group with the
// given extensions. Lifetimes are not looked at: the profile ignores them.
func (l *leafNode) check(group []extension) error {
	c := l.capabilities
	if !slices.Contains(c.versions, version10) || !slices.Contains(c.suites, suite1) || !slices.Contains(c.credentials, l.credential.kind) {
		return invalid("a leaf that can do what it uses")
	}
	if !onceEach(l.extensions) {
		return invalid("each extension once")
	}
	for _, e := range slices.Concat(l.extensions, group) {
		if e.kind > 5 && !slices.Contains(c.extensions, e.kind) { // up to 5: known to all (section 13.4)
			return invalid("extensions that the leaf knows")
		}
	}
	return l.checkRequired(group)
}

// checkRequired compares with required_capabilities (section 11.1).
func (l *leafNode) checkRequired(group []extension) error {
	c := l.capabilities
	for _, e := range group {
		if e.kind != extensionRequiredCapabilities {
			continue
		}
		required, err := decode(e.data, "required capabilities", func(r *reader) [3][]uint16 {
			return [3][]uint16{r.u16s(), r.u16s(), r.u16s()}
		})
		if err != nil {
			return err
		}
		if !all(required[0], c.extensions, 5) || !all(required[1], c.proposals, 7) || !all(required[2], c.credentials, 0) {
			return invalid("a leaf with the required capabilities")
		}
	}
	return nil
}

// all reports whether every number of wanted that is greater than known, which
// everybody knows, is in has.
func all(wanted, has []uint16, known uint16) bool {
	return !slices.ContainsFunc(wanted, func(w uint16) bool { return w > known && !slices.Contains(has, w) })
}

func (l *leafNode) equal(other *leafNode) bool { return bytes.Equal(l.append(nil), other.append(nil)) }

// Leaf is a leaf as the profile sees it. Callers must not change its bytes.
type Leaf struct {
	Identity      []byte // of the basic credential; nil for any other credential
	SignatureKey  ed25519.PublicKey
	EncryptionKey []byte // X25519
	// Plain: a basic credential, capabilities that name mls10, suite 1 and basic
	// credentials, no extension, keys of the right size.
	Plain bool
}

// Member is a leaf in a group's tree.
type Member struct {
	Leaf
	Index uint32
}

// leaf returns what the profile sees of l.
func (l *leafNode) leaf() Leaf {
	seen := Leaf{SignatureKey: l.signatureKey, EncryptionKey: l.encryptionKey}
	if l.credential.kind == credentialBasic {
		seen.Identity = l.credential.identity
	}
	seen.Plain = l.credential.kind == credentialBasic && len(l.extensions) == 0 && l.check(nil) == nil &&
		len(l.signatureKey) == ed25519.PublicKeySize && len(l.encryptionKey) == kemSize
	return seen
}

// newLeaf makes an unsigned leaf of the profile. It never expires.
func newLeaf(identity []byte, signatureKey ed25519.PublicKey, encryptionKey []byte) *leafNode {
	return &leafNode{
		encryptionKey: encryptionKey,
		signatureKey:  signatureKey,
		credential:    credential{credentialBasic, identity},
		capabilities: capabilities{
			versions:    []uint16{version10},
			suites:      []uint16{suite1},
			credentials: []uint16{credentialBasic},
		},
		source:   sourceKeyPackage,
		notAfter: math.MaxUint64,
	}
}
