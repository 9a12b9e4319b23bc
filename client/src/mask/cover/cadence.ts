/**
 * Which networks a frame is given to. Every frame gets the fast one, unless it
 * is the same as a frame that had it and the scene has been still for a while.
 * What changes a still scene may be somebody who comes in: all look at once,
 * and are waited for.
 */

export interface Wants {
  readonly fast: boolean
  readonly short: boolean // with the fast one: close-ups
  readonly full: boolean // the others, in the other worker; never without those two
  readonly person: boolean
  readonly awaited: boolean // it changed a still scene: it is not to leave before all have looked
}

/** Faster than this, in face widths for each look, is motion. */
const MOTION = 0.1

/** So many frames without any motion are a still scene. */
const STILL = 15

/** Every how many frames, in motion and in a still scene. */
const EVERY = { moving: { fast: 1, short: 3, full: 6, person: 15 }, still: { fast: 4, short: 12, full: 24, person: 60 } } as const

export class Cadence {
  #quiet = 0
  #woke = false // something has changed in a still scene, and all networks have not looked since
  readonly #since = { fast: 1000, short: 1000, full: 1000, person: 1000 } // frames

  /** What the next frame is given to. */
  next(frame: { same: boolean; speed: number; urgent: boolean; free: boolean; body: boolean }): Wants {
    const quiet = frame.same && frame.speed <= MOTION && !frame.urgent
    this.#woke ||= !quiet && this.#quiet >= STILL
    this.#quiet = quiet ? this.#quiet + 1 : 0
    const every = this.#quiet >= STILL ? EVERY.still : EVERY.moving
    const since = this.#since
    for (const net of ["fast", "short", "full", "person"] as const) since[net]++
    const fast = since.fast >= every.fast
    const awaited = this.#woke
    const full = fast && frame.free && (frame.urgent || awaited || since.full >= every.full)
    const short = fast && (full || frame.urgent || since.short >= every.short)
    const person = fast && (frame.body || (frame.free && since.person >= every.person))
    if (fast) since.fast = 0
    if (short) since.short = 0
    if (full) {
      since.full = 0
      this.#woke = false
    }
    if (person) since.person = 0
    return { fast, short, full, person, awaited }
  }
}
