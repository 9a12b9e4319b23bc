/**
 * Watches that every frame a sender sends has passed its sealing transform.
 * Pure: it is given what the connection and the worker counted.
 */

export interface Sent {
  readonly id: string
  readonly bytes: number // payload bytes, retransmissions left out
  readonly frames: number
}

export interface Passed {
  readonly id: string
  readonly passed: number
}

/** Frames that may be counted as sent before the worker's own count of them arrives. */
const SLACK = 8

/** Looks that must agree before the alarm: counts of the two sides are not taken at one moment. */
const LOOKS = 2

export class Watchdog {
  readonly #before = new Map<string, { bytes: number; passed: number }>()
  readonly #bad = new Map<string, number>()

  /** True when a sender has sent what its transform has not seen: the alarm. */
  look(sent: readonly Sent[], passed: readonly Passed[]): boolean {
    let alarm = false
    for (const { id, bytes, frames } of sent) {
      const sealed = passed.find((p) => p.id === id)?.passed ?? 0
      const before = this.#before.get(id) ?? { bytes: 0, passed: 0 }
      const unseen = (bytes > before.bytes && sealed === before.passed && sealed === 0) || frames > sealed + SLACK
      const looks = unseen ? (this.#bad.get(id) ?? 0) + 1 : 0
      this.#bad.set(id, looks)
      this.#before.set(id, { bytes, passed: sealed })
      alarm ||= looks >= LOOKS
    }
    return alarm
  }
}
