import assert from "node:assert/strict"
import test from "node:test"
import type { Bytes } from "./bytes.ts"
import { KeyRing } from "./keys.ts"
import { Receiver } from "./receive.ts"
import { Sender } from "./send.ts"
import { importBaseKey } from "./sframe.ts"

/** Keys of an epoch, the same for all who are in it. */
async function keysOf(epoch: number, leaf: number, more: { members?: readonly number[]; removed?: readonly number[]; base?: number } = {}) {
  const baseKey = await importBaseKey(new Uint8Array(32).fill(more.base ?? epoch & 0xff))
  return { epoch, baseKey, leaf, members: more.members ?? [0, 1], removed: more.removed ?? [] }
}

const picture = Uint8Array.of(1, 2, 3, 4)
const encoded = { codec: "VP9", key: false, data: picture, audioLevel: undefined, ssrc: 1 } as const

/** Leaf 0 sends camera frames, leaf 1 receives them. */
async function pair(epoch = 1) {
  const [sending, receiving] = [new KeyRing(), new KeyRing()]
  sending.add(await keysOf(epoch, 0), 0)
  receiving.add(await keysOf(epoch, 1), 0)
  const receiver = new Receiver<string>(receiving, "video")
  receiver.bind({ leaf: 0, context: 1 })
  const sender = new Sender(sending, 1)
  const frame = async (now: number): Promise<Bytes> => {
    const sealed = await sender.send(encoded, now)
    assert.ok(sealed)
    return sealed
  }
  return { sending, receiving, receiver, sender, frame }
}

const none = { passed: 0, noKey: 0, forged: 0, replayed: 0, foreign: 0 }

test("a frame passes once", async () => {
  const { receiver, frame } = await pair()
  const wire = await frame(0)
  const passed = await receiver.receive("a", "VP9", wire, 1)
  assert.deepEqual(passed?.data, picture)
  assert.equal(await receiver.receive("a", "VP9", wire, 2), null)
  assert.deepEqual(receiver.counts, { ...none, passed: 1, replayed: 1 })
})

test("two copies at the same moment pass once", async () => {
  const { receiver, frame } = await pair()
  const wire = await frame(0)
  const both = await Promise.all([receiver.receive("a", "VP9", wire, 1), receiver.receive("b", "VP9", wire, 1)])
  assert.equal(both.filter((p) => p !== null).length, 1)
  assert.deepEqual(receiver.counts, { ...none, passed: 1, replayed: 1 })
})

test("without a key nothing is sealed", async () => {
  const sender = new Sender(new KeyRing(), 1)
  assert.equal(await sender.send(encoded, 0), null)
  assert.equal(sender.counts.noKey, 1)
})

test("an unknown codec, an empty frame and a false key frame are not sent", async () => {
  const { sender } = await pair()
  assert.equal(await sender.send({ ...encoded, codec: null }, 0), null)
  assert.equal(await sender.send({ ...encoded, data: new Uint8Array() }, 0), null)
  assert.equal(await sender.send({ ...encoded, codec: "VP8", key: true }, 0), null)
  assert.deepEqual(sender.counts, { ...none, forged: 3 })
})

test("frames of somebody else, or of another kind, do not pass", async () => {
  const { receiver, receiving, sending, frame } = await pair()
  receiver.bind({ leaf: 2, context: 1 })
  await receiver.receive("a", "VP9", await frame(0), 1)
  receiver.bind({ leaf: 0, context: 2 })
  await receiver.receive("b", "VP9", await frame(0), 1)
  receiver.bind(null)
  await receiver.receive("c", "VP9", await frame(0), 1)
  receiver.expire(501)
  assert.deepEqual(receiver.counts, { ...none, foreign: 3 })
  const microphone = await new Sender(sending, 0).send({ ...encoded, codec: "opus" }, 0)
  assert.ok(microphone)
  await receiver.receive("d", "VP9", microphone, 2)
  assert.equal(receiver.counts.forged, 1, "sound is not a picture")
  const stranger = new KeyRing()
  stranger.add(await keysOf(1, 9, { members: [0, 1, 9] }), 0)
  const sealed = await new Sender(stranger, 1).send(encoded, 0)
  assert.ok(sealed)
  await receiver.receive("e", "VP9", sealed, 3)
  assert.equal(receiver.counts.noKey, 1, "not a member")
  assert.equal(receiving.empty, false)
})

test("frames that came before their sender was bound pass when it is", async () => {
  const { receiver, frame } = await pair()
  receiver.bind(null)
  for (const name of ["a", "b"]) assert.equal(await receiver.receive(name, "VP9", await frame(0), 1), null)
  receiver.bind({ leaf: 0, context: 1 })
  assert.deepEqual(
    (await receiver.retry(100)).map((p) => p.frame),
    ["a", "b"],
  )
  assert.deepEqual(receiver.counts, { ...none, passed: 2 })
})

