package mls

import (
	"bytes"
	"slices"
)

// groupSecrets is GroupSecrets (section 12.4.3.1).
type groupSecrets struct {
	joiner []byte
	path   []byte // path secret; nil: none
	psks   []pskID
}

func (r *reader) groupSecrets() *groupSecrets {
	s := &groupSecrets{joiner: r.opaque()}
	if r.present() {
		s.path = r.opaque()
	}
	r.vector(func(r *reader) { s.psks = append(s.psks, r.pskID()) })
	return s
}

func (s *groupSecrets) append(b []byte) []byte {
	b = appendOpaque(b, s.joiner)
	if s.path == nil {
		b = append(b, 0)
	} else {
		b = appendOpaque(append(b, 1), s.path)
	}
	return appendVector(b, s.psks, func(b []byte, id pskID) []byte { return id.append(b) })
}

// groupInfo is GroupInfo (section 12.4.3).
type groupInfo struct {
	context    groupContext
	extensions []extension
	tag        []byte // confirmation tag
	signer     uint32 // leaf number
	signature  []byte
}

func (r *reader) groupInfo() *groupInfo {
	return &groupInfo{r.groupContext(), r.extensions(), r.opaque(), r.u32(), r.opaque()}
}

func (i *groupInfo) appendUnsigned(b []byte) []byte {
	b = appendExtensions(i.context.append(b), i.extensions)
	return appendU32(appendOpaque(b, i.tag), i.signer)
}

func (i *groupInfo) append(b []byte) []byte { return appendOpaque(i.appendUnsigned(b), i.signature) }

const (
	infoLabel    = "GroupInfoTBS"
	welcomeLabel = "Welcome"
)

// welcome is Welcome (section 12.4.3.1).
type welcome struct {
	suite   uint16
	entries []welcomeEntry
	info    []byte // encrypted GroupInfo
}

// welcomeEntry is EncryptedGroupSecrets (section 12.4.3.1).
type welcomeEntry struct {
	ref     []byte // KeyPackageRef
	secrets sealed
}

func (r *reader) welcome() *welcome {
	w := &welcome{suite: r.u16()}
	r.vector(func(r *reader) { w.entries = append(w.entries, welcomeEntry{r.opaque(), r.sealed()}) })
	w.info = r.opaque()
	return w
}

func (w *welcome) append(b []byte) []byte {
	b = appendVector(appendU16(b, w.suite), w.entries, func(b []byte, e welcomeEntry) []byte {
		return e.secrets.append(appendOpaque(b, e.ref))
	})
	return appendOpaque(b, w.info)
}

// cryptInfo seals or opens a GroupInfo under welcome_secret (section 12.4.3.1).
func cryptInfo(joiner, psk, b []byte, open bool) ([]byte, error) {
	secret, err := welcomeSecret(joiner, psk)
	if err != nil {
		return nil, err
	}
	nonce, err := expandWithLabel(secret, "nonce", nil, nonceSize)
	if err != nil {
		return nil, err
	}
	key, err := expandWithLabel(secret, "key", nil, keySize)
	if err != nil {
		return nil, err
	}
	defer wipe(secret, key)
	gcm, err := aead(key)
	if err != nil {
		return nil, err
	}
	if !open {
		return gcm.Seal(nil, nonce, b, nil), nil
	}
	plain, err := gcm.Open(nil, nonce, b, nil)
	if err != nil {
		return nil, invalid("a group info for these secrets")
	}
	return plain, nil
}

// invite makes the Welcome for the new leaves of a, with the whole tree in it
// (section 12.4.3.1); nil if there are none.
func (s *succession) invite(a *applied, p *newPath, psk []byte) ([]byte, error) {
	if len(a.added) == 0 {
		return nil, nil
	}
	g := s.next
	info := &groupInfo{
		context:    g.context,
		extensions: []extension{{extensionRatchetTree, g.tree.encode()}},
		tag:        g.tag,
		signer:     g.own,
	}
	info.signature = signWithLabel(g.signer, infoLabel, info.appendUnsigned(nil))
	encrypted, err := cryptInfo(s.joiner, psk, info.append(nil), false)
	if err != nil {
		return nil, err
	}
	w := &welcome{suite: suite1, info: encrypted}
	for _, n := range a.added {
		secrets := &groupSecrets{joiner: s.joiner, path: p.secretFor(n.leaf), psks: a.psks}
		plain := secrets.append(nil)
		sealed, err := encryptWithLabel(n.keyPackage.initKey, welcomeLabel, encrypted, plain)
		wipe(plain)
		if err != nil {
			return nil, err
		}
		w.entries = append(w.entries, welcomeEntry{n.keyPackage.ref(), sealed})
	}
	return w.append(header(formatWelcome)), nil
}

// secretFor returns the path secret of the lowest node of the path above leaf;
// nil if there is no path.
func (p *newPath) secretFor(leaf uint32) []byte {
	for i, step := range p.steps {
		if step.node.covers(nodeOf(leaf)) {
			return p.climbed.secrets[i]
		}
	}
	return nil
}

// Welcome is a Welcome opened with the KeyPackage that it is for, not yet
// believed.
type Welcome struct {
	PSKs   [][]byte // ids of external PSKs whose nonce has the right size
	Others bool     // any other PSK is asked for
	Signer uint32   // leaf of the member who made it; only after Join

	own     *Own
	secrets *groupSecrets
	info    []byte
}

