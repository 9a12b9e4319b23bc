/**
 * The verdict on every frame: what of it is covered before it leaves. Whatever
 * is not known to be searched is covered whole; there is no way to say "leave
 * it open". Pure: no clock, no network, no picture; the same calls give the
 * same covers. Whoever runs it paints every frame as `release` says, shows none
 * otherwise, and takes no new frame from the camera while `waiting` is 2 or
 * more: that lowers the frame rate on a slow machine, and never the coverage.
 */

import { sane } from "./boxes.ts"
import { Cadence, type Wants } from "./cadence.ts"
import type { Cover, Face, Silhouette, Why } from "./cover.ts"
import { DELAY_MS, turn } from "./delay.ts"
import { Light } from "./light.ts"
import { cut, type Luma, same, whole } from "./scene.ts"
import { Second } from "./second.ts"
import { Steady } from "./steady.ts"
import { MOST_TRACKS, Tracker } from "./tracker.ts"

/** A longer gap between two frames (ms) is a sleep, and nobody knows what is before the camera now. */
const SLEEP_MS = 1000

/** The slow networks must answer within this (ms): they find what the fast ones do not. */
const SILENT_MS = 2000

/** Frames that left are remembered for results that come late. */
const REMEMBERED = 96

/** More faces than these in one frame come of a network that is broken. */
const MOST_FACES = 256

export interface Arrival {
  readonly id: number // never used twice
  readonly at: number // ms, never less than that of the frame before
  readonly width: number
  readonly height: number
  readonly luma: Luma // 32 × 18 averages, row by row
  readonly noise?: number // how much a pixel trembles, 0..255
}

/** Frames that are searched for the same faces: between a cut, a turn of the camera or a fault and the next. */
interface Scene {
  readonly why: Why // it is covered, until it was searched
  verified: number // the order of the first frame that all networks have searched; infinite before
  searched: number // the order of the last
  readonly width: number
  readonly height: number
  readonly tracker: Tracker
  readonly second: Second
  readonly steady: Steady
}

interface Frame {
  readonly id: number
  readonly at: number
  readonly order: number
  readonly look: number
  readonly scene: Scene
  readonly same: number // the first look at this picture: nothing has changed since
  readonly like: Frame | null // the frame whose results are true of this one too, in a still scene
  readonly luma: Luma
  readonly dark: boolean
  readonly wants: Wants
  spoiled: Why | null // it goes all covered, whatever comes
  fast: boolean
  person: Silhouette | null
}

const NOTHING: Wants = { fast: false, short: false, full: false, person: false, awaited: false }

export class Policy {
  readonly #body: boolean
  readonly #cadence = new Cadence()
  readonly #light = new Light()
  readonly #line: Frame[] = [] // oldest first
  readonly #known = new Map<number, Frame>() // in the line, and some that left
  readonly #asked = { full: null as Frame | null, person: null as Frame | null } // that the other worker has not answered yet
  #scene: Scene | null = null
  #why: Why = "loading"
  #last: Frame | null = null
  #searched: Frame | null = null // the last that was given to the fast network
  #order = 0
  #look = 0
  #tracks = 0

  /** With `body` the whole person is covered: no frame leaves open without its own silhouette. */
  constructor({ body = false }: { body?: boolean } = {}) {
    this.#body = body
  }

  /** Frames that wait for the fast network. */
  get waiting(): number {
    return this.#line.filter((frame) => !frame.like && !frame.spoiled && !this.#searchedWhole(frame)).length
  }

