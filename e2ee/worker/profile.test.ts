/** What the profile refuses, and that refusing changes nothing. */
import assert from "node:assert/strict"
import test from "node:test"
import { encode } from "cborg"
import { encodeGroupState } from "ts-mls/clientState.js"
import { type KeyPackage, signKeyPackage } from "ts-mls/keyPackage.js"
import { signLeafNodeKeyPackage } from "ts-mls/leafNode.js"
import { encodeMlsMessage } from "ts-mls/message.js"
import type { Proposal } from "ts-mls/proposal.js"
import { ascii, concat, equal, toHex } from "./bytes.ts"
import * as mls from "./mls.ts"
import {
  commitOf,
  enter,
  type Forgery,
  follow,
  forge,
  forgePath,
  founder,
  type Guest,
  generator,
  guest,
  inline,
  pskProposal,
  roomOf,
  type Seated,
} from "./mls-kit.ts"
import { suite } from "./mls-suite.ts"
import * as profile from "./profile.ts"

const room = await roomOf(1)
const foreign = await roomOf(2)
const psk = profile.pskOf(room)

/** A, who commits, B, who follows, and C, who may be removed. */
async function three(): Promise<{ a: Seated; b: Seated; c: Seated }> {
  const a = await founder(room)
  const [gb, gc] = [await guest(room), await guest(room)]
  const made = await commitOf(a, room, { adds: [gb, gc], removes: [] })
  const welcome = made.welcome ?? new Uint8Array()
  const b = await enter(gb, room, welcome)
  return { a: { ...a, group: made.next, roster: b.roster }, b, c: await enter(gc, room, welcome) }
}

const { a, b, c } = await three()
const print = (g: mls.Group): string => toHex(encodeGroupState(g.state))

async function refused(commit: Uint8Array, fault: mls.MlsError["fault"], by: Seated = b): Promise<void> {
  const before = print(by.group)
  await assert.rejects(follow(by, room, commit), (e) => e instanceof mls.MlsError && e.fault === fault)
  assert.equal(print(by.group), before)
}

const add = async (g: Guest): Promise<Proposal> => ({
  proposalType: "add",
  add: { keyPackage: (await mls.readKeyPackage(g.own.message)).package },
})
const remove = (m: Seated): Proposal => ({ proposalType: "remove", remove: { removed: mls.ownLeaf(m.group) } })
const newcomer = await guest(room)

test("what an honest client does is accepted", async () => {
  for (const wish of [
    { adds: [newcomer], removes: [] },
    { adds: [], removes: [mls.ownLeaf(c.group)] },
    { adds: [], removes: [] },
    { adds: [newcomer], removes: [mls.ownLeaf(c.group)] },
  ]) {
    const made = await commitOf(a, room, wish)
    const next = await follow(b, room, made.commit)
    assert.deepEqual(next && mls.authenticator(next.group), mls.authenticator(made.next))
  }
  // The forger is good enough: what breaks no rule is followed.
  const made = await forge(a, { proposals: inline(await add(newcomer), pskProposal(psk)), psks: [psk] })
  assert.ok(await follow(b, room, made))
})

/** Signed properly, but not as the profile wants it. */
async function odd(change: (p: KeyPackage) => KeyPackage, identity?: Uint8Array): Promise<Guest> {
  const g = await guest(room)
  const own = await mls.keyPackage(identity ?? g.identity, g.signer)
  const changed = change(own.package)
  const leafNode = await signLeafNodeKeyPackage(changed.leafNode, g.signer.privateKey, suite.signature)
  const signed = await signKeyPackage({ ...changed, leafNode }, g.signer.privateKey, suite.signature)
  return {
    ...g,
    own: { ...own, package: signed, message: encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: signed }) },
  }
}

const same = (p: KeyPackage): KeyPackage => p
const withLeaf = (leaf: Partial<KeyPackage["leafNode"]>) => (p: KeyPackage) => ({ ...p, leafNode: { ...p.leafNode, ...leaf } })
const extension = { extensionType: 0xf000, extensionData: new Uint8Array() }

