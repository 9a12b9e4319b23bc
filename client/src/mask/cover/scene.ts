/** What the brightness of a frame, 32 × 18 averages of 0..255, says of the one before. */

export const COLUMNS = 32
export const ROWS = 18

/** Frames that differ by more on average show another scene: nothing that was known of the one before helps. */
const ANOTHER = 24

/** A frame is the same as another when no average differs by more: the noise of a camera is less, a small face that comes is more. */
const SAME = 2

export type Luma = Uint8Array

export const whole = (luma: Luma): boolean => luma.length === COLUMNS * ROWS

/** The mean difference, 0..255. */
export function difference(a: Luma, b: Luma): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0))
  return sum / a.length
}

/** Whether another scene begins between these frames. */
export const cut = (before: Luma, after: Luma): boolean => difference(before, after) > ANOTHER

/** Whether what was found in one is true of the other. */
export function same(a: Luma, b: Luma): boolean {
  for (let i = 0; i < a.length; i++) if (Math.abs((a[i] ?? 0) - (b[i] ?? 0)) > SAME) return false
  return true
}
