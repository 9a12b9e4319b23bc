/**
 * MLS (RFC 9420) for one group, as the profile needs it: bytes in, bytes out,
 * a Group as an immutable value in between. Only this file and its
 * companions (mls-*.ts) know ts-mls.
 *
 * Every function throws MlsError and nothing else, and leaves its arguments as
 * they were, whatever the input. Which proposals, credentials and groups are
 * acceptable is not decided here but in profile.ts.
 */
import type { ClientState } from "ts-mls/clientState.js"
import type { Decoder } from "ts-mls/codec/tlsDecoder.js"
import {
  generateKeyPackageWithKey,
  type KeyPackage,
  makeKeyPackageRef,
  type PrivateKeyPackage,
  verifyKeyPackage,
} from "ts-mls/keyPackage.js"
import { mlsExporter } from "ts-mls/keySchedule.js"
import { type LeafNode, verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js"
import { decodeMlsMessage, encodeMlsMessage, type MLSMessage } from "ts-mls/message.js"
import type { PreSharedKeyID } from "ts-mls/presharedkey.js"
import type { Proposal } from "ts-mls/proposal.js"
import type { PskIndex } from "ts-mls/pskIndex.js"
import type { PublicMessage } from "ts-mls/publicMessage.js"
import type { RatchetTree } from "ts-mls/ratchetTree.js"
import { nodeToLeafIndex, toNodeIndex } from "ts-mls/treemath.js"
import { equal } from "./bytes.ts"
import * as core from "./mls-core.ts"
import { guarded, MlsError } from "./mls-error.ts"
import { join as joinCore } from "./mls-join.ts"
import { HASH_SIZE, SEED_SIZE, signerOf, suite } from "./mls-suite.ts"

export { MlsError } from "./mls-error.ts"

/** A member's long-term keys for one call. `privateKey` is PKCS #8. */
export interface Signer {
  readonly publicKey: Uint8Array // Ed25519, 32 bytes
  readonly privateKey: Uint8Array
}

/** A leaf of the tree, or one that a KeyPackage would become. */
export interface Leaf {
  readonly identity: Uint8Array // of the basic credential; empty for any other credential
  readonly signatureKey: Uint8Array
  readonly encryptionKey: Uint8Array
  /** Basic credential, suite 1 and version 1 among the capabilities, no extension. */
  readonly plain: boolean
}

export interface Member extends Leaf {
  readonly index: number
}

/** A KeyPackage of somebody else, whose signatures hold. */
export interface Candidate extends Leaf {
  readonly initKey: Uint8Array
  readonly package: KeyPackage
}

/** A KeyPackage of our own and the private keys that belong to it. */
export interface Own {
  readonly message: Uint8Array
  readonly package: KeyPackage
  readonly secrets: PrivateKeyPackage
}

/** One epoch of a group, as seen by one member. */
export interface Group {
  readonly state: ClientState
}

/** A PSK and its id (RFC 9420, section 8.4). */
export interface Psk {
  readonly id: Uint8Array
  readonly secret: Uint8Array
}

/** A commit read, not yet believed: nothing in it has been verified. */
export interface Incoming {
  readonly groupId: Uint8Array
  readonly epoch: bigint
  /** Leaf number; null for anybody who is not a member. */
  readonly sender: number | null
  readonly authenticatedData: Uint8Array
  readonly adds: readonly Candidate[]
  readonly removes: readonly number[]
  /** Ids of the external PSKs whose nonce has the right length. */
  readonly psks: readonly Uint8Array[]
  /** Whether anything else is proposed, or anything by reference. */
  readonly others: boolean
  /** The committer's new leaf; null when the commit has no path. */
  readonly path: Leaf | null
  readonly message: PublicMessage
}

/** Decodes all of `bytes`, and only what would be encoded to the same bytes again (section 2.1.2: minimal lengths). */
function read(bytes: Uint8Array, wanted: string): MLSMessage {
  // The decoded value must not change when the caller's buffer does.
  const copy = bytes.slice()
  try {
    const message = (decodeMlsMessage as Decoder<MLSMessage>)(copy, 0)?.[0]
    if (message !== undefined && message.version === "mls10" && equal(encodeMlsMessage(message), bytes)) return message
  } catch {
    // falls through: whatever the decoder objects to, the bytes are malformed
  }
  throw new MlsError("malformed", wanted)
}

function leafOf(leaf: LeafNode): Leaf {
  const { credential, capabilities } = leaf
  return {
    identity: credential.credentialType === "basic" && "identity" in credential ? credential.identity : new Uint8Array(),
    signatureKey: leaf.signaturePublicKey,
    encryptionKey: leaf.hpkePublicKey,
    plain:
      credential.credentialType === "basic" &&
      leaf.extensions.length === 0 &&
      capabilities.versions.includes("mls10") &&
      capabilities.ciphersuites.includes("MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519") &&
      capabilities.credentials.includes("basic"),
  }
}

function candidate(keyPackage: KeyPackage): Candidate {
  const leaf = leafOf(keyPackage.leafNode)
  const suited = keyPackage.version === "mls10" && keyPackage.cipherSuite === "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"
  const plain = leaf.plain && suited && keyPackage.extensions.length === 0 && keyPackage.leafNode.leafNodeSource === "key_package"
  return { ...leaf, plain, initKey: keyPackage.initKey, package: keyPackage }
}

/** Makes a fresh signature key pair, or the one of `seed` (32 bytes). */
export async function signer(seed?: Uint8Array): Promise<Signer> {
  if (seed !== undefined) return signerOf(seed)
  const { publicKey, signKey } = await suite.signature.keygen()
  return { publicKey, privateKey: signKey }
}

/** The seed (RFC 8032) of a signature key: it stands at the end of its PKCS #8 form. */
export const seedOf = (keys: Signer): Uint8Array => keys.privateKey.slice(-SEED_SIZE)

/** Makes a KeyPackage (section 10) with fresh init and leaf keys. It never expires: the profile ignores lifetimes. */
export async function keyPackage(identity: Uint8Array, keys: Signer): Promise<Own> {
  const { publicPackage, privatePackage } = await generateKeyPackageWithKey(
    { credentialType: "basic", identity },
    { versions: ["mls10"], ciphersuites: [suite.name], extensions: [], proposals: [], credentials: ["basic"] },
    { notBefore: 0n, notAfter: 2n ** 64n - 1n },
    [],
    { signKey: keys.privateKey, publicKey: keys.publicKey },
    suite,
  )
  const message = encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: publicPackage })
  return { message, package: publicPackage, secrets: privatePackage }
}