const guests: readonly [string, () => Promise<Guest>][] = [
  ["somebody of another link", () => guest(foreign)],
  ["an empty identity", () => odd(same, new Uint8Array())],
  ["a MAC cut short", async () => odd(same, (await guest(room)).identity.slice(0, 32))],
  ["another role", async () => odd(same, concat(Uint8Array.of(3), (await guest(room)).identity.slice(1)))],
  [
    "a participant who takes itself for a viewer",
    async () => {
      const g = await guest(room)
      return { ...g, own: await mls.keyPackage(concat(Uint8Array.of(profile.VIEWER), g.identity.slice(1)), g.signer) }
    },
  ],
  ["somebody else's identity", async () => odd(same, (await guest(room)).identity)],
  [
    "a leaf extension",
    () => odd((p) => withLeaf({ extensions: [extension], capabilities: { ...p.leafNode.capabilities, extensions: [0xf000] } })(p)),
  ],
  ["a key package extension", () => odd((p) => ({ ...p, extensions: [extension] }))],
  ["no basic credential", () => odd((p) => withLeaf({ capabilities: { ...p.leafNode.capabilities, credentials: ["x509"] } })(p))],
  ["another credential", () => odd(withLeaf({ credential: { credentialType: "x509", certificates: [] } }))],
  [
    "the person of a member under another key",
    async () => {
      const g = await guest(room)
      const identity = await profile.identityOf(room.leafMac, c.person, g.signer.publicKey)
      return { ...g, own: await mls.keyPackage(identity, g.signer) }
    },
  ],
  ["a member's own new package", async () => ({ ...c, own: await mls.keyPackage(c.identity, c.signer) })],
]
for (const [name, make] of guests) {
  test(`refused: an add of ${name}`, async () => {
    await refused(await forge(a, { proposals: inline(await add(await make()), pskProposal(psk)), psks: [psk] }), "profile")
  })
}

const generation1 = profile.pskOf(room, 1)
const update = async (): Promise<Proposal> => {
  const [leaf] = a.group.state.ratchetTree
  assert.ok(leaf?.nodeType === "leaf")
  const { hpkePublicKey, signaturePublicKey, credential, capabilities, signature } = leaf.leaf
  const leafNode = {
    hpkePublicKey,
    signaturePublicKey,
    credential,
    capabilities,
    signature,
    extensions: [],
    leafNodeSource: "update",
  } as const
  return { proposalType: "update", update: { leafNode: { ...leafNode, extensions: [] } } }
}
const reinit: Proposal = {
  proposalType: "reinit",
  reinit: { groupId: new Uint8Array(32), version: "mls10", cipherSuite: suite.name, extensions: [] },
}
const extensions: Proposal = { proposalType: "group_context_extensions", groupContextExtensions: { extensions: [] } }
const resumption: Proposal = {
  proposalType: "psk",
  psk: {
    preSharedKeyId: {
      psktype: "resumption",
      usage: "application",
      pskGroupId: mls.groupId(a.group),
      pskEpoch: 1n,
      pskNonce: new Uint8Array(32),
    },
  },
}
const shortNonce: Proposal = {
  proposalType: "psk",
  psk: { preSharedKeyId: { psktype: "external", pskId: psk.id, pskNonce: new Uint8Array(16) } },
}
const statement = (value: unknown): Uint8Array => encode(value)

