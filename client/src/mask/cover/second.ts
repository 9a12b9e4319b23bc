/**
 * The second opinion: where a person is seen for a while, but no face on the
 * upper part, one is turned away, hooded or strangely masked. There the top is
 * covered until a later look says otherwise.
 */

import type { Box } from "../treatment.ts"
import { bottom, nested, right, union } from "./boxes.ts"
import type { Mask, Silhouette } from "./cover.ts"

const LIKELY = 128 // of 255: a cell shows a person
const LEAST = 0.03 // of the frame, that a person takes up
const UPPER = 0.5 // of the person: where the middle of a face's cover must be
const TOP = 0.4 // of the person: what is covered
const PATIENCE = 15 // looks without a face
const SAME = 0.2 // that much of one of two boxes is in the other: somebody has moved
const MISSES = 2 // silhouettes running that must not show them, until they are gone

interface Faceless {
  readonly track: number
  readonly since: number // look
  readonly last: number
  readonly missed: number // silhouettes since the last that showed them
  readonly person: Box
  readonly top: Box // to be covered: where it is, and where it was in the silhouette before
}

export class Second {
  #faceless: Faceless[] = []
  readonly #number: () => number

  constructor(number: () => number) {
    this.#number = number
  }

  /** The people of the frame of this look; `covers` are those of the faces in it. */
  see(silhouette: Silhouette, covers: readonly Box[], look: number, width: number, height: number): void {
    const faceless = (person: Box): boolean => !covers.some((cover) => onTop(cover, person))
    const before = this.#faceless
    const found = people(silhouette, width, height)
    const shown = found.filter(faceless).map((person) => {
      const same = before.find((f) => nested(f.person, person) > SAME)
      const top = { ...person, height: person.height * TOP }
      return {
        track: same?.track ?? this.#number(),
        since: same?.since ?? look,
        last: look,
        missed: 0,
        person,
        top: same === undefined ? top : union(top, { ...same.person, height: same.person.height * TOP }),
      }
    })
    // One silhouette may miss somebody: what is gone is gone only in the next as well.
    const missed = before
      .filter(({ person, missed }) => missed + 1 < MISSES && faceless(person) && !found.some((f) => nested(person, f) > SAME))
      .map((f) => ({ ...f, missed: f.missed + 1 }))
    this.#faceless = [...shown, ...missed]
  }

  covers(): Mask[] {
    return this.#faceless.filter(({ since, last }) => last - since >= PATIENCE).map(({ track, top }) => ({ ...top, track }))
  }
}

function onTop(cover: Box, person: Box): boolean {
  const [x, y] = [cover.x + cover.width / 2, cover.y + cover.height / 2]
  return x >= person.x && x <= right(person) && y <= person.y + person.height * UPPER && bottom(cover) >= person.y
}

/** The boxes of all people that are large enough: cells that touch belong together. */
export function people({ columns, rows, likely }: Silhouette, width: number, height: number): Box[] {
  const seen = new Uint8Array(columns * rows)
  const found: Box[] = []
  for (let start = 0; start < seen.length; start++) {
    if (seen[start] || (likely[start] ?? 0) < LIKELY) continue
    let [left, top, most, low, cells] = [columns, rows, 0, 0, 0]
    const open = [start]
    seen[start] = 1
    for (let cell = open.pop(); cell !== undefined; cell = open.pop()) {
      const [x, y] = [cell % columns, Math.floor(cell / columns)]
      cells++
      left = Math.min(left, x)
      most = Math.max(most, x)
      top = Math.min(top, y)
      low = Math.max(low, y)
      const around = [x > 0 ? cell - 1 : -1, x < columns - 1 ? cell + 1 : -1, cell - columns, cell + columns]
      for (const next of around)
        if (next >= 0 && next < seen.length && !seen[next] && (likely[next] ?? 0) >= LIKELY) {
          seen[next] = 1
          open.push(next)
        }
    }
    const [w, h] = [width / columns, height / rows]
    if (cells >= LEAST * seen.length) found.push({ x: left * w, y: top * h, width: (most - left + 1) * w, height: (low - top + 1) * h })
  }
  return found
}