/** Overwrites the private keys of a KeyPackage, except what `kept`, the group joined with it, goes on using. */
export function eraseKeyPackage(own: Own, kept?: Group): void {
  core.wipe(own.secrets.initPrivateKey)
  const inUse = kept === undefined ? [] : Object.values(kept.state.privatePath.privateKeys)
  if (!inUse.includes(own.secrets.hpkePrivateKey)) core.wipe(own.secrets.hpkePrivateKey)
}

/** Reads a KeyPackage and checks its two signatures and its keys (section 10.1). */
export async function readKeyPackage(bytes: Uint8Array): Promise<Candidate> {
  const message = read(bytes, "a key package")
  if (message.wireformat !== "mls_key_package") throw new MlsError("malformed", "a key package")
  const { keyPackage } = message
  return guarded("a signed key package", async () => {
    const leaf = keyPackage.leafNode
    const signed = (await verifyLeafNodeSignatureKeyPackage(leaf, suite.signature)) && (await verifyKeyPackage(keyPackage, suite.signature))
    if (!signed || equal(keyPackage.initKey, leaf.hpkePublicKey)) throw new MlsError("invalid", "a signed key package")
    // A key of low order cannot be sealed to: with it in the tree every later path would fail.
    for (const key of [keyPackage.initKey, leaf.hpkePublicKey]) {
      await suite.hpke.seal(await suite.hpke.importPublicKey(key), new Uint8Array(), new Uint8Array())
    }
    return candidate(keyPackage)
  })
}

/** Makes a group of one at epoch 0 out of a KeyPackage of our own. */
export function create(groupId: Uint8Array, own: Own): Promise<Group> {
  return guarded("a new group", async () => {
    const state = await core.found(groupId, own.package, own.secrets)
    core.wipe(own.secrets.initPrivateKey)
    return { state }
  })
}

/** What a commit is to change and to carry. */
export interface Change {
  readonly adds: readonly Candidate[]
  readonly removes: readonly number[] // leaf numbers
  readonly psk: Psk
  readonly authenticatedData: Uint8Array
}

/** A commit of our own: `next` holds once the server has ordered it. */
export interface Pending {
  readonly commit: Uint8Array
  readonly welcome: Uint8Array | undefined
  readonly next: Group
}

/** Makes a commit for the present epoch, with a path unless it only adds. The group stays as it is. */
export function commit(group: Group, change: Change): Promise<Pending> {
  return guarded("a commit", async () => {
    const nonce = crypto.getRandomValues(new Uint8Array(HASH_SIZE))
    const proposals: Proposal[] = [
      ...change.removes.map((removed): Proposal => ({ proposalType: "remove", remove: { removed } })),
      ...change.adds.map((c): Proposal => ({ proposalType: "add", add: { keyPackage: c.package } })),
      { proposalType: "psk", psk: { preSharedKeyId: { psktype: "external", pskId: change.psk.id, pskNonce: nonce } } },
    ]
    const withPath = change.adds.length === 0 || change.removes.length > 0
    const made = await core.commit(group.state, proposals, withPath, change.authenticatedData, index(change.psk))
    return {
      commit: encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage: made.message }),
      welcome: made.welcome && encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome: made.welcome }),
      next: { state: made.next },
    }
  })
}