test("frames of an epoch to come wait for its keys, in order", async () => {
  const { receiver, receiving, sending, frame } = await pair()
  sending.add(await keysOf(2, 0), 10)
  assert.equal(await receiver.receive("a", "VP9", await frame(211), 220), null)
  assert.equal(await receiver.receive("b", "VP9", await frame(212), 230), null)
  assert.equal(receiver.newer, true)
  receiving.add(await keysOf(2, 1), 240)
  assert.deepEqual(
    (await receiver.retry(240)).map((p) => p.frame),
    ["a", "b"],
  )
})

test("they wait 500 ms, and 64 of them at most", async () => {
  const { receiver, receiving, sending, frame } = await pair()
  sending.add(await keysOf(2, 0), 0)
  for (let i = 0; i < 70; i++) await receiver.receive(String(i), "VP9", await frame(300), 300)
  assert.equal(receiver.counts.noKey, 6)
  receiving.add(await keysOf(2, 1), 700)
  assert.equal((await receiver.retry(799)).length, 64)
  for (let i = 0; i < 3; i++) await receiver.receive("x", "VP9", await frame(800), 800)
  sending.add(await keysOf(3, 0), 800)
  for (let i = 0; i < 3; i++) await receiver.receive("y", "VP9", await frame(1001), 1001)
  receiver.expire(1500)
  assert.equal(receiver.holds, true)
  receiver.expire(1501)
  assert.equal(receiver.counts.noKey, 9)
})

test("sealing changes over after 200 ms, at once if somebody was removed", async () => {
  const ring = new KeyRing()
  const kidAt = (now: number): number => Number((ring.grant(1, now)?.kid ?? -1n) & 0xffn)
  assert.deepEqual(ring.add(await keysOf(1, 0), 1000), { added: false, sealsAt: 1000 })
  assert.equal(kidAt(1000), 1)
  assert.deepEqual(ring.add(await keysOf(2, 0, { members: [0, 1, 2] }), 2000), { added: true, sealsAt: 2200 })
  assert.equal(kidAt(2199), 1)
  assert.equal(kidAt(2200), 2)
  assert.deepEqual(ring.add(await keysOf(3, 0, { members: [0, 1], removed: [2] }), 3000), { added: false, sealsAt: 3000 })
  assert.equal(kidAt(3000), 3)
  assert.deepEqual(ring.add(await keysOf(4, 0, { members: [0, 1], removed: [1] }), 4000), { added: true, sealsAt: 4000 })
})

test("counters never start again", async () => {
  const ring = new KeyRing()
  ring.add(await keysOf(1, 0), 0)
  assert.deepEqual([ring.grant(1, 0)?.ctr, ring.grant(2, 0)?.ctr, ring.grant(1, 0)?.ctr], [0, 0, 1])
  assert.equal(ring.add(await keysOf(1, 0), 0), null, "the same epoch again")
  assert.equal(ring.add(await keysOf(0, 0), 0), null, "an older epoch")
  assert.equal(ring.grant(1, 0)?.ctr, 2)
})

test("old keys end after 3 s, after 1 s if somebody was removed, at once for the removed", async () => {
  const ring = new KeyRing()
  const opens = (epochByte: number, leaf: number, now: number): boolean => {
    const opener = ring.opener({ epochByte, leaf, context: 1 }, now)
    return opener !== null && opener !== "newer"
  }
  ring.add(await keysOf(255, 0, { members: [0, 1, 2] }), 0)
  ring.add(await keysOf(256, 0, { members: [0, 1, 2] }), 1000)
  assert.equal(opens(255, 1, 3999), true)
  assert.equal(opens(255, 1, 4000), false)
  assert.equal(ring.opener({ epochByte: 1, leaf: 1, context: 1 }, 1000), "newer")
  ring.add(await keysOf(257, 0, { members: [0, 1], removed: [2] }), 1500)
  assert.equal(opens(0, 2, 1500), false, "removed")
  assert.equal(opens(255, 2, 1500), false, "removed, older epoch")
  assert.equal(opens(0, 1, 2499), true)
  assert.equal(opens(0, 1, 2500), false)
  assert.equal(opens(255, 1, 2500), false, "the shorter time holds for all before")
  assert.equal(ring.expire(2000), 2500)
  assert.equal(ring.expire(2500), null)
  assert.equal(opens(1, 1, 99999), true)
  ring.forget()
  assert.equal(ring.empty, true)
  assert.equal(ring.grant(1, 0), null)
})

test("an old epoch does not come back 256 epochs later", async () => {
  const { receiver, receiving, frame } = await pair(1)
  const old = await frame(0)
  receiving.add(await keysOf(257, 1, { base: 77 }), 0)
  receiving.expire(5000)
  assert.equal(await receiver.receive("a", "VP9", old, 5000), null)
  assert.deepEqual(receiver.counts, { ...none, forged: 1 })
})

