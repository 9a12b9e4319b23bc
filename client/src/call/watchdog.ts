/**
 * Watches that every frame a sender sends has passed its sealing transform.
 * Pure: it is given what the connection counted and what the worker counted
 * afterwards. In that order a frame that was sent must have been sealed
 * already, however slow the machine is.
 */

export interface Sent {
  readonly id: string
  readonly bytes: number // payload bytes, retransmissions left out
  readonly frames: number | null // null where only packets are counted, which may be empty probes: audio
}

export interface Seen {
  readonly id: string
  readonly passed: number // sealed
  readonly dropped: number // for want of a key; Chromium counts them among the frames sent all the same
}

/** Frames a browser may count otherwise than we do: one split in two, a packet sent twice. */
const SLACK = 3

/** Looks that must agree before the alarm. */
const LOOKS = 2

export class Watchdog {
  readonly #bad = new Map<string, number>()
  readonly #before = new Map<string, { readonly bytes: number; readonly passed: number }>()

  /** True when a sender has sent what its transform has not seen: the alarm. */
  look(sent: readonly Sent[], seen: readonly Seen[]): boolean {
    let alarm = false
    for (const { id, bytes, frames } of sent) {
      const { passed, dropped } = seen.find((s) => s.id === id) ?? { passed: 0, dropped: 0 }
      const before = this.#before.get(id) ?? { bytes: 0, passed: 0 }
      this.#before.set(id, { bytes, passed })
      const unseen = frames === null ? bytes > before.bytes && passed === before.passed : frames > passed + dropped + SLACK
      const looks = unseen || (bytes > 0 && passed === 0) ? (this.#bad.get(id) ?? 0) + 1 : 0
      this.#bad.set(id, looks)
      alarm ||= looks >= LOOKS
    }
    return alarm
  }
}
