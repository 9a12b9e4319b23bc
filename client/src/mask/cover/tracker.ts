/**
 * Follows faces from frame to frame, so that one that the networks miss for a
 * moment stays covered. Frames are counted in looks: frames that were given to
 * the networks, or are the same as one that was. Results may come in any order.
 */

import type { Box } from "../treatment.ts"
import { bottom, dilate, distance, iou, nested, right, shift, union } from "./boxes.ts"
import type { Mask } from "./cover.ts"

/** How long a face stays covered that is found no more, in looks, and in time as if there were 30 a second: the longer counts. */
export const HOLD = 30
export const HOLD_NEW = 10 // found less often than this many times: it may have been none
export const HOLD_INSIDE = 60 // it vanished away from the edge: a face does not leave there
const HITS_SURE = 3
/** What only all networks together find stays covered until they have looked so often and not found it: they may be slow. */
const LOOKS_OF_ALL = 2
export const LOOK_MS = 1000 / 30

/** Each look without the face makes its cover larger, by this part of the face on every side. */
const GROWTH = 0.04

/** How far a face may have moved since it was last found, in parts of its size: at once, by each look, at most. */
const GATE = 0.5
const GATE_PER_LOOK = 0.15
const GATE_MOST = 1.5
const SAME_SIZE = 2.5 // sides that differ by more are not of one face

/** A face that is found no more is thought to move on for so many looks. */
const PREDICTED = 6
/** Its speed is that over so many looks: single ones tremble. */
const SPEED_LOOKS = 3

/** More boxes than these at a time is no crowd but a network that is broken. */
export const MOST_TRACKS = 256

interface Hit {
  readonly look: number
  readonly at: number
  box: Box
}

interface Track {
  readonly id: number
  readonly hits: Hit[] // oldest first; at least one
  found: number
  gone: number // from this look on another picture is shown than it was found in
  all: { look: number; left: number } // when all networks found it last, and how often they must not before it is let go
}

export class Tracker {
  #tracks: Track[] = []
  readonly #number: () => number

  constructor(number: () => number) {
    this.#number = number
  }

  get size(): number {
    return this.#tracks.length
  }

  /** Faces that were found in the frame of this look, by the fast networks or by all. */
  see(faces: readonly Box[], look: number, at: number, by: "fast" | "all" = "fast"): void {
    const found = this.#match(faces, look, at)
    if (by === "fast") return
    for (const track of this.#tracks) {
      if (found.has(track) && look >= track.all.look) track.all = { look, left: LOOKS_OF_ALL }
      else if (!found.has(track) && look > track.all.look) track.all.left--
    }
  }

  /** From this look on another picture altogether is shown: a face that is not found in it is held as if it had just been seen for the first time. */
  cut(look: number): void {
    for (const track of this.#tracks) track.gone = Math.min(track.gone, look)
  }

  /** The tracks of these faces; new ones where there are none. */
  #match(faces: readonly Box[], look: number, at: number): ReadonlySet<Track> {
    const found = new Set<Track>()
    const pairs: { face: Box; track: Track; close: number }[] = []
    for (const face of faces)
      for (const track of this.#tracks) {
        const close = closeness(face, track, look)
        if (close > 0) pairs.push({ face, track, close })
      }
    pairs.sort((a, b) => b.close - a.close)
    const taken = new Map<Box | Track, Track>()
    for (const { face, track } of pairs)
      if (!taken.has(face) && !taken.has(track)) {
        taken.set(face, track).set(track, track)
        hit(track, face, look, at)
        found.add(track)
      }
    for (const face of faces) {
      if (taken.has(face)) continue
      const same = this.#tracks.find(({ hits }) => hits.some((h) => h.look === look && nested(h.box, face) > 0.6))
      const track = same ?? {
        id: this.#number(),
        hits: [{ look, at, box: face }],
        found: 1,
        gone: Number.POSITIVE_INFINITY,
        all: { look: -1, left: 0 },
      }
      if (same) hit(same, face, look, at)
      else this.#tracks.push(track)
      found.add(track)
    }
    return found
  }

