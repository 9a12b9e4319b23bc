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

/** What somebody wants to receive of the others. */
export interface Wish {
  readonly wanted: readonly Wanted[]
  readonly claimOf: (w: Wanted) => Claim // of pictures
  readonly voiceOf: (w: Wanted) => number // of sounds: the greater, the more gladly heard
}

/**
 * Of what is wanted that for which there are slots: the most important
 * pictures, and the sounds of those who spoke last; among equals those that are
 * received already.
 */
export function chosen(slots: readonly Slot[], { wanted, claimOf, voiceOf }: Wish): Wanted[] {
  const picture = (w: Wanted): number => {
    const { size, priority } = claimOf(w)
    return -2 * RANK[priority] - (size === "small" ? 1 : 0)
  }
  const pictures = first(slots, wanted, "video", picture)
  const sounds = first(slots, wanted, "audio", voiceOf)
  return wanted.filter((w) => pictures.has(w) || sounds.has(w))
}

/** As many of one kind as there are slots for. */
function first(slots: readonly Slot[], wanted: readonly Wanted[], kind: Slot["kind"], worth: (w: Wanted) => number): ReadonlySet<Wanted> {
  const ours = slots.filter((s) => s.kind === kind)
  const all = wanted.filter((w) => w.kind === kind)
  if (all.length <= ours.length) return new Set(all)
  const ranked = all.map((w) => ({ w, worth: worth(w), shown: ours.some((s) => same(s.shows, w)) ? 1 : 0 }))
  // Not a difference: it would be no number where both are without bounds.
  ranked.sort((a, b) => (a.worth === b.worth ? b.shown - a.shown : a.worth < b.worth ? 1 : -1))
  return new Set(ranked.slice(0, ours.length).map(({ w }) => w))
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
