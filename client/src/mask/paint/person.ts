/** The whole person, as blocks: wherever a silhouette is likely, and one block further on every side. */

import type { Silhouette } from "../cover/cover.ts"
import type { Box } from "../treatment.ts"
import { BLOCK } from "./fill.ts"

/** Of 0..255: where the network finds a person this likely is one. Low, as what is covered for nothing costs little. */
const LIKELY = 26

/** Boxes of whole rows of blocks. */
export function personBoxes({ columns, rows, likely }: Silhouette, width: number, height: number): Box[] {
  const across = Math.ceil(width / BLOCK)
  const down = Math.ceil(height / BLOCK)
  const covered = new Uint8Array(across * down)
  const mark = (column: number, row: number): void => {
    if (column >= 0 && column < across && row >= 0 && row < down) covered[row * across + column] = 1
  }
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if ((likely[row * columns + column] ?? 255) < LIKELY) continue
      // Every block this cell touches, and those around.
      const left = Math.floor((column / columns) * (width / BLOCK)) - 1
      const right = Math.ceil(((column + 1) / columns) * (width / BLOCK))
      const top = Math.floor((row / rows) * (height / BLOCK)) - 1
      const bottom = Math.ceil(((row + 1) / rows) * (height / BLOCK))
      for (let r = top; r <= bottom; r++) for (let c = left; c <= right; c++) mark(c, r)
    }
  }
  return runs(covered, across, down, width, height)
}

function runs(covered: Uint8Array, across: number, down: number, width: number, height: number): Box[] {
  const boxes: Box[] = []
  for (let row = 0; row < down; row++) {
    let from = -1
    for (let column = 0; column <= across; column++) {
      const on = column < across && covered[row * across + column] === 1
      if (on && from < 0) from = column
      if (on || from < 0) continue
      const [x, y] = [from * BLOCK, row * BLOCK]
      boxes.push({ x, y, width: Math.min(width, column * BLOCK) - x, height: Math.min(height, y + BLOCK) - y })
      from = -1
    }
  }
  return boxes
}
