/**
 * What happens to every frame: it is looked at, judged by the policy, searched
 * by the networks, held until its turn, painted and handed on. A frame that
 * leaves was painted as the policy said, or covered whole. What it needs of the
 * world is given, so that it runs in tests without a picture.
 */

import type { Cover, Face, Silhouette } from "./cover/cover.ts"
import { gain } from "./cover/light.ts"
import type { Ask, Pixels } from "./port.ts"
import { Ring } from "./ring.ts"
import { lit } from "./sight.ts"
import { covering, fits, type Standing, type Treatment } from "./treatment.ts"

/** What the loop needs of a frame. */
export interface Framed {
  readonly frame: { readonly timestamp: number; close(): void }
  readonly width: number // in which it leaves
  readonly height: number
}

/** The part of the policy (cover/policy.ts) that is used here. */
export interface Judge {
  readonly waiting: number
  arrive(frame: { id: number; at: number; width: number; height: number; luma: Uint8Array; noise?: number }): void
  wants(id: number): { readonly fast: boolean; readonly short: boolean; readonly full: boolean; readonly person: boolean }
  fast(id: number, faces: readonly Face[]): void
  full(id: number, faces: readonly Face[]): void
  person(id: number, silhouette: Silhouette): void
  fault(): void
  reset(why: "loading" | "checking"): void
  readonly due: number
  release(now: number): readonly { readonly id: number; readonly cover: Cover }[]
}

export interface World<Shot extends Framed, Picture> {
  now(): number
  judge(treatment: Treatment): Judge
  /** Pixels for the networks. */
  pixels(shot: Shot): Pixels
  brightness(pixels: Pixels): { luma: Uint8Array; noise: number }
  /** The fast networks, on this thread. */
  fast(pixels: Pixels, short: boolean): Promise<readonly Face[]>
  /** The slow ones, on the other. */
  ask(ask: Ask): void
  /** `seen`: the pixels of the shot, if they were read already in the size in which it leaves. */
  paint(shot: Shot, seen: Pixels | null, cover: Extract<Cover, { all: false }>, treatment: Treatment, person: Silhouette | null): Picture
  blank(width: number, height: number, treatment: Treatment, timestamp: number): Picture
  released(picture: Picture, searched: boolean, late: number): void
  /** Calls `release` after so many ms, and not when it last was to. */
  wake(ms: number): void
  standing(standing: Standing): void
}

/** The other worker must have answered after this (ms), or both are begun anew: long, since a slow one would only be slower for it. */
export const ANSWER_MS = 5000

/** Silhouettes for the background are asked for at most this often (ms). */
const SILHOUETTE_MS = 100

/** Frames that may wait for a network before no more are taken. */
const MOST_WAITING = 2

/** A network that gives these is out of order. */
const broken = (faces: readonly Face[]): boolean =>
  faces.some(({ x, y, width, height, score }) => ![x, y, width, height, score].every(Number.isFinite))

/** What is kept of a frame that waits. */
interface Held {
  readonly at: number
  seen: Pixels | null // what was searched, if the frame leaves in that size: it need not be drawn twice
}

export class Loop<Shot extends Framed, Picture> {
  readonly #world: World<Shot, Picture>
  readonly #ring = new Ring<Shot & Held>()
  readonly #asked = new Map<number, { at: number; full: boolean; width: number; height: number }>()
  #treatment: Treatment
  #camera: string
  #judge: Judge
  #id = 0
  #room: (() => void) | null = null // whoever waits until another frame may be taken
  #silhouette: Silhouette | null = null // for the background alone
  #silhouetteAt = Number.NEGATIVE_INFINITY
  #standing = ""
  #size = { width: 0, height: 0 }

  constructor(world: World<Shot, Picture>, treatment: Treatment, camera: string) {
    this.#world = world
    this.#treatment = treatment
    this.#camera = camera
    this.#judge = world.judge(treatment)
  }

  /** Frames that are held. */
  get held(): number {
    return this.#ring.size
  }

  /** Another treatment holds from the next frame that leaves. A stronger or weaker mask begins with a search. */
  treat(treatment: Treatment, camera: string): void {
    const again = treatment.strength !== this.#treatment.strength || camera !== this.#camera
    this.#treatment = treatment
    this.#camera = camera
    if (!again) return
    this.#ring.clear()
    this.#judge = this.#world.judge(treatment)
    this.#asked.clear()
    this.#go()
  }

  /** What was known is not known any more. */
  mute(): void {
    this.#ring.clear()
    this.#judge.reset("checking")
    this.#go()
  }