/** Reads a commit. Only a PublicMessage that holds a commit is one (section 6). */
export function readCommit(bytes: Uint8Array): Incoming {
  const message = read(bytes, "a public commit")
  if (message.wireformat !== "mls_public_message") throw new MlsError("malformed", "a public commit")
  const { content } = message.publicMessage
  if (content.contentType !== "commit") throw new MlsError("malformed", "a public commit")
  const inline = content.commit.proposals.flatMap((p) => (p.proposalOrRefType === "proposal" ? [p.proposal] : []))
  const adds = inline.flatMap((p) => (p.proposalType === "add" ? [candidate(p.add.keyPackage)] : []))
  const removes = inline.flatMap((p) => (p.proposalType === "remove" ? [p.remove.removed] : []))
  const psks = inline.flatMap((p) => (p.proposalType === "psk" ? external(p.psk.preSharedKeyId) : []))
  return {
    groupId: content.groupId,
    epoch: content.epoch,
    sender: content.sender.senderType === "member" ? content.sender.leafIndex : null,
    authenticatedData: content.authenticatedData,
    adds,
    removes,
    psks,
    others: adds.length + removes.length + psks.length !== content.commit.proposals.length,
    path: content.commit.path === undefined ? null : leafOf(content.commit.path.leafNode),
    message: message.publicMessage,
  }
}

const external = (id: PreSharedKeyID): Uint8Array[] => (id.psktype === "external" && id.pskNonce.length === HASH_SIZE ? [id.pskId] : [])

const index = (psk: Psk): PskIndex => ({
  findPsk: (id) => (id.psktype === "external" && equal(id.pskId, psk.id) ? psk.secret : undefined),
})

/** Verifies a commit and applies it. Null: it removes this member. Everything in `incoming` must have passed the profile. */
export function process(group: Group, incoming: Incoming, psk: Psk): Promise<Group | null> {
  return guarded("a valid commit", async () => {
    const state = await core.process(group.state, incoming.message, index(psk))
    return state === null ? null : { state }
  })
}

/** A group joined, the PSK that was wanted for it, and the leaf of the member who added us. */
interface Joined {
  readonly group: Group
  readonly psk: Psk
  readonly inviter: number
}

/**
 * Joins with whichever of our KeyPackages the Welcome is for. The tree must
 * come in the Welcome, and exactly one PSK, which must be one of `psks`.
 */
export async function join(bytes: Uint8Array, packages: readonly Own[], psks: readonly Psk[]): Promise<Joined> {
  const message = read(bytes, "a welcome")
  if (message.wireformat !== "mls_welcome") throw new MlsError("malformed", "a welcome")
  const { welcome } = message
  return guarded("a valid welcome", async () => {
    for (const own of packages) {
      const ref = await makeKeyPackageRef(own.package, suite.hash)
      if (!welcome.secrets.some((s) => equal(s.newMember, ref))) continue
      const asked: (Psk | undefined)[] = []
      const noting: PskIndex = {
        findPsk(id) {
          const psk = id.pskNonce.length === HASH_SIZE ? psks.find((p) => index(p).findPsk(id) !== undefined) : undefined
          asked.push(psk)
          return psk?.secret
        },
      }
      const { state, signer: inviter } = await joinCore(welcome, own.package, own.secrets, noting)
      const [psk] = asked
      if (asked.length !== 1 || psk === undefined) throw new MlsError("profile", "one psk")
      return { group: { state }, psk, inviter }
    }
    throw new MlsError("epoch", "a welcome for a key package of this person")
  })
}

export const groupId = (group: Group): Uint8Array => group.state.groupContext.groupId
export const epoch = (group: Group): bigint => group.state.groupContext.epoch
export const ownLeaf = (group: Group): number => group.state.privatePath.leafIndex
/** Whether the group context has extensions; the profile wants none. */
export const extended = (group: Group): boolean => group.state.groupContext.extensions.length > 0

/** Every leaf that is not blank, by number. */
export function members(group: Group): Member[] {
  const tree: RatchetTree = group.state.ratchetTree
  return tree.flatMap((node, i) => (node?.nodeType === "leaf" ? [{ ...leafOf(node.leaf), index: nodeToLeafIndex(toNodeIndex(i)) }] : []))
}

/** MLS-Exporter (section 8.5). `length` in bytes. */
export async function exporter(group: Group, label: string, context: Uint8Array, length: number): Promise<Uint8Array> {
  return mlsExporter(group.state.keySchedule.exporterSecret, label, context, length, suite)
}

/** The epoch authenticator (section 8.7), 32 bytes. */
export const authenticator = (group: Group): Uint8Array => group.state.keySchedule.epochAuthenticator

/** Overwrites every secret of `group` that `kept`, the epoch that stays in use, does not share. */
export function erase(group: Group, kept?: Group): void {
  const keep = new Set<Uint8Array>(
    kept ? [...Object.values(kept.state.keySchedule), ...Object.values(kept.state.privatePath.privateKeys)] : [],
  )
  for (const secret of [...Object.values(group.state.keySchedule), ...Object.values(group.state.privatePath.privateKeys)]) {
    if (!keep.has(secret)) core.wipe(secret)
  }
}
