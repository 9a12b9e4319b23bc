package mls

import "bytes"

// Proposal types (section 17.4).
const (
	proposalAdd                    = 1
	proposalUpdate                 = 2
	proposalRemove                 = 3
	proposalPSK                    = 4
	proposalReInit                 = 5
	proposalExternalInit           = 6
	proposalGroupContextExtensions = 7
)

// proposal is what a commit may list (section 12.1).
//
//sumtype:decl
type proposal interface {
	append(b []byte) []byte // as ProposalOrRef (section 12.4)
}

// addProposal adds a member (section 12.1.1).
type addProposal struct{ keyPackage *KeyPackage }

// removeProposal removes one (section 12.1.3).
type removeProposal struct{ leaf uint32 }

// pskProposal takes a PSK into the key schedule (section 12.1.4).
type pskProposal struct{ id pskID }

// otherProposal is any that this package reads and does not apply.
type otherProposal struct{ encoded []byte }

// reference names a proposal that was sent before (section 12.4).
type reference struct{ hash []byte }

// How a commit lists a proposal.
const (
	listedInline    = 1
	listedReference = 2
)

func appendInline(b []byte, kind uint16) []byte { return appendU16(append(b, listedInline), kind) }

func (p addProposal) append(b []byte) []byte {
	return p.keyPackage.append(appendInline(b, proposalAdd))
}

func (p removeProposal) append(b []byte) []byte {
	return appendU32(appendInline(b, proposalRemove), p.leaf)
}

func (p pskProposal) append(b []byte) []byte { return p.id.append(appendInline(b, proposalPSK)) }

func (p otherProposal) append(b []byte) []byte { return append(append(b, listedInline), p.encoded...) }

func (p reference) append(b []byte) []byte { return appendOpaque(append(b, listedReference), p.hash) }

// proposalOrRef reads ProposalOrRef (section 12.4).
func (r *reader) proposalOrRef() proposal {
	switch r.u8() {
	case listedInline:
		return r.proposal()
	case listedReference:
		return reference{r.opaque()}
	default:
		r.fail()
		return nil
	}
}

// proposal reads Proposal (section 12.1). Types it does not know it cannot step
// over: they are malformed.
func (r *reader) proposal() proposal {
	start := r.b
	switch r.u16() {
	case proposalAdd:
		return addProposal{r.keyPackage()}
	case proposalRemove:
		return removeProposal{r.u32()}
	case proposalPSK:
		return pskProposal{r.pskID()}
	case proposalUpdate:
		r.leafNode()
	case proposalReInit:
		r.opaque()
		r.u16()
		r.u16()
		r.extensions()
	case proposalExternalInit:
		r.opaque()
	case proposalGroupContextExtensions:
		r.extensions()
	default:
		r.fail()
	}
	return otherProposal{bytes.Clone(start[:len(start)-len(r.b)])}
}
