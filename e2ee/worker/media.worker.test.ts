import assert from "node:assert/strict"
import test from "node:test"
import { equal } from "./bytes.ts"
import type { Counts, FromMedia, Keys, ToMedia, TransformOptions } from "./port.ts"
import { importBaseKey } from "./sframe.ts"

/** What the worker sees as its global object. */
const scope = new EventTarget() as EventTarget & { postMessage(m: FromMedia): void; onmessage?: (event: { data: ToMedia }) => void }
const said: FromMedia[] = []
scope.postMessage = (message) => said.push(message)
Object.assign(globalThis, { self: scope })
await import("./media.worker.ts")

const tell = (data: ToMedia): void => scope.onmessage?.({ data })
const port = { onmessage: null as ((event: { data: Keys }) => void) | null, close: () => undefined }
tell({ do: "open", keys: port as unknown as MessagePort })

interface FakeFrame {
  data: ArrayBuffer
  readonly type: "key" | "delta" | undefined
  getMetadata(): { readonly mimeType: string; readonly audioLevel?: number; readonly synchronizationSource?: number }
}

const frameOf = (mimeType: string, bytes: readonly number[], type?: "key" | "delta"): FakeFrame => ({
  data: Uint8Array.from(bytes).buffer,
  type,
  getMetadata: () => ({ mimeType, audioLevel: 0.1, synchronizationSource: 7 }),
})

/** A transform, its encoder's end and its packetizer's end. */
function attach(options: TransformOptions) {
  const [before, after] = [new TransformStream<FakeFrame>(), new TransformStream<FakeFrame>()]
  const asked: string[] = []
  const transformer = {
    options,
    readable: before.readable,
    writable: after.writable,
    sendKeyFrameRequest: async () => void asked.push("request"),
    generateKeyFrame: async () => void asked.push("generate"),
  }
  scope.dispatchEvent(Object.assign(new Event("rtctransform"), { transformer }))
  const [writer, reader] = [before.writable.getWriter(), after.readable.getReader()]
  const out: FakeFrame[] = []
  const collect = async (): Promise<void> => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) out.push(next.value)
  }
  void collect()
  return { out, asked, put: (frame: FakeFrame): void => void writer.write(frame), end: () => writer.close() }
}

async function keys(epoch: number, members: readonly number[], removed: readonly number[] = []): Promise<void> {
  const baseKey = await importBaseKey(new Uint8Array(32).fill(epoch))
  port.onmessage?.({ data: { epoch, baseKey, leaf: 3, members, removed } })
}

/** Waits, a minute at most, for something that is on its way. */
async function until(what: () => boolean): Promise<void> {
  const end = performance.now() + 60_000
  while (!what() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 2))
  assert.ok(what())
}

function counts(id: string): Counts | undefined {
  tell({ do: "count" })
  const last = said.at(-1)
  assert.equal(last?.on, "counts")
  return last.on === "counts" ? last.counts.find((c) => c.id === id) : undefined
}

const times = (on: FromMedia["on"], id: string): number => said.filter((m) => m.on === on && "id" in m && m.id === id).length

// One story: the worker has one set of keys, as in a call.
test("frames leave sealed or not at all, and arrive opened or not at all", async () => {
  const plain = [9, 8, 7, 6]
  const sending = attach({ side: "send", id: "out", context: 1, grade: "raw" })
  const receiving = attach({ side: "receive", id: "in", kind: "video" })
  assert.equal(times("attached", "out"), 1)
  assert.equal(times("attached", "in"), 1)

  sending.put(frameOf("video/VP9", plain, "key"))
  await until(() => counts("out")?.noKey === 1)
  assert.equal(sending.out.length, 0, "no key, no frame")

  await keys(1, [3])
  sending.put(frameOf("video/VP9", plain, "key"))
  sending.put(frameOf("video/H264", plain, "key"))
  sending.put(frameOf("video/VP9", plain, "delta"))
  await until(() => sending.out.length === 2)
  assert.deepEqual(counts("out"), {
    id: "out",
    side: "send",
    passed: 2,
    noKey: 1,
    forged: 1,
    replayed: 0,
    foreign: 0,
    streams: [{ ssrc: 7, came: 4, passed: 2 }],
  })
  for (const { data } of sending.out) assert.equal(new Uint8Array(data).length, 4 + 1 + 16 + 4)

  const [first, second] = sending.out.map(({ data }) => Array.from(new Uint8Array(data)))
  assert.ok(first && second)
  receiving.put(frameOf("video/VP9", first, "key"))
  receiving.put(frameOf("video/VP9", plain, "key"))
  await until(() => counts("in")?.forged === 1)
  assert.equal(receiving.out.length, 0, "not bound, or never sealed")

  tell({ do: "bind", id: "in", turn: 1, from: { leaf: 3, context: 1 } })
  let again = false // it is kept for half a second, less than a machine may stand still
  await until(() => {
    if (!again && counts("in")?.foreign === 1) {
      again = true
      receiving.put(frameOf("video/VP9", first, "key"))
    }
    return receiving.out.length === 1
  })
  assert.equal(times("opened", "in"), 1)
  receiving.put(frameOf("video/VP9", second, "delta"))
  receiving.put(frameOf("video/VP9", second, "delta"))
  await until(() => counts("in")?.replayed === 1)
  assert.equal(receiving.out.length, 2)
  assert.ok(receiving.out.every(({ data }) => equal(new Uint8Array(data), Uint8Array.from(plain))))
  assert.equal(times("opened", "in"), 1, "said once for each binding")

  await keys(2, [3, 4])
  await until(() => sending.asked.includes("generate"))
  tell({ do: "bind", id: "in", turn: 2, from: { leaf: 4, context: 1 } })
  await until(() => receiving.asked.includes("request"))

  port.onmessage?.({ data: { epoch: -1 } })
  sending.put(frameOf("video/VP9", plain, "key"))
  receiving.put(frameOf("video/VP9", first, "key"))
  await until(() => counts("out")?.noKey === 2)
  assert.deepEqual([sending.out.length, receiving.out.length], [2, 2], "forgotten")

  await Promise.all([sending.end(), receiving.end()])
  await until(() => counts("out") === undefined && counts("in") === undefined)
})

