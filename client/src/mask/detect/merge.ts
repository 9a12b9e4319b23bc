/** One box for one face, of the many that networks find for it. Pure. */

import type { Face } from "../cover/cover.ts"

/** How much of two boxes together is in both, 0..1. */
export function overlap(a: Face, b: Face): number {
  const w = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)
  const h = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
  if (w <= 0 || h <= 0) return 0
  return (w * h) / (a.width * a.height + b.width * b.height - w * h)
}

/** Of boxes that overlap by more than `most` only the best stays. */
export function best(faces: readonly Face[], most: number): Face[] {
  const kept: Face[] = []
  for (const face of [...faces].sort((a, b) => b.score - a.score)) if (kept.every((k) => overlap(k, face) <= most)) kept.push(face)
  return kept
}

/** Boxes of different networks that overlap by more than `most` become the one around them: what any of them covers stays covered. */
export function joined(faces: readonly Face[], most: number): Face[] {
  const groups: { of: Face; around: Face }[] = []
  for (const face of [...faces].sort((a, b) => b.score - a.score)) {
    const group = groups.find((g) => overlap(g.of, face) > most)
    if (group === undefined) groups.push({ of: face, around: face })
    else group.around = around(group.around, face)
  }
  return groups.map((g) => g.around)
}

function around(a: Face, b: Face): Face {
  const x = Math.min(a.x, b.x)
  const y = Math.min(a.y, b.y)
  const width = Math.max(a.x + a.width, b.x + b.width) - x
  const height = Math.max(a.y + a.height, b.y + b.height) - y
  return { x, y, width, height, score: Math.max(a.score, b.score) }
}
