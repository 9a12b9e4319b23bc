/**
 * Keeps what this page tells the server within what the server takes
 * (signaling/PROTOCOL.md, "Limits"): much of it follows from what others do,
 * and they must not be able to have this person thrown out for flooding.
 */
export class Flow {
  readonly #rate: number
  readonly #most: number
  #full = 0
  #at = 0

  constructor(perSecond: number, atOnce: number) {
    this.#rate = perSecond
    this.#most = atOnce
  }

  /** How long to wait yet, in ms; 0 when it may be done now, which then counts as done. `now` is in ms. */
  wait(now: number): number {
    this.#full = Math.max(0, this.#full - ((now - this.#at) * this.#rate) / 1000)
    this.#at = now
    const over = this.#full + 1 - this.#most
    if (over > 0) return Math.ceil((over * 1000) / this.#rate)
    this.#full++
    return 0
  }
}

/** Allows something at once, and then ever more rarely: it did not help the last time. */
export class Backoff {
  #gap: number
  readonly #longest: number
  #next = Number.NEGATIVE_INFINITY

  constructor(firstMs: number, longestMs: number) {
    this.#gap = firstMs
    this.#longest = longestMs
  }

  /** Whether it may be done at `now` (ms), which then counts as done. */
  due(now: number): boolean {
    if (now < this.#next) return false
    this.#next = now + this.#gap
    this.#gap = Math.min(2 * this.#gap, this.#longest)
    return true
  }
}
