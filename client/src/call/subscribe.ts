/**
 * The connection this person receives on. The server offers a fixed pool of
 * slots once; what a slot shows changes without negotiation. The receiver's
 * transform is set inside ontrack, synchronously, and lets nothing through
 * until it is bound to the member whose frames it may open.
 */

import { MICROPHONE, type PersonId, type ToMedia, type TransformOptions } from "../../../e2ee/worker/port.ts"
import { SEALED } from "../media/connection.ts"
import { type Claim, SOUND, sameClaim } from "./claims.ts"
import { Flow } from "./flow.ts"
import type { Wanted } from "./room.ts"
import { fromServer, toServer } from "./sdp.ts"
import { assign, chosen, type Slot, same, type Wish } from "./slots.ts"

/** Half of what the server takes of all messages (signaling/PROTOCOL.md); at once, a whole page and another one. */
const WATCHES_PER_SECOND = 25
const WATCHES_AT_ONCE = 100

interface SubscribeHeard {
  answer(sdp: string): void
  watch(slot: string, wanted: Wanted | null, claim: Claim): void
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
  readonly #turns = new Map<string, number>() // of each slot's last bind
  readonly #untold = new Set<string>() // slots of which the server does not know yet what they show, or how large
  readonly #told = new Map<string, Claim>() // what the server knows, or is about to, of each slot
  readonly #flow = new Flow(WATCHES_PER_SECOND, WATCHES_AT_ONCE)
  #telling: ReturnType<typeof setTimeout> | undefined
  #slots: Slot[] = []
  #wish: Wish = { wanted: [], claimOf: () => SOUND, seen: () => true, voiceOf: () => 0 }
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
      // Offered anew a slot stays one slot, or it would stand for two people.
      if (!this.#streams.has(mid)) this.#slots.push({ mid, kind, shows: null })
      this.#streams.set(mid, new MediaStream([track]))
    }
    this.#pc.onconnectionstatechange = () => {
      if (this.#closed) return
      if (this.#pc.connectionState === "failed") heard.failed()
      else if (this.#pc.connectionState === "connected") heard.changed()
    }
  }

  get alive(): boolean {
    return this.#pc.connectionState === "connected"
  }

  /** Takes the server's offer. */
  async offered(sdp: string): Promise<void> {
    try {
      await this.#pc.setRemoteDescription({ type: "offer", sdp: fromServer(sdp) })
      const answer = await this.#pc.createAnswer()
      await this.#pc.setLocalDescription(answer)
      if (this.#closed) return
      this.#heard.answer(toServer(answer.sdp ?? ""))
      this.#ready = true
      this.#apply()
    } catch {
      if (!this.#closed) this.#heard.failed()
    }
  }

  /** What is to be received, how large, and how gladly. */
  want(wish: Wish): void {
    this.#wish = wish
    this.#apply()
  }

  /** Whether somebody's microphone is received, or about to be. */
  hears(person: PersonId): boolean {
    return this.#slots.some(({ shows }) => shows?.person === person && shows.context === MICROPHONE)
  }

  /** Tells the server everything once more: some of it may have been lost. */
  repeat(): void {
    if (!this.#ready || this.#closed) return
    for (const { mid, shows } of this.#slots) if (shows !== null) this.#untold.add(mid)
    this.#tell()
  }

  /** The transform `id` has opened its first frame since it was bound with `turn`. */
  opened(id: string, turn: number): void {
    const mid = this.#mid(id)
    if (mid === null || this.#opened.has(mid) || this.#turns.get(mid) !== turn) return // or of whoever was bound before
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

  /** Tells nothing any more, and changes nothing of what is shown. */
  retire(): void {
    this.#closed = true
    clearTimeout(this.#telling)
  }

  close(): void {
    this.retire()
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
    this.#slots = assign(this.#slots, chosen(this.#slots, this.#wish))
    let changed = false
    for (const { mid, shows } of this.#slots) {
      const claim = shows === null ? undefined : this.#wish.claimOf(shows)
      const resized = claim !== undefined && !sameClaim(this.#told.get(mid), claim)
      if (claim === undefined) this.#told.delete(mid)
      else this.#told.set(mid, claim)
      if (resized) this.#untold.add(mid) // the frames stay those of the same track: nothing is bound anew
      if (same(before.get(mid) ?? null, shows)) continue
      changed = true
      this.#opened.delete(mid)
      // Bound first: no frame of somebody else can come through in between.
      const turn = (this.#turns.get(mid) ?? 0) + 1
      this.#turns.set(mid, turn)
      const from = shows === null ? null : { leaf: shows.leaf, context: shows.context }
      this.#toMedia({ do: "bind", id: this.#id(mid), turn, from })
      this.#untold.add(mid)
    }
    this.#tell()
    if (changed) this.#heard.changed()
  }

  /** Tells the server what slots show now. What others send may change faster than the server may be told. */
  #tell(): void {
    clearTimeout(this.#telling)
    for (const { mid, shows } of this.#slots) {
      if (!this.#untold.has(mid)) continue
      const wait = this.#flow.wait(performance.now())
      if (wait > 0) {
        this.#telling = setTimeout(() => this.#tell(), wait)
        return
      }
      this.#untold.delete(mid)
      this.#heard.watch(mid, shows, this.#told.get(mid) ?? SOUND)
    }
  }
}
