/**
 * RFC 9420 test vectors of the MLS working group, suite 1, through what our
 * adapter is made of. The files lie beside the repository and may be missing;
 * the vectors of our own (mls-own.test.ts) always run.
 */
import assert from "node:assert/strict"
import { existsSync, readFileSync } from "node:fs"
import test from "node:test"
import { decodeAuthenticatedContent } from "ts-mls/authenticatedContent.js"
import type { ClientState } from "ts-mls/clientState.js"
import type { Decoder } from "ts-mls/codec/tlsDecoder.js"
import { encode } from "ts-mls/codec/tlsEncoder.js"
import { determineLength } from "ts-mls/codec/variableLength.js"
import { decodeCommit, encodeCommit } from "ts-mls/commit.js"
import { applyUpdatePathSecret } from "ts-mls/createCommit.js"
import { refhash } from "ts-mls/crypto/hash.js"
import { decryptWithLabel, encryptWithLabel } from "ts-mls/crypto/hpke.js"
import { deriveSecret, deriveTreeSecret, expandWithLabel } from "ts-mls/crypto/kdf.js"
import { signWithLabel, verifyWithLabel } from "ts-mls/crypto/signature.js"
import { groupContextEncoder } from "ts-mls/groupContext.js"
import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from "ts-mls/groupInfo.js"
import { decodeGroupSecrets, encodeGroupSecrets } from "ts-mls/groupSecrets.js"
import type { KeyPackage } from "ts-mls/keyPackage.js"
import { makeKeyPackageRef } from "ts-mls/keyPackage.js"
import { initializeEpoch, mlsExporter } from "ts-mls/keySchedule.js"
import { decodeMlsMessage, encodeMlsMessage, type MLSMessage } from "ts-mls/message.js"
import { unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js"
import { computePskSecret, type PreSharedKeyID } from "ts-mls/presharedkey.js"
import { processPublicMessage } from "ts-mls/processMessages.js"
import { decodeProposal, encodeProposal, type Proposal } from "ts-mls/proposal.js"
import type { PskIndex } from "ts-mls/pskIndex.js"
import {
  addLeafNode,
  decodeRatchetTree,
  encodeRatchetTree,
  type RatchetTree,
  removeLeafNode,
  resolution,
  updateLeafNode,
} from "ts-mls/ratchetTree.js"
import { createConfirmedHash, createInterimHash } from "ts-mls/transcriptHash.js"
import { treeHash, treeHashRoot } from "ts-mls/treeHash.js"
import { left, nodeWidth, parent, right, root, sibling, toLeafIndex, toNodeIndex } from "ts-mls/treemath.js"
import { applyUpdatePath, decodeUpdatePath } from "ts-mls/updatePath.js"
import { decryptGroupInfo, decryptGroupSecrets } from "ts-mls/welcome.js"
import { equal, fromHex, toHex } from "./bytes.ts"
import * as core from "./mls-core.ts"
import { join } from "./mls-join.ts"
import { suite as s } from "./mls-suite.ts"
import { checkTree } from "./mls-tree.ts"

// biome-ignore lint/suspicious/noExplicitAny: test data as JSON
type Vector = any

const beside = "../shared/vectors/rfc9420"
const folder = existsSync(beside) ? beside : null
const hex = (text: string): Uint8Array => fromHex(text) ?? assert.fail("not hex")
const load = (name: string): Vector[] => {
  const value: unknown = JSON.parse(readFileSync(`${beside}/${name}.json`, "utf8"))
  return (Array.isArray(value) ? value : [value]).filter((v: Vector) => v.cipher_suite === undefined || v.cipher_suite === 1)
}
const whole = <T>(decoder: Decoder<T>, text: string): T => {
  const bytes = hex(text)
  const read = decoder(bytes, 0)
  assert.ok(read !== undefined && read[1] === bytes.length, "decoded whole")
  return read[0]
}
const message = (text: string): MLSMessage => whole(decodeMlsMessage as Decoder<MLSMessage>, text)
const is = (actual: Uint8Array, expected: string): void => assert.equal(toHex(actual), expected)

/** One test a file; it says how many vectors ran. */
function vectors(name: string, run: (vector: Vector, index: number) => Promise<void> | void): void {
  test(`RFC 9420 vectors: ${name}`, async (t) => {
    if (folder === null) return t.diagnostic(`published ${name} vectors are not here, e2ee/vectors/mls.json alone ran`)
    const all = load(name)
    for (const [i, vector] of all.entries()) await run(vector, i)
    t.diagnostic(`${all.length} published ${name} vectors of suite 1 ran`)
  })
}

vectors("tree-math", (v) => {
  const maybe = (f: () => number): number | null => {
    try {
      return f()
    } catch {
      return null
    }
  }
  assert.equal(nodeWidth(v.n_leaves), v.n_nodes)
  assert.equal(root(v.n_leaves), v.root)
  for (let i = 0; i < v.n_nodes; i++) {
    const at = toNodeIndex(i)
    assert.equal(
      maybe(() => left(at)),
      v.left[i],
    )
    assert.equal(
      maybe(() => right(at)),
      v.right[i],
    )
    assert.equal(
      maybe(() => parent(at, v.n_leaves)),
      v.parent[i],
    )
    assert.equal(
      maybe(() => sibling(at, v.n_leaves)),
      v.sibling[i],
    )
  }
})

vectors("deserialization", (v) => {
  const bytes = hex(v.vlbytes_header)
  assert.deepEqual(determineLength(bytes), { length: v.length, lengthFieldSize: bytes.length })
})

vectors("crypto-basics", async (v) => {
  is(await refhashOf(v.ref_hash.label, hex(v.ref_hash.value)), v.ref_hash.out)
  const e = v.expand_with_label
  is(await expandWithLabel(hex(e.secret), e.label, hex(e.context), e.length, s.kdf), e.out)
  is(await deriveSecret(hex(v.derive_secret.secret), v.derive_secret.label, s.kdf), v.derive_secret.out)
  const d = v.derive_tree_secret
  is(await deriveTreeSecret(hex(d.secret), d.label, d.generation, d.length, s.kdf), d.out)
  const g = v.sign_with_label
  assert.ok(await verifyWithLabel(hex(g.pub), g.label, hex(g.content), hex(g.signature), s.signature))
  const signature = await signWithLabel(hex(g.priv), g.label, hex(g.content), s.signature)
  assert.ok(await verifyWithLabel(hex(g.pub), g.label, hex(g.content), signature, s.signature))
  const c = v.encrypt_with_label
  const [priv, pub] = [await s.hpke.importPrivateKey(hex(c.priv)), await s.hpke.importPublicKey(hex(c.pub))]
  is(await decryptWithLabel(priv, c.label, hex(c.context), hex(c.kem_output), hex(c.ciphertext), s.hpke), c.plaintext)
  const sealed = await encryptWithLabel(pub, c.label, hex(c.context), hex(c.plaintext), s.hpke)
  is(await decryptWithLabel(priv, c.label, hex(c.context), sealed.enc, sealed.ct, s.hpke), c.plaintext)
})

const refhashOf = async (label: string, value: Uint8Array) => refhash(label, value, s.hash)

vectors("key-schedule", async (v) => {
  let initSecret = hex(v.initial_init_secret)
  for (const [i, e] of v.epochs.entries()) {
    const context = {
      version: "mls10",
      cipherSuite: s.name,
      groupId: hex(v.group_id),
      epoch: BigInt(i),
      treeHash: hex(e.tree_hash),
      confirmedTranscriptHash: hex(e.confirmed_transcript_hash),
      extensions: [],
    } as const
    is(encode(groupContextEncoder)({ ...context, extensions: [] }), e.group_context)
    const got = await initializeEpoch(initSecret, hex(e.commit_secret), { ...context, extensions: [] }, hex(e.psk_secret), s.kdf)
    is(got.joinerSecret, e.joiner_secret)
    is(got.welcomeSecret, e.welcome_secret)
    is(got.keySchedule.initSecret, e.init_secret)
    is(got.keySchedule.exporterSecret, e.exporter_secret)
    is(got.keySchedule.confirmationKey, e.confirmation_key)
    is(got.keySchedule.membershipKey, e.membership_key)
    is(got.keySchedule.epochAuthenticator, e.epoch_authenticator)
    is(
      await mlsExporter(got.keySchedule.exporterSecret, e.exporter.label, hex(e.exporter.context), e.exporter.length, s),
      e.exporter.secret,
    )
    initSecret = got.keySchedule.initSecret
  }
})

vectors("psk_secret", async (v) => {
  const psks = v.psks.map((p: Vector): [PreSharedKeyID, Uint8Array] => [
    { psktype: "external", pskId: hex(p.psk_id), pskNonce: hex(p.psk_nonce) },
    hex(p.psk),
  ])
  is(await computePskSecret(psks, s), v.psk_secret)
})

vectors("transcript-hashes", async (v) => {
  const { hash } = s
  const { wireformat, content, auth } = whole(decodeAuthenticatedContent, v.authenticated_content)
  assert.ok(content.contentType === "commit" && auth.contentType === "commit")
  const confirmed = await createConfirmedHash(
    hex(v.interim_transcript_hash_before),
    { wireformat, content, signature: auth.signature },
    hash,
  )
  is(confirmed, v.confirmed_transcript_hash_after)
  is(await createInterimHash(confirmed, auth.confirmationTag, hash), v.interim_transcript_hash_after)
  assert.ok(await hash.verifyMac(hex(v.confirmation_key), auth.confirmationTag, confirmed))
})

vectors("messages", (v) => {
  for (const name of [
    "mls_welcome",
    "mls_group_info",
    "mls_key_package",
    "public_message_application",
    "public_message_proposal",
    "public_message_commit",
    "private_message",
  ]) {
    is(encodeMlsMessage(message(v[name])), v[name])
  }
  is(encodeRatchetTree(whole(decodeRatchetTree, v.ratchet_tree)), v.ratchet_tree)
  is(encodeGroupSecrets(whole(decodeGroupSecrets, v.group_secrets)), v.group_secrets)
  is(encodeCommit(whole(decodeCommit, v.commit)), v.commit)
})

vectors("message-protection", async (v) => {
  const groupContext = {
    version: "mls10",
    cipherSuite: s.name,
    groupId: hex(v.group_id),
    epoch: BigInt(v.epoch),
    treeHash: hex(v.tree_hash),
    confirmedTranscriptHash: hex(v.confirmed_transcript_hash),
    extensions: [],
  }
  for (const [kind, encodeIt] of [
    ["proposal", (c: Vector) => encodeProposal(c.proposal)],
    ["commit", (c: Vector) => encodeCommit(c.commit)],
  ] as const) {
    const m = message(v[`${kind}_pub`])
    assert.ok(m.wireformat === "mls_public_message")
    const opened = await unprotectPublicMessage(
      hex(v.membership_key),
      { ...groupContext, version: "mls10" },
      [],
      m.publicMessage,
      s,
      hex(v.signature_pub),
    )
    is(encodeIt(opened.content), v[kind])
  }
})

vectors("tree-operations", async (v) => {
  const { hash } = s
  const before = whole(decodeRatchetTree, v.tree_before)
  is(await treeHashRoot(before, hash), v.tree_hash_before)
  const proposal: Proposal = whole(decodeProposal, v.proposal)
  const after = ((): RatchetTree => {
    switch (proposal.proposalType) {
      case "add":
        return addLeafNode(before, proposal.add.keyPackage.leafNode)[0]
      case "remove":
        return removeLeafNode(before, toLeafIndex(proposal.remove.removed))
      case "update":
        return updateLeafNode(before, proposal.update.leafNode, toLeafIndex(v.proposal_sender))
      default:
        return assert.fail("another proposal")
    }
  })()
  is(encodeRatchetTree(after), v.tree_after)
  is(await treeHashRoot(after, hash), v.tree_hash_after)
})

const contextOf = async (v: Vector, tree: Uint8Array) => ({
  version: "mls10" as const,
  cipherSuite: s.name,
  groupId: hex(v.group_id),
  epoch: BigInt(v.epoch ?? 0),
  treeHash: tree,
  confirmedTranscriptHash: hex(v.confirmed_transcript_hash ?? ""),
  extensions: [],
})

vectors("tree-validation", async (v) => {
  const tree = whole(decodeRatchetTree, v.tree)
  for (const [i, nodes] of v.resolutions.entries()) {
    assert.deepEqual(resolution(tree, toNodeIndex(i)), nodes)
    is(await treeHash(tree, toNodeIndex(i), s.hash), v.tree_hashes[i])
  }
  const context = await contextOf(v, await treeHashRoot(tree, s.hash))
  await checkTree(tree, context, s)
  // And nothing in it may be changed: one node's key is replaced at a time.
  for (const [i, node] of tree.entries()) {
    if (node === undefined) continue
    const key = crypto.getRandomValues(new Uint8Array(32))
    const other = tree.slice()
    other[i] =
      node.nodeType === "leaf"
        ? { ...node, leaf: { ...node.leaf, hpkePublicKey: key } }
        : { ...node, parent: { ...node.parent, hpkePublicKey: key } }
    await assert.rejects(checkTree(other, { ...context, treeHash: await treeHashRoot(other, s.hash) }, s), `node ${i}`)
  }
})

vectors("treekem", async (v) => {
  const tree = whole(decodeRatchetTree, v.ratchet_tree)
  for (const p of v.update_paths) {
    const update = whole(decodeUpdatePath, p.update_path)
    const sender = toLeafIndex(p.sender)
    const next = await applyUpdatePath(tree, sender, update, s.hash)
    is(await treeHashRoot(next, s.hash), p.tree_hash_after)
    const context = await contextOf(v, hex(p.tree_hash_after))
    for (const own of v.leaves_private) {
      if (own.index === p.sender) continue
      const privateKeys: Record<number, Uint8Array> = { [own.index * 2]: hex(own.encryption_priv) }
      for (const n of own.path_secrets) {
        const pair = await s.hpke.deriveKeyPair(await deriveSecret(hex(n.path_secret), "node", s.kdf))
        privateKeys[n.node] = await s.hpke.exportPrivateKey(pair.privateKey)
      }
      const got = await applyUpdatePathSecret(next, { leafIndex: own.index, privateKeys }, sender, context, update, [], s)
      is(got.pathSecret, p.path_secrets[own.index])
      const { commitSecret } = await core.climb(next, core.filteredPath(next, sender), got.nodeIndex, got.pathSecret)
      is(commitSecret, p.commit_secret)
    }
  }
})

vectors("welcome", async (v) => {
  const w = message(v.welcome)
  const k = message(v.key_package)
  assert.ok(w.wireformat === "mls_welcome" && k.wireformat === "mls_key_package")
  const ref = await makeKeyPackageRef(k.keyPackage, s.hash)
  const secrets = await decryptGroupSecrets(await s.hpke.importPrivateKey(hex(v.init_priv)), ref, w.welcome, s.hpke)
  assert.ok(secrets)
  const none = new Uint8Array(32)
  const info = await decryptGroupInfo(w.welcome, secrets.joinerSecret, none, s)
  assert.ok(info)
  assert.ok(await verifyGroupInfoSignature(info, hex(v.signer_pub), s.signature))
  assert.ok(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, none, s))
})