// OpenWelcome opens a Welcome with whichever of one's own KeyPackages it is
// for. The error wraps ErrEpoch if it is for none of them.
func OpenWelcome(b []byte, packages []*Own) (*Welcome, error) {
	w, err := readMessage(b, formatWelcome, "a welcome", (*reader).welcome)
	if err != nil {
		return nil, err
	}
	if w.suite != suite1 {
		return nil, unsupported("suite 1")
	}
	for _, own := range packages {
		ref := own.pub.ref()
		i := slices.IndexFunc(w.entries, func(e welcomeEntry) bool { return bytes.Equal(e.ref, ref) })
		if i >= 0 {
			return w.open(w.entries[i].secrets, own)
		}
	}
	return nil, wrongEpoch("a welcome for a key package of this member")
}

func (w *welcome) open(entry sealed, own *Own) (*Welcome, error) {
	plain, err := decryptWithLabel(own.init, welcomeLabel, w.info, entry)
	if err != nil {
		return nil, err
	}
	secrets, err := decode(plain, "group secrets", (*reader).groupSecrets)
	wipe(plain)
	if err != nil {
		return nil, err
	}
	opened := &Welcome{own: own, secrets: secrets, info: w.info}
	for _, id := range secrets.psks {
		if id.sound() {
			opened.PSKs = append(opened.PSKs, id.id)
		} else {
			opened.Others = true
		}
	}
	return opened, nil
}

// Join verifies a Welcome and enters the group (section 12.4.3.1). The tree
// must have come with it.
func (w *Welcome) Join(psks Lookup) (*Group, error) { return w.join(psks, nil) }

// join is Join with the tree to use when the Welcome has none.
func (w *Welcome) join(psks Lookup, known *tree) (*Group, error) {
	psk, err := pskSecret(w.secrets.psks, psks)
	if err != nil {
		return nil, err
	}
	defer wipe(psk)
	plain, err := cryptInfo(w.secrets.joiner, psk, w.info, true)
	if err != nil {
		return nil, err
	}
	info, err := decode(plain, "a group info", (*reader).groupInfo)
	if err != nil {
		return nil, err
	}
	t, err := info.tree(known)
	if err != nil {
		return nil, err
	}
	if err := info.verify(t); err != nil {
		return nil, err
	}
	own, err := t.find(w.own.pub.leafNode)
	if err != nil || own == info.signer {
		return nil, invalid("the own leaf in the tree")
	}
	keys := map[nodeIndex][]byte{}
	if w.secrets.path != nil {
		if keys, err = t.joinPath(own, info.signer, w.secrets.path); err != nil {
			return nil, err
		}
	}
	keys[nodeOf(own)] = w.own.leaf
	s, err := schedule(w.secrets.joiner, psk, info.context.append(nil))
	if err != nil {
		return nil, err
	}
	if !sameMAC(mac(s.confirmation, info.context.confirmedTranscriptHash), info.tag) {
		return nil, invalid("a confirmation tag of the epoch")
	}
	wipe(w.secrets.joiner)
	w.Signer = info.signer
	return &Group{info.context, t, s, info.tag, own, keys, w.own.signer}, nil
}

// tree returns the tree of the extension (section 12.4.3.3), else known.
func (i *groupInfo) tree(known *tree) (*tree, error) {
	for _, e := range i.extensions {
		if e.kind == extensionRatchetTree {
			return readTree(e.data)
		}
	}
	if known == nil {
		return nil, invalid("a ratchet tree")
	}
	return known, nil
}

// verify checks a GroupInfo and its tree (section 12.4.3.1).
func (i *groupInfo) verify(t *tree) error {
	if i.context.version != version10 || i.context.suite != suite1 {
		return unsupported("suite 1")
	}
	if !onceEach(i.extensions) || !onceEach(i.context.extensions) {
		return invalid("each extension once")
	}
	signer := t.leafAt(i.signer)
	if signer == nil || !verifyWithLabel(signer.signatureKey, infoLabel, i.appendUnsigned(nil), i.signature) {
		return invalid("a group info signed by a member")
	}
	return t.check(&i.context)
}

// find returns the number of a leaf.
func (t *tree) find(wanted *leafNode) (uint32, error) {
	for leaf := range uint32(t.leaves()) {
		if l := t.leafAt(leaf); l != nil && l.equal(wanted) {
			return leaf, nil
		}
	}
	return 0, invalid("a leaf of the tree")
}

// joinPath returns the private keys that the path secret of a Welcome gives the
// new leaf own (section 12.4.3.1).
func (t *tree) joinPath(own, signer uint32, secret []byte) (map[nodeIndex][]byte, error) {
	common := commonAncestor(nodeOf(own), nodeOf(signer))
	path := t.filteredPath(signer)
	at := slices.IndexFunc(path, func(s pathStep) bool { return s.node == common })
	if at < 0 {
		return nil, invalid("a path over the own leaf")
	}
	keys, c, err := t.climbKnown(path[at:], secret)
	if err != nil {
		return nil, err
	}
	wipe(c.commitSecret)
	wipe(c.secrets...)
	return keys, nil
}
