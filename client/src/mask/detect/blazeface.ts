/**
 * BlazeFace, short range (MediaPipe): a square of 128 x 128 pixels, for faces
 * that fill much of the picture. 896 anchors: two in each of 16 x 16 cells, six
 * in each of 8 x 8.
 */

import type { Face } from "../cover/cover.ts"
import type { Fit } from "./pixels.ts"

export const SIDE = 128
const LAYERS = [
  { cells: 16, anchors: 2 },
  { cells: 8, anchors: 6 },
] as const
const ANCHORS = 896
const NUMBERS = 16 // of an anchor: a box and six points of the face
/** It boxes from the brows to the chin; others from the forehead: grown at the top, the sides and below, in parts of its size. */
const GROWN = { top: 0.2, side: 0.05, bottom: 0.05 }

/** As the network wants its values: -1..1. */
export const GAIN = 2 / 255
export const BIAS = -1

/** The faces that score `threshold` or more, in pixels of the picture that was fitted in. Throws RangeError on numbers that are none. */
export function facesOf(scores: Float32Array, boxes: Float32Array, { scale, left, top }: Fit, threshold: number): Face[] {
  if (scores.length !== ANCHORS || boxes.length !== ANCHORS * NUMBERS)
    throw new RangeError("the close-up detector answers for another picture")
  if (!scores.every(Number.isFinite)) throw new RangeError("the close-up detector answers with no number")
  const least = Math.log(threshold / (1 - threshold))
  const faces: Face[] = []
  let anchor = 0
  for (const { cells, anchors } of LAYERS)
    for (let row = 0; row < cells; row++)
      for (let column = 0; column < cells; column++)
        for (let n = 0; n < anchors; n++) {
          const raw = scores[anchor] as number
          const at = NUMBERS * anchor++
          if (raw < least) continue
          const w = boxes[at + 2] as number
          const h = boxes[at + 3] as number
          const x = ((column + 0.5) * SIDE) / cells + (boxes[at] as number) - w / 2
          const y = ((row + 0.5) * SIDE) / cells + (boxes[at + 1] as number) - h / 2
          if (!Number.isFinite(x + y + w + h)) throw new RangeError("the close-up detector answers with no number")
          faces.push({
            x: (x - GROWN.side * w - left) / scale,
            y: (y - GROWN.top * h - top) / scale,
            width: (w * (1 + 2 * GROWN.side)) / scale,
            height: (h * (1 + GROWN.top + GROWN.bottom)) / scale,
            score: 1 / (1 + Math.exp(-raw)),
          })
        }
  return faces
}
