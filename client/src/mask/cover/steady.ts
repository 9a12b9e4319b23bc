/**
 * What is shown of a cover: on the grid, outward at once, and by a cell of it or
 * two inward only when the room was not needed for a while. A cover that breathes
 * with the head would tell its shape, and one that breathes with the networks,
 * of which all look only now and then, would be a nuisance. What moves by more
 * than that is followed at once: that it moves is seen anyway, and a cover that
 * trails behind would hide much of the room. In a still scene nothing moves, and
 * whatever room a network has wanted since it stands still is kept: one of them
 * may take a small face for twice as large as another does.
 */

import type { Box } from "../treatment.ts"
import { clip, GRID, snap, union, within } from "./boxes.ts"
import type { Mask } from "./cover.ts"

/** Longer than the time between two looks of all networks: in a still scene at 9 frames a second, and in one that moves at 13. */
const INWARD_MS = 3000
const MOVING_MS = 500

/** What a cover is held back by, at least a cell: this part of its size. */
const SLACK = 8

/** Needs so close in time are kept as one, so that a fast camera costs no more memory. */
const TOGETHER_MS = 40

interface Need {
  since: number
  last: number
  box: Box
}

export class Steady {
  readonly #needs = new Map<number, Need[]>() // by track, oldest first
  #moved = Number.NEGATIVE_INFINITY // when a frame last was not as the one before (ms)

  /** What is shown in a frame of the time `at` (ms), which never goes back. `still`: it shows the same as the one before. */
  show(needed: readonly Mask[], at: number, width: number, height: number, still = false): Mask[] {
    const shown: Mask[] = []
    if (!still) this.#moved = at
    const settled = at - this.#moved >= MOVING_MS
    const since = settled ? this.#moved : at - MOVING_MS
    for (const mask of needed) {
      const needs = this.#needs.get(mask.track) ?? []
      this.#needs.set(mask.track, needs)
      const need = snap(mask)
      add(needs, need, at)
      const room = needs
        .filter(({ last }) => last > since)
        .map(({ box }) => box)
        .reduce(union)
      const inside = clip(settled ? room : within(room, need, slack(need)), width, height)
      if (inside) shown.push({ ...inside, track: mask.track })
    }
    if (this.#needs.size > needed.length) {
      const live = new Set(needed.map(({ track }) => track))
      for (const track of this.#needs.keys()) if (!live.has(track)) this.#needs.delete(track)
    }
    return shown
  }
}

/** Networks differ in the size of a large face by more than in that of a small one. */
const slack = ({ width, height }: Box): number => GRID * Math.max(1, Math.round(Math.max(width, height) / SLACK / GRID))

function add(needs: Need[], box: Box, at: number): void {
  while (needs[0] && at - needs[0].last >= INWARD_MS) needs.shift()
  const latest = needs.at(-1)
  if (latest && at - latest.since < TOGETHER_MS) {
    latest.box = union(latest.box, box)
    latest.last = at
  } else needs.push({ since: at, last: at, box })
}
