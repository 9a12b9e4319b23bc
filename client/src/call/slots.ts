/** Which slot of the subscribe connection shows which track. Pure. */

import type { Claim } from "./claims.ts"
import type { Wanted } from "./room.ts"

export interface Slot {
  readonly mid: string
  readonly kind: "audio" | "video"
  readonly shows: Wanted | null
}

export const same = (a: Wanted | null, b: Wanted | null): boolean =>
  a === b || (a !== null && b !== null && a.person === b.person && a.context === b.context && a.mid === b.mid && a.leaf === b.leaf)

const RANK: Readonly<Record<Claim["priority"], number>> = { high: 0, medium: 1, low: 2 }

/**
 * Of the wanted pictures those for which there are slots, the most important
 * first; among equals those that are shown already. Sound is not chosen: of
 * whoever has a slot no syllable is lost to somebody else.
 */
export function chosen(slots: readonly Slot[], wanted: readonly Wanted[], claimOf: (w: Wanted) => Claim): Wanted[] {
  const pictures = slots.filter((s) => s.kind === "video")
  const videos = wanted.filter((w) => w.kind === "video")
  if (videos.length <= pictures.length) return [...wanted]
  const rank = (w: Wanted): number => {
    const { size, priority } = claimOf(w)
    return 4 * RANK[priority] + (size === "small" ? 2 : 0) + (pictures.some((s) => same(s.shows, w)) ? 0 : 1)
  }
  const first = videos
    .map((w) => ({ w, rank: rank(w) }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, pictures.length)
    .map(({ w }) => w)
  return wanted.filter((w) => w.kind === "audio" || first.includes(w))
}

/**
 * Keeps what is shown where it is, empties what is not wanted any more and
 * puts the rest into free slots, the longest unused first, so that the last
 * picture of somebody else is long gone. Slots are in the order of their last
 * use. What does not fit is left out.
 */
export function assign(slots: readonly Slot[], wanted: readonly Wanted[]): Slot[] {
  const kept = slots.map((s) => (s.shows !== null && wanted.some((w) => same(w, s.shows)) ? s : { ...s, shows: null }))
  const changed = slots.filter((s, i) => s.shows !== null && kept[i]?.shows === null).map((s) => s.mid)
  // Just emptied slots go to the end of the queue.
  const queue = [...kept.filter((s) => !changed.includes(s.mid)), ...kept.filter((s) => changed.includes(s.mid))]
  for (const w of wanted) {
    if (queue.some((s) => same(s.shows, w))) continue
    const free = queue.findIndex((s) => s.kind === w.kind && s.shows === null)
    const slot = queue[free]
    if (slot === undefined) continue
    queue.splice(free, 1)
    queue.push({ ...slot, shows: w })
  }
  return queue
}