test("no bit may be turned and no byte may be missing, for every codec", async () => {
  const { sending, receiver } = await pair()
  const vp8 = Uint8Array.of(0x10, 1, 2, 0x9d, 1, 0x2a, 64, 1, 240, 0, 9, 9)
  const frames = [
    { ...encoded, codec: "VP8", key: true, data: vp8 },
    { ...encoded, codec: "VP8" },
    { ...encoded, codec: "VP9" },
    { ...encoded, codec: "AV1", key: true },
  ] as const
  for (const frame of frames) {
    const wire = await new Sender(sending, 1).send(frame, 0)
    assert.ok(wire)
    for (let bit = 0; bit < 8 * wire.length; bit++) {
      const turned = wire.slice()
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(await receiver.receive("x", frame.codec, turned, 1), null)
    }
    for (let size = 0; size < wire.length; size++) assert.equal(await receiver.receive("x", frame.codec, wire.slice(0, size), 1), null)
    assert.deepEqual((await receiver.receive("x", frame.codec, wire, 600))?.data, frame.data)
  }
})

test("sound carries its loudness and tells nothing by its size", async () => {
  const { sending, receiving } = await pair()
  const receiver = new Receiver<string>(receiving, "audio")
  receiver.bind({ leaf: 0, context: 0 })
  const sender = new Sender(sending, 0)
  const sizes = new Set<number>()
  for (const [size, linear, level, voice] of [
    [1, 1, 0, true],
    [3, 0.1, 20, true],
    [80, 0.001, 60, false],
    [93, 0, 127, false],
    [50, undefined, 127, false],
  ] as const) {
    const data = new Uint8Array(size).fill(0xee)
    const wire = await sender.send({ codec: "opus", key: false, data, audioLevel: linear, ssrc: 1 }, 0)
    assert.ok(wire)
    sizes.add(wire.length)
    const passed = await receiver.receive("s", "opus", wire, 1)
    assert.deepEqual(passed, { frame: "s", data, loudness: { level, voice } })
  }
  assert.equal(sizes.size, 1)
})

test("layers share one counter: whichever of them is forwarded, and whenever that changes, every frame passes", async () => {
  const { receiver, sender } = await pair()
  const layers = [1, 2, 3] // SSRCs of simulcast, or spatial layers of one picture
  const wires: Bytes[][] = []
  for (let picture = 0; picture < 60; picture++) {
    const all: Bytes[] = []
    for (const ssrc of layers) {
      const sealed = await sender.send({ ...encoded, ssrc, data: Uint8Array.of(ssrc, picture) }, 0)
      assert.ok(sealed)
      all.push(sealed)
    }
    wires.push(all)
  }
  // The largest; then the smallest alone, which comes late where the network is bad; then two spatial layers of each picture.
  const forwarded = [
    ...wires.slice(0, 20).map((all) => all[2]),
    ...wires.slice(15, 40).map((all) => all[0]),
    ...wires.slice(40).flatMap((all) => all.slice(0, 2)),
  ]
  for (const wire of forwarded) {
    assert.ok(wire)
    assert.ok((await receiver.receive("x", "VP9", wire, 1)) !== null)
  }
  assert.deepEqual(receiver.counts, { ...none, passed: forwarded.length })
  assert.ok(forwarded[3])
  assert.equal(await receiver.receive("x", "VP9", forwarded[3], 1), null)
  assert.equal(receiver.counts.replayed, 1)
  const streams = sender.streams.map(({ ssrc, came, passed }) => [ssrc, came, passed])
  assert.deepEqual(streams, [
    [1, 60, 60],
    [2, 60, 60],
    [3, 60, 60],
  ])
})

test("a layer that comes eleven seconds after another, or out of order, still passes; older frames do not", async () => {
  const { receiver, sender } = await pair()
  const wires: Bytes[] = []
  for (let i = 0; i < 1100; i++) {
    const sealed = await sender.send({ ...encoded, ssrc: i % 3 }, 0)
    assert.ok(sealed)
    wires.push(sealed)
  }
  const passes = async (i: number): Promise<boolean> => {
    const wire = wires[i]
    assert.ok(wire)
    return (await receiver.receive("x", "VP9", wire, 1)) !== null
  }
  assert.ok(await passes(1099))
  assert.ok(await passes(1099 - 990), "30 pictures a second of three layers, for 11 s")
  assert.equal(await passes(1099 - 1024), false, "beyond the window")
})

test("without a key each layer is counted as come, and none as sealed", async () => {
  const sender = new Sender(new KeyRing(), 1)
  await sender.send(encoded, 0)
  await sender.send({ ...encoded, ssrc: 2 }, 0)
  assert.deepEqual(sender.streams, [
    { ssrc: 1, came: 1, passed: 0 },
    { ssrc: 2, came: 1, passed: 0 },
  ])
})
