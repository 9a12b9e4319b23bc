/**
 * Drawing zones: every step as a pure function. All of it happens in the
 * picture as it is seen; one's own camera is seen mirrored, and `mirrored` turns
 * what was drawn into places of the picture as it is sent, and back.
 */

import type { Point, Zone, Zones } from "../mask/treatment.ts"

/** Dragged, or corner by corner. */
export type Shape = "rectangle" | "polygon"

export const ZONES_MAX = 16
export const CORNERS_MAX = 32

/** How far an arrow key goes, in parts of the picture. */
export const STEP = 0.02

/** What is smaller was a slip of the finger. */
const SMALLEST = 0.03

const within = (v: number): number => Math.min(1, Math.max(0, v))
const inside = ({ x, y }: Point): Point => ({ x: within(x), y: within(y) })

export const mirrored = (zones: readonly Zone[]): readonly Zone[] =>
  zones.map((zone) => ({ ...zone, corners: zone.corners.map(({ x, y }) => ({ x: 1 - x, y })) }))

export interface Bounds {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export function boundsOf(corners: readonly Point[]): Bounds {
  const [xs, ys] = [corners.map((c) => c.x), corners.map((c) => c.y)]
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y }
}

/** The corners of a rectangle, from where a drag began to where it is. */
export function rectangle(from: Point, to: Point): readonly Point[] {
  const [a, b] = [inside(from), inside(to)]
  const [x1, x2, y1, y2] = [Math.min(a.x, b.x), Math.max(a.x, b.x), Math.min(a.y, b.y), Math.max(a.y, b.y)]
  return [
    { x: x1, y: y1 },
    { x: x2, y: y1 },
    { x: x2, y: y2 },
    { x: x1, y: y2 },
  ]
}

/** Where a zone begins that is added without pointing: in the middle. */
export const MIDDLE = rectangle({ x: 0.35, y: 0.35 }, { x: 0.65, y: 0.65 })

/** With one zone more, if it is one; its id is new. */
export function added(zones: readonly Zone[], corners: readonly Point[]): readonly Zone[] {
  if (zones.length >= ZONES_MAX || corners.length < 3 || corners.length > CORNERS_MAX) return zones
  const { width, height } = boundsOf(corners)
  if (width < SMALLEST || height < SMALLEST) return zones
  return [...zones, { id: Math.max(0, ...zones.map((zone) => zone.id)) + 1, corners: corners.map(inside) }]
}

export const without = (zones: readonly Zone[], id: number): readonly Zone[] => zones.filter((zone) => zone.id !== id)

const changed = (zones: readonly Zone[], id: number, change: (corners: readonly Point[]) => readonly Point[]): readonly Zone[] =>
  zones.map((zone) => (zone.id === id ? { ...zone, corners: change(zone.corners) } : zone))

/** Moved as a whole, as far as the edge of the picture lets it. */
export const moved = (zones: readonly Zone[], id: number, by: Point): readonly Zone[] =>
  changed(zones, id, (corners) => {
    const { x, y, width, height } = boundsOf(corners)
    const dx = Math.min(1 - x - width, Math.max(-x, by.x))
    const dy = Math.min(1 - y - height, Math.max(-y, by.y))
    return corners.map((c) => inside({ x: c.x + dx, y: c.y + dy }))
  })

/** Made wider and higher, or the contrary; the upper left corner of its bounds stays. */
export const resized = (zones: readonly Zone[], id: number, by: Point): readonly Zone[] =>
  changed(zones, id, (corners) => {
    const { x, y, width, height } = boundsOf(corners)
    const across = Math.min(1 - x, Math.max(SMALLEST, width + by.x)) / width
    const down = Math.min(1 - y, Math.max(SMALLEST, height + by.y)) / height
    return corners.map((c) => inside({ x: x + (c.x - x) * across, y: y + (c.y - y) * down }))
  })

export const cornerMoved = (zones: readonly Zone[], id: number, corner: number, by: Point): readonly Zone[] =>
  changed(zones, id, (corners) => corners.map((c, i) => (i === corner ? inside({ x: c.x + by.x, y: c.y + by.y }) : c)))

/** Whether a place is within a polygon, its edges crossed an odd number of times on the way out. */
export function covers(corners: readonly Point[], { x, y }: Point): boolean {
  let odd = false
  corners.forEach((a, i) => {
    const b = corners[(i + 1) % corners.length] ?? a
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) odd = !odd
  })
  return odd
}

/** How near a finger must come, in parts of the picture's width and height. */
export interface Reach {
  readonly x: number
  readonly y: number
}

const near = (a: Point, b: Point, { x, y }: Reach): boolean => Math.abs(a.x - b.x) <= x && Math.abs(a.y - b.y) <= y

export interface Grip {
  readonly zone: number // id
  readonly corner: number | null // null: the zone as a whole
}

/** What lies under a finger: a corner of the selected zone before any zone, and the newest zone before older ones. */
export function grip(zones: readonly Zone[], selected: number | null, at: Point, reach: Reach): Grip | null {
  const corner = zones.find((zone) => zone.id === selected)?.corners.findIndex((c) => near(c, at, reach)) ?? -1
  if (selected !== null && corner >= 0) return { zone: selected, corner }
  const zone = zones.findLast(({ corners }) => covers(corners, at))
  return zone === undefined ? null : { zone: zone.id, corner: null }
}

export const dragged = (zones: readonly Zone[], { zone, corner }: Grip, by: Point): readonly Zone[] =>
  corner === null ? moved(zones, zone, by) : cornerMoved(zones, zone, corner, by)

/** A polygon that grows by clicks: closed by clicking its first corner again, or when it can have no more. */
export function clicked(draft: readonly Point[], at: Point, reach: Reach): { readonly draft: readonly Point[]; readonly closed: boolean } {
  const [first] = draft
  if (first !== undefined && draft.length >= 3 && near(first, at, reach)) return { draft, closed: true }
  const next = [...draft, inside(at)]
  return { draft: next, closed: next.length === CORNERS_MAX }
}

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -STEP, y: 0 },
  ArrowRight: { x: STEP, y: 0 },
  ArrowUp: { x: 0, y: -STEP },
  ArrowDown: { x: 0, y: STEP },
}

/** What a key does to what has the focus; null if it is not for us. A corner that is deleted goes alone, as long as three stay. */
export function keyed(zones: readonly Zone[], { zone, corner }: Grip, key: string, shift: boolean): readonly Zone[] | null {
  const by = ARROWS[key]
  if (by !== undefined) return corner === null && shift ? resized(zones, zone, by) : dragged(zones, { zone, corner }, by)
  if (key !== "Delete" && key !== "Backspace") return null
  const corners = zones.find((z) => z.id === zone)?.corners.length ?? 0
  return corner === null || corners <= 3 ? without(zones, zone) : changed(zones, zone, (all) => all.filter((_, i) => i !== corner))
}

/** Whether they leave nothing to be seen. */
export const coversAll = ({ zones, inverse }: Zones): boolean => inverse && zones.length === 0