  /** Takes a frame, which is closed here in the end. Resolves when another may come. */
  async take(shot: Shot): Promise<void> {
    const world = this.#world
    const id = ++this.#id
    const at = world.now()
    this.#size = { width: shot.width, height: shot.height }
    const judge = this.#judge
    if (this.#treatment.strength === "off") {
      this.#pass(shot, at)
      return
    }
    const held: Shot & Held = { ...shot, at, seen: null }
    this.#ring.put(id, held)
    try {
      const seen = world.pixels(shot)
      if (seen.width === shot.width && seen.height === shot.height) held.seen = seen
      const { luma, noise } = world.brightness(seen)
      judge.arrive({ id, at, width: shot.width, height: shot.height, luma, noise })
      const wants = judge.wants(id)
      const person = wants.person || this.#wantsSilhouette(at)
      const pixels = wants.fast || wants.full || person ? lit(seen, gain(luma)) : seen // one that nobody searches stays as it is
      // A silhouette may be what a frame waits for: it is asked for at once.
      if (person) this.#ask(id, shot, pixels, null, true)
      if (wants.fast) {
        const faces = await world.fast(pixels, wants.short)
        if (broken(faces)) throw new Error("no numbers")
        if (wants.full && judge === this.#judge) this.#ask(id, shot, pixels, faces, false)
        judge.fast(id, scaled(faces, shot.width / pixels.width, shot.height / pixels.height))
      }
    } catch (e) {
      judge.fault()
      this.release()
      throw e
    }
    this.release()
    while (this.#judge.waiting >= MOST_WAITING) {
      await new Promise<void>((room) => {
        this.#room = room
      })
    }
  }

  /** What the other worker found. */
  found(id: number, faces: readonly Face[] | null, person: Silhouette | null): void {
    const asked = this.#asked.get(id)
    if (asked === undefined) return // of a policy that is gone
    // A silhouette may come before the faces of the same frame.
    if (faces !== null || !asked.full) this.#asked.delete(id)
    if (faces !== null && !broken(faces)) this.#judge.full(id, scaled(faces, asked.width, asked.height))
    else if (faces !== null) this.#judge.fault()
    if (person !== null) {
      this.#silhouette = person
      if (this.#treatment.strength !== "off") this.#judge.person(id, person)
    }
    this.release()
  }

  /** Lets go what is due. To be called now and then, also when no frame comes. */
  release(): void {
    const world = this.#world
    for (const { id, cover } of this.#judge.release(world.now())) {
      this.#ring.take(id, (shot) => {
        const treatment = this.#treatment
        const misfit = covering(treatment.zones) && !fits(treatment.zones, { camera: this.#camera, aspect: shot.width / shot.height })
        const late = world.now() - shot.at
        if (cover.all || misfit) {
          world.released(
            world.blank(shot.width, shot.height, treatment, shot.frame.timestamp),
            misfit || (cover.all && cover.why === "dark"),
            late,
          )
          this.#stand(misfit ? { is: "zones", aspect: shot.width / shot.height } : cover.all ? whyOf(cover.why) : { is: "checking" })
          return
        }
        world.released(world.paint(shot, shot.seen, cover, treatment, this.#silhouette), true, late)
        this.#stand({ is: "masked", faces: cover.masks.length })
      })
    }
    const left = this.#judge.due - world.now()
    if (left > 0 && left < Number.POSITIVE_INFINITY) world.wake(left)
    if (this.#judge.waiting < MOST_WAITING) this.#go()
  }

  /** Whether the other worker is silent. */
  get deaf(): boolean {
    const now = this.#world.now()
    for (const { at } of this.#asked.values()) if (now - at > ANSWER_MS) return true
    return false
  }

  /** No frame has come for a while: everything is covered, from no pixel, until one does. */
  still(timestamp: number): void {
    const { width, height } = this.#size
    if (width === 0) return
    this.mute()
    this.#world.released(this.#world.blank(width, height, this.#treatment, timestamp), false, 0)
    if (this.#treatment.strength !== "off") this.#stand({ is: "checking" })
  }

  close(): void {
    this.#ring.clear()
    this.#go()
  }

  /** Zones and background alone need no search. */
  #pass(shot: Shot, at: number): void {
    const world = this.#world
    const treatment = this.#treatment
    try {
      if (this.#wantsSilhouette(at)) this.#ask(++this.#id, shot, world.pixels(shot), null, true)
      const fit = !covering(treatment.zones) || fits(treatment.zones, { camera: this.#camera, aspect: shot.width / shot.height })
      const picture = fit
        ? world.paint(shot, null, { all: false, masks: [], person: null }, treatment, this.#silhouette)
        : world.blank(shot.width, shot.height, treatment, shot.frame.timestamp)
      world.released(picture, true, world.now() - at)
      this.#stand(fit ? { is: "masked", faces: 0 } : { is: "zones", aspect: shot.width / shot.height })
    } finally {
      shot.frame.close()
    }
  }

  #wantsSilhouette(at: number): boolean {
    if (this.#treatment.background === "none" || at - this.#silhouetteAt < SILHOUETTE_MS || this.#asked.size > 0) return false
    this.#silhouetteAt = at
    return true
  }

  #ask(id: number, shot: Shot, pixels: Pixels, known: readonly Face[] | null, person: boolean): void {
    const [width, height] = [shot.width / pixels.width, shot.height / pixels.height]
    this.#asked.set(id, { at: this.#world.now(), full: known !== null, width, height })
    this.#world.ask({ id, pixels, known, person })
  }

  #go(): void {
    this.#room?.()
    this.#room = null
  }

  #stand(standing: Standing): void {
    const now = JSON.stringify(standing)
    if (now === this.#standing) return
    this.#standing = now
    this.#world.standing(standing)
  }
}

const whyOf = (why: Extract<Cover, { all: true }>["why"]): Standing => (why === "loading" ? { is: "loading", part: 1 } : { is: why })

/** Faces of what was searched, in pixels of the frame. */
const scaled = (faces: readonly Face[], x: number, y: number): readonly Face[] =>
  x === 1 && y === 1 ? faces : faces.map((f) => ({ ...f, x: f.x * x, y: f.y * y, width: f.width * x, height: f.height * y }))
