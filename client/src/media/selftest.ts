/**
 * Proves, before a codec is used, that this browser lets its frames be sealed
 * and opened: a call with itself, through a media worker of its own.
 */

import {
  CAMERA,
  type Counts,
  type FromMedia,
  type Keys,
  MICROPHONE,
  type ToMedia,
  type TransformOptions,
} from "../../../e2ee/worker/port.ts"
import { startMediaWorker } from "../crypto/port.ts"
import { prefer, SEALED } from "./connection.ts"

const TIMEOUT_MS = 5000 // DTLS alone takes over a second when its first flight is lost
const POLL_MS = 25
const FRAMES = 3 // enough to know that it was not chance
const EPOCH = 1
const LEAF = 0
const [WIDTH, HEIGHT] = [320, 180]
const RATE = 48_000 // of the tone, in Hz
const HERTZ = 440
const CHUNK = 480 // samples written at once: 10 ms

type Tested = "opus" | "VP8" | "VP9" | "AV1"
export type Verdict = "passed" | "failed" | "unknown"

/** A made-up source, and how to end it. */
interface Source {
  readonly track: MediaStreamTrack
  end(): void
}

/** A picture that changes all the time. Needs no permission. */
function pictures(): Source {
  const canvas = document.createElement("canvas")
  canvas.width = WIDTH
  canvas.height = HEIGHT
  const brush = canvas.getContext("2d")
  const [track] = canvas.captureStream().getVideoTracks()
  if (brush === null || track === undefined) throw new Error("selftest: no canvas")
  let step = 0
  const draw = (): void => {
    brush.fillStyle = `hsl(${(step * 37) % 360} 80% 50%)`
    brush.fillRect((step++ * 16) % WIDTH, 0, WIDTH / 2, HEIGHT)
  }
  draw()
  const timer = setInterval(draw, POLL_MS)
  return {
    track,
    end() {
      clearInterval(timer)
      track.stop()
    },
  }
}

/**
 * A tone that nobody hears. Needs no permission, and no click: before one,
 * Chromium runs no AudioContext, but writes what it is given to a generated
 * track; Firefox has no such track, and its context feeds a stream at once.
 */
function tone(): Source {
  const Generator = (globalThis as { MediaStreamTrackGenerator?: TrackGenerator }).MediaStreamTrackGenerator
  return Generator === undefined || typeof AudioData === "undefined" ? oscillatorTone() : writtenTone(Generator)
}

type TrackGenerator = new (init: { kind: "audio" }) => MediaStreamTrack & { readonly writable: WritableStream<AudioData> }

function writtenTone(Generator: TrackGenerator): Source {
  const track = new Generator({ kind: "audio" })
  const writer = track.writable.getWriter()
  let written = 0
  const write = (): void => {
    const data = Float32Array.from({ length: CHUNK }, (_, i) => 0.5 * Math.sin((2 * Math.PI * HERTZ * (written + i)) / RATE))
    const timestamp = (written * 1e6) / RATE
    written += CHUNK
    const init = { format: "f32-planar", sampleRate: RATE, numberOfFrames: CHUNK, numberOfChannels: 1, timestamp, data } as const
    writer.write(new AudioData(init)).catch(() => undefined) // the track has been stopped
  }
  const timer = setInterval(write, (CHUNK * 1000) / RATE)
  return {
    track,
    end() {
      clearInterval(timer)
      track.stop()
    },
  }
}

function oscillatorTone(): Source {
  const context = new AudioContext()
  const oscillator = context.createOscillator()
  const destination = context.createMediaStreamDestination()
  oscillator.connect(destination)
  oscillator.start()
  const [track] = destination.stream.getAudioTracks()
  if (track === undefined) throw new Error("selftest: no tone")
  return {
    track,
    end() {
      track.stop()
      void context.close()
    },
  }
}

