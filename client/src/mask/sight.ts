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

class Reader {
  readonly #canvas = new OffscreenCanvas(2, 2)
  readonly #g = this.#canvas.getContext("2d", { willReadFrequently: true, alpha: false }) as OffscreenCanvasRenderingContext2D

  read(frame: VideoFrame, width: number, height: number): Pixels {
    if (this.#canvas.width !== width) this.#canvas.width = width
    if (this.#canvas.height !== height) this.#canvas.height = height
    this.#g.drawImage(frame, 0, 0, width, height)
    return { data: this.#g.getImageData(0, 0, width, height).data as Uint8ClampedArray<ArrayBuffer>, width, height }
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
