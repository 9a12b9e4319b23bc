/**
 * The measure of masking: a face is masked when at least 95 % of its
 * eyes-nose-mouth core is covered, which is what lies between 12 and 88 % of
 * the width of its box (forehead to chin) and 25 and 92 % of its height.
 */

import { CELL, COLUMNS, HEIGHT, ROWS, WIDTH } from "./played.ts"

/** x, y, width and height in pixels of the file. */
export type FaceBox = readonly [number, number, number, number]

const MASKED = 0.95
const POINTS = 24 // a side, of a core
const ROOM = { stills: 0.6, clips: 0.4 } as const // around a face, of its size: covering that is no excess

/** What is covered of a picture that was played, in pixels of its file. */
export class Covered {
  readonly #cells: string
  readonly #scale: number
  readonly #left: number
  readonly #top: number
  readonly #width: number
  readonly #height: number

  constructor(cells: string, width: number, height: number) {
    this.#cells = cells
    this.#width = width
    this.#height = height
    this.#scale = Math.min(WIDTH / width, HEIGHT / height)
    this.#left = (WIDTH - width * this.#scale) / 2
    this.#top = (HEIGHT - height * this.#scale) / 2
  }

  at(x: number, y: number): boolean {
    const column = Math.min(COLUMNS - 1, Math.floor((this.#left + x * this.#scale) / CELL))
    const row = Math.min(ROWS - 1, Math.floor((this.#top + y * this.#scale) / CELL))
    return this.#cells[row * COLUMNS + column] === "1"
  }

  /** Whether a face is masked. */
  masks([x, y, w, h]: FaceBox): boolean {
    const left = Math.max(0, x + 0.12 * w)
    const right = Math.min(this.#width, x + 0.88 * w)
    const top = Math.max(0, y + 0.25 * h)
    const bottom = Math.min(this.#height, y + 0.92 * h)
    if (right <= left || bottom <= top) return true // outside the picture
    let hit = 0
    for (let i = 0; i < POINTS; i++)
      for (let j = 0; j < POINTS; j++)
        if (this.at(left + ((i + 0.5) / POINTS) * (right - left), top + ((j + 0.5) / POINTS) * (bottom - top))) hit++
    return hit >= MASKED * POINTS * POINTS
  }

  /** What part of the picture is covered without need. */
  excess(faces: readonly FaceBox[], of: keyof typeof ROOM): number {
    const room = ROOM[of]
    let [all, needless] = [0, 0]
    for (let y = 2; y < this.#height; y += 4)
      for (let x = 2; x < this.#width; x += 4) {
        all++
        const near = faces.some(
          ([l, t, w, h]) => x >= l - room * w && x <= l + (1 + room) * w && y >= t - room * h && y <= t + (1 + room) * h,
        )
        if (!near && this.at(x, y)) needless++
      }
    return needless / all
  }
}

/** So many of so many. */
export class Share {
  hit = 0
  all = 0

  count(hit: boolean): void {
    this.all++
    if (hit) this.hit++
  }

  add({ hit, all }: Share): void {
    this.hit += hit
    this.all += all
  }

  /** In percent; NaN of nothing. */
  get percent(): number {
    return (100 * this.hit) / this.all
  }

  /** Lower bound of the 95 % interval (Wilson), in percent. */
  get atLeast(): number {
    const [n, p, z] = [this.all, this.hit / this.all, 1.96]
    return (100 * (p + (z * z) / 2 / n - z * Math.sqrt((p * (1 - p)) / n + (z * z) / 4 / n / n))) / (1 + (z * z) / n)
  }

  toString(): string {
    return this.all === 0 ? "none" : `${this.percent.toFixed(2)} % (${this.hit}/${this.all}, at least ${this.atLeast.toFixed(1)} %)`
  }
}
