/** Selfie segmentation (MediaPipe), landscape: where the person is, in 256 x 144 cells of the whole picture. */

import type { Silhouette } from "../cover/cover.ts"

export const COLUMNS = 256
export const ROWS = 144
/** As the network wants its values: 0..1. */
export const GAIN = 1 / 255

/** Throws RangeError on numbers that are none. */
export function silhouetteOf(likely: Float32Array): Silhouette {
  if (likely.length !== COLUMNS * ROWS) throw new RangeError("the segmentation answers for another picture")
  const cells = new Uint8Array(likely.length)
  for (let i = 0; i < cells.length; i++) {
    const part = likely[i] as number
    if (!(part >= 0 && part <= 1)) throw new RangeError("the segmentation answers with no number")
    cells[i] = Math.round(part * 255)
  }
  return { columns: COLUMNS, rows: ROWS, likely: cells }
}
