/**
 * Watches that every frame a sender sends has passed its sealing transform.
 * Pure: it is given what the connection counted and what the worker counted
 * afterwards. In that order bytes that were sent must have been sealed already,
 * however slow the machine is. Frames are counted when they are encoded, and
 * wait their turn where there are several layers: they have until the next look.
 */

export interface Sent {
  readonly id: string // of the transform
  readonly ssrc: number // layers of one source are streams of their own
  readonly bytes: number // payload bytes, retransmissions left out
  readonly frames: number | null // null where only packets are counted, which may be empty probes: audio
}

interface Seen {
  readonly id: string
  readonly ssrc: number
  readonly came: number // frames that reached the transform, which seals or drops them; Chromium counts both among those sent
  readonly passed: number // sealed
}

/** Frames a browser may count otherwise than we do: one split in two, a packet sent twice. */
const SLACK = 3

/** Looks that must agree before the alarm. */
const LOOKS = 2

export class Watchdog {
  readonly #bad = new Map<string, number>()
  readonly #before = new Map<string, { readonly bytes: number; readonly frames: number | null; readonly passed: number }>()

  /** True when a sender has sent what its transform has not seen: the alarm. */
  look(sent: readonly Sent[], seen: readonly Seen[]): boolean {
    let alarm = false
    for (const { id, ssrc, bytes, frames } of sent) {
      const stream = `${id} ${ssrc}`
      const { came, passed } = seen.find((s) => s.id === id && s.ssrc === ssrc) ?? { came: 0, passed: 0 }
      const before = this.#before.get(stream) ?? { bytes: 0, frames: 0, passed: 0 }
      this.#before.set(stream, { bytes, frames, passed })
      const unseen = frames === null ? bytes > before.bytes && passed === before.passed : (before.frames ?? 0) > came + SLACK
      const looks = unseen || (bytes > 0 && passed === 0) ? (this.#bad.get(stream) ?? 0) + 1 : 0
      this.#bad.set(stream, looks)
      alarm ||= looks >= LOOKS
    }
    return alarm
  }
}
