/**
 * What becomes of each frame that a receive transform gets. No browser object
 * is touched here: frames are anything that has bytes, time is a parameter.
 */

import type { Bytes } from "./bytes.ts"
import { type Loudness, openFrame, parseFrame, type Sealed } from "./frame.ts"
import type { KeyRing } from "./keys.ts"
import type { Context } from "./port.ts"
import type { Codec } from "./shim.ts"

const HELD_MAX = 64 // frames
export const HELD_MS = 500

/** Whose frames may pass. */
export interface Owner {
  readonly leaf: number
  readonly context: Context
}

export interface Tally {
  passed: number
  noKey: number
  forged: number
  replayed: number
  foreign: number
}

export const tally = (): Tally => ({ passed: 0, noKey: 0, forged: 0, replayed: 0, foreign: 0 })

/** A frame that may be decoded. */
export interface Passed<F> {
  readonly frame: F
  readonly data: Bytes
  readonly loudness: Loudness
}

/** Why a frame waits: for the keys of its epoch, or for its sender to be bound. */
type Waiting = "noKey" | "foreign"

interface Held<F> {
  readonly frame: F
  readonly sealed: Sealed
  readonly why: Waiting
  readonly until: number
}

export class Receiver<F> {
  readonly counts = tally()
  /** Frames of an epoch to come have been seen; cleared by the caller. */
  newer = false
  readonly #ring: KeyRing
  readonly #kind: "audio" | "video"
  #owner: Owner | null = null
  #held: Held<F>[] = []

  constructor(ring: KeyRing, kind: "audio" | "video") {
    this.#ring = ring
    this.#kind = kind
  }

  get holds(): boolean {
    return this.#held.length > 0
  }

  /** Lets only frames of `owner` through from now on. */
  bind(owner: Owner | null): void {
    this.#owner = owner
  }

  /** The frame opened, or null: dropped and counted, or held for a moment. */
  async receive(frame: F, codec: Codec | null, wire: Bytes, now: number): Promise<Passed<F> | null> {
    this.expire(now)
    if (wire.length === 0) return null // padding with which browsers probe the network: not a frame
    const sealed = codec === null ? null : parseFrame(codec, wire)
    if (sealed === null || !this.#fits(sealed)) {
      this.counts.forged++
      return null
    }
    return this.#judge({ frame, sealed, until: now + HELD_MS }, now)
  }

  /** Tries the held frames again, after new keys or a new owner, in the order in which they came. */
  async retry(now: number): Promise<readonly Passed<F>[]> {
    this.expire(now)
    const held = this.#held
    this.#held = []
    const passed: Passed<F>[] = []
    for (const one of held) {
      const opened = await this.#judge(one, now)
      if (opened !== null) passed.push(opened)
    }
    return passed
  }

  /** Drops held frames whose time is over. */
  expire(now: number): void {
    const over = this.#held.filter((h) => h.until <= now)
    for (const h of over) this.counts[h.why]++
    if (over.length > 0) this.#held = this.#held.filter((h) => h.until > now)
  }

  /** Drops all held frames. */
  clear(): void {
    this.expire(Number.POSITIVE_INFINITY)
  }

  #fits({ id }: Sealed): boolean {
    const audio = id.context === 0 || id.context === 3
    return id.context !== 4 && audio === (this.#kind === "audio")
  }

  async #judge(one: Omit<Held<F>, "why">, now: number): Promise<Passed<F> | null> {
    const { frame, sealed } = one
    const opener = this.#ring.opener(sealed.id, now)
    if (opener === "newer") {
      this.newer = true
      return this.#hold({ ...one, why: "noKey" })
    }
    if (opener === null) {
      this.counts.noKey++
      return null
    }
    const owner = this.#owner
    if (owner?.leaf !== sealed.id.leaf || owner.context !== sealed.id.context) return this.#hold({ ...one, why: "foreign" })
    if (!opener.window.fresh(sealed.ctr)) {
      this.counts.replayed++
      return null
    }
    const opened = await openFrame(sealed, await opener.key)
    if (opened === null) {
      this.counts.forged++
      return null
    }
    if (owner !== this.#owner) {
      this.counts.foreign++ // bound to somebody else while it was being opened
      return null
    }
    if (!opener.window.mark(sealed.ctr)) {
      this.counts.replayed++
      return null
    }
    this.counts.passed++
    return { frame, ...opened }
  }

  #hold(one: Held<F>): null {
    this.#held.push(one)
    if (this.#held.length > HELD_MAX) {
      const oldest = this.#held.shift()
      if (oldest !== undefined) this.counts[oldest.why]++
    }
    return null
  }
}
