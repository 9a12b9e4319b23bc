/**
 * The media worker: every encoded frame of the call passes through here, and
 * nothing else does. Outgoing frames leave sealed or not at all; incoming ones
 * reach the decoder opened or not at all. It prints, fetches and stores
 * nothing. This file only joins the browser's objects to the pure parts.
 */

import { type Loudness, loudness } from "./frame.ts"
import { KeyRing } from "./keys.ts"
import { Pace, Stuck } from "./pace.ts"
import {
  type Context,
  type Counts,
  type FromMedia,
  type Grade,
  type Keys,
  MICROPHONE,
  reaches,
  SCREEN_AUDIO,
  type ToMedia,
  type TransformOptions,
} from "./port.ts"
import { HELD_MS, type Owner, type Passed, Receiver } from "./receive.ts"
import { Sender } from "./send.ts"
import { codecOf } from "./shim.ts"

const LEVELS_MS = 100 // between two reports of loudness
const MEASURED_MS = 500 // for which what was measured at the microphone holds
const ASK_MS = 500 // between two key-frame requests of one receiver
const GENERATE_MS = 2000 // between two key frames made for newcomers

type Frame = RTCEncodedAudioFrame | RTCEncodedVideoFrame

/** RTCRtpScriptTransformer; generateKeyFrame is not in every browser. */
interface Transformer {
  readonly readable: ReadableStream<Frame>
  readonly writable: WritableStream<Frame>
  readonly options: TransformOptions
  readonly sendKeyFrameRequest?: () => Promise<void>
  readonly generateKeyFrame?: (rid?: string) => Promise<unknown>
}

/** What both browsers say of a frame, as far as it is needed. */
interface Metadata {
  readonly mimeType?: string
  readonly audioLevel?: number
  readonly synchronizationSource?: number
}

interface Outgoing {
  readonly sender: Sender
  readonly context: Context
  readonly grade: Grade
  readonly video: boolean
  readonly transformer: Transformer
  readonly pace: Pace // of key frames that are asked for to go on
}

/** Whose frames pass, and which order of the page says so. */
interface Bound {
  readonly from: Owner | null
  readonly turn: number
}

interface Incoming {
  readonly receiver: Receiver<Frame>
  readonly transformer: Transformer
  readonly video: boolean
  readonly pace: Pace
  out: TransformStreamDefaultController<Frame> | null
  /** Frames and retries, one after the other. */
  work: Promise<void>
  hungry: boolean // frames were lost: the decoder needs a key frame
  expiring: boolean // a timer watches over held frames
  asking: boolean // a request is waiting for its time
  turn: number // of the last bind
  announced: boolean // "opened" was posted since then
}

const ring = new KeyRing()
const stuck = new Stuck()
const generating = new Pace(GENERATE_MS)
const least = new Map<Context, Grade>() // below which nothing of a source leaves
const outgoing = new Map<string, Outgoing>()
const incoming = new Map<string, Incoming>()
const bound = new Map<string, Bound>() // also of transforms that are still to come
const levels = new Map<string, Loudness>() // the loudest since the last report
let reporting = false
let generatingSoon = false
let keysPort: MessagePort | null = null
let microphone = { linear: 0, at: Number.NEGATIVE_INFINITY } // as last measured by the page
let expiring: ReturnType<typeof setTimeout> | undefined

const now = (): number => performance.now()
const post = (message: FromMedia): void => self.postMessage(message)
const held = (context: Context, grade: Grade): boolean => !reaches(grade, least.get(context) ?? "raw")

// ---- Sending ----

function attachSender(transformer: Transformer, options: Extract<TransformOptions, { side: "send" }>): void {
  const { id, context, grade } = options
  const kind = context === MICROPHONE || context === SCREEN_AUDIO ? "audio" : "video"
  const sender = new Sender(ring, context)
  sender.hold(held(context, grade))
  const stream: Outgoing = { sender, context, grade, video: kind === "video", transformer, pace: new Pace(ASK_MS) }
  const sealing = new TransformStream<Frame, Frame>({
    async transform(frame, out) {
      const { mimeType, audioLevel, synchronizationSource: ssrc = 0 } = frame.getMetadata() as Metadata
      const key = "type" in frame && frame.type === "key"
      const level = audioLevel ?? (context === MICROPHONE ? measured() : undefined)
      const encoded = { codec: codecOf(mimeType, kind), key, data: new Uint8Array(frame.data), audioLevel: level, ssrc }
      const sealed = await sender.send(encoded, now()).catch(() => null)
      if (sender.waits) beginAnew(id, stream)
      if (sealed === null) return
      if (context === MICROPHONE) hear(id, loudness(level))
      frame.data = sealed.buffer
      out.enqueue(frame)
    },
  })
  outgoing.set(id, stream)
  run(transformer, sealing, () => outgoing.get(id) === stream && outgoing.delete(id))
  post({ on: "attached", id })
}

