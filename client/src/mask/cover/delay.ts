/**
 * When a frame leaves. It waits for what is found in the frames after it: a
 * face that runs in is covered before it was found, and no guess is as good.
 * Times in ms.
 */

/**
 * How long every frame waits, or until this many younger ones were searched. A little less than three frames of a
 * usual camera: else it would wait for the search of the third as well, which holds up the worker just then.
 */
export const DELAY_MS = 90
export const AHEAD = 3

/** How long one that changes a still scene waits for all networks: at the next look of all it would have left long ago. */
export const AWAITED_MS = 200

/** How long a frame waits for its own result. A slow machine is given fewer frames, not covered for ever: this is for one that hangs. */
export const LATE_MS = 400

/** Frames that wait at most; what comes on top pushes the oldest out, covered unless it was searched. */
export const MOST_WAITING = 24

export type Turn = "stay" | "go" | "late" // late: it goes, all covered

export interface Waits {
  readonly waited: number
  readonly ahead: number // younger ones that were searched
  readonly known: boolean // it was searched
  readonly covered: boolean // it goes all covered anyway
  readonly awaited: boolean // all networks are still to say what they find in it
  readonly waiting: number // frames
}

/** What the oldest frame does. */
export function turn({ waited, ahead, known, covered, awaited, waiting }: Waits): Turn {
  if (waiting > MOST_WAITING) return known ? "go" : "late"
  if (awaited && !covered && waited < AWAITED_MS) return "stay"
  if (known && ahead >= AHEAD && !covered) return "go"
  if (waited < DELAY_MS) return "stay"
  if (known || covered) return "go"
  return waited < LATE_MS ? "stay" : "late"
}