test("what shows more than it may does not leave, and goes on with a key frame, asked for where it does not come", async () => {
  await keys(1, [3])
  const camera = attach({ side: "send", id: "camera", context: 1, grade: "raw" })
  const screen = attach({ side: "send", id: "screen", context: 2, grade: "raw" })
  const came = (id: string): number => counts(id)?.streams[0]?.came ?? 0
  const put = async (type: "key" | "delta"): Promise<void> => {
    const before = came("camera")
    for (const stream of [camera, screen]) stream.put(frameOf("video/VP9", [1, 2, 3], type))
    await until(() => came("camera") > before)
  }
  await put("key")
  await until(() => camera.out.length === 1)

  tell({ do: "least", context: 1, grade: "treated" })
  for (const type of ["delta", "key", "delta"] as const) await put(type)
  await until(() => screen.out.length === 4)
  assert.equal(camera.out.length, 1)
  assert.deepEqual(camera.asked, [])
  const masked = attach({ side: "send", id: "masked", context: 1, grade: "masked" })
  masked.put(frameOf("video/VP9", [1], "key"))
  await until(() => masked.out.length === 1)
  const later = attach({ side: "send", id: "later", context: 1, grade: "raw" })
  later.put(frameOf("video/VP9", [1], "key"))
  await until(() => came("later") === 1)

  tell({ do: "least", context: 1, grade: "raw" })
  await put("delta")
  await until(() => camera.asked.length === 1 && screen.out.length === 5)
  assert.deepEqual([camera.out.length, later.out.length, screen.out.length], [1, 0, 5], "what was encoded before does not leave late")
  await put("key")
  await put("delta")
  await until(() => camera.out.length === 3)
  later.put(frameOf("video/VP9", [1], "key"))
  await until(() => later.out.length === 1)
  await Promise.all([camera, screen, later, masked].map((stream) => stream.end()))
})

test("a browser that tells no loudness is helped with what the page has measured", async () => {
  const sending = attach({ side: "send", id: "quiet", context: 0, grade: "raw" })
  const silent = { ...frameOf("audio/opus", [1, 2, 3]), getMetadata: () => ({ mimeType: "audio/opus" }) }
  await keys(1, [3])
  const levels = () => said.flatMap((m) => (m.on === "levels" ? m.levels : [])).filter((l) => l.id === "quiet")
  await until(() => {
    tell({ do: "loudness", linear: 0.1 }) // as a page does all the time: it holds for half a second
    sending.put(silent)
    return levels().length > 0
  })
  assert.deepEqual(levels()[0], { id: "quiet", level: 20, voice: true })
  tell({ do: "forget" })
  await sending.end()
})

test("loudness is told now and then", async () => {
  const sending = attach({ side: "send", id: "voice", context: 0, grade: "raw" })
  await keys(1, [3])
  for (let i = 0; i < 3; i++) sending.put(frameOf("audio/opus", [1, 2, 3]))
  await until(() => sending.out.length === 3)
  tell({ do: "bind", id: "ear", turn: 1, from: { leaf: 3, context: 0 } })
  const receiving = attach({ side: "receive", id: "ear", kind: "audio" })
  for (const { data } of sending.out) receiving.put(frameOf("audio/opus", Array.from(new Uint8Array(data))))
  const levels = () => said.flatMap((m) => (m.on === "levels" ? m.levels : []))
  const of = (id: string) => levels().filter((l) => l.id === id)
  await until(() => receiving.out.length === 3 && of("ear").length > 0)
  for (const told of of("ear")) assert.deepEqual(told, { id: "ear", level: 20, voice: true }) // once, where the machine is fast
  assert.deepEqual(of("voice")[0], { id: "voice", level: 20, voice: true }, "of the own microphone too")
  assert.equal(receiving.asked.length, 0, "sound has no key frames")
  tell({ do: "forget" })
  sending.put(frameOf("audio/opus", [1, 2, 3]))
  await until(() => counts("voice")?.noKey === 1)
  await Promise.all([sending.end(), receiving.end()])
})
