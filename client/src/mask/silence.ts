/** How long a worker may be silent, and when what broke begins anew. Pure: the time is a parameter. */

/** Everything is covered by the page (ms). */
export const COVER_MS = 150

/** The track is taken away (ms). */
export const STOP_MS = 2000

/** A worker that loads is given longer: a download has its own pace, and nothing is shown meanwhile (ms). */
export const LOADING_MS = 60_000

/** After which time (ms) it is tried anew; the last holds for all further times. */
const AGAIN_MS = [1000, 5000, 20_000] as const

/** Whoever has worked for so long (ms) has not failed before. */
const GOOD_MS = 60_000

export class Silence {
  #heard: number
  #looked: number
  #loading = true

  constructor(now: number) {
    this.#heard = now
    this.#looked = now
  }

  hear(now: number): void {
    this.#heard = now
  }

  ready(now: number): void {
    this.#heard = now
    this.#loading = false
  }

  look(now: number): "well" | "cover" | "stop" {
    const silent = now - this.#heard
    const slept = now - this.#looked >= STOP_MS
    this.#looked = now
    if (this.#loading) return silent < LOADING_MS ? "well" : "stop"
    // The page itself stood still, or the machine slept: what the worker said waits to be heard.
    if (slept && silent >= STOP_MS) {
      this.#heard = now - COVER_MS
      return "cover"
    }
    return silent >= STOP_MS ? "stop" : silent >= COVER_MS ? "cover" : "well"
  }
}

export class Tries {
  #failed = 0
  #since = Number.NEGATIVE_INFINITY

  /** It works. */
  good(now: number): void {
    this.#since = now
  }

  /** It broke: how long (ms) until it is tried anew. */
  failed(now: number): number {
    this.#failed = now - this.#since >= GOOD_MS && this.#since > 0 ? 1 : this.#failed + 1
    this.#since = Number.NEGATIVE_INFINITY
    return AGAIN_MS[Math.min(this.#failed, AGAIN_MS.length) - 1] ?? AGAIN_MS[2]
  }
}
