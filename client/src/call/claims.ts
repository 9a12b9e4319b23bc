/**
 * How large and how gladly each picture is to be received, from how it stands
 * on the page. Pure. Who speaks has no say in it: the server must not learn
 * that, and it would from whom all others suddenly want to see better.
 */

import { type Context, SCREEN } from "../../../e2ee/worker/port.ts"
import type { Drawing } from "./state.ts"

/** As Watch says it on the wire. */
export interface Claim {
  readonly size: "small" | "medium" | "large"
  readonly priority: "low" | "medium" | "high"
}

/** What is not a picture has one size, and is never given up for a picture. */
export const SOUND: Claim = { size: "large", priority: "medium" }

/** Before the page has said anything of a picture: good enough for most, and nobody waits for the largest. */
const UNDRAWN: Claim = { size: "medium", priority: "low" }
const UNDRAWN_SCREEN: Claim = { size: "large", priority: "high" }
const UNSEEN: Claim = { size: "small", priority: "low" }

/** Up to which height on the page, in device pixels, a size will do: a picture may be stretched by a quarter. */
const CAMERA_STEPS = [225, 450]
/** A screen has half its height and all of it; "medium" is all already. */
const SCREEN_STEPS = [360]

/** A picture has to grow or shrink by this much beyond a step, so that a window being resized does not flap. */
const SLACK = 0.1

const CAMERA_SIZES = ["small", "medium", "large"] as const
const SCREEN_SIZES = ["small", "large"] as const

/** How many steps the height is over, when `before` was the answer last time (null: none was). */
function over(height: number, steps: readonly number[], before: number | null): number {
  return steps.filter((step, i) => height > (before === null ? step : before > i ? step * (1 - SLACK) : step * (1 + SLACK))).length
}

export interface Occasion {
  readonly context: Context
  readonly drawing: Drawing | undefined // undefined: not on the page, or not yet
  readonly before: Claim | undefined // what was claimed last
}

export function claim({ context, drawing, before }: Occasion): Claim {
  const screen = context === SCREEN
  if (drawing === undefined) return before ?? (screen ? UNDRAWN_SCREEN : UNDRAWN)
  if (drawing.height <= 0) return UNSEEN
  const [steps, sizes] = screen ? [SCREEN_STEPS, SCREEN_SIZES] : [CAMERA_STEPS, CAMERA_SIZES]
  const last = before === undefined ? -1 : (sizes as readonly string[]).indexOf(before.size)
  const size = sizes[over(drawing.height, steps, last < 0 ? null : last)] ?? "large"
  return { size, priority: drawing.large ? "high" : screen ? "medium" : "low" }
}

export const sameClaim = (a: Claim | undefined, b: Claim | undefined): boolean => a?.size === b?.size && a?.priority === b?.priority
