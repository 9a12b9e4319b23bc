/** For tests: members of one group without a server between them, and a repeatable choice of what happens. */
import { applyProposals, nextEpochContext } from "ts-mls/clientState.js"
import { createConfirmationTag, createContentCommitSignature, type FramedContentCommit } from "ts-mls/framedContent.js"
import { initializeEpoch } from "ts-mls/keySchedule.js"
import { encodeMlsMessage } from "ts-mls/message.js"
import { protectPublicMessage } from "ts-mls/messageProtectionPublic.js"
import type { Proposal } from "ts-mls/proposal.js"
import type { ProposalOrRef } from "ts-mls/proposalOrRefType.js"
import type { PskIndex } from "ts-mls/pskIndex.js"
import { treeHashRoot } from "ts-mls/treeHash.js"
import { toLeafIndex } from "ts-mls/treemath.js"
import { concat, equal } from "./bytes.ts"
import { deriveRoom } from "./link.ts"
import * as mls from "./mls.ts"
import * as core from "./mls-core.ts"
import { suite } from "./mls-suite.ts"
import * as profile from "./profile.ts"

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function generator(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = a
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export const roomOf = (fill: number) => deriveRoom({ secret: new Uint8Array(32).fill(fill), moderators: new Uint8Array(16).fill(fill) })

/** Somebody with a link who may or may not be in a group. */
export interface Guest {
  readonly person: Uint8Array
  readonly signer: mls.Signer
  readonly identity: Uint8Array
  own: mls.Own
}

export async function guest(room: profile.Room, role: profile.Role = profile.PARTICIPANT): Promise<Guest> {
  const person = crypto.getRandomValues(new Uint8Array(16))
  const signer = await mls.signer()
  const identity = await profile.identityOf(room.leafMac, person, signer.publicKey, role)
  return { person, signer, identity, own: await mls.keyPackage(identity, signer) }
}

export interface Seated extends Guest {
  group: mls.Group
  roster: profile.Roster
}

export async function founder(room: profile.Room & { readonly room: Uint8Array }): Promise<Seated> {
  const g = await guest(room)
  const group = await mls.create(profile.newGroupId(room.room), g.own)
  return { ...g, group, roster: await profile.checkJoined(group, room, g.person) }
}

export interface Wish {
  readonly adds: readonly Guest[]
  readonly removes: readonly number[]
  readonly admissions?: readonly Uint8Array[]
  readonly kicks?: readonly Uint8Array[]
}

export async function commitOf(by: Seated, room: profile.Room, wish: Wish): Promise<mls.Pending> {
  const adds = await Promise.all(wish.adds.map((g) => mls.readKeyPackage(g.own.message)))
  const reason = adds.length + wish.removes.length > 0 ? profile.CHANGE : profile.REFRESH
  const change = {
    adds,
    removes: wish.removes,
    psk: profile.pskOf(room),
    authenticatedData: profile.authenticate(reason, wish.admissions, wish.kicks),
  }
  return mls.commit(by.group, change)
}

/** What every client does with somebody else's commit. Null: it removes this member. */
export async function follow(m: Seated, room: profile.Room, commit: Uint8Array): Promise<Seated | null> {
  const incoming = mls.readCommit(commit)
  await profile.checkCommit(incoming, m.group, m.roster, room)
  const group = await mls.process(m.group, incoming, profile.pskOf(room))
  return group === null ? null : { ...m, group, roster: await profile.rosterOf(group, room, m.roster) }
}

export async function enter(g: Guest, room: profile.Room, welcome: Uint8Array): Promise<Seated> {
  const { group } = await mls.join(welcome, [g.own], [profile.pskOf(room)])
  return { ...g, group, roster: await profile.checkJoined(group, room, g.person) }
}

export const baseKey = (group: mls.Group): Promise<Uint8Array> => mls.exporter(group, "SFrame 1.0 Base Key", new Uint8Array(), 32)

/** The epoch authenticator and the base key, in one. */
export const secrets = async (group: mls.Group): Promise<Uint8Array> => concat(mls.authenticator(group), await baseKey(group))

// ---- Commits as no honest client makes them ----

export interface Forgery {
  readonly proposals: readonly ProposalOrRef[]
  readonly psks?: readonly mls.Psk[]
  readonly authenticatedData?: Uint8Array
  readonly epoch?: bigint
  readonly groupId?: Uint8Array
  readonly outside?: boolean // sent as by somebody who is no member
}

export const inline = (...proposals: readonly Proposal[]): ProposalOrRef[] =>
  proposals.map((proposal) => ({ proposalOrRefType: "proposal", proposal }))

export const pskProposal = (psk: mls.Psk): Proposal => ({
  proposalType: "psk",
  psk: { preSharedKeyId: { psktype: "external", pskId: psk.id, pskNonce: crypto.getRandomValues(new Uint8Array(32)) } },
})

export const index = (psks: readonly mls.Psk[]): PskIndex => ({
  findPsk: (id) => (id.psktype === "external" ? psks.find((p) => equal(p.id, id.pskId))?.secret : undefined),
})

/**
 * A commit without a path, whatever it proposes. Signature and membership tag
 * are right, and so is the confirmation tag if the proposals can be applied:
 * a client that checks nothing else would follow.
 */
export async function forge(by: Seated, forgery: Forgery): Promise<Uint8Array> {
  const { state } = by.group
  const { proposals, psks = [], authenticatedData = profile.authenticate(profile.CHANGE) } = forgery
  const groupContext = {
    ...state.groupContext,
    epoch: forgery.epoch ?? state.groupContext.epoch,
    groupId: forgery.groupId ?? state.groupContext.groupId,
  }
  const sender = { senderType: "member", leafIndex: state.privatePath.leafIndex } as const
  const { framedContent: content, signature } = await createContentCommitSignature(
    groupContext,
    "mls_public_message",
    { proposals: [...proposals], path: undefined },
    sender,
    authenticatedData,
    state.signaturePrivateKey,
    suite.signature,
  )
  const confirmationTag = await confirm(by, proposals, psks, content, signature).catch(() => new Uint8Array(32))
  const auth = { contentType: "commit", signature, confirmationTag } as const
  if (forgery.outside === true) {
    const stranger = { ...content, sender: { senderType: "new_member_commit" } } as const
    const publicMessage = { content: stranger, auth, senderType: "new_member_commit" } as const
    return encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage })
  }
  const signed = { wireformat: "mls_public_message", content, auth } as const
  const publicMessage = await protectPublicMessage(state.keySchedule.membershipKey, groupContext, signed, suite)
  return encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage })
}

