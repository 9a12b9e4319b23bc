/**
 * Whether there is light enough to find faces. The networks are given a dark
 * frame brightened (`gain`); what is too dark even then, or drowns in noise, is
 * covered whole, and until it is clearly better.
 */

import type { Luma } from "./scene.ts"

const WANTED = 110 // mean brightness the networks do well with
const MOST_GAIN = 4
const DARK = 40 // mean brightness after the gain
const LIT = 52
const NOISY = 24 // noise of a pixel after the gain, 0..255
const CLEAN = 18

/** The mean brightness, 0..255. */
export function brightness(luma: Luma): number {
  let sum = 0
  for (const cell of luma) sum += cell
  return sum / luma.length
}

/** By how much the networks' image of this frame is to be multiplied, 1..4. */
export const gain = (luma: Luma): number => Math.min(MOST_GAIN, Math.max(1, WANTED / Math.max(1, brightness(luma))))

export class Light {
  #dark = false

  /** Whether a frame is too dark. `noise` is how much a pixel trembles, 0..255, as far as it is known. */
  dark(luma: Luma, noise: number): boolean {
    const times = gain(luma)
    const bright = brightness(luma) * times
    this.#dark = this.#dark ? bright < LIT || noise * times > CLEAN : bright < DARK || noise * times > NOISY
    return this.#dark
  }
}