const commits: readonly [string, () => Promise<Forgery>, boolean?][] = [
  ["a Remove without a path", async () => ({ proposals: inline(remove(c), pskProposal(psk)), psks: [psk] })],
  [
    "an empty commit without a path",
    async () => ({ proposals: inline(pskProposal(psk)), psks: [psk], authenticatedData: profile.authenticate(0) }),
  ],
  ["no psk", async () => ({ proposals: inline(await add(newcomer)) })],
  ["no psk with a path", async () => ({ proposals: inline(remove(c)) }), true],
  ["another generation's psk", async () => ({ proposals: inline(await add(newcomer), pskProposal(generation1)), psks: [generation1] })],
  ["two psks", async () => ({ proposals: inline(remove(c), pskProposal(psk), pskProposal(psk)), psks: [psk] }), true],
  ["a resumption psk", async () => ({ proposals: inline(await add(newcomer), pskProposal(psk), resumption), psks: [psk] })],
  ["a short psk nonce", async () => ({ proposals: inline(await add(newcomer), shortNonce), psks: [psk] })],
  ["an Update", async () => ({ proposals: inline(await update(), pskProposal(psk)), psks: [psk] })],
  ["a ReInit", async () => ({ proposals: inline(reinit) })],
  ["group context extensions", async () => ({ proposals: inline(extensions, pskProposal(psk)), psks: [psk] }), true],
  [
    "a proposal type of its own",
    async () => ({ proposals: inline({ proposalType: 0xf001, proposalData: new Uint8Array(3) }, pskProposal(psk)) }),
  ],
  [
    "a proposal by reference",
    async () => ({ proposals: [...inline(pskProposal(psk)), { proposalOrRefType: "reference", reference: new Uint8Array(32) }] }),
  ],
  ["an external commit", async () => ({ proposals: inline(pskProposal(psk)), outside: true })],
  ["a committer who removes itself", async () => ({ proposals: inline(remove(a), pskProposal(psk)), psks: [psk] })],
  ["a Remove of nobody", async () => ({ proposals: inline({ proposalType: "remove", remove: { removed: 7 } }, pskProposal(psk)) })],
  ["the same Remove twice", async () => ({ proposals: inline(remove(c), remove(c), pskProposal(psk)) })],
  ["the same Add twice", async () => ({ proposals: inline(await add(newcomer), await add(newcomer), pskProposal(psk)) })],
  [
    "no authenticated data",
    async () => ({ proposals: inline(await add(newcomer), pskProposal(psk)), authenticatedData: new Uint8Array() }),
  ],
  [
    "a wrong reason",
    async () => ({ proposals: inline(await add(newcomer), pskProposal(psk)), authenticatedData: profile.authenticate(0) }),
  ],
  [
    "an unknown reason",
    async () => ({ proposals: inline(await add(newcomer), pskProposal(psk)), authenticatedData: statement({ a: [], k: [], r: 2 }) }),
  ],
  [
    "a new link without its psk",
    async () => ({
      proposals: inline(pskProposal(psk)),
      psks: [psk],
      authenticatedData: profile.authenticate(2, [], [], new Uint8Array(64)),
    }),
    true,
  ],
  [
    "a new link in a commit that adds",
    async () => ({
      proposals: inline(await add(newcomer), pskProposal(generation1)),
      psks: [generation1],
      authenticatedData: profile.authenticate(2, [], [], new Uint8Array(64)),
    }),
    true,
  ],
  [
    "a new link in a commit that removes, whose key the removed has too",
    async () => ({
      proposals: inline(remove(c), pskProposal(generation1)),
      psks: [generation1],
      authenticatedData: profile.authenticate(2, [], [], new Uint8Array(64)),
    }),
    true,
  ],
]
for (const [name, forgery, path] of commits) {
  test(`refused: ${name}`, async () => refused(await (path === true ? forgePath : forge)(a, await forgery()), "profile"))
}

test("refused: a Remove without a path by MLS itself too", async () => {
  const bytes = await forge(a, { proposals: inline(remove(c), pskProposal(psk)), psks: [psk] })
  await assert.rejects(mls.process(b.group, mls.readCommit(bytes), psk), (e) => e instanceof mls.MlsError && e.fault === "invalid")
})

test("refused: more than 64 adds", async () => {
  const adds = await Promise.all(Array.from({ length: 65 }, async () => add(await guest(room))))
  await refused(await forge(a, { proposals: inline(...adds, pskProposal(psk)), psks: [psk] }), "profile")
})

test("refused: another epoch or group", async () => {
  const proposals = inline(await add(newcomer), pskProposal(psk))
  for (const epoch of [0n, 2n, 2n ** 64n - 1n]) await refused(await forge(a, { proposals, psks: [psk], epoch }), "epoch")
  await refused(await forge(a, { proposals, psks: [psk], groupId: profile.newGroupId(room.room) }), "epoch")
})

test("refused: a path that changes who its committer is", async () => {
  const tree = a.group.state.ratchetTree.slice()
  const own = tree[0]
  assert.ok(own?.nodeType === "leaf")
  for (const change of [
    { credential: { credentialType: "basic", identity: b.identity } },
    { signaturePublicKey: c.signer.publicKey },
  ] as const) {
    const other = {
      ...a,
      group: { state: { ...a.group.state, ratchetTree: tree.with(0, { nodeType: "leaf", leaf: { ...own.leaf, ...change } }) } },
    }
    const psks = [psk]
    const forged = await forgePath(other, { proposals: inline(pskProposal(psk)), psks, authenticatedData: profile.authenticate(0) }).catch(
      () => null,
    )
    if (forged !== null) await refused(forged, "profile")
  }
})

