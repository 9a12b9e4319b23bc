/**
 * The connection this person sends on.
 *
 * Every sender gets its transform in the same turn of the event loop in which
 * it is made, and its track only after the media worker has said that the
 * transform runs: a transform that is set late is ignored by Chromium, and
 * clear frames would go out.
 *
 * A sender never gets tracks of two grades: Firefox sends the last frame of the
 * track before once more when it gets another one, and what is still in an
 * encoder nobody can call back.
 */

import { CAMERA, type Context, type Grade, MICROPHONE, SCREEN, SCREEN_AUDIO, type TransformOptions } from "../../../e2ee/worker/port.ts"
import { knowsScalability, prefer, SEALED } from "../media/connection.ts"
import { type Budget, CAMERA_LADDER, type Encoding, encodings, linesOf, SCREEN_BUDGET, SCREEN_LADDER, type Size, wayOf } from "./quality.ts"
import { fromServer, toServer } from "./sdp.ts"
import type { Codec } from "./state.ts"
import type { Sent } from "./watchdog.ts"

/** What the watchdog reads of a sender's statistics (W3C webrtc-stats). */
interface OutboundStats {
  readonly type: string
  readonly ssrc?: number
  readonly bytesSent?: number
  readonly retransmittedBytesSent?: number
  readonly framesSent?: number // video only
}

interface Source {
  readonly context: Context
  readonly grade: Grade // of all its tracks
  readonly transceiver: RTCRtpTransceiver
  readonly id: string
  wanted: Size
  attached: boolean
  track: MediaStreamTrack | null // wanted; handed to the sender once attached
  limits: "set" | "setting" | "stale" // stale: changed while they were being set
}

export interface PublishHeard {
  /** An offer for the server. */
  offer(sdp: string, restart: boolean): void
  /** Something is sent from another media id now, or is not sent any more. */
  changed(): void
  /** The connection failed and must be made anew. */
  failed(): void
}

let made = 0

