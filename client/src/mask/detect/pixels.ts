/**
 * Pictures as numbers, and smaller ones of them. Canvases of different
 * browsers make a picture smaller in different ways: this does it in one, so
 * that the networks see the same in all.
 */

import type { Pixels } from "../port.ts"

/** Half as wide and high: each pixel is the mean of four. An odd last row or column is left out. */
export function halved({ data, width, height }: Pixels): Pixels {
  const [w, h] = [width >> 1, height >> 1]
  const half = new Uint8ClampedArray(w * h * 4)
  const row = width * 4
  for (let y = 0; y < h; y++) {
    let from = 2 * y * row
    let to = y * w * 4
    for (let x = 0; x < w; x++, from += 8, to += 4) {
      for (let c = 0; c < 3; c++) {
        const i = from + c
        half[to + c] = ((data[i] as number) + (data[i + 4] as number) + (data[i + row] as number) + (data[i + row + 4] as number) + 2) >> 2
      }
      half[to + 3] = 255
    }
  }
  return { data: half, width: w, height: h }
}

/** What of a picture a square or other place is filled with, and how much of it stays empty. */
export interface Fit {
  readonly scale: number // pixels of the place for one of the picture
  readonly left: number // pixels of the place
  readonly top: number
}

/** As large as fits into a place of `width` x `height`, in its middle. */
export function fit(picture: Pixels, width: number, height: number): Fit {
  const scale = Math.min(width / picture.width, height / picture.height)
  return { scale, left: (width - picture.width * scale) / 2, top: (height - picture.height * scale) / 2 }
}

/** How one line of pixels becomes another: for each of the new ones where it begins, and what it is the mean of. */
interface Line {
  readonly first: Int32Array
  readonly count: Int32Array
  readonly weights: Float32Array // of the ones after another
}

/** New pixels are means of what they cover of the old; outside there is nothing. */
function line(size: number, to: number, scale: number, offset: number): Line {
  const first = new Int32Array(to)
  const count = new Int32Array(to)
  const weights: number[] = []
  for (let i = 0; i < to; i++) {
    const from = Math.max(0, (i - offset) / scale)
    const until = Math.min(size, (i + 1 - offset) / scale)
    if (until <= from) continue
    // Of a picture made larger, one pixel covers less than one: it is that one.
    first[i] = Math.min(size - 1, Math.floor(from))
    count[i] = Math.min(size, Math.ceil(until)) - (first[i] as number)
    for (let s = first[i] as number; s < (first[i] as number) + (count[i] as number); s++)
      weights.push((Math.min(until, s + 1) - Math.max(from, s)) / (until - from))
  }
  return { first, count, weights: Float32Array.from(weights) }
}

/** Fills planes of red, green and blue for a network, from a picture that is fitted in as told. */
export class Scaler {
  readonly #width: number
  readonly #height: number
  #for = ""
  #columns: Line = line(1, 1, 1, 0)
  #rows: Line = line(1, 1, 1, 0)
  #between = new Float32Array(0) // as wide as the place, as high as the picture

  constructor(width: number, height: number) {
    this.#width = width
    this.#height = height
  }

  /** Writes value x `gain` + `bias` for values 0..255, and `bias` where there is no picture. `stretch` fills the whole place. */
  fill(planes: Float32Array, picture: Pixels, gain: number, bias: number, stretch = false): Fit {
    const { data, width, height } = picture
    const [w, h] = [this.#width, this.#height]
    const how = fit(picture, w, h)
    const key = `${width} ${height}`
    if (key !== this.#for) {
      this.#for = key
      this.#columns = stretch ? line(width, w, w / width, 0) : line(width, w, how.scale, how.left)
      this.#rows = stretch ? line(height, h, h / height, 0) : line(height, h, how.scale, how.top)
      this.#between = new Float32Array(w * height * 3)
    }
    const between = this.#between
    const { first, count, weights } = this.#columns
    for (let y = 0; y < height; y++) {
      let k = 0
      for (let x = 0; x < w; x++) {
        let [r, g, b] = [0, 0, 0]
        let at = (y * width + (first[x] as number)) * 4
        for (let n = count[x] as number; n > 0; n--, at += 4) {
          const weight = weights[k++] as number
          r += weight * (data[at] as number)
          g += weight * (data[at + 1] as number)
          b += weight * (data[at + 2] as number)
        }
        const to = (y * w + x) * 3
        between[to] = r
        between[to + 1] = g
        between[to + 2] = b
      }
    }
    const size = w * h
    const rows = this.#rows
    let k = 0
    for (let y = 0; y < h; y++) {
      const n = rows.count[y] as number
      for (let x = 0; x < w; x++) {
        let [r, g, b] = [0, 0, 0]
        let at = ((rows.first[y] as number) * w + x) * 3
        for (let i = 0; i < n; i++, at += w * 3) {
          const weight = rows.weights[k + i] as number
          r += weight * (between[at] as number)
          g += weight * (between[at + 1] as number)
          b += weight * (between[at + 2] as number)
        }
        const to = y * w + x
        planes[to] = r * gain + bias
        planes[to + size] = g * gain + bias
        planes[to + 2 * size] = b * gain + bias
      }
      k += n
    }
    return how
  }
}
