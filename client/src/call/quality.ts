/** How much one person's camera may send. Pure. */

export interface Budget {
  readonly height: number // of the encoded picture, in pixels
  readonly maxBitrate: number // bit/s
  readonly maxFramerate: number
}

/**
 * The budget for a room of so many people, this one included: what all the
 * others together ask of one receiver stays near 4 Mbit/s and one core.
 */
export function cameraBudget(people: number): Budget {
  if (people <= 2) return { height: 720, maxBitrate: 1_700_000, maxFramerate: 30 }
  if (people <= 4) return { height: 540, maxBitrate: 1_000_000, maxFramerate: 30 }
  if (people <= 7) return { height: 360, maxBitrate: 600_000, maxFramerate: 25 }
  return { height: 270, maxBitrate: 350_000, maxFramerate: 20 }
}

/** A shared screen: sharp rather than smooth. */
export const SCREEN_BUDGET: Budget = { height: 1080, maxBitrate: 2_500_000, maxFramerate: 15 }

/** How much to scale a captured picture down. Never up. */
export const downscale = (captured: number, budget: Budget): number => Math.max(1, captured / budget.height)
