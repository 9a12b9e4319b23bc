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

/** How many slots for pictures a subscribe connection has: usually, and where more are seen at once. */
export const USUAL_PICTURES = 25
export const MOST_PICTURES = 49

const RANK: Readonly<Record<Claim["priority"], number>> = { high: 0, medium: 1, low: 2 }

/** What somebody wants to receive of the others. */
export interface Wish {
  readonly wanted: readonly Wanted[]
  readonly claimOf: (w: Wanted) => Claim // of pictures
  readonly seen: (w: Wanted) => boolean // whether a picture is on the page, or may come to be
  readonly voiceOf: (w: Wanted) => number // of sounds: the greater, the more gladly heard
}

/**
 * Of what is wanted that for which there are slots: the most important
 * pictures, and the sounds of those who spoke last; among equals those that are
 * received already. Pictures that nobody sees come last, and have none of the
 * slots beyond the usual ones: those who turn to them need not wait, but what
 * a large page takes is for what is on it.
 */
export function chosen(slots: readonly Slot[], { wanted, claimOf, seen, voiceOf }: Wish): Wanted[] {
  const picture = (w: Wanted): number => {
    const { size, priority } = claimOf(w)
    return seen(w) ? -2 * RANK[priority] - (size === "small" ? 1 : 0) : Number.NEGATIVE_INFINITY
  }
  const pictures = first(slots, wanted, "video", picture, (w, place) => seen(w) || place < USUAL_PICTURES)
  const sounds = first(slots, wanted, "audio", voiceOf, () => true)
  return wanted.filter((w) => pictures.has(w) || sounds.has(w))
}

type Worth = (w: Wanted) => number

/** As many of one kind as there are slots for, of those that may have the place that is theirs. */
function first(
  slots: readonly Slot[],
  wanted: readonly Wanted[],
  kind: Slot["kind"],
  worth: Worth,
  may: (w: Wanted, place: number) => boolean,
): ReadonlySet<Wanted> {
  const ours = slots.filter((s) => s.kind === kind)
  const all = wanted.filter((w) => w.kind === kind)
  if (all.length <= Math.min(ours.length, USUAL_PICTURES)) return new Set(all)
  const ranked = all.map((w) => ({ w, worth: worth(w), shown: ours.some((s) => same(s.shows, w)) ? 1 : 0 }))
  // Not a difference: it would be no number where both are without bounds.
  ranked.sort((a, b) => (a.worth === b.worth ? b.shown - a.shown : a.worth < b.worth ? 1 : -1))
  const best = ranked.slice(0, ours.length).map(({ w }) => w)
  return new Set(best.filter(may))
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