export class Publish {
  readonly #pc = new RTCPeerConnection(SEALED)
  readonly #sources: Source[] = []
  readonly #worker: Worker
  readonly #heard: PublishHeard
  readonly #name = `p${++made}`
  readonly #codec: Exclude<Codec, "auto">
  #camera: Budget
  #offered = 0 // offers sent
  #answered = 0
  #again = false // changed while an offer was under way
  #closed = false
  #gone = (): void => undefined
  readonly #ended = new Promise<void>((done) => {
    this.#gone = done
  })

  constructor(worker: Worker, codec: Exclude<Codec, "auto">, camera: Budget, heard: PublishHeard) {
    this.#worker = worker
    this.#codec = codec
    this.#camera = camera
    this.#heard = heard
    this.#pc.onconnectionstatechange = () => {
      if (this.#pc.connectionState === "failed" && !this.#closed) heard.failed()
    }
    // Microphone and camera have their places from the start, so that turning
    // them on and off needs no negotiation.
    this.#add(MICROPHONE, "raw")
    this.#add(CAMERA, "raw")
    void this.#negotiate()
  }

  get alive(): boolean {
    return this.#pc.connectionState === "connected"
  }

  /** Gives a source its track, which is of this grade, or takes it away with null. The caller owns the track. */
  set(context: Context, track: MediaStreamTrack | null, grade: Grade): void {
    const all = this.#sources.filter((s) => s.context === context)
    for (const other of all) if (other.track !== null && (track === null || other.grade !== grade)) this.#give(other, null)
    if (track === null) return
    let source = all.find((s) => s.grade === grade)
    if (source === undefined) {
      source = this.#add(context, grade)
      void this.#negotiate()
    }
    this.#give(source, track)
  }

  /** The media id under which a source is sent at present; "" when it is not. */
  mid(context: Context): string {
    const source = this.#sources.find((s) => s.context === context && s.track !== null)
    return source?.attached === true && this.#answered > 0 ? (source.transceiver.mid ?? "") : ""
  }

  /** Whether transform `id` is that of a source. */
  sends(context: Context, id: string): boolean {
    return this.#sources.some((s) => s.context === context && s.id === id)
  }

  /** The media worker says that transform `id` runs. */
  attached(id: string): void {
    for (const source of this.#sources) {
      if (source.id !== id) continue
      source.attached = true
      void this.#hand(source)
    }
  }

  /** The source of transform `id` goes on with a key frame. */
  async begin(id: string): Promise<void> {
    for (const { id: own, transceiver } of this.#sources) {
      if (own !== id) continue
      const parameters = transceiver.sender.getParameters()
      const options = { encodingOptions: parameters.encodings.map(() => ({ keyFrame: true })) }
      // Refused while other parameters are being set: it is asked for again. (The DOM's types do not know the second argument.)
      const set = transceiver.sender.setParameters.bind(transceiver.sender) as (p: RTCRtpSendParameters, o: typeof options) => Promise<void>
      await set(parameters, options).catch(() => undefined)
    }
  }

  answer(sdp: string): Promise<void> {
    return this.#pc
      .setRemoteDescription({ type: "answer", sdp: fromServer(sdp) })
      .then(() => {
        this.#answered = this.#offered
        this.#heard.changed()
        if (this.#again) return this.#negotiate()
        return undefined
      })
      .catch(() => this.#fail())
  }

  setCameraBudget(budget: Budget): void {
    if (budget === this.#camera) return
    this.#camera = budget
    for (const source of this.#sources) if (source.context === CAMERA) void this.#limit(source)
  }

  /** Nobody is shown more of what is sent under this media id than this: more is not encoded. */
  wanted(mid: string, size: Size): void {
    for (const source of this.#sources) {
      if (source.transceiver.mid !== mid || source.wanted === size) continue
      source.wanted = size
      void this.#limit(source)
    }
  }

  /**
   * How many payload bytes and frames were sent of each stream, under the
   * transform's id, for the watchdog. Nothing if the connection is closed
   * meanwhile: Firefox then never answers getStats.
   */
  async sent(): Promise<Sent[]> {
    const all = this.#sources.map(async ({ context, id, transceiver }) => {
      const streams: Sent[] = []
      for (const s of (await transceiver.sender.getStats()).values() as IterableIterator<OutboundStats>) {
        if (s.type !== "outbound-rtp") continue
        const bytes = (s.bytesSent ?? 0) - (s.retransmittedBytesSent ?? 0)
        streams.push({ id, ssrc: s.ssrc ?? 0, bytes, frames: isVideo(context) ? (s.framesSent ?? 0) : null })
      }
      return streams
    })
    return ((await Promise.race([Promise.all(all), this.#ended])) ?? []).flat()
  }

  /** Sends nothing and tells nothing any more. */
  retire(): void {
    this.#closed = true
    for (const { transceiver } of this.#sources) void transceiver.sender.replaceTrack(null).catch(() => undefined)
  }

  close(): void {
    this.#closed = true
    this.#pc.close()
    this.#gone()
  }

  #add(context: Context, grade: Grade): Source {
    const video = isVideo(context)
    const transceiver = this.#pc.addTransceiver(video ? "video" : "audio", {
      direction: "sendonly",
      ...(video ? { sendEncodings: this.#encodings(context, null, "large") } : {}),
    })
    const id = `${this.#name}.${context}.${grade}`
    const options: TransformOptions = { side: "send", id, context, grade }
    transceiver.sender.transform = new RTCRtpScriptTransform(this.#worker, options)
    if (video) prefer(transceiver, "video", this.#codec, true)
    const source: Source = { context, grade, transceiver, id, wanted: "large", attached: false, track: null, limits: "set" }
    this.#sources.push(source)
    return source
  }

  #encodings(context: Context, track: MediaStreamTrack | null, wanted: Size): Encoding[] {
    const screen = context === SCREEN
    const { width, height } = track?.getSettings() ?? {}
    const scalable = knowsScalability()
    const budget = screen ? SCREEN_BUDGET : this.#camera
    const captured = linesOf(width, height)
    return encodings({
      way: wayOf(this.#codec, { scalable, screen }),
      ladder: screen ? SCREEN_LADDER : CAMERA_LADDER,
      budget,
      captured,
      wanted,
      scalable,
    })
  }

  #give(source: Source, track: MediaStreamTrack | null): void {
    source.track = track
    void this.#hand(source)
  }

  async #hand(source: Source): Promise<void> {
    if (!source.attached || this.#closed) return
    try {
      await this.#limit(source) // first, or what is not to be sent would be for a moment
      await source.transceiver.sender.replaceTrack(source.track)
    } catch {
      return this.#fail()
    }
    if (!this.#closed) this.#heard.changed()
  }

  /** Has the sender encode what is wanted of its track, and within the budget. */
  async #limit(source: Source): Promise<void> {
    const { context } = source
    if (!isVideo(context) || source.track === null) return
    if (source.limits !== "set") {
      source.limits = "stale" // parameters that are being set may not be set anew
      return
    }
    const { sender } = source.transceiver
    do {
      source.limits = "setting"
      const wanted = this.#encodings(context, source.track, source.wanted)
      const parameters = sender.getParameters()
      for (const [i, encoding] of parameters.encodings.entries()) Object.assign(encoding, wanted[i])
      // Too early, or the connection is going: the next change tries again.
      await sender.setParameters(parameters).catch(() => undefined)
    } while ((source.limits as string) === "stale")
    source.limits = "set"
  }

  async #negotiate(): Promise<void> {
    if (this.#closed) return
    if (this.#answered < this.#offered) {
      this.#again = true
      return
    }
    this.#again = false
    const restart = this.#offered === 0
    this.#offered++
    try {
      const offer = await this.#pc.createOffer()
      await this.#pc.setLocalDescription(offer)
      // The server is an ICE-lite agent: it answers checks and needs no
      // candidate of ours, so none of this machine's addresses is told.
      this.#heard.offer(toServer(offer.sdp ?? ""), restart)
    } catch {
      this.#fail()
    }
  }

  #fail(): void {
    if (!this.#closed) this.#heard.failed()
  }
}

const isVideo = (context: Context): boolean => context === CAMERA || context === SCREEN
export const MEDIA_CONTEXTS = { microphone: MICROPHONE, camera: CAMERA, screen: SCREEN, screenAudio: SCREEN_AUDIO } as const
