/**
 * Follows faces from frame to frame, so that one that the networks miss for a
 * moment stays covered. Frames are counted in looks: frames that were given to
 * the networks, or are the same as one that was. Results may come in any order.
 */

import type { Box } from "../treatment.ts"
import { bottom, dilate, distance, iou, nested, right, shift, size, union } from "./boxes.ts"
import type { Face, Mask } from "./cover.ts"

/** How long a face stays covered that is found no more, in looks, and in time as if there were 30 a second: the longer counts, up to HOLD_MOST_MS. */
export const HOLD = 30
export const HOLD_NEW = 10 // found less often than this many times: it may have been none
export const HOLD_INSIDE = 60 // it vanished away from the edge: a face does not leave there
const HITS_SURE = 3
/** What only all networks together find stays covered until they have looked so often and not found it: they may be slow. */
const LOOKS_OF_ALL = 2
/** What is seen weakly must be seen in so many looks. Frames wait long enough for the second, so that it is covered from the first on. */
const LOOKS_WEAK = 2
const DENIED = 12 // looks: twice as many as all networks let pass
export const LOOK_MS = 1000 / 30

/**
 * In a still scene, or on a slow machine, looks are seldom, and a hold in looks alone would cover for many seconds a place that
 * somebody has left. After this long (ms) so many searches with all networks running, none of which found the face, end it too;
 * a face of another picture is let go once all have missed it twice, after its hold in time.
 */
export const HOLD_MOST_MS = 3000
export const MISSES_OF_ALL = 5

/**
 * Each look without the face makes its cover larger, by this part of the face on every side: as much as a head moves while it
 * turns away. It grows to no more than this: whoever leans stays within a head of where they were, and who goes further has
 * long been searched for by all networks, at other places too.
 */
const GROWTH = 0.04
export const GROWN = 1

/** How far a face may have moved since it was last found, in parts of its size: at once, by each look, at most. */
const GATE = 0.5
const GATE_PER_LOOK = 0.15
const GATE_MOST = 1.5
const SAME_SIZE = 2.5 // sides that differ by more are not of one face

/** A face that is found no more is thought to move on for so many looks. */
const PREDICTED = 6
/** Its speed is that over so many looks: single ones tremble. */
const SPEED_LOOKS = 3

/**
 * Whatever is wanted within so many looks at one and the same picture is kept: networks differ in the size of a face, and of
 * all of them every sixth look is one, or a later one where they are slow. Not for ever: what moves too slowly to be seen as
 * motion would leave a trail.
 */
const KEPT = 24

/** More boxes than these at a time is no crowd but a network that is broken. */
export const MOST_TRACKS = 256

type Found = Box & Pick<Face, "weak">

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
  weak: boolean // it was never found surely
  denied: number // the last look in which all networks did not find it, though it had been seen weakly
  missed: number // by all networks, since it was found
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
  see(faces: readonly Found[], look: number, at: number, by: "fast" | "all" = "fast"): void {
    const found = this.#match(faces, look, at)
    if (by === "fast") return
    for (const track of this.#tracks) {
      if (!found.has(track) && track.weak && look >= (track.hits[0] as Hit).look) track.denied = Math.max(track.denied, look)
      if (!found.has(track) && look > last(track.hits).look) track.missed++
      if (found.has(track) && look >= track.all.look) track.all = { look, left: LOOKS_OF_ALL }
      else if (!found.has(track) && look > track.all.look) track.all.left--
    }
  }

  /** From this look on another picture altogether is shown: a face that is not found in it is held as if it had just been seen for the first time. */
  cut(look: number): void {
    for (const track of this.#tracks) track.gone = Math.min(track.gone, look)
  }

  /** The tracks of these faces; new ones where there are none. */
  #match(faces: readonly Found[], look: number, at: number): ReadonlySet<Track> {
    const found = new Set<Track>()
    const pairs: { face: Found; track: Track; close: number }[] = []
    for (const face of faces)
      for (const track of this.#tracks) {
        const close = face.weak && leaving(track, look) ? 0 : closeness(face, track, look)
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
      const same = this.#tracks.find(({ hits, weak }) => !weak && hits.some((h) => h.look === look && part(face, h.box)))
      const track = same ?? {
        id: this.#number(),
        hits: [{ look, at, box: face }],
        found: 1,
        weak: face.weak === true,
        denied: Number.NEGATIVE_INFINITY,
        missed: 0,
        gone: Number.POSITIVE_INFINITY,
        all: { look: -1, left: 0 },
      }
      if (same) hit(same, face, look, at)
      else this.#tracks.push(track)
      found.add(track)
    }
    return found
  }

  /** What must be covered in the frame of this look, which shows the same picture as all since `same`. */
  covers(look: number, at: number, width: number, height: number, same = look): Mask[] {
    const since = Math.max(same, look - KEPT)
    const masks: Mask[] = []
    for (const track of this.#tracks)
      if (shown(track, look) && alive(track, look, at, width, height))
        masks.push({ ...dilate(...where(track, look, since)), track: track.id })
    return masks
  }

  /** The speed of the fastest face that is in sight at this look, in widths of it for each look. One that is found no more has none. */
  speed(now: number): number {
    let fastest = 0
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
      const kept = hits.findLastIndex((h) => h.look <= look - KEPT)
      if (kept > 0) hits.splice(0, kept)
    }
  }
}