  /** What must be covered in the frame of this look. */
  covers(look: number, at: number, width: number, height: number): Mask[] {
    const masks: Mask[] = []
    for (const track of this.#tracks)
      if (alive(track, look, at, width, height)) masks.push({ ...dilate(...where(track, look)), track: track.id })
    return masks
  }

  /** The speed of the fastest face that is in sight, in widths of it for each look. */
  speed(): number {
    let fastest = 0
    const now = Math.max(...this.#tracks.map(({ hits }) => last(hits).look))
    for (const { hits } of this.#tracks) {
      const { box, look } = last(hits)
      const { x, y } = velocity(hits, look)
      if (now - look <= SPEED_LOOKS) fastest = Math.max(fastest, Math.hypot(x, y) / Math.max(1, box.width))
    }
    return fastest
  }

  /** No frame before this look is to be covered any more. */
  forget(look: number, at: number, width: number, height: number): void {
    this.#tracks = this.#tracks.filter((track) => alive(track, look, at, width, height))
    for (const { hits } of this.#tracks) {
      const kept = hits.findLastIndex((h) => h.look <= look - SPEED_LOOKS)
      if (kept > 0) hits.splice(0, kept)
    }
  }
}

const last = (hits: readonly Hit[]): Hit => hits.at(-1) as Hit

/** The last hit up to this look. */
const before = (hits: readonly Hit[], look: number): Hit | undefined => hits.findLast((h) => h.look <= look)

/** Pixels for each look, as far as is known at this look. */
function velocity(hits: readonly Hit[], look: number): { x: number; y: number } {
  const to = before(hits, look)
  const from = to && (hits.find((h) => h.look < to.look && h.look >= to.look - SPEED_LOOKS) ?? before(hits, to.look - 1))
  if (!from) return { x: 0, y: 0 }
  const looks = to.look - from.look
  return {
    x: (to.box.x - from.box.x + (to.box.width - from.box.width) / 2) / looks,
    y: (to.box.y - from.box.y + (to.box.height - from.box.height) / 2) / looks,
  }
}

/** Where a face would be if it had moved on. */
function predicted(hits: readonly Hit[], look: number): Box {
  const known = before(hits, look)
  if (!known) return (hits[0] as Hit).box
  const { x, y } = velocity(hits, look)
  const looks = Math.min(look - known.look, PREDICTED)
  return shift(known.box, x * looks, y * looks)
}

/** All places where a face may be at this look, and how much larger its cover is to be. */
function where({ hits }: Track, look: number): [face: Box, growth: number] {
  const known = before(hits, look)
  const next = hits.find((h) => h.look > look)
  if (!known) return [(next as Hit).box, GROWTH * ((next as Hit).look - look)]
  if (known.look === look) return [known.box, 0]
  const places = union(known.box, predicted(hits, look))
  return [next ? union(places, next.box) : places, GROWTH * (look - known.look)]
}

/** How surely this is the face of the track, 0 for not at all. */
function closeness(face: Box, { hits }: Track, look: number): number {
  const place = predicted(hits, look)
  const known = before(hits, look) ?? (hits[0] as Hit)
  const overlap = Math.max(iou(face, place), iou(face, known.box))
  if (overlap > 0.2) return 1 + overlap
  const size = (face.width + face.height + place.width + place.height) / 4
  const ratio = (face.width + face.height) / (place.width + place.height)
  if (!(ratio < SAME_SIZE && ratio > 1 / SAME_SIZE)) return 0
  const gate = Math.min(GATE_MOST, GATE + GATE_PER_LOOK * Math.abs(look - known.look)) * size
  return Math.max(0, 1 - Math.min(distance(face, place), distance(face, known.box)) / gate)
}

function hit(track: Track, face: Box, look: number, at: number): void {
  const place = track.hits.findLastIndex((h) => h.look <= look)
  const there = track.hits[place]
  if (there?.look === look) there.box = union(there.box, face)
  else {
    track.hits.splice(place + 1, 0, { look, at, box: face })
    track.found++
    if (look >= track.gone) track.gone = Number.POSITIVE_INFINITY
  }
}

function alive({ hits, found, gone, all }: Track, look: number, at: number, width: number, height: number): boolean {
  const { look: seen, at: seenAt, box } = last(hits)
  const inside = box.x > 0 && box.y > 0 && right(box) < width && bottom(box) < height
  const hold = look >= gone || found < HITS_SURE ? HOLD_NEW : inside ? HOLD_INSIDE : HOLD
  return all.left > 0 || look - seen <= hold || at - seenAt <= hold * LOOK_MS
}
