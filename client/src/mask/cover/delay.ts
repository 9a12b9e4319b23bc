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

/** How long a frame waits for its own result. A slow machine is given fewer frames, not covered for ever: this is for one that hangs. */
export const LATE_MS = 400

/** Frames that wait at most; what comes on top pushes the oldest out, covered unless it was searched. */
export const MOST_WAITING = 24

export type Turn = "stay" | "go" | "late" // late: it goes, all covered

/** What the oldest frame does: `known` is whether it was searched, `covered` whether it goes all covered anyway. */
export function turn(frame: { waited: number; ahead: number; known: boolean; covered: boolean; waiting: number }): Turn {
  const { waited, ahead, known, covered, waiting } = frame
  if (waiting > MOST_WAITING) return known ? "go" : "late"
  if (known && ahead >= AHEAD && !covered) return "go"
  if (waited < DELAY_MS) return "stay"
  if (known || covered) return "go"
  return waited < LATE_MS ? "stay" : "late"
}
