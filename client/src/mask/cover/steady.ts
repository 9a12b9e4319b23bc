/**
 * What is shown of a cover: on the grid, outward at once, and by a cell of it or
 * two inward only when the room was not needed for a while. A cover that breathes
 * with the head would tell its shape, and one that breathes with the networks,
 * of which all look only now and then, would be a nuisance. What moves by more
 * than that is followed at once: that it moves is seen anyway, and a cover that
 * trails behind would hide much of the room.
 */

import type { Box } from "../treatment.ts"
import { clip, GRID, snap, union, within } from "./boxes.ts"
import type { Mask } from "./cover.ts"

const INWARD_MS = 500

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

  /** What is shown in a frame of the time `at` (ms), which never goes back. */
  show(needed: readonly Mask[], at: number, width: number, height: number): Mask[] {
    const shown: Mask[] = []
    for (const mask of needed) {
      const needs = this.#needs.get(mask.track) ?? []
      this.#needs.set(mask.track, needs)
      const need = snap(mask)
      add(needs, need, at)
      const room = needs.map(({ box }) => box).reduce(union)
      const inside = clip(within(room, need, slack(need)), width, height)
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
