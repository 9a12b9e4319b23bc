/**
 * Commit and process of RFC 9420, and join in mls-join.ts, over the internals of ts-mls 1.6.4.
 *
 * The library's own three functions are not used, for these reasons:
 * - its join refuses valid trees (see mls-tree.ts) and does not compare the
 *   path secret of a Welcome with the public keys in the tree (section 12.4.3.1);
 * - its commit makes no path when the only proposal is a PSK, which the profile
 *   needs, and takes an all-zero commit secret when the committer is left
 *   alone: whoever was removed last could then compute the next epochs;
 * - where the filtered direct path ends below the root it derives one path
 *   secret more than section 7.4 says;
 * - its process takes a member for staying whose leaf is removed and given to
 *   somebody else in one commit, and does not compare derived with announced
 *   keys (section 7.5), nor new leaf keys with those in the tree;
 * - all three build the secret tree of every epoch, which only application
 *   messages need; the profile has none.
 *
 * Everything here is a function from values to new values; nothing is changed
 * in place. Faults are thrown as MlsError or as whatever the library throws:
 * mls.ts turns the latter into MlsError.
 */

import { defaultClientConfig } from "ts-mls/clientConfig.js"
import {
  type ApplyProposalsResult,
  applyProposals,
  type ClientState,
  nextEpochContext,
  throwIfDefined,
  validateLeafNodeUpdateOrCommit,
} from "ts-mls/clientState.js"
import { encode } from "ts-mls/codec/tlsEncoder.js"
import { applyUpdatePathSecret, filterNewLeaves } from "ts-mls/createCommit.js"
import { deriveSecret } from "ts-mls/crypto/kdf.js"
import {
  createConfirmationTag,
  createContentCommitSignature,
  type FramedContentCommit,
  verifyConfirmationTag,
} from "ts-mls/framedContent.js"
import type { GroupContext } from "ts-mls/groupContext.js"
import { signGroupInfo } from "ts-mls/groupInfo.js"
import { type KeyPackage, makeKeyPackageRef, type PrivateKeyPackage } from "ts-mls/keyPackage.js"
import { type EpochSecrets, initializeEpoch, initializeKeySchedule } from "ts-mls/keySchedule.js"
import { protectPublicMessage, unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js"
import type { Proposal } from "ts-mls/proposal.js"
import type { PskIndex } from "ts-mls/pskIndex.js"
import type { PublicMessage } from "ts-mls/publicMessage.js"
import { filteredDirectPathAndCopathResolution, getHpkePublicKey, type RatchetTree, ratchetTreeEncoder } from "ts-mls/ratchetTree.js"
import { treeHashRoot } from "ts-mls/treeHash.js"
import { directPath, type LeafIndex, leafToNodeIndex, leafWidth, type NodeIndex, toLeafIndex, toNodeIndex } from "ts-mls/treemath.js"
import {
  applyUpdatePath,
  createUpdatePath,
  firstCommonAncestor,
  firstMatchAncestor,
  type PathSecret,
  type UpdatePath,
} from "ts-mls/updatePath.js"
import { encryptGroupInfo, encryptGroupSecrets, type Welcome } from "ts-mls/welcome.js"
import { equal } from "./bytes.ts"
import { MlsError } from "./mls-error.ts"
import { HASH_SIZE, suite } from "./mls-suite.ts"
import { checkKeys } from "./mls-tree.ts"

export type PrivateKeys = Record<number, Uint8Array>
type State = Omit<ClientState, "secretTree" | "historicalReceiverData">

const leafNumber = (state: ClientState): LeafIndex => toLeafIndex(state.privatePath.leafIndex)

/** What ts-mls keeps for messages the profile does not have. */
const unused = { secretTree: [], historicalReceiverData: new Map<never, never>() }
export const client = (state: State): ClientState => ({ ...state, ...unused })

/** Keeps the keys of the own leaf and of those nodes above it that are not blank; all others are of no use any more. */
function prune(tree: RatchetTree, leafIndex: LeafIndex, keys: PrivateKeys): PrivateKeys {
  const own = leafToNodeIndex(leafIndex)
  const kept: PrivateKeys = {}
  for (const node of [own, ...directPath(own, leafWidth(tree.length))]) {
    const key = keys[node]
    if (key !== undefined && tree[node] !== undefined) kept[node] = key
  }
  return kept
}

/** The nodes of the sender's filtered direct path, from its leaf upwards (section 4.1.2). */
export const filteredPath = (tree: RatchetTree, sender: LeafIndex): NodeIndex[] =>
  filteredDirectPathAndCopathResolution(sender, tree).map((n) => n.nodeIndex)

/**
 * Derives what follows from the path secret of node `from`: the private keys
 * of that node and those above it on `path`, each compared with the public key
 * in the tree, and the commit secret (section 7.4).
 */
export async function climb(
  tree: RatchetTree,
  path: readonly NodeIndex[],
  from: NodeIndex,
  secret: Uint8Array,
): Promise<{ keys: PrivateKeys; commitSecret: Uint8Array }> {
  const start = path.indexOf(from)
  if (start < 0) throw new MlsError("invalid", "a node on the path")
  const keys: PrivateKeys = {}
  let current = secret
  for (const node of path.slice(start)) {
    const pair = await suite.hpke.deriveKeyPair(await deriveSecret(current, "node", suite.kdf))
    const at = tree[node]
    if (at === undefined || !equal(getHpkePublicKey(at), await suite.hpke.exportPublicKey(pair.publicKey))) {
      throw new MlsError("invalid", "the announced keys of a path")
    }
    keys[node] = await suite.hpke.exportPrivateKey(pair.privateKey)
    current = await deriveSecret(current, "path", suite.kdf)
  }
  return { keys, commitSecret: current }
}

/** Makes a group of one at epoch 0 (section 11). */
export async function found(groupId: Uint8Array, own: KeyPackage, secrets: PrivateKeyPackage): Promise<ClientState> {
  const ratchetTree: RatchetTree = [{ nodeType: "leaf", leaf: own.leafNode }]
  const groupContext: GroupContext = {
    version: "mls10",
    cipherSuite: suite.name,
    groupId,
    epoch: 0n,
    treeHash: await treeHashRoot(ratchetTree, suite.hash),
    confirmedTranscriptHash: new Uint8Array(),
    extensions: [],
  }
  const keySchedule = await initializeKeySchedule(suite.rng.randomBytes(HASH_SIZE), suite.kdf)
  return client({
    groupContext,
    ratchetTree,
    keySchedule,
    privatePath: { leafIndex: 0, privateKeys: { 0: secrets.hpkePrivateKey } },
    signaturePrivateKey: secrets.signaturePrivateKey,
    unappliedProposals: {},
    confirmationTag: await createConfirmationTag(keySchedule.confirmationKey, groupContext.confirmedTranscriptHash, suite.hash),
    groupActiveState: { kind: "active" },
    clientConfig: defaultClientConfig,
  })
}

/** The new leaves of a commit, with the KeyPackages they came from. */
type Added = [LeafIndex, KeyPackage][]

function membersOnly(result: ApplyProposalsResult): Added {
  if (result.additionalResult.kind !== "memberCommit") throw new MlsError("profile", "a commit by a member")
  return result.additionalResult.addedLeafNodes
}

interface Path {
  readonly tree: RatchetTree
  readonly path: UpdatePath | undefined
  readonly keys: PrivateKeys
  readonly commitSecret: Uint8Array
  readonly secrets: readonly PathSecret[]
}

async function newPath(state: ClientState, tree: RatchetTree, added: Added): Promise<Path> {
  const own = leafNumber(state)
  const fresh = added.map(([leaf]) => leafToNodeIndex(leaf))
  const [next, path, secrets, leafKey] = await createUpdatePath(tree, own, state.groupContext, state.signaturePrivateKey, suite, fresh)
  const leafKeys = { ...state.privatePath.privateKeys, [leafToNodeIndex(own)]: await suite.hpke.exportPrivateKey(leafKey) }
  const first = secrets[0]
  // Alone in the tree there is nobody to send a path secret to. The commit
  // secret must still be unknown to those who were in the last epoch.
  if (first === undefined) return { tree: next, path, keys: leafKeys, commitSecret: suite.rng.randomBytes(HASH_SIZE), secrets }
  const { keys, commitSecret } = await climb(next, filteredPath(next, own), toNodeIndex(first.nodeIndex), first.secret)
  return { tree: next, path, keys: { ...leafKeys, ...keys }, commitSecret, secrets }
}

/** A commit ready to send, and the state it leads to once the server has ordered it. */
export interface Made {
  readonly message: PublicMessage
  readonly welcome: Welcome | undefined
  readonly next: ClientState
}

/**
 * Makes a commit of `proposals`, in this order and all inline, with a path if
 * `withPath` or if section 12.4 wants one.
 */
export async function commit(
  state: ClientState,
  proposals: readonly Proposal[],
  withPath: boolean,
  authenticatedData: Uint8Array,
  psks: PskIndex,
): Promise<Made> {
  const own = leafNumber(state)
  const inline = proposals.map((proposal) => ({ proposalOrRefType: "proposal", proposal }) as const)
  const applied = await applyProposals(state, inline, own, psks, false, suite)
  const added = membersOnly(applied)
  const { tree, path, keys, commitSecret, secrets } =
    withPath || applied.needsUpdatePath
      ? await newPath(state, applied.tree, added)
      : { tree: applied.tree, path: undefined, keys: state.privatePath.privateKeys, commitSecret: new Uint8Array(HASH_SIZE), secrets: [] }
  checkKeys(tree)
  const { signature, framedContent } = await createContentCommitSignature(
    state.groupContext,
    "mls_public_message",
    { proposals: inline, path },
    { senderType: "member", leafIndex: own },
    authenticatedData,
    state.signaturePrivateKey,
    suite.signature,
  )
  const { groupContext, epoch } = await advance(
    state,
    framedContent,
    signature,
    await treeHashRoot(tree, suite.hash),
    commitSecret,
    applied.pskSecret,
  )
  const confirmationTag = await createConfirmationTag(epoch.keySchedule.confirmationKey, groupContext.confirmedTranscriptHash, suite.hash)
  const auth = { contentType: "commit", signature, confirmationTag } as const
  const message = await protectPublicMessage(
    state.keySchedule.membershipKey,
    state.groupContext,
    { wireformat: "mls_public_message", content: framedContent, auth },
    suite,
  )
  const next: ClientState = {
    ...state,
    groupContext,
    ratchetTree: tree,
    keySchedule: epoch.keySchedule,
    privatePath: { leafIndex: own, privateKeys: prune(tree, own, keys) },
    unappliedProposals: {},
    confirmationTag,
  }
  const welcome = added.length > 0 ? await invite(next, epoch, added, secrets, applied.pskIds) : undefined
  wipe(commitSecret, epoch.joinerSecret, epoch.welcomeSecret, epoch.encryptionSecret, ...secrets.map((s) => s.secret))
  return { message, welcome, next }
}

/** The Welcome for the leaves `added`, with the whole tree in it (section 12.4.3.1). */
async function invite(
  next: ClientState,
  epoch: EpochSecrets,
  added: Added,
  secrets: readonly PathSecret[],
  psks: ApplyProposalsResult["pskIds"],
): Promise<Welcome> {
  const own = leafNumber(next)
  const info = await signGroupInfo(
    {
      groupContext: next.groupContext,
      extensions: [{ extensionType: "ratchet_tree", extensionData: encode(ratchetTreeEncoder)(next.ratchetTree) }],
      confirmationTag: next.confirmationTag,
      signer: own,
    },
    next.signaturePrivateKey,
    suite.signature,
  )
  const encryptedGroupInfo = await encryptGroupInfo(info, epoch.welcomeSecret, suite)
  const sealed = added.map(async ([leaf, keyPackage]) => {
    const common = firstCommonAncestor(next.ratchetTree, leaf, own)
    const pathSecret = secrets.find((s) => s.nodeIndex === common)?.secret
    const initKey = await suite.hpke.importPublicKey(keyPackage.initKey)
    const { enc, ct } = await encryptGroupSecrets(
      initKey,
      encryptedGroupInfo,
      { joinerSecret: epoch.joinerSecret, pathSecret, psks },
      suite.hpke,
    )
    return { newMember: await makeKeyPackageRef(keyPackage, suite.hash), encryptedGroupSecrets: { kemOutput: enc, ciphertext: ct } }
  })
  return { cipherSuite: suite.name, secrets: await Promise.all(sealed), encryptedGroupInfo }
}

/** Steps from one epoch's secrets to the next (section 8). */
async function advance(
  state: ClientState,
  content: FramedContentCommit,
  signature: Uint8Array,
  treeHash: Uint8Array,
  commitSecret: Uint8Array,
  pskSecret: Uint8Array,
): Promise<{ groupContext: GroupContext; epoch: EpochSecrets }> {
  const groupContext = await nextEpochContext(
    state.groupContext,
    "mls_public_message",
    content,
    signature,
    treeHash,
    state.confirmationTag,
    suite.hash,
  )
  return { groupContext, epoch: await initializeEpoch(state.keySchedule.initSecret, commitSecret, groupContext, pskSecret, suite.kdf) }
}

/**
 * Processes somebody else's commit for the present epoch (section 12.4.2).
 * Returns the next state, or null when the commit removes this member.
 */
export async function process(state: ClientState, message: PublicMessage, psks: PskIndex): Promise<ClientState | null> {
  const { content } = message
  if (content.contentType !== "commit" || content.sender.senderType !== "member") throw new MlsError("profile", "a commit by a member")
  if (!equal(content.groupId, state.groupContext.groupId)) throw new MlsError("epoch", "a commit for this group")
  if (content.epoch !== state.groupContext.epoch) throw new MlsError("epoch", "a commit for this epoch")
  const sender = toLeafIndex(content.sender.leafIndex)
  if (sender === state.privatePath.leafIndex) throw new MlsError("invalid", "a commit of another member")
  const { auth } = await unprotectPublicMessage(state.keySchedule.membershipKey, state.groupContext, state.ratchetTree, message, suite)
  if (auth.contentType !== "commit") throw new MlsError("malformed", "a commit")
  const applied = await applyProposals(state, content.commit.proposals, sender, psks, false, suite)
  const added = membersOnly(applied)
  if (applied.needsUpdatePath && content.commit.path === undefined) throw new MlsError("invalid", "a path")
  // Not applied.selfRemoved: that is false when the leaf is given to somebody else in the same commit.
  const removes = applied.allProposals.flatMap(({ proposal }) => (proposal.proposalType === "remove" ? [proposal.remove.removed] : []))
  if (removes.includes(state.privatePath.leafIndex)) return null
  const extended = applied.additionalResult.kind === "memberCommit" ? applied.additionalResult.extensions : []
  const base = extended.length > 0 ? { ...state, groupContext: { ...state.groupContext, extensions: extended } } : state
  const { tree, treeHash, keys, commitSecret } = await follow(base, content.commit.path, sender, applied.tree, added)
  checkKeys(tree)
  const { groupContext, epoch } = await advance(base, content, auth.signature, treeHash, commitSecret, applied.pskSecret)
  const { confirmationKey } = epoch.keySchedule
  const agreed = await verifyConfirmationTag(confirmationKey, auth.confirmationTag, groupContext.confirmedTranscriptHash, suite.hash)
  wipe(commitSecret, epoch.joinerSecret, epoch.welcomeSecret, epoch.encryptionSecret)
  if (!agreed) throw new MlsError("invalid", "a confirmation tag of the new epoch")
  const own = leafNumber(state)
  return {
    ...base,
    groupContext,
    ratchetTree: tree,
    keySchedule: epoch.keySchedule,
    privatePath: { leafIndex: own, privateKeys: prune(tree, own, keys) },
    unappliedProposals: {},
    confirmationTag: auth.confirmationTag,
  }
}

/** Applies the path of somebody else's commit to the tree and derives what it gives to this member (section 7.5). */
async function follow(
  state: ClientState,
  path: UpdatePath | undefined,
  sender: LeafIndex,
  before: RatchetTree,
  added: Added,
): Promise<{ tree: RatchetTree; treeHash: Uint8Array; keys: PrivateKeys; commitSecret: Uint8Array }> {
  const known = state.privatePath.privateKeys
  if (path === undefined) {
    return { tree: before, treeHash: await treeHashRoot(before, suite.hash), keys: known, commitSecret: new Uint8Array(HASH_SIZE) }
  }
  throwIfDefined(
    await validateLeafNodeUpdateOrCommit(path.leafNode, sender, state.groupContext, state.clientConfig.authService, suite.signature),
  )
  const tree = await applyUpdatePath(before, sender, path, suite.hash)
  const treeHash = await treeHashRoot(tree, suite.hash)
  const context = { ...state.groupContext, treeHash, epoch: state.groupContext.epoch + 1n }
  const fresh = added.map(([leaf]) => leafToNodeIndex(leaf))
  const { resolution, updateNode } = firstMatchAncestor(tree, leafNumber(state), sender, path)
  if (updateNode?.encryptedPathSecret.length !== filterNewLeaves(resolution, fresh).length) {
    throw new MlsError("invalid", "one secret for each node of the resolution")
  }
  const got = await applyUpdatePathSecret(tree, state.privatePath, sender, context, path, fresh, suite)
  const { keys, commitSecret } = await climb(tree, filteredPath(tree, sender), got.nodeIndex, got.pathSecret)
  wipe(got.pathSecret)
  return { tree, treeHash, keys: { ...known, ...keys }, commitSecret }
}

/** Overwrites secrets that are not needed any more. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const s of secrets) s.fill(0)
}
