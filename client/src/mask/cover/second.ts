/**
 * The second opinion: where a person is seen for a while, but no face on the
 * upper part, one is turned away, hooded or strangely masked. There the top is
 * covered until a later look says otherwise.
 */

import type { Box } from "../treatment.ts"
import { bottom, nested, right } from "./boxes.ts"
import type { Mask, Silhouette } from "./cover.ts"

const LIKELY = 128 // of 255: a cell shows a person
const LEAST = 0.03 // of the frame, that a person takes up
const UPPER = 0.5 // of the person: where the middle of a face's cover must be
const TOP = 0.4 // of the person: what is covered
const PATIENCE = 15 // looks without a face

interface Faceless {
  readonly track: number
  readonly since: number // look
  readonly last: number
  readonly person: Box
}

export class Second {
  #faceless: Faceless[] = []
  readonly #number: () => number

  constructor(number: () => number) {
    this.#number = number
  }

  /** The people of the frame of this look; `covers` are those of the faces in it. */
  see(silhouette: Silhouette, covers: readonly Box[], look: number, width: number, height: number): void {
    const before = this.#faceless
    this.#faceless = people(silhouette, width, height)
      .filter((person) => !covers.some((cover) => onTop(cover, person)))
      .map((person) => {
        const same = before.find((f) => nested(f.person, person) > 0.5)
        return { track: same?.track ?? this.#number(), since: same?.since ?? look, last: look, person }
      })
  }

  covers(): Mask[] {
    return this.#faceless
      .filter(({ since, last }) => last - since >= PATIENCE)
      .map(({ track, person }) => ({ ...person, height: person.height * TOP, track }))
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