/** A stream that was held goes on with a key frame: the encoder is asked here, or where it does not listen by the page. */
function beginAnew(id: string, { transformer, pace }: Outgoing): void {
  if (pace.wait(now()) > 0) return
  if (transformer.generateKeyFrame === undefined) post({ on: "waits", id })
  else transformer.generateKeyFrame().catch(() => undefined) // refused while nothing is being encoded
}

function want(context: Context, grade: Grade): void {
  least.set(context, grade)
  for (const stream of outgoing.values()) if (stream.context === context) stream.sender.hold(held(context, stream.grade))
}

const measured = (): number | undefined => (now() - microphone.at < MEASURED_MS ? microphone.linear : undefined)

/** Newcomers can show nothing before a key frame under their first keys. */
function generateKeyFrames(): void {
  if (generatingSoon) return
  const wait = generating.wait(now())
  if (wait > 0) {
    generatingSoon = true
    setTimeout(() => {
      generatingSoon = false
      generateKeyFrames()
    }, wait)
    return
  }
  for (const { video, transformer } of outgoing.values()) {
    if (video) transformer.generateKeyFrame?.().catch(() => undefined) // refused while nothing is being encoded
  }
}

// ---- Receiving ----

function attachReceiver(transformer: Transformer, options: Extract<TransformOptions, { side: "receive" }>): void {
  const { id, kind } = options
  const receiver = new Receiver<Frame>(ring, kind)
  receiver.bind(bound.get(id)?.from ?? null)
  const stream: Incoming = {
    receiver,
    transformer,
    video: kind === "video",
    pace: new Pace(ASK_MS),
    out: null,
    work: Promise.resolve(),
    hungry: true,
    expiring: false,
    asking: false,
    turn: bound.get(id)?.turn ?? 0,
    announced: false,
  }
  const opening = new TransformStream<Frame, Frame>({
    start: (out) => {
      stream.out = out
    },
    transform: (frame) =>
      enqueue(stream, async () => {
        const { mimeType } = frame.getMetadata() as Metadata
        const before = lost(receiver)
        const passed = await receiver.receive(frame, codecOf(mimeType, kind), new Uint8Array(frame.data), now())
        if (passed !== null) pass(id, stream, passed)
        if (lost(receiver) > before) stream.hungry = true
        if (receiver.holds) expireHeld(stream)
        if (receiver.newer) watch(receiver)
      }),
  })
  incoming.set(id, stream)
  run(transformer, opening, () => incoming.get(id) === stream && incoming.delete(id))
  post({ on: "attached", id })
}

/** One after the other, and no failure stops the next. */
function enqueue(stream: Incoming, step: () => Promise<void>): Promise<void> {
  stream.work = stream.work.then(step).catch(() => undefined)
  return stream.work
}

function pass(id: string, stream: Incoming, { frame, data, loudness }: Passed<Frame>): void {
  frame.data = data.buffer
  stream.out?.enqueue(frame)
  if ("type" in frame && frame.type === "key") stream.hungry = false
  if (!stream.announced) {
    stream.announced = true
    post({ on: "opened", id, turn: stream.turn })
  }
  if (!stream.video) hear(id, loudness)
}

const lost = ({ counts }: Receiver<Frame>): number => counts.noKey + counts.foreign

/** Drops held frames in time, also when no further frame comes. */
function expireHeld(stream: Incoming): void {
  if (stream.expiring) return
  stream.expiring = true
  setTimeout(() => {
    const before = lost(stream.receiver)
    stream.expiring = false
    stream.receiver.expire(now())
    if (lost(stream.receiver) > before) stream.hungry = true
    if (stream.receiver.holds) expireHeld(stream)
  }, HELD_MS)
}