  arrive({ id, at, width, height, luma, noise = 0 }: Arrival): void {
    if (this.#known.has(id) || !(at >= (this.#last?.at ?? Number.NEGATIVE_INFINITY))) this.fault()
    const real = width > 0 && height > 0 && whole(luma) && Number.isFinite(at)
    const dark = real && this.#light.dark(luma, noise)
    const scene = this.#enter(at, width, height, real && !dark ? luma : null)
    const like = real && this.#searched?.scene === scene && same(this.#searched.luma, luma) ? this.#searched : null
    const wants = real
      ? this.#cadence.next({
          same: like !== null,
          speed: scene.tracker.speed(this.#look),
          urgent: scene.verified === Number.POSITIVE_INFINITY,
          free: !this.#asked.full && !this.#asked.person,
          body: this.#body,
        })
      : NOTHING
    if (wants.fast) this.#look++
    const frame: Frame = {
      id,
      at,
      order: this.#order++,
      look: this.#look,
      scene,
      same: like?.same ?? this.#look,
      like: wants.fast ? null : like,
      luma,
      dark,
      wants,
      spoiled: real ? null : "checking",
      fast: false,
      person: null,
    }
    if (wants.fast) this.#searched = frame
    if (wants.full) this.#asked.full = frame
    if (wants.person && !this.#body) this.#asked.person = frame
    if (Number.isFinite(at)) this.#last = frame
    this.#line.push(frame)
    this.#remember(frame)
  }

  /** Which networks a frame is to be given to. */
  wants(id: number): Wants {
    return this.#known.get(id)?.wants ?? NOTHING
  }

  /** What the fast networks found in a frame. */
  fast(id: number, faces: readonly Face[]): void {
    const frame = this.#known.get(id)
    if (frame && this.#see(frame, faces, "fast")) frame.fast = true
  }

  /** What all networks found in a frame. */
  full(id: number, faces: readonly Face[]): void {
    const frame = this.#known.get(id)
    if (!frame) return
    if (this.#asked.full === frame) this.#asked.full = null
    // Of a scene that nobody has searched yet, or that somebody may have come into, all is taken for sure: it is shown before the second look.
    const news = frame.scene.verified === Number.POSITIVE_INFINITY || frame.wants.awaited
    const sure = news ? faces.map((face) => ({ ...face, weak: false })) : faces
    if (!this.#see(frame, sure, "all")) return
    const { scene, order } = frame
    scene.verified = Math.min(scene.verified, order)
    scene.searched = Math.max(scene.searched, order)
  }

  /** Where people are in a frame. */
  person(id: number, silhouette: Silhouette): void {
    const frame = this.#known.get(id)
    if (!frame) return
    if (this.#asked.person === frame) this.#asked.person = null
    const { columns, rows, likely } = silhouette
    if (!(columns > 0 && rows > 0 && likely.length === columns * rows)) return this.fault()
    const { tracker, second, width, height } = frame.scene
    frame.person = silhouette
    second.see(silhouette, tracker.covers(frame.look, frame.at, width, height), frame.look, width, height)
  }

  /** Something broke: nothing that is on its way counts, and all is covered until a new frame was searched by all networks. */
  fault(): void {
    this.reset("checking")
  }

  /** Begins anew, with another camera or another worker. */
  reset(why: Why): void {
    for (const frame of this.#line) frame.spoiled ??= why
    this.#why = why
    this.#scene = null
    this.#searched = null
    this.#asked.full = null
    this.#asked.person = null
  }

  /** When the oldest frame may leave (ms, in the time of `arrive`), if by then it was searched; infinite if there is none. */
  get due(): number {
    return this.#line[0] === undefined ? Number.POSITIVE_INFINITY : this.#line[0].at + DELAY_MS
  }

  /** The frames that leave now, in the order they came, each once. */
  release(now: number): { readonly id: number; readonly cover: Cover }[] {
    const left: { id: number; cover: Cover }[] = []
    for (let frame = this.#line[0]; frame; frame = this.#line[0]) {
      const known = this.#searchedWhole(frame)
      const why = this.#covered(frame, now)
      const ahead = this.#line.filter((other) => other !== frame && this.#searchedWhole(other)).length
      const awaited = frame.wants.awaited && frame.scene.searched < frame.order
      const next = turn({ waited: now - frame.at, ahead, known, covered: why !== null, awaited, waiting: this.#line.length })
      if (next === "stay") break
      this.#line.shift()
      left.push({ id: frame.id, cover: why ? { all: true, why } : next === "late" ? { all: true, why: "late" } : this.#cover(frame) })
    }
    return left
  }

  /** The scene of the next frame; one without a brightness to go by belongs to none that follows. */
  #enter(at: number, width: number, height: number, luma: Luma | null): Scene {
    const [scene, last] = [this.#scene, this.#last]
    const turned = !scene || scene.width !== width || scene.height !== height
    const another = turned || !last || at - last.at > SLEEP_MS || (luma && (last.dark || last.spoiled || cut(last.luma, luma)))
    if (scene && !another) return scene
    const number = () => ++this.#tracks
    const memory = turned ? { tracker: new Tracker(number), second: new Second(number), steady: new Steady() } : scene
    const { tracker, second, steady } = memory
    tracker.cut(this.#look + 1)
    this.#scene = { why: this.#why, verified: Number.POSITIVE_INFINITY, searched: -1, width, height, tracker, second, steady }
    this.#why = "checking"
    return this.#scene
  }

  /** Takes what was found; false when it cannot be true. */
  #see({ scene, look, at }: Frame, faces: readonly Face[], by: "fast" | "all"): boolean {
    const good = faces.length <= MOST_FACES && faces.every((face) => sane(face) && Number.isFinite(face.score))
    if (good) scene.tracker.see(faces, look, at, by)
    if (good && scene.tracker.size <= MOST_TRACKS) return true
    this.fault()
    return false
  }

  /** Whether a frame, or the one it is the same as, has its results. */
  #searchedWhole(frame: Frame): boolean {
    const own = frame.like ?? frame
    return own.fast && (!this.#body || own.person !== null)
  }

  /** Why all of a frame is covered, if it is. */
  #covered(frame: Frame, now: number): Why | null {
    if (frame.spoiled) return frame.spoiled
    if (frame.order < frame.scene.verified) return frame.scene.why
    if (frame.dark) return "dark"
    const { full, person } = this.#asked
    const silent = (full && now - full.at > SILENT_MS) || (person && now - person.at > SILENT_MS)
    return silent ? "late" : null
  }

  #cover({ scene, look, at, same, like, person }: Frame): Cover {
    const { tracker, second, steady, width, height } = scene
    tracker.forget(look, at, width, height)
    const masks = steady.show([...tracker.covers(look, at, width, height, same), ...second.covers()], at, width, height)
    return { all: false, masks, person: this.#body ? (like?.person ?? person) : null }
  }

  #remember(frame: Frame): void {
    this.#known.set(frame.id, frame)
    for (const id of this.#known.keys()) {
      if (this.#known.size <= REMEMBERED) break
      this.#known.delete(id)
    }
  }
}