async function confirm(
  by: Seated,
  proposals: readonly ProposalOrRef[],
  psks: readonly mls.Psk[],
  content: FramedContentCommit,
  signature: Uint8Array,
) {
  const { state } = by.group
  const own = toLeafIndex(state.privatePath.leafIndex)
  const applied = await applyProposals(state, [...proposals], own, index(psks), false, suite)
  const treeHash = await treeHashRoot(applied.tree, suite.hash)
  const next = await nextEpochContext(
    state.groupContext,
    "mls_public_message",
    content,
    signature,
    treeHash,
    state.confirmationTag,
    suite.hash,
  )
  const epoch = await initializeEpoch(state.keySchedule.initSecret, new Uint8Array(32), next, applied.pskSecret, suite.kdf)
  return createConfirmationTag(epoch.keySchedule.confirmationKey, next.confirmedTranscriptHash, suite.hash)
}

/** A commit with a path, of any proposals. */
export async function forgePath(by: Seated, forgery: Forgery): Promise<Uint8Array> {
  const proposals = forgery.proposals.flatMap((p) => (p.proposalOrRefType === "proposal" ? [p.proposal] : []))
  const said = forgery.authenticatedData ?? profile.authenticate(profile.CHANGE)
  const made = await core.commit(by.group.state, proposals, true, said, index(forgery.psks ?? []))
  return encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage: made.message })
}
