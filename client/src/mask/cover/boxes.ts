/** Arithmetic of boxes. Nothing here knows of time or of faces. */

import type { Box } from "../treatment.ts"

/**
 * How far a cover reaches beyond the face that was found, in parts of its size:
 * hair and ears identify too. The grid adds half a cell to a cell and a half on
 * every side: with larger margins the cover of two people who talk hides more
 * than a twentieth of the room.
 */
const SIDES = 0.2
const TOP = 0.3
const BOTTOM = 0.2

/** What is shown lies on this grid (pixels), so that the size of a cover tells little of the head under it. */
export const GRID = 16

export const right = (box: Box): number => box.x + box.width
export const bottom = (box: Box): number => box.y + box.height
export const area = (box: Box): number => box.width * box.height

/** The mean of both sides, in pixels. */
export const size = (box: Box): number => (box.width + box.height) / 2

const between = (left: number, top: number, right: number, bottom: number): Box => ({
  x: left,
  y: top,
  width: right - left,
  height: bottom - top,
})

/** The smallest box around both. */
export const union = (a: Box, b: Box): Box =>
  between(Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(right(a), right(b)), Math.max(bottom(a), bottom(b)))

/** How much both share, in square pixels. */
export const shared = (a: Box, b: Box): number =>
  Math.max(0, Math.min(right(a), right(b)) - Math.max(a.x, b.x)) * Math.max(0, Math.min(bottom(a), bottom(b)) - Math.max(a.y, b.y))

/** How much of both together they share, 0..1. */
export const iou = (a: Box, b: Box): number => {
  const both = shared(a, b)
  return both === 0 ? 0 : both / (area(a) + area(b) - both)
}

/** How much of the smaller one lies in the other, 0..1. */
export const nested = (a: Box, b: Box): number => {
  const smaller = Math.min(area(a), area(b))
  return smaller === 0 ? 0 : shared(a, b) / smaller
}

export const contains = (outer: Box, inner: Box): boolean =>
  outer.x <= inner.x && outer.y <= inner.y && right(outer) >= right(inner) && bottom(outer) >= bottom(inner)

/** From centre to centre, in pixels. */
export const distance = (a: Box, b: Box): number =>
  Math.hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2)

export const shift = (box: Box, x: number, y: number): Box => ({ x: box.x + x, y: box.y + y, width: box.width, height: box.height })

/** The cover of a face: with its margins, and larger by `growth` of its size on every side. */
export const dilate = (face: Box, growth: number): Box =>
  between(
    face.x - face.width * (SIDES + growth),
    face.y - face.height * (TOP + growth),
    right(face) + face.width * (SIDES + growth),
    bottom(face) + face.height * (BOTTOM + growth),
  )

/** The part inside the frame; null when there is none. */
export const clip = (box: Box, width: number, height: number): Box | null => {
  const inside = between(Math.max(0, box.x), Math.max(0, box.y), Math.min(width, right(box)), Math.min(height, bottom(box)))
  return inside.width > 0 && inside.height > 0 ? inside : null
}

/** The part of `outer` that is not further than `margin` from `inner`, which lies in it. */
export const within = (outer: Box, inner: Box, margin: number): Box =>
  between(
    Math.max(outer.x, inner.x - margin),
    Math.max(outer.y, inner.y - margin),
    Math.min(right(outer), right(inner) + margin),
    Math.min(bottom(outer), bottom(inner) + margin),
  )

/** Outward to the grid. */
export const snap = (box: Box): Box =>
  between(
    Math.floor(box.x / GRID) * GRID,
    Math.floor(box.y / GRID) * GRID,
    Math.ceil(right(box) / GRID) * GRID,
    Math.ceil(bottom(box) / GRID) * GRID,
  )

/** Whether a network could have meant this: a number that is none comes of a network or memory that is broken. */
export const sane = ({ x, y, width, height }: Box): boolean =>
  Number.isFinite(x) && Number.isFinite(y) && Number.isFinite(width) && Number.isFinite(height) && width >= 0 && height >= 0
