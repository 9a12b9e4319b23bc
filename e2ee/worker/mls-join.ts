/** Joining a group with a Welcome (RFC 9420, section 12.4.3.1); why it is not the library's, mls-core.ts says. */

import { defaultClientConfig } from "ts-mls/clientConfig.js"
import type { ClientState } from "ts-mls/clientState.js"
import { type GroupInfo, ratchetTreeFromExtension, verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from "ts-mls/groupInfo.js"
import { type KeyPackage, makeKeyPackageRef, type PrivateKeyPackage } from "ts-mls/keyPackage.js"
import { deriveKeySchedule } from "ts-mls/keySchedule.js"
import { accumulatePskSecret, type PskIndex } from "ts-mls/pskIndex.js"
import { findLeafIndex, type RatchetTree } from "ts-mls/ratchetTree.js"
import { type LeafIndex, leafToNodeIndex, toLeafIndex } from "ts-mls/treemath.js"
import { firstCommonAncestor } from "ts-mls/updatePath.js"
import { decryptGroupInfo, decryptGroupSecrets, type Welcome } from "ts-mls/welcome.js"
import { client, climb, filteredPath, type PrivateKeys, wipe } from "./mls-core.ts"
import { MlsError } from "./mls-error.ts"
import { HASH_SIZE, suite } from "./mls-suite.ts"
import { checkTree } from "./mls-tree.ts"

/** Joins with a Welcome (section 12.4.3.1). `known` is the tree when the Welcome does not carry it, `signer` the leaf that has made it. */
export async function join(
  welcome: Welcome,
  own: KeyPackage,
  secrets: PrivateKeyPackage,
  psks: PskIndex,
  known?: RatchetTree,
): Promise<{ readonly state: ClientState; readonly signer: number }> {
  if (welcome.cipherSuite !== own.cipherSuite) throw new MlsError("invalid", "our cipher suite")
  const initKey = await suite.hpke.importPrivateKey(secrets.initPrivateKey)
  const opened = await decryptGroupSecrets(initKey, await makeKeyPackageRef(own, suite.hash), welcome, suite.hpke)
  if (opened === undefined) throw new MlsError("malformed", "group secrets")
  const [pskSecret] = await accumulatePskSecret(opened.psks, psks, suite, new Uint8Array(HASH_SIZE))
  const info = await decryptGroupInfo(welcome, opened.joinerSecret, pskSecret, suite)
  if (info === undefined) throw new MlsError("malformed", "a group info")
  const tree = ratchetTreeFromExtension(info) ?? known
  if (tree === undefined) throw new MlsError("invalid", "a ratchet tree")
  const leafIndex = await checkInfo(info, tree, own)
  const path = opened.pathSecret === undefined ? {} : await joinPath(tree, leafIndex, toLeafIndex(info.signer), opened.pathSecret)
  const agreed = await verifyGroupInfoConfirmationTag(info, opened.joinerSecret, pskSecret, suite)
  if (!agreed) throw new MlsError("invalid", "a confirmation tag of the epoch")
  const [keySchedule, encryptionSecret] = await deriveKeySchedule(opened.joinerSecret, pskSecret, info.groupContext, suite.kdf)
  wipe(encryptionSecret, opened.joinerSecret)
  const state = client({
    groupContext: info.groupContext,
    ratchetTree: tree,
    keySchedule,
    privatePath: { leafIndex, privateKeys: { ...path, [leafToNodeIndex(leafIndex)]: secrets.hpkePrivateKey } },
    signaturePrivateKey: secrets.signaturePrivateKey,
    unappliedProposals: {},
    confirmationTag: info.confirmationTag,
    groupActiveState: { kind: "active" },
    clientConfig: defaultClientConfig,
  })
  return { state, signer: info.signer }
}

/** Checks a GroupInfo and its tree; returns the own leaf's number. */
async function checkInfo(info: GroupInfo, tree: RatchetTree, own: KeyPackage): Promise<LeafIndex> {
  const { groupContext } = info
  if (groupContext.version !== own.version || groupContext.cipherSuite !== own.cipherSuite)
    throw new MlsError("invalid", "our cipher suite")
  const signer = tree[leafToNodeIndex(toLeafIndex(info.signer))]
  if (signer?.nodeType !== "leaf") throw new MlsError("invalid", "a signer in the tree")
  if (!(await verifyGroupInfoSignature(info, signer.leaf.signaturePublicKey, suite.signature))) {
    throw new MlsError("invalid", "a group info signed by a member")
  }
  await checkTree(tree, groupContext, suite)
  const leaf = findLeafIndex(tree, own.leafNode)
  if (leaf === undefined || leaf === info.signer) throw new MlsError("invalid", "the own leaf in the tree")
  return leaf
}

/** The private keys that the path secret of a Welcome gives. */
async function joinPath(tree: RatchetTree, own: LeafIndex, signer: LeafIndex, secret: Uint8Array): Promise<PrivateKeys> {
  const common = firstCommonAncestor(tree, own, signer)
  const { keys, commitSecret } = await climb(tree, filteredPath(tree, signer), common, secret)
  wipe(commitSecret, secret)
  return keys
}
