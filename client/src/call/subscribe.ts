/**
 * The connection this person receives on. The server offers a fixed pool of
 * slots once; what a slot shows changes without negotiation. The receiver's
 * transform is set inside ontrack, synchronously, and lets nothing through
 * until it is bound to the member whose frames it may open.
 */

import type { ToMedia, TransformOptions } from "../../../e2ee/worker/port.ts"
import { SEALED } from "./publish.ts"
import type { Wanted } from "./room.ts"
import { assign, type Slot, same } from "./slots.ts"

export interface SubscribeHeard {
  answer(sdp: string): void
  watch(slot: string, wanted: Wanted | null): void
  /** What is shown has changed. */
  changed(): void
  failed(): void
}

/** What a slot shows, with the stream to play. */
export interface Showing {
  readonly wanted: Wanted
  readonly stream: MediaStream
}

let made = 0

export class Subscribe {
  readonly #pc = new RTCPeerConnection(SEALED)
  readonly #name = `s${++made}`
  readonly #worker: Worker
  readonly #toMedia: (message: ToMedia) => void
  readonly #heard: SubscribeHeard
  readonly #streams = new Map<string, MediaStream>()
  readonly #opened = new Set<string>() // slots whose transform has opened a frame of what they show
  #slots: Slot[] = []
  #wanted: readonly Wanted[] = []
  #ready = false // the answer is sent and the keys are there
  #closed = false

  constructor(worker: Worker, toMedia: (message: ToMedia) => void, heard: SubscribeHeard) {
    this.#worker = worker
    this.#toMedia = toMedia
    this.#heard = heard
    this.#pc.ontrack = ({ transceiver, track }) => {
      const mid = transceiver.mid ?? ""
      const kind = track.kind === "audio" ? "audio" : "video"
      const options: TransformOptions = { side: "receive", id: this.#id(mid), kind }
      transceiver.receiver.transform = new RTCRtpScriptTransform(this.#worker, options)
      this.#streams.set(mid, new MediaStream([track]))
      this.#slots.push({ mid, kind, shows: null })
    }
    this.#pc.onconnectionstatechange = () => {
      if (this.#pc.connectionState === "failed" && !this.#closed) heard.failed()
    }
  }

  get alive(): boolean {
    return this.#pc.connectionState === "connected"
  }

  /** Takes the server's offer. */
  async offered(sdp: string): Promise<void> {
    try {
      await this.#pc.setRemoteDescription({ type: "offer", sdp })
      const answer = await this.#pc.createAnswer()
      await this.#pc.setLocalDescription(answer)
      if (this.#closed) return
      this.#heard.answer(answer.sdp ?? "")
      this.#ready = true
      this.#apply()
    } catch {
      if (!this.#closed) this.#heard.failed()
    }
  }

  want(wanted: readonly Wanted[]): void {
    this.#wanted = wanted
    this.#apply()
  }

  /** The transform `id` has opened its first frame since it was bound. */
  opened(id: string): void {
    const mid = this.#mid(id)
    if (mid === null || this.#opened.has(mid)) return
    this.#opened.add(mid)
    this.#heard.changed()
  }

  /** What may be played: video only once a frame of its present owner was opened. */
  showing(): Showing[] {
    const all: Showing[] = []
    for (const { mid, kind, shows } of this.#slots) {
      const stream = this.#streams.get(mid)
      if (shows !== null && stream !== undefined && (kind === "audio" || this.#opened.has(mid))) all.push({ wanted: shows, stream })
    }
    return all
  }

  /** Whose sound the transform `id` opens. */
  speaker(id: string): Wanted | null {
    const mid = this.#mid(id)
    return this.#slots.find((s) => s.mid === mid)?.shows ?? null
  }

  /** Shows nothing and tells nothing any more. */
  retire(): void {
    this.#closed = true
  }

  close(): void {
    this.#closed = true
    this.#pc.close()
  }

  #id(mid: string): string {
    return `${this.#name}.${mid}`
  }

  #mid(id: string): string | null {
    const prefix = `${this.#name}.`
    return id.startsWith(prefix) ? id.slice(prefix.length) : null
  }

  #apply(): void {
    if (!this.#ready || this.#closed) return
    const before = new Map(this.#slots.map((s) => [s.mid, s.shows]))
    this.#slots = assign(this.#slots, this.#wanted)
    let changed = false
    for (const { mid, shows } of this.#slots) {
      if (same(before.get(mid) ?? null, shows)) continue
      changed = true
      this.#opened.delete(mid)
      // Bound first: no frame of somebody else can come through in between.
      this.#toMedia({ do: "bind", id: this.#id(mid), from: shows === null ? null : { leaf: shows.leaf, context: shows.context } })
      this.#heard.watch(mid, shows)
    }
    if (changed) this.#heard.changed()
  }
}
