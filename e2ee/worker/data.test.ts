import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import { type Bytes, concat } from "./bytes.ts"
import { type Content, dataSender, type Opening, openData, type Sealing, sealData } from "./data.ts"
import { importBaseKey } from "./sframe.ts"
import { cleanName, cleanText } from "./text.ts"
import { hex } from "./vectors.ts"

const media = { microphone: "0", camera: "", screen: "", screenAudio: "" }
const hello: Content = { t: "hello", name: "Ada", media, hand: 0, kem: new Uint8Array(32) }
const chat: Content = { t: "chat", text: "guten Tag" }

async function pair(): Promise<{ readonly seal: Sealing; readonly open: Opening }> {
  const keys = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair
  const signatureKey = new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey))
  const sign = async (input: Bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", keys.privateKey, input))
  const baseKey = await importBaseKey(new Uint8Array(32).fill(7))
  const epoch = { groupId: new Uint8Array(32).fill(1), epoch: 300, baseKey }
  return {
    seal: { ...epoch, leaf: 5, ctr: 0, seq: 1, sign },
    open: { ...epoch, leaf: 5, self: new Uint8Array(16).fill(2), signatureKey, lastSeq: 0 },
  }
}

test("what was said is heard", async () => {
  const { seal, open } = await pair()
  for (const content of [hello, chat, { t: "media", media } as const]) {
    const body = await sealData(content, seal)
    assert.deepEqual(dataSender(body), { leaf: 5, epochByte: 300 & 0xff })
    assert.deepEqual(await openData(body, open), { verdict: "ok", seq: 1, alone: false, content })
  }
})

test("sizes are one of four", async () => {
  const { seal } = await pair()
  for (const [letters, size] of [
    [1, 256],
    [300, 1024],
    [2000, 4096],
    [8192, 16384],
  ] as const) {
    const body = await sealData({ t: "chat", text: "x".repeat(letters) }, seal)
    assert.equal(body.length - 16 - 4, size)
  }
  await assert.rejects(sealData({ t: "chat", text: "x".repeat(8193) }, seal), RangeError)
})

test("a message for one person is for nobody else", async () => {
  const { seal, open } = await pair()
  const body = await sealData(chat, { ...seal, to: open.self })
  assert.deepEqual(await openData(body, open), { verdict: "ok", seq: 1, alone: true, content: chat })
  assert.equal((await openData(body, { ...open, self: new Uint8Array(16) })).verdict, "forged")
})

test("a message fits one place only", async () => {
  const { seal, open } = await pair()
  const body = await sealData(chat, seal)
  const other = await pair()
  const cases: readonly [string, Opening, string][] = [
    ["another group", { ...open, groupId: new Uint8Array(32) }, "forged"],
    ["another epoch", { ...open, epoch: 301 }, "no key"],
    ["an epoch with the same low byte", { ...open, epoch: 300 + 256 }, "forged"],
    ["another leaf", { ...open, leaf: 6 }, "no key"],
    ["another signature key", { ...open, signatureKey: other.open.signatureKey }, "forged"],
    ["a signature key that is none", { ...open, signatureKey: new Uint8Array(3) }, "forged"],
    ["another base key", { ...open, baseKey: await importBaseKey(new Uint8Array(32)) }, "forged"],
    ["heard before", { ...open, lastSeq: 1 }, "replayed"],
  ]
  for (const [name, how, verdict] of cases) assert.equal((await openData(body, how)).verdict, verdict, name)
})

test("no bit may be turned and no byte may be missing", async () => {
  const { seal, open } = await pair()
  const body = await sealData(chat, seal)
  for (let bit = 0; bit < 8 * body.length; bit++) {
    const turned = body.slice()
    turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.notEqual((await openData(turned, open)).verdict, "ok")
  }
  for (let size = 0; size < body.length; size++) assert.notEqual((await openData(body.subarray(0, size), open)).verdict, "ok")
})

test("names and texts are cleaned before they are shown", () => {
  const names: readonly [string, string][] = [
    ["Ada", "Ada"],
    ["  Ada \t\n Lovelace ", "Ada Lovelace"],
    ["A\u202Eda\u200B\u0000", "Ada"],
    ["e\u0301", "\u00e9"],
    ["x".repeat(70), "x".repeat(64)],
    ["\u{1F600}".repeat(70), "\u{1F600}".repeat(64)],
    ["\u200B\u3164\uFEFF", ""],
    ["a\ud800b", "ab"],
  ]
  for (const [name, clean] of names) assert.equal(cleanName(name), clean)
  assert.equal(cleanText("a\r\nb\tc\u202E\u0007"), "a\nb\tc")
  assert.equal(cleanText("\u{1F469}\u200D\u{1F680}"), "\u{1F469}\u200D\u{1F680}")
})

interface Vector {
  readonly verdict: string
  readonly name: string
  readonly seal?: { readonly seed: string; readonly leaf: number; readonly ctr: number; readonly seq: number; readonly to?: string }
  readonly body: string
  readonly receiver: {
    readonly groupId: string
    readonly epoch: number
    readonly baseKey: string
    readonly self: string
    readonly leaf: number
    readonly signatureKey: string
    readonly lastSeq: number
  }
  readonly content?: Content
  readonly seq?: number
  readonly alone?: boolean
}

const { cases } = JSON.parse(readFileSync("e2ee/vectors/data.json", "utf8")) as { readonly cases: readonly Vector[] }

/** Byte strings are hex in the file. */
function contentOf(content: Content): Content {
  const bytes = (v: Uint8Array): Bytes => hex(v as unknown as string)
  if (content.t === "policy") return { ...content, grant: bytes(content.grant), signature: bytes(content.signature) }
  if (content.t !== "hello") return content
  const hello = { ...content, kem: bytes(content.kem) }
  return content.moderator === undefined ? hello : { ...hello, moderator: bytes(content.moderator) }
}

const pkcs8 = hex("302e020100300506032b657004220420")

for (const v of cases) {
  test(`data, ${v.verdict}: ${v.name}`, async () => {
    const { groupId, epoch, baseKey, self, leaf, signatureKey, lastSeq } = v.receiver
    const shared = { groupId: hex(groupId), epoch, baseKey: await importBaseKey(hex(baseKey)) }
    const opened = await openData(hex(v.body), { ...shared, self: hex(self), leaf, signatureKey: hex(signatureKey), lastSeq })
    const { verdict, seq, content, alone } = { seq: undefined, content: undefined, alone: false, ...opened }
    assert.equal(verdict, v.verdict)
    assert.equal(seq, v.seq)
    assert.equal(alone, v.alone ?? false)
    if (v.content === undefined || v.seal === undefined) return
    assert.deepEqual(content, contentOf(v.content))
    const key = await crypto.subtle.importKey("pkcs8", concat(pkcs8, hex(v.seal.seed)), "Ed25519", false, ["sign"])
    const sign = async (input: Bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, input))
    const { ctr, seq: number, to } = v.seal
    const how = { ...shared, leaf: v.seal.leaf, ctr, seq: number, sign, ...(to === undefined ? {} : { to: hex(to) }) }
    assert.deepEqual(await sealData(contentOf(v.content), how), hex(v.body))
  })
}
