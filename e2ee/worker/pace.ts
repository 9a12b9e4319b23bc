/** Small rules about time. Time is a parameter, in milliseconds of any steady clock. */

/** Keeps a distance between two things of a kind. */
export class Pace {
  readonly #gap: number
  #last = Number.NEGATIVE_INFINITY

  constructor(gapMs: number) {
    this.#gap = gapMs
  }

  /** How long to wait yet; 0 when it may be done now, which then counts as done. */
  wait(now: number): number {
    const wait = this.#last + this.#gap - now
    if (wait > 0) return wait
    this.#last = now
    return 0
  }
}

const STUCK_MS = 3000
const PAUSE_MS = 1000 // without such a frame for this long it starts anew

/** Tells when frames of an epoch to come have been arriving for 3 s. */
export class Stuck {
  #since: number | null = null
  #last = 0

  /** Such a frame has arrived. True once in 3 s at most. */
  seen(now: number): boolean {
    if (this.#since === null || now - this.#last > PAUSE_MS) this.#since = now
    this.#last = now
    if (now - this.#since < STUCK_MS) return false
    this.#since = now
    return true
  }

  /** The keys have come. */
  reset(): void {
    this.#since = null
  }
}
