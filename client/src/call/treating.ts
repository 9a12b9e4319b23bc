/**
 * Which picture of a source is shown and sent: the device's own, or, where the
 * person wishes so, what the mask workers made of it. Between the two there is
 * always none, so that whatever holds the one lets go of it before the other comes.
 */

import type { Grade } from "../../../e2ee/worker/port.ts"
import { TreatedTrack } from "../mask/treated.ts"
import { NO_TREATMENT, type Standing, searches, type Treatment, treats, type Zones } from "../mask/treatment.ts"
import { gradeOf } from "./grade.ts"

export type Pictured = "camera" | "screen"

interface TreatingHeard {
  /** To show and to send; null: nothing. */
  track(source: Pictured, track: MediaStreamTrack | null): void
  /** From now on nothing below these grades may be sent. Said before any track. */
  wanted(least: Readonly<Record<Pictured, Grade>>): void
  standing(source: Pictured, standing: Standing): void
  /** How much later (ms) the camera's picture is; 0 while nothing is done to it. */
  late(ms: number): void
}

/** Smaller changes of the lateness (ms) nobody hears. */
const HEARD_MS = 25

export class Treating {
  readonly #heard: TreatingHeard
  readonly #raw = new Map<Pictured, MediaStreamTrack>()
  readonly #treated = new Map<Pictured, TreatedTrack>()
  readonly #treatments: Record<Pictured, Treatment> = { camera: NO_TREATMENT, screen: NO_TREATMENT }
  #camera = "" // which one is open
  #late = { mean: 0, told: 0 }

  constructor(heard: TreatingHeard) {
    this.#heard = heard
  }

  /** What is wished from now on. */
  treat(camera: Treatment, screen: Zones): void {
    const before = { ...this.#treatments }
    this.#treatments.camera = camera
    this.#treatments.screen = { ...NO_TREATMENT, zones: screen }
    this.#heard.wanted({ camera: gradeOf(this.#treatments.camera), screen: gradeOf(this.#treatments.screen) })
    for (const source of ["camera", "screen"] as const) this.#change(source, before[source], this.#treatments[source])
  }

  /** The device's own track, or null when it is off. */
  raw(source: Pictured, track: MediaStreamTrack | null): void {
    this.#end(source)
    if (track === null) this.#raw.delete(source)
    else this.#raw.set(source, track)
    this.#begin(source)
  }

  /** Which camera is open: zones belong to one. */
  sight(camera: string): void {
    this.#camera = camera
  }

  #change(source: Pictured, before: Treatment, now: Treatment): void {
    const treated = this.#treated.get(source)
    // Faces that are masked from now on, or not any more, and networks that are needed or not: a track of its own.
    const another = gradeOf(before) !== gradeOf(now) || searches(before) !== searches(now)
    if (!another) return treated?.treat(now, this.#cameraOf(source))
    if (!this.#raw.has(source)) return
    this.#end(source)
    this.#begin(source)
  }

  #end(source: Pictured): void {
    this.#treated.get(source)?.close()
    this.#treated.delete(source)
    if (this.#raw.has(source)) this.#heard.track(source, null)
    if (source === "camera") this.#lag(0)
  }

  #begin(source: Pictured): void {
    const raw = this.#raw.get(source)
    const treatment = this.#treatments[source]
    if (raw === undefined) return
    if (!treats(treatment)) return this.#heard.track(source, raw)
    const treated = new TreatedTrack(raw, this.#cameraOf(source), treatment, {
      track: (track) => this.#heard.track(source, track),
      standing: (standing) => this.#heard.standing(source, standing),
      late: (ms) => {
        if (source === "camera") this.#lag(ms)
      },
    })
    this.#treated.set(source, treated)
  }

  #cameraOf(source: Pictured): string {
    return source === "camera" ? this.#camera : ""
  }

  #lag(ms: number): void {
    const { mean, told } = this.#late
    const next = ms === 0 || mean === 0 ? ms : mean + (ms - mean) / 16
    const changed = (next === 0) !== (told === 0) || Math.abs(next - told) > HEARD_MS
    this.#late = { mean: next, told: changed ? next : told }
    if (changed) this.#heard.late(next)
  }
}
