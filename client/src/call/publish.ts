/**
 * The connection this person sends on.
 *
 * Every sender gets its transform in the same turn of the event loop in which
 * it is made, and its track only after the media worker has said that the
 * transform runs: a transform that is set late is ignored by Chromium, and
 * clear frames would go out.
 */

import { CAMERA, type Context, MICROPHONE, SCREEN, SCREEN_AUDIO, type TransformOptions } from "../../../e2ee/worker/port.ts"
import { prefer, SEALED } from "../media/connection.ts"
import { type Budget, downscale, SCREEN_BUDGET } from "./quality.ts"
import { fromServer, toServer } from "./sdp.ts"
import type { Codec } from "./state.ts"
import type { Sent } from "./watchdog.ts"

/** What the watchdog reads of a sender's statistics (W3C webrtc-stats). */
interface OutboundStats {
  readonly type: string
  readonly bytesSent?: number
  readonly retransmittedBytesSent?: number
  readonly framesSent?: number // video only
}

/** How much of a track anybody is shown (Watch.Size on the wire). */
export type Size = "none" | "small" | "medium" | "large"

interface Source {
  readonly transceiver: RTCRtpTransceiver
  readonly id: string
  wanted: Size
  attached: boolean
  track: MediaStreamTrack | null // wanted; handed to the sender once attached
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
  readonly #sources = new Map<Context, Source>()
  readonly #worker: Worker
  readonly #heard: PublishHeard
  readonly #name = `p${++made}`
  readonly #codec: Exclude<Codec, "auto">
  #camera: Budget
  #offered = 0 // offers sent
  #answered = 0
  #again = false // changed while an offer was under way
  #closed = false

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
    this.#add(MICROPHONE)
    this.#add(CAMERA)
    void this.#negotiate()
  }

  get alive(): boolean {
    return this.#pc.connectionState === "connected"
  }

  /** Gives a source its track, or takes it away with null. The caller owns the track. */
  set(context: Context, track: MediaStreamTrack | null): void {
    let source = this.#sources.get(context)
    if (source === undefined) {
      if (track === null) return
      source = this.#add(context)
      void this.#negotiate()
    }
    source.track = track
    void this.#hand(context, source)
  }

  /** The media id under which a source is sent at present; "" when it is not. */
  mid(context: Context): string {
    const source = this.#sources.get(context)
    return source?.attached === true && source.track !== null && this.#answered > 0 ? (source.transceiver.mid ?? "") : ""
  }

  /** The media worker says that transform `id` runs. */
  attached(id: string): void {
    for (const [context, source] of this.#sources) {
      if (source.id !== id) continue
      source.attached = true
      void this.#hand(context, source)
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
    if (budget.height === this.#camera.height) return
    this.#camera = budget
    const source = this.#sources.get(CAMERA)
    if (source !== undefined) void this.#limit(CAMERA, source)
  }

  /** Nobody is shown more of what is sent under this media id than this: more is not encoded. */
  wanted(mid: string, size: Size): void {
    for (const [context, source] of this.#sources) {
      if (source.transceiver.mid !== mid || source.wanted === size) continue
      source.wanted = size
      void this.#limit(context, source)
    }
  }

  /** Transform ids and how many payload bytes and frames their senders have sent, for the watchdog. */
  async sent(): Promise<Sent[]> {
    const all = [...this.#sources].map(async ([context, { id, transceiver }]) => {
      let [bytes, frames] = [0, 0]
      for (const s of (await transceiver.sender.getStats()).values() as IterableIterator<OutboundStats>) {
        if (s.type !== "outbound-rtp") continue
        bytes += (s.bytesSent ?? 0) - (s.retransmittedBytesSent ?? 0)
        frames += s.framesSent ?? 0
      }
      return { id, bytes, frames: isVideo(context) ? frames : null }
    })
    return Promise.all(all)
  }

  /** Sends nothing and tells nothing any more. */
  retire(): void {
    this.#closed = true
    for (const { transceiver } of this.#sources.values()) void transceiver.sender.replaceTrack(null).catch(() => undefined)
  }

  close(): void {
    this.#closed = true
    this.#pc.close()
  }

  #add(context: Context): Source {
    const transceiver = this.#pc.addTransceiver(isVideo(context) ? "video" : "audio", { direction: "sendonly" })
    const id = `${this.#name}.${context}`
    const options: TransformOptions = { side: "send", id, context }
    transceiver.sender.transform = new RTCRtpScriptTransform(this.#worker, options)
    if (isVideo(context)) prefer(transceiver, "video", this.#codec)
    const source: Source = { transceiver, id, wanted: "large", attached: false, track: null }
    this.#sources.set(context, source)
    return source
  }

  async #hand(context: Context, source: Source): Promise<void> {
    if (!source.attached || this.#closed) return
    try {
      await source.transceiver.sender.replaceTrack(source.track)
      if (source.track !== null) await this.#limit(context, source)
    } catch {
      return this.#fail()
    }
    if (!this.#closed) this.#heard.changed()
  }

  async #limit(context: Context, { transceiver, track, wanted }: Source): Promise<void> {
    if (!isVideo(context) || track === null) return
    const budget = context === SCREEN ? SCREEN_BUDGET : this.#camera
    const parameters = transceiver.sender.getParameters()
    const encoding = parameters.encodings[0]
    if (encoding === undefined) return
    encoding.active = wanted !== "none"
    encoding.maxBitrate = budget.maxBitrate
    encoding.maxFramerate = budget.maxFramerate
    encoding.scaleResolutionDownBy = downscale(track.getSettings().height ?? budget.height, budget)
    // Too early, or the connection is going: the next change tries again.
    await transceiver.sender.setParameters(parameters).catch(() => undefined)
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
