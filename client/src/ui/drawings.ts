/**
 * Tells how large the others' pictures are drawn, so that none is received
 * larger than it can be seen. What is told is what stands still for a moment.
 */

import type { Drawing } from "../call/state.ts"
import type { Box } from "./grid.ts"

/** A tile, and which part of the stage it is on can be seen. */
interface Scene {
  readonly boxes: readonly Box[]
  readonly from: number // the stage is scrolled down by this much
  readonly height: number // of what can be seen of it; 0: nothing
  readonly ratio: number // device pixels of a CSS pixel
}

/** Whose picture a tile is to hold. */
export type Subject = Pick<Drawing, "person" | "of" | "large"> & { readonly self: boolean }

const WIDE = 9 / 16 // lines of a picture of width 1: what cameras and most screens have

/** How high a picture is in a box that it fills, or in which all of it is shown. */
const pictureHeight = ({ width, height }: Box, whole: boolean): number =>
  whole ? Math.min(height, width * WIDE) : Math.max(height, width * WIDE)

/** The drawings of everybody else, in the order of the tiles; who has no box is on another page. Pure. */
export function drawingsOf(subjects: readonly Subject[], { boxes, from, height, ratio }: Scene): Drawing[] {
  return subjects.flatMap(({ person, of, large, self }, i) => {
    const box = boxes[i]
    if (self) return []
    if (box === undefined) return [{ person, of, large, height: 0 }]
    const seen = box.y < from + height && box.y + box.height > from
    return [{ person, of, large, height: seen ? Math.round(pictureHeight(box, large || of === "screen") * ratio) : 0 }]
  })
}

const REST_MS = 200 // between two tellings
const HIDDEN_MS = 5000 // a glance at another tab changes nothing

export class Drawings {
  readonly #look: () => readonly Drawing[]
  readonly #tell: (drawings: readonly Drawing[]) => void
  #told = ""
  #hidden = false
  #resting: ReturnType<typeof setTimeout> | undefined
  #again = false // something has changed while resting
  #hiding: ReturnType<typeof setTimeout> | undefined

  constructor(look: () => readonly Drawing[], tell: (drawings: readonly Drawing[]) => void) {
    this.#look = look
    this.#tell = tell
  }

  /** Something may have changed. */
  changed(): void {
    if (this.#resting !== undefined) {
      this.#again = true
      return
    }
    this.#say()
    this.#resting = setTimeout(() => {
      this.#resting = undefined
      if (!this.#again) return
      this.#again = false
      this.changed()
    }, REST_MS)
  }

  /** The page can be seen, or cannot. */
  visible(visible: boolean): void {
    clearTimeout(this.#hiding)
    if (!visible) {
      this.#hiding = setTimeout(() => {
        this.#hidden = true
        this.#say()
      }, HIDDEN_MS)
      return
    }
    this.#hidden = false
    this.changed()
  }

  end(): void {
    clearTimeout(this.#resting)
    clearTimeout(this.#hiding)
  }

  #say(): void {
    const seen = this.#look()
    const drawings = this.#hidden ? seen.map((d) => ({ ...d, height: 0 })) : seen
    const now = JSON.stringify(drawings)
    if (now === this.#told) return
    this.#told = now
    this.#tell(drawings)
  }
}
