/** Zones as rows of whole pixels: every pixel that a polygon touches is covered. */

import type { Box, Point, Zone, Zones } from "../treatment.ts"

/** Pixels of a row of blocks that are covered together; chroma is shared by pairs, so that an even number leaves nothing half covered. */
const STEP = 2

/** From where to where a polygon reaches within the lines top to bottom; null when it does not. */
function reach(corners: readonly Point[], top: number, bottom: number): readonly (readonly [number, number])[] {
  // The parts of each edge within the band, and the polygon's inside on its two borders.
  const spans: [number, number][] = []
  for (const at of [top, (top + bottom) / 2, bottom]) {
    const crossings: number[] = []
    corners.forEach((a, i) => {
      const b = corners[(i + 1) % corners.length] ?? a
      if (a.y <= at !== b.y <= at) crossings.push(a.x + ((at - a.y) / (b.y - a.y)) * (b.x - a.x))
    })
    crossings.sort((a, b) => a - b)
    for (let i = 0; i + 1 < crossings.length; i += 2) spans.push([crossings[i] ?? 0, crossings[i + 1] ?? 0])
  }
  corners.forEach((a, i) => {
    const b = corners[(i + 1) % corners.length] ?? a
    const [high, low] = a.y <= b.y ? [a, b] : [b, a]
    if (low.y < top || high.y > bottom) return
    const along = (y: number): number => (low.y === high.y ? low.x : high.x + ((y - high.y) / (low.y - high.y)) * (low.x - high.x))
    const ends = low.y === high.y ? [a.x, b.x] : [along(Math.max(top, high.y)), along(Math.min(bottom, low.y))]
    spans.push([Math.min(...ends), Math.max(...ends)])
  })
  return spans
}

/** The boxes of one zone, in pixels of a frame. */
export function boxesOf({ corners }: Zone, width: number, height: number): Box[] {
  const scaled = corners.map(({ x, y }) => ({ x: x * width, y: y * height }))
  const boxes: Box[] = []
  for (let y = 0; y < height; y += STEP) {
    for (const [left, right] of merged(reach(scaled, y, y + STEP))) {
      const from = Math.max(0, Math.floor(left / STEP) * STEP)
      const to = Math.min(width, Math.floor(right / STEP) * STEP + STEP)
      if (to > from) boxes.push({ x: from, y, width: to - from, height: Math.min(STEP, height - y) })
    }
  }
  return boxes
}

function merged(spans: readonly (readonly [number, number])[]): [number, number][] {
  const out: [number, number][] = []
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = out.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else out.push([from, to])
  }
  return out
}

/** Everything that zones cover. Inverse: what no zone wholly holds, so that their edges are covered too. */
export function zoneBoxes({ zones, inverse }: Zones, width: number, height: number): Box[] {
  if (!inverse) return zones.flatMap((zone) => boxesOf(zone, width, height))
  const boxes: Box[] = []
  for (let y = 0; y < height; y += STEP) {
    let from = 0
    for (const [left, right] of merged(zones.flatMap((zone) => inside(zone, y, width, height)))) {
      if (Math.min(left, width) > from) boxes.push({ x: from, y, width: Math.min(left, width) - from, height: Math.min(STEP, height - y) })
      from = Math.max(from, right)
    }
    if (from < width) boxes.push({ x: from, y, width: width - from, height: Math.min(STEP, height - y) })
  }
  return boxes
}

/** The pairs of pixels in a pair of lines that lie wholly within a zone. */
function inside({ corners }: Zone, y: number, width: number, height: number): [number, number][] {
  const scaled = corners.map((p) => ({ x: p.x * width, y: p.y * height }))
  const within = (at: number): [number, number][] => {
    const crossings: number[] = []
    scaled.forEach((a, i) => {
      const b = scaled[(i + 1) % scaled.length] ?? a
      if (a.y <= at !== b.y <= at) crossings.push(a.x + ((at - a.y) / (b.y - a.y)) * (b.x - a.x))
    })
    crossings.sort((a, b) => a - b)
    const spans: [number, number][] = []
    for (let i = 0; i + 1 < crossings.length; i += 2) spans.push([crossings[i] ?? 0, crossings[i + 1] ?? 0])
    return spans
  }
  // Within on both borders and in the middle; a corner that lies between them shortens what is kept.
  const notches = scaled.filter((p) => p.y > y && p.y < y + STEP).map((p) => p.x)
  let kept = within(y + STEP / 2)
  for (const at of [y, Math.min(height, y + STEP) - 1e-6]) kept = kept.flatMap((a) => within(at).flatMap((b) => common(a, b)))
  return kept.flatMap(([left, right]): [number, number][] => {
    const from = Math.ceil(left / STEP) * STEP
    const to = Math.floor(right / STEP) * STEP
    return to > from && !notches.some((x) => x > from - STEP && x < to + STEP) ? [[from, to]] : []
  })
}

const common = ([a, b]: readonly [number, number], [c, d]: readonly [number, number]): [number, number][] =>
  Math.min(b, d) > Math.max(a, c) ? [[Math.max(a, c), Math.min(b, d)]] : []