/** A member that only listens: joins and follows through our join and process. */
async function passive(v: Vector): Promise<void> {
  const w = message(v.welcome)
  const k = message(v.key_package)
  assert.ok(w.wireformat === "mls_welcome" && k.wireformat === "mls_key_package")
  const keyPackage: KeyPackage = k.keyPackage
  const secrets = {
    initPrivateKey: hex(v.init_priv),
    hpkePrivateKey: hex(v.encryption_priv),
    signaturePrivateKey: hex(v.signature_priv),
  }
  const resumption = new Map<bigint, Uint8Array>()
  const psks: PskIndex = {
    findPsk(id) {
      if (id.psktype === "resumption") return resumption.get(id.pskEpoch)
      const given = v.external_psks.find((p: Vector) => equal(hex(p.psk_id), id.pskId))
      return given === undefined ? undefined : hex(given.psk)
    },
  }
  const known = v.ratchet_tree === null ? undefined : whole(decodeRatchetTree, v.ratchet_tree)
  let state: ClientState | null = (await join(w.welcome, keyPackage, secrets, psks, known)).state
  is(state.keySchedule.epochAuthenticator, v.initial_epoch_authenticator)
  for (const e of v.epochs) {
    resumption.set(state.groupContext.epoch, state.keySchedule.resumptionPsk)
    for (const p of e.proposals) {
      const m = message(p)
      assert.ok(m.wireformat === "mls_public_message")
      state = (await processPublicMessage(state, m.publicMessage, psks, s)).newState
    }
    const m = message(e.commit)
    assert.ok(m.wireformat === "mls_public_message")
    state = await core.process(state, m.publicMessage, psks)
    assert.ok(state)
    is(state.keySchedule.epochAuthenticator, e.epoch_authenticator)
  }
}

vectors("passive-client-welcome", passive)
vectors("passive-client-handling-commit", passive)
vectors("passive-client-random", passive)