test("refused: a commit by a member that has been removed", async () => {
  const made = await commitOf(a, room, { adds: [], removes: [mls.ownLeaf(c.group)] })
  const after = await follow(b, room, made.commit)
  assert.ok(after)
  const late = await commitOf(c, room, { adds: [], removes: [] })
  await refused(late.commit, "epoch", after)
  const renamed = await forge(c, { proposals: inline(await add(newcomer), pskProposal(psk)), psks: [psk], epoch: 2n })
  await refused(renamed, "profile", after)
  assert.equal(await follow(c, room, made.commit), null, "and it learns that it is out")
})

test("refused: one's own commit, as if it were another's", async () => {
  const made = await commitOf(a, room, { adds: [], removes: [] })
  await refused(made.commit, "invalid", a)
})

test("refused: messages that are no public commit", async () => {
  const privateMessage = {
    groupId: mls.groupId(a.group),
    epoch: 1n,
    contentType: "commit",
    authenticatedData: new Uint8Array(),
    encryptedSenderData: new Uint8Array(28),
    ciphertext: new Uint8Array(300),
  } as const
  await refused(encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage }), "malformed")
  await refused(newcomer.own.message, "malformed")
  for (const size of [0, 1, 4, 100, 5000]) await refused(crypto.getRandomValues(new Uint8Array(size)), "malformed")
  const made = await commitOf(a, room, { adds: [newcomer], removes: [] })
  await refused(made.welcome ?? new Uint8Array(), "malformed")
  await refused(concat(made.commit, Uint8Array.of(0)), "malformed")
})

test("refused: a Welcome without the psk, of another generation, of another room", async () => {
  const made = await commitOf(a, room, { adds: [newcomer], removes: [] })
  const welcome = made.welcome ?? new Uint8Array()
  await assert.rejects(mls.join(welcome, [newcomer.own], [profile.pskOf(room, 1)]), mls.MlsError)
  await assert.rejects(mls.join(welcome, [newcomer.own], [profile.pskOf(foreign)]), mls.MlsError)
  await assert.rejects(mls.join(welcome, [(await guest(room)).own], [psk]), mls.MlsError)
  const { group } = await mls.join(welcome, [newcomer.own], [psk])
  await assert.rejects(profile.checkJoined(group, foreign, newcomer.person), mls.MlsError)
  await assert.rejects(profile.checkJoined(group, room, a.person), mls.MlsError)
  assert.equal((await profile.checkJoined(group, room, newcomer.person)).size, 4)
})

// ---- Authenticated data ----

test("refused: a tree with a leaf whose number no key id can hold", async () => {
  const room = await roomOf(1)
  const { state } = (await founder(room)).group
  const tree = state.ratchetTree.slice()
  tree[2 * 1023] = tree[0]
  tree[0] = undefined
  assert.deepEqual([...(await profile.rosterOf({ state: { ...state, ratchetTree: tree } }, room)).keys()], [1023])
  tree[2 * 1024] = tree[2 * 1023]
  tree[2 * 1023] = undefined
  await assert.rejects(profile.rosterOf({ state: { ...state, ratchetTree: tree } }, room), { fault: "profile" })
})

