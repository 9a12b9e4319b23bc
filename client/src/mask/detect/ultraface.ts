/**
 * UltraFace version-RFB-320 (Linzaer, 2019) for pictures of any size: what it
 * is given, and what its numbers mean. Its anchors are laid out in four layers;
 * each cell of a layer has two or three of different sizes, in pixels.
 */

import type { Face } from "../cover/cover.ts"
import type { Pixels } from "../port.ts"

const LAYERS = [
  { stride: 8, sizes: [10, 16, 24] },
  { stride: 16, sizes: [32, 48] },
  { stride: 32, sizes: [64, 96] },
  { stride: 64, sizes: [128, 192, 256] },
] as const
const [CENTRE, SIZE] = [0.1, 0.2] // variances: how strongly the network moves and stretches an anchor

/** How many anchors a picture of this size has. */
export const anchorsOf = (width: number, height: number): number =>
  LAYERS.reduce((sum, { stride, sizes }) => sum + Math.ceil(width / stride) * Math.ceil(height / stride) * sizes.length, 0)

/** The network's input: three planes, red, green and blue, each value about -1..1. */
export function planesOf({ data, width, height }: Pixels, into?: Float32Array): Float32Array {
  const size = width * height
  const planes = into?.length === 3 * size ? into : new Float32Array(3 * size)
  for (let p = 0, i = 0; p < size; p++, i += 4) {
    planes[p] = ((data[i] as number) - 127) / 128
    planes[p + size] = ((data[i + 1] as number) - 127) / 128
    planes[p + 2 * size] = ((data[i + 2] as number) - 127) / 128
  }
  return planes
}

/**
 * The faces that score at least as `threshold` says for their height (a part of
 * the picture's), in pixels of the picture the network was given. `scores` are
 * pairs (no face, face), `deltas` fours. Throws RangeError on numbers that are none.
 */
export function facesOf(
  scores: Float32Array,
  deltas: Float32Array,
  { width, height }: { readonly width: number; readonly height: number },
  threshold: (part: number) => number,
): Face[] {
  if (scores.length !== 2 * anchorsOf(width, height) || deltas.length !== 2 * scores.length)
    throw new RangeError("the face detector answers for another picture")
  const least = Math.min(threshold(0), threshold(1))
  const faces: Face[] = []
  let anchor = 0
  for (const { stride, sizes } of LAYERS) {
    const columns = Math.ceil(width / stride)
    const rows = Math.ceil(height / stride)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (const size of sizes) {
          const score = scores[2 * anchor + 1] as number
          const at = 4 * anchor++
          if (score < least) continue
          const w = size * Math.exp(SIZE * (deltas[at + 2] as number))
          const h = size * Math.exp(SIZE * (deltas[at + 3] as number))
          const x = (column + 0.5) * stride + CENTRE * size * (deltas[at] as number) - w / 2
          const y = (row + 0.5) * stride + CENTRE * size * (deltas[at + 1] as number) - h / 2
          if (!Number.isFinite(score + x + y + w + h)) throw new RangeError("the face detector answers with no number")
          if (score >= threshold(h / height)) faces.push({ x, y, width: w, height: h, score })
        }
  }
  // A score that is no number may be less than the least: it is looked for by itself.
  if (!scores.every(Number.isFinite)) throw new RangeError("the face detector answers with no number")
  return faces
}
