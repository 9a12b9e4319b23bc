/** Looks at frames: in the size in which they leave, as averages of brightness, and as pixels for the networks. */

import type { Pixels } from "./port.ts"

/** Larger frames are made smaller. */
const MOST = { width: 1280, height: 720 }

/** What the networks get at most. */
const SEARCHED = { width: 640, height: 360 }

const COLUMNS = 32
const ROWS = 18

/** Whole, even numbers that fit, in the same shape: a pair of pixels shares its colour. */
function within(width: number, height: number, most: { readonly width: number; readonly height: number }): [number, number] {
  const long = Math.max(most.width, most.height)
  const short = Math.min(most.width, most.height)
  const [w, h] = width >= height ? [long, short] : [short, long]
  const scale = Math.min(1, w / width, h / height)
  const even = (n: number): number => Math.max(2, 2 * Math.round((n * scale) / 2))
  return [even(width), even(height)]
}

export const leaves = (width: number, height: number): [number, number] => within(width, height, MOST)
export const searched = (width: number, height: number): [number, number] => within(width, height, SEARCHED)

/**
 * How often a frame is halved after it was drawn. Browsers draw alike down to
 * half the size and differ below it, and so would the boxes that are found.
 */
export function halvings(from: number, to: number): number {
  let times = 0
  while (from > to * 2 ** (times + 1)) times++
  return times
}

class Reader {
  readonly #steps: OffscreenCanvasRenderingContext2D[] = [] // each of twice the size of the one before

  read(frame: VideoFrame, width: number, height: number): Pixels {
    let from: VideoFrame | OffscreenCanvas = frame
    for (let n = halvings(frame.displayWidth, width); n >= 0; n--) {
      const g = this.#step(n, width * 2 ** n, height * 2 ** n)
      g.drawImage(from, 0, 0, g.canvas.width, g.canvas.height)
      from = g.canvas
    }
    const pixels = this.#step(0, width, height).getImageData(0, 0, width, height)
    return { data: pixels.data as Uint8ClampedArray<ArrayBuffer>, width, height }
  }

  #step(n: number, width: number, height: number): OffscreenCanvasRenderingContext2D {
    const g =
      this.#steps[n] ??
      (new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true, alpha: false }) as OffscreenCanvasRenderingContext2D)
    this.#steps[n] = g
    if (g.canvas.width !== width) g.canvas.width = width
    if (g.canvas.height !== height) g.canvas.height = height
    return g
  }
}

export class Sight {
  readonly #reader = new Reader()

  /** What the networks are given of a frame. */
  pixels(frame: VideoFrame, width: number, height: number): Pixels {
    return this.#reader.read(frame, ...searched(width, height))
  }
}

/**
 * How bright a picture is, in 32 × 18 averages, row by row; and how much its
 * pixels differ from their neighbours where it is smoothest, which is noise.
 */
export function brightness({ data, width, height }: Pixels): { luma: Uint8Array; noise: number } {
  const cells = COLUMNS * ROWS
  const [sums, changes, counts] = [new Float64Array(cells), new Float64Array(cells), new Uint32Array(cells)]
  const columnOf = Uint8Array.from({ length: width }, (_, x) => Math.floor((x * COLUMNS) / width))
  const valueAt = (i: number): number => 0.299 * (data[i] ?? 0) + 0.587 * (data[i + 1] ?? 0) + 0.114 * (data[i + 2] ?? 0)
  for (let y = 0; y < height; y += 2) {
    const row = Math.floor((y * ROWS) / height) * COLUMNS
    for (let x = 0; x + 1 < width; x += 2) {
      const i = (y * width + x) * 4
      const cell = row + (columnOf[x] ?? 0)
      const value = valueAt(i)
      sums[cell] = (sums[cell] ?? 0) + value
      changes[cell] = (changes[cell] ?? 0) + Math.abs(value - valueAt(i + 4))
      counts[cell] = (counts[cell] ?? 0) + 1
    }
  }
  const each = (of: Float64Array): Float64Array => of.map((sum, i) => sum / Math.max(1, counts[i] ?? 0))
  return { luma: Uint8Array.from(each(sums)), noise: each(changes).sort()[cells >> 2] ?? 0 }
}

/** A brighter picture finds nothing more below this. */
const LITTLE = 1.1

/** The picture as the networks are given it: so many times brighter. */
export function lit(pixels: Pixels, gain: number): Pixels {
  if (gain < LITTLE) return pixels
  const { data } = pixels
  // What is above 255 stays there: the array sees to it. A table, since there are close to a million values.
  const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => value * gain)
  const brighter = new Uint8ClampedArray(data.length)
  for (let i = 0; i < data.length; i++) brighter[i] = table[data[i] as number] as number
  return { ...pixels, data: brighter }
}