/** The worker's side: a key, two transforms, and their counts. */
class Bench {
  readonly worker = startMediaWorker()
  readonly #keys = new MessageChannel()
  readonly #attached = new Set<string>()
  #counts: readonly Counts[] = []
  #wake: () => void = () => undefined

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<FromMedia>) => {
      if (data.on === "attached") this.#attached.add(data.id)
      if (data.on === "counts") this.#counts = data.counts
      this.#wake()
    }
    this.#order({ do: "open", keys: this.#keys.port2 }, [this.#keys.port2])
  }

  #order(message: ToMedia, move: Transferable[] = []): void {
    this.worker.postMessage(message, move)
  }

  /** Gives a random key, in the way of the group worker. */
  async open(context: typeof CAMERA | typeof MICROPHONE): Promise<void> {
    const random = crypto.getRandomValues(new Uint8Array(32))
    const baseKey = await crypto.subtle.importKey("raw", random, "HKDF", false, ["deriveKey", "deriveBits"])
    random.fill(0)
    this.#keys.port1.postMessage({ epoch: EPOCH, baseKey, leaf: LEAF, members: [LEAF], removed: [] } satisfies Keys)
    this.#order({ do: "bind", id: "in", turn: 1, from: { leaf: LEAF, context } })
  }

  transform(options: TransformOptions): RTCRtpScriptTransform {
    return new RTCRtpScriptTransform(this.worker, options)
  }

  /** Waits for the next message of the worker until `id` is attached. */
  async attached(id: string): Promise<void> {
    while (!this.#attached.has(id)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Whether enough frames were sealed, and enough of them opened. Asks for newer counts. */
  sealedAndOpened(): boolean {
    this.#order({ do: "count" })
    const enough = (id: string): boolean => (this.#counts.find((c) => c.id === id)?.passed ?? 0) >= FRAMES
    return enough("out") && enough("in")
  }

  end(): void {
    this.#order({ do: "forget" })
    this.worker.terminate()
    this.#keys.port1.close()
  }
}

async function join(from: RTCPeerConnection, to: RTCPeerConnection): Promise<void> {
  from.onicecandidate = ({ candidate }) => void to.addIceCandidate(candidate ?? undefined).catch(() => undefined)
  to.onicecandidate = ({ candidate }) => void from.addIceCandidate(candidate ?? undefined).catch(() => undefined)
  const offer = await from.createOffer()
  await Promise.all([from.setLocalDescription(offer), to.setRemoteDescription(offer)])
  const answer = await to.createAnswer()
  await Promise.all([to.setLocalDescription(answer), from.setRemoteDescription(answer)])
}

/** Whether the decoder has made something of what it was given. */
async function decoded(connection: RTCPeerConnection): Promise<boolean> {
  for (const report of (await connection.getStats()).values()) {
    const { type, framesDecoded, totalSamplesReceived, concealedSamples } = report as RTCInboundRtpStreamStats
    if (type !== "inbound-rtp") continue
    if ((framesDecoded ?? 0) > 0) return true
    if ((totalSamplesReceived ?? 0) > (concealedSamples ?? 0)) return true
  }
  return false
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, POLL_MS))

async function run(
  codec: Tested,
  cleanup: (() => void)[],
  running: () => boolean,
  verdict: (now: Verdict) => void, // what to say if time is up
): Promise<Verdict> {
  const kind = codec === "opus" ? "audio" : "video"
  const context = codec === "opus" ? MICROPHONE : CAMERA
  const bench = new Bench()
  cleanup.push(() => bench.end())
  const [from, to] = [new RTCPeerConnection(SEALED), new RTCPeerConnection(SEALED)]
  cleanup.push(
    () => from.close(),
    () => to.close(),
  )
  const listener = document.createElement(kind) // Chromium decodes sound only for an element
  listener.muted = true
  cleanup.push(() => {
    listener.srcObject = null
  })
  to.ontrack = ({ receiver, track }) => {
    receiver.transform = bench.transform({ side: "receive", id: "in", kind })
    listener.srcObject = new MediaStream([track])
    listener.play().catch(() => undefined) // refused before a click: then there is no sound to decode
  }
  const transceiver = from.addTransceiver(kind, { direction: "sendonly" })
  transceiver.sender.transform = bench.transform({ side: "send", id: "out", context, grade: "raw" })
  if (!prefer(transceiver, kind, codec)) return "failed"
  const source = kind === "audio" ? tone() : pictures()
  cleanup.push(() => source.end())
  await Promise.all([bench.open(context), join(from, to), bench.attached("out")])
  await transceiver.sender.replaceTrack(source.track)
  while (running()) {
    if (bench.sealedAndOpened() && (await decoded(to))) return "passed"
    verdict("connected" === to.connectionState ? "failed" : "unknown")
    await pause()
  }
  return "failed"
}

/**
 * "passed" only if the receiver decoded frames of `codec` that were sealed and
 * opened on the way. "unknown" when the page could not connect to itself: some
 * browsers keep their addresses to themselves until a device may be used.
 * Takes some 300 ms, never more than 5 s; never throws.
 */
export async function selfTest(codec: Tested): Promise<Verdict> {
  if (!("RTCRtpScriptTransform" in globalThis)) return "failed"
  const cleanup: (() => void)[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let running = true
  let atLast: Verdict = "unknown"
  const late = new Promise<Verdict>((resolve) => {
    timer = setTimeout(() => resolve(atLast), TIMEOUT_MS)
  })
  const verdict = (now: Verdict): void => {
    atLast = now
  }
  try {
    return await Promise.race([run(codec, cleanup, () => running, verdict), late])
  } catch {
    return "failed"
  } finally {
    running = false
    clearTimeout(timer)
    for (const end of cleanup.reverse()) end()
  }
}