function watch(receiver: Receiver<Frame>): void {
  receiver.newer = false
  if (!ring.empty && stuck.seen(now())) post({ on: "stuck" })
}

/** Looks again at what was held back, then asks for a key frame if there is still need. */
function retry(id: string, stream: Incoming): void {
  void enqueue(stream, async () => {
    for (const passed of await stream.receiver.retry(now())) pass(id, stream, passed)
    if (stream.hungry && !ring.empty) askKeyFrame(stream)
  })
}

function askKeyFrame(stream: Incoming): void {
  if (!stream.video || stream.asking) return
  const wait = stream.pace.wait(now())
  if (wait === 0) {
    stream.transformer.sendKeyFrameRequest?.().catch(() => undefined) // refused before the first packet
    return
  }
  stream.asking = true
  setTimeout(() => {
    stream.asking = false
    if (stream.hungry) askKeyFrame(stream)
  }, wait)
}

function hear(id: string, loudness: Loudness): void {
  const before = levels.get(id)
  if (before === undefined || loudness.level < before.level) levels.set(id, loudness)
  if (reporting) return
  reporting = true
  setTimeout(() => {
    reporting = false
    const report = Array.from(levels, ([of, { level, voice }]) => ({ id: of, level, voice }))
    levels.clear()
    if (report.length > 0) post({ on: "levels", levels: report })
  }, LEVELS_MS)
}

// ---- Keys and orders ----

function run(transformer: Transformer, through: TransformStream<Frame, Frame>, ended: () => void): void {
  transformer.readable.pipeThrough(through).pipeTo(transformer.writable).then(ended, ended)
}

function forget(): void {
  ring.forget()
  stuck.reset()
  levels.clear()
  for (const { receiver } of incoming.values()) receiver.clear()
}

/** Deletes old keys when their time is over, also when no frame comes. */
function expire(): void {
  const next = ring.expire(now())
  clearTimeout(expiring)
  if (next !== null) expiring = setTimeout(expire, Math.max(1, next - now()))
}

function takeKeys(keys: Keys): void {
  if (keys.epoch === -1 || !("leaf" in keys)) {
    forget()
    return
  }
  const change = ring.add(keys, now())
  if (change === null) return
  stuck.reset()
  expire()
  for (const [id, stream] of incoming) retry(id, stream)
  if (change.added) setTimeout(generateKeyFrames, Math.max(0, change.sealsAt - now()))
}

function bind(id: string, { from, turn }: Bound): void {
  if (from === null) bound.delete(id)
  else bound.set(id, { from, turn })
  levels.delete(id) // loudness of whoever was bound before
  const stream = incoming.get(id)
  if (stream === undefined) return
  stream.receiver.bind(from)
  stream.turn = turn
  stream.announced = false
  stream.hungry = true
  if (from !== null) retry(id, stream)
}

function count(): readonly Counts[] {
  return [
    ...Array.from(outgoing, ([id, { sender }]) => ({ id, side: "send" as const, ...sender.counts, streams: sender.streams })),
    ...Array.from(incoming, ([id, { receiver }]) => ({ id, side: "receive" as const, ...receiver.counts, streams: [] })),
  ]
}

function open(keys: MessagePort): void {
  keysPort?.close()
  keysPort = keys
  keys.onmessage = (event: MessageEvent<Keys>) => takeKeys(event.data)
}

self.onmessage = (event: MessageEvent<ToMedia>) => {
  const message = event.data
  switch (message.do) {
    case "open":
      open(message.keys)
      break
    case "bind":
      bind(message.id, message)
      break
    case "loudness":
      microphone = { linear: message.linear, at: now() }
      break
    case "least":
      want(message.context, message.grade)
      break
    case "count":
      post({ on: "counts", counts: count() })
      break
    case "forget":
      keysPort?.close()
      keysPort = null
      forget()
      break
  }
}

self.addEventListener("rtctransform", (event) => {
  if (!("transformer" in event)) return
  const transformer = event.transformer as Transformer
  const { options } = transformer
  if (options.side === "send") attachSender(transformer, options)
  else attachReceiver(transformer, options)
})