test("authenticated data has one spelling", () => {
  assert.equal(toHex(profile.authenticate(profile.REFRESH)), "a3616180616b80617200")
  assert.equal(toHex(profile.authenticate(profile.CHANGE)), "a3616180616b80617201")
  assert.deepEqual(profile.stated(profile.authenticate(1)), { r: 1, a: [], k: [] })
  assert.equal(profile.stated(profile.authenticate(2, [], [], new Uint8Array(64)))?.r, 2)
  assert.throws(() => profile.authenticate(2), mls.MlsError)
  assert.throws(() => profile.authenticate(1, [new Uint8Array(16385)]), mls.MlsError)
  const signed = new Uint8Array(64)
  assert.deepEqual(profile.stated(statement({ a: [signed], k: [signed], r: 1 })), { r: 1, a: [signed], k: [signed] })
  for (const [name, bytes] of [
    ["nothing", new Uint8Array()],
    ["text", ascii("a")],
    ["a list", statement([])],
    ["a member more", statement({ a: [], k: [], r: 1, x: 1 })],
    ["a member less", statement({ a: [], r: 1 })],
    ["no lists", statement({ a: {}, k: [], r: 1 })],
    ["no byte strings", statement({ a: ["x"], k: [], r: 1 })],
    ["a long entry", statement({ a: [new Uint8Array(16385)], k: [], r: 1 })],
    ["too many entries", statement({ a: [], k: Array.from({ length: 65 }, () => signed), r: 1 })],
    ["entries that are too long together", statement({ a: Array.from({ length: 4 }, () => new Uint8Array(12400)), k: [], r: 1 })],
    ["a new link without a link", statement({ a: [], k: [], r: 2 })],
    ["a link that is too short", statement({ a: [], k: [], r: 2, g: new Uint8Array(63) })],
    ["a link without a new one", statement({ a: [], k: [], r: 1, g: new Uint8Array(64) })],
    ["a long number", Uint8Array.from([0xa3, 0x61, 0x61, 0x80, 0x61, 0x6b, 0x80, 0x61, 0x72, 0x18, 0x01])],
    ["another order", Uint8Array.from([0xa3, 0x61, 0x72, 0x01, 0x61, 0x61, 0x80, 0x61, 0x6b, 0x80])],
    ["a member twice", Uint8Array.from([0xa3, 0x61, 0x61, 0x80, 0x61, 0x61, 0x80, 0x61, 0x72, 0x01])],
    ["an endless list", Uint8Array.from([0xa3, 0x61, 0x61, 0x9f, 0xff, 0x61, 0x6b, 0x80, 0x61, 0x72, 0x01])],
    ["bytes after it", concat(profile.authenticate(1), Uint8Array.of(0))],
    ["a fraction", statement({ a: [], k: [], r: 1.5 })],
  ] as const) {
    assert.equal(profile.stated(bytes), null, name)
  }
})

// ---- Changed messages ----

test("whatever is changed in a commit, a Welcome or a key package is refused", { timeout: 300_000 }, async (t) => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32))
  t.diagnostic(`seed ${seed}`)
  const random = generator(seed)
  const below = (n: number) => Math.floor(random() * n)
  const mutate = (bytes: Uint8Array): Uint8Array => {
    const out = bytes.slice()
    switch (below(5)) {
      case 0: {
        const bit = below(8 * out.length)
        out[bit >> 3] = (out[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        return out
      }
      case 1:
        return out.slice(0, below(out.length))
      case 2:
        out[below(out.length)] = below(256)
        return out
      case 3: {
        const at = below(out.length)
        return concat(
          out.subarray(0, at),
          Uint8Array.from({ length: 1 + below(4) }, () => below(256)),
          out.subarray(at),
        )
      }
      default: {
        const at = below(out.length)
        return concat(out.subarray(0, at), out.subarray(at + 1 + below(40)))
      }
    }
  }
  const added = await commitOf(a, room, { adds: [newcomer], removes: [] })
  const removed = await commitOf(a, room, { adds: [], removes: [mls.ownLeaf(c.group)] })
  const welcome = added.welcome ?? new Uint8Array()
  const state = print(b.group)
  const secret = toHex(newcomer.own.secrets.initPrivateKey)
  const targets: readonly [Uint8Array, (bytes: Uint8Array) => Promise<unknown>][] = [
    [added.commit, (bytes) => follow(b, room, bytes)],
    [removed.commit, (bytes) => follow(b, room, bytes)],
    [welcome, (bytes) => mls.join(bytes, [newcomer.own], [psk])],
    [newcomer.own.message, mls.readKeyPackage],
  ]
  let tried = 0
  for (let i = 0; i < 2000; i++) {
    const [bytes, use] = targets[i % targets.length] ?? assert.fail()
    const changed = mutate(bytes)
    if (equal(changed, bytes)) continue
    tried++
    await assert.rejects(
      use(changed),
      (e) => e instanceof mls.MlsError,
      `message ${i % targets.length}: ${toHex(changed)}, was ${toHex(bytes)}`,
    )
  }
  assert.equal(print(b.group), state)
  assert.equal(toHex(newcomer.own.secrets.initPrivateKey), secret)
  t.diagnostic(`${tried} changed messages refused`)
  assert.ok(await follow(b, room, added.commit))
  assert.ok(await mls.join(welcome, [newcomer.own], [psk]))
})
