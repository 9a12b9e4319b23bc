import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import { toHex } from "./bytes.ts"
import { loudness, SILENCE, sealFrame } from "./frame.ts"
import { KeyRing } from "./keys.ts"
import { encodeKid } from "./kid.ts"
import type { Context } from "./port.ts"
import { Receiver, type Tally } from "./receive.ts"
import { deriveFrameKey, importBaseKey } from "./sframe.ts"
import { type Codec, codecOf } from "./shim.ts"
import { hex } from "./vectors.ts"

interface Vector {
  readonly verdict: "ok" | "malformed" | "no key" | "foreign" | "replayed" | "forged"
  readonly name: string
  readonly codec: Codec
  readonly seal?: {
    readonly baseKey: string
    readonly epoch: number
    readonly leaf: number
    readonly context: Context
    readonly ctr: number
    readonly key: boolean
    readonly data: string
    readonly level: number
    readonly voice: boolean
  }
  readonly sent?: string
  readonly receiver: {
    readonly leaf: number
    readonly context: Context
    readonly epochs: readonly { readonly epoch: number; readonly baseKey: string; readonly members: readonly number[] }[]
  }
  readonly received: readonly string[]
}

const { cases } = JSON.parse(readFileSync("e2ee/vectors/frames.json", "utf8")) as { readonly cases: readonly Vector[] }

const counted: Readonly<Record<Vector["verdict"], keyof Tally>> = {
  ok: "passed",
  malformed: "forged",
  forged: "forged",
  "no key": "noKey",
  foreign: "foreign",
  replayed: "replayed",
}

async function receiverOf({ receiver: { leaf, context, epochs }, codec }: Vector): Promise<Receiver<null>> {
  const ring = new KeyRing()
  for (const { epoch, baseKey, members } of epochs) {
    ring.add({ epoch, baseKey: await importBaseKey(hex(baseKey)), leaf: 1, members, removed: [] }, 0)
  }
  const receiver = new Receiver<null>(ring, codec === "opus" ? "audio" : "video")
  receiver.bind({ leaf, context })
  return receiver
}

for (const v of cases) {
  test(`${v.codec}, ${v.verdict}: ${v.name}`, async () => {
    const receiver = await receiverOf(v)
    let passed = null
    for (const wire of v.received) {
      passed = await receiver.receive(null, v.codec, hex(wire), 1)
      receiver.clear()
    }
    const frames = v.received.filter((wire) => wire !== "").length // nothing is padding: not opened, but not counted
    if (frames > 0) assert.ok(receiver.counts[counted[v.verdict]] > 0)
    assert.equal(passed !== null, v.verdict === "ok")
    const total = Object.values(receiver.counts).reduce((sum, n) => sum + n, 0)
    assert.equal(total, frames)
    if (v.seal === undefined || passed === null) return
    const { baseKey, epoch, leaf, context, ctr, key, data, level, voice } = v.seal
    assert.equal(toHex(passed.data), data)
    if (v.codec === "opus") assert.deepEqual(passed.loudness, { level, voice })
    const kid = encodeKid(epoch, leaf, context)
    const grant = { kid, ctr, key: deriveFrameKey(await importBaseKey(hex(baseKey)), kid) }
    const sent = await sealFrame({ codec: v.codec, key, data: hex(data), loudness: { level, voice } }, grant)
    assert.equal(sent && toHex(sent), v.sent)
  })
}

test("loudness is -dBov", () => {
  assert.deepEqual(loudness(undefined), SILENCE)
  assert.deepEqual(loudness(0), SILENCE)
  assert.deepEqual(loudness(Number.NaN), SILENCE)
  assert.deepEqual(loudness(-1), SILENCE)
  assert.deepEqual(loudness(1), { level: 0, voice: true })
  assert.deepEqual(loudness(7), { level: 0, voice: true })
  assert.deepEqual(loudness(0.01), { level: 40, voice: true })
  assert.deepEqual(loudness(1e-9), SILENCE)
})

test("only the codecs that Paravent carries have a name", () => {
  assert.equal(codecOf("audio/opus", "audio"), "opus")
  assert.equal(codecOf(undefined, "audio"), "opus")
  assert.equal(codecOf("audio/red", "audio"), null)
  assert.equal(codecOf("video/AV1", "video"), "AV1")
  assert.equal(codecOf("video/vp9", "video"), "VP9")
  assert.equal(codecOf("video/VP8", "video"), "VP8")
  assert.equal(codecOf("video/H264", "video"), null)
  assert.equal(codecOf(undefined, "video"), null)
  assert.equal(codecOf("video/VP8", "audio"), null)
})