/** Whether this is seen on that face, and no larger thing that it is a part of: what is held for long must not become as large as that. */
const part = (face: Box, of: Box): boolean => nested(of, face) > 0.6 && size(union(of, face)) < SAME_SIZE * size(of)

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

const growth = (looks: number): number => Math.min(GROWN, GROWTH * looks)

/** All places where a face may be at this look, which shows the same picture as all since `since`, and how much larger its cover is to be. */
function where({ hits }: Track, look: number, since: number): [face: Box, growth: number] {
  const there = hits.filter((h) => h.look >= since && h.look <= look)
  if (there.length > 0) return [there.map(({ box }) => box).reduce(union), 0]
  const known = before(hits, look)
  const next = hits.find((h) => h.look > look)
  if (!known) return [(next as Hit).box, growth((next as Hit).look - look)]
  const places = union(known.box, predicted(hits, look))
  return [next ? union(places, next.box) : places, growth(look - known.look)]
}

/** How surely this is the face of the track, 0 for not at all. */
function closeness(face: Box, { hits }: Track, look: number): number {
  const place = predicted(hits, look)
  const known = before(hits, look) ?? (hits[0] as Hit)
  const overlap = Math.max(iou(face, place), iou(face, known.box))
  if (overlap > 0.2) return 1 + overlap
  const mean = (size(face) + size(place)) / 2
  const ratio = size(face) / size(place)
  if (!(ratio < SAME_SIZE && ratio > 1 / SAME_SIZE)) return 0
  const gate = Math.min(GATE_MOST, GATE + GATE_PER_LOOK * Math.abs(look - known.look)) * mean
  return Math.max(0, 1 - Math.min(distance(face, place), distance(face, known.box)) / gate)
}

function hit(track: Track, face: Found, look: number, at: number): void {
  if (!face.weak) track.weak = false
  const place = track.hits.findLastIndex((h) => h.look <= look)
  const there = track.hits[place]
  if (there?.look === look) there.box = union(there.box, face)
  else {
    track.hits.splice(place + 1, 0, { look, at, box: face })
    track.found++
    if (look === last(track.hits).look) track.missed = 0
    if (look >= track.gone) track.gone = Number.POSITIVE_INFINITY
  }
}

/** Whether this face was last seen in another picture, or before all networks missed it: what is seen weakly does not say that it is there. */
const leaving = ({ gone, missed }: Track, look: number): boolean => look >= gone || missed >= LOOKS_OF_ALL

/** A denial is not for ever: all networks are to say it again, or it is shown. */
const shown = ({ weak, denied, found }: Track, look: number): boolean => !weak || (found >= LOOKS_WEAK && look - denied > DENIED)

function alive({ hits, found, gone, missed, all }: Track, look: number, at: number, width: number, height: number): boolean {
  const { look: seen, at: seenAt, box } = last(hits)
  const inside = box.x > 0 && box.y > 0 && right(box) < width && bottom(box) < height
  const hold = look >= gone || found < HITS_SURE ? HOLD_NEW : inside ? HOLD_INSIDE : HOLD
  const over = look >= gone ? missed >= LOOKS_OF_ALL : at - seenAt > HOLD_MOST_MS && missed >= MISSES_OF_ALL
  return all.left > 0 || (look - seen <= hold && !over) || at - seenAt <= hold * LOOK_MS
}
