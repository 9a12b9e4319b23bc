/**
 * What is painted in place of what must not be seen. Nothing here can read a
 * picture: a fill is made of a random seed, the number of a mask's track and
 * the mask's size. So two pictures that differ only under the mask become the
 * same, and nothing can be computed back.
 *
 * Only whole pixels are painted, opaque, so that no covered pixel is blended
 * into an edge.
 */

import type { Box, Fill } from "../treatment.ts"

/** As much of a 2D canvas as painting needs. */
export interface Surface {
  fillStyle: string | CanvasGradient | CanvasPattern
  fillRect(x: number, y: number, width: number, height: number): void
  beginPath(): void
  ellipse(x: number, y: number, rx: number, ry: number, turn: number, from: number, to: number): void
  fill(): void
}

/** Side of one block of the pattern, in pixels. */
export const BLOCK = 16

const PALETTE = ["#3d4a5c", "#52627a", "#6b7d99", "#8796ad", "#46607a", "#5a7691"] as const
const FLAT = "#46556b"
const DISC = "#8796ad"

/** Every colour that is painted over a picture. */
export const COLOURS: readonly string[] = [...PALETTE, FLAT, DISC]

/** Evenly distributed bits of a few numbers (the finaliser of MurmurHash3, public domain, over each in turn). */
export function scatter(...numbers: readonly number[]): number {
  let h = 0x9e3779b9
  for (const n of numbers) {
    h ^= n
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    h ^= h >>> 16
  }
  return h >>> 0
}

/** The colour of one block of a track's pattern, counted from the upper left corner of its mask. */
export const block = (seed: number, track: number, column: number, row: number): string =>
  PALETTE[scatter(seed, track, column, row) % PALETTE.length] ?? FLAT

/** To whole pixels, outward. */
export function whole({ x, y, width, height }: Box): Box {
  const [left, top] = [Math.floor(x), Math.floor(y)]
  return { x: left, y: top, width: Math.ceil(x + width) - left, height: Math.ceil(y + height) - top }
}

export class Filler {
  readonly #seed: number

  /** The seed is random, and the same for as long as the camera is masked. */
  constructor(seed: number) {
    this.#seed = seed
  }

  /** Fills a box; `track` is 0 for what belongs to no face. */
  box(g: Surface, box: Box, fill: Fill, track: number): void {
    const { x, y, width, height } = whole(box)
    if (fill === "pattern") return this.#pattern(g, { x, y, width, height }, track)
    g.fillStyle = FLAT
    g.fillRect(x, y, width, height)
    if (fill === "flat" || track === 0) return
    // The disc's soft edge lies on the flat colour, not on the picture.
    g.fillStyle = DISC
    g.beginPath()
    g.ellipse(x + width / 2, y + height * 0.4, width * 0.2, height * 0.2, 0, 0, 2 * Math.PI)
    g.fill()
    g.beginPath()
    g.ellipse(x + width / 2, y + height * 0.95, width * 0.35, height * 0.3, 0, Math.PI, 2 * Math.PI)
    g.fill()
  }

  #pattern(g: Surface, { x, y, width, height }: Box, track: number): void {
    // A cover of everything has larger blocks: they are the same few hundred for every size.
    const side = Math.max(BLOCK, Math.ceil(Math.max(width, height) / 40 / BLOCK) * BLOCK)
    for (let row = 0; row * side < height; row++) {
      for (let column = 0; column * side < width; column++) {
        g.fillStyle = block(this.#seed, track, column, row)
        g.fillRect(x + column * side, y + row * side, Math.min(side, width - column * side), Math.min(side, height - row * side))
      }
    }
  }
}
