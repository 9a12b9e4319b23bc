package mls

import (
	"bytes"
	"crypto/ed25519"
)

// Sender types (section 6).
const (
	senderMember            = 1
	senderExternal          = 2
	senderNewMemberProposal = 3
	senderNewMemberCommit   = 4
)

// sender is Sender (section 6).
type sender struct {
	kind  uint8
	index uint32 // leaf of a member, number of an external sender
}

func (r *reader) sender() sender {
	s := sender{kind: r.u8()}
	switch s.kind {
	case senderMember, senderExternal:
		s.index = r.u32()
	case senderNewMemberProposal, senderNewMemberCommit:
	default:
		r.fail()
	}
	return s
}

func (s sender) append(b []byte) []byte {
	b = append(b, s.kind)
	if s.kind == senderMember || s.kind == senderExternal {
		b = appendU32(b, s.index)
	}
	return b
}

// Content types (section 6).
const (
	contentApplication = 1
	contentProposal    = 2
	contentCommit      = 3
)

// framedContent is FramedContent (section 6).
type framedContent struct {
	groupID           []byte
	epoch             uint64
	sender            sender
	authenticatedData []byte
	kind              uint8
	body              []byte         // the content, encoded
	commit            *commitContent // of contentCommit
	proposal          proposal       // of contentProposal
}

func (r *reader) framedContent() *framedContent {
	c := &framedContent{
		groupID: r.opaque(), epoch: r.u64(), sender: r.sender(),
		authenticatedData: r.opaque(), kind: r.u8(),
	}
	start := r.b
	switch c.kind {
	case contentApplication:
		r.opaque()
	case contentProposal:
		c.proposal = r.proposal()
	case contentCommit:
		c.commit = r.commitContent()
	default:
		r.fail()
	}
	c.body = bytes.Clone(start[:len(start)-len(r.b)])
	return c
}

func (c *framedContent) append(b []byte) []byte {
	b = appendU64(appendOpaque(b, c.groupID), c.epoch)
	b = appendOpaque(c.sender.append(b), c.authenticatedData)
	return append(append(b, c.kind), c.body...)
}

// framedLabel is that of signatures over content.
const framedLabel = "FramedContentTBS"

// signed returns FramedContentTBS (section 6.1); context is the GroupContext of
// the present epoch, encoded.
func (c *framedContent) signed(format uint16, context []byte) []byte {
	b := c.append(header(format))
	if c.sender.kind == senderMember || c.sender.kind == senderNewMemberCommit {
		b = append(b, context...)
	}
	return b
}

// publicMessage is PublicMessage (section 6.2) with FramedContentAuthData
// (section 6.1).
type publicMessage struct {
	content         *framedContent
	signature       []byte
	confirmationTag []byte // of a commit
	membershipTag   []byte // of a member's message
}

func (r *reader) publicMessage() *publicMessage {
	m := &publicMessage{content: r.framedContent(), signature: r.opaque()}
	if m.content.kind == contentCommit {
		m.confirmationTag = r.opaque()
	}
	if m.content.sender.kind == senderMember {
		m.membershipTag = r.opaque()
	}
	return m
}

// appendAuth writes FramedContentAuthData (section 6.1).
func (m *publicMessage) appendAuth(b []byte) []byte {
	b = appendOpaque(b, m.signature)
	if m.content.kind == contentCommit {
		b = appendOpaque(b, m.confirmationTag)
	}
	return b
}

func (m *publicMessage) append(b []byte) []byte {
	b = m.appendAuth(m.content.append(b))
	if m.content.sender.kind == senderMember {
		b = appendOpaque(b, m.membershipTag)
	}
	return b
}

// sign signs the content with the sender's key (section 6.1).
func (m *publicMessage) sign(key ed25519.PrivateKey, context []byte) {
	m.signature = signWithLabel(key, framedLabel, m.content.signed(formatPublic, context))
}

// tag returns membership_tag (section 6.2).
func (m *publicMessage) tag(membershipKey, context []byte) []byte {
	return mac(membershipKey, m.appendAuth(m.content.signed(formatPublic, context)))
}

// verify checks a member's message: its membership tag, and the signature by
// the sender's key (sections 6.1 and 6.2).
func (m *publicMessage) verify(membershipKey, context, signatureKey []byte) error {
	if m.content.sender.kind != senderMember {
		return unsupported("a message of a member")
	}
	if !sameMAC(m.membershipTag, m.tag(membershipKey, context)) {
		return invalid("a membership tag of this group")
	}
	if !verifyWithLabel(signatureKey, framedLabel, m.content.signed(formatPublic, context), m.signature) {
		return invalid("content signed by its sender")
	}
	return nil
}
