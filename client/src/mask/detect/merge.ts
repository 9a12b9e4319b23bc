/** One box for one face, of the many that networks find for it. Pure. */

import { iou, union } from "../cover/boxes.ts"
import type { Face } from "../cover/cover.ts"

/** Of boxes that overlap by more than `most` only the best stays. */
export function best(faces: readonly Face[], most: number): Face[] {
  const kept: Face[] = []
  for (const face of [...faces].sort((a, b) => b.score - a.score)) if (kept.every((k) => iou(k, face) <= most)) kept.push(face)
  return kept
}

/** Boxes of different networks that overlap by more than `most` become the one around them: what any of them covers stays covered. */
export function joined(faces: readonly Face[], most: number): Face[] {
  const groups: { of: Face; around: Face }[] = []
  for (const face of [...faces].sort((a, b) => b.score - a.score)) {
    const group = groups.find((g) => iou(g.of, face) > most)
    if (group === undefined) groups.push({ of: face, around: face })
    else group.around = { ...union(group.around, face), score: group.around.score } // the best comes first
  }
  return groups.map((g) => g.around)
}
