/**
 * Plays recorded detections of clips through the policy, as a call would on a
 * machine that keeps up, and writes the masks for a scorer.
 *
 *   simulate.mjs <recorded.json> <masks.json>
 *
 * recorded.json: { clips: { name: Clip } }, with boxes in pixels of the clip and
 * what each network finds in every frame, whether the policy asks for it or not.
 */

import { readFileSync, writeFileSync } from "node:fs"
import type { Cover, Face } from "../../client/src/mask/cover/cover.ts"
import { Policy } from "../../client/src/mask/cover/policy.ts"

export interface Recorded {
  readonly u320: readonly Face[]
  readonly short: readonly Face[] // with that, and close-ups
  readonly full: readonly Face[] // of all networks
  readonly person?: { readonly columns: number; readonly rows: number; readonly likely: readonly number[] }
  readonly luma: readonly number[]
}

export interface Clip {
  readonly width: number
  readonly height: number
  readonly fps: number
  readonly frames: readonly Recorded[]
}

type Rectangle = readonly [x: number, y: number, width: number, height: number]

/** After how many frames the networks answer. */
const FAST_FRAMES = 1
const FULL_FRAMES = 3

/** The clip's own cover for each frame. A clip begins in the middle of a call, so its first frame is shown until it was searched. */
export function simulate({ width, height, fps, frames }: Clip): { covers: Cover[]; looks: number } {
  const policy = new Policy()
  const covers: Cover[] = []
  const answers: { frame: number; say: () => void }[] = []
  const lead = FULL_FRAMES + 1
  let looks = 0
  const leave = (now: number): void => {
    for (const { id, cover } of policy.release(now)) if (id >= lead) covers.push(cover)
  }
  for (let n = 0; n < frames.length + lead + FULL_FRAMES + 2; n++) {
    const now = Math.round((n * 1000) / fps)
    for (const answer of answers.filter(({ frame }) => frame === n)) answer.say()
    const recorded = frames[Math.max(0, n - lead)]
    if (recorded) {
      policy.arrive({ id: n, at: now, width, height, luma: Uint8Array.from(recorded.luma) })
      const wants = policy.wants(n)
      if (wants.fast) looks++
      const fast = wants.short ? recorded.short : recorded.u320
      if (wants.fast) answers.push({ frame: n + FAST_FRAMES, say: () => policy.fast(n, fast) })
      if (wants.full) answers.push({ frame: n + FULL_FRAMES, say: () => policy.full(n, recorded.full) })
      const person = frames.slice(0, Math.max(0, n - lead) + 1).findLast((frame) => frame.person)?.person ?? {
        columns: 1,
        rows: 1,
        likely: [0],
      }
      const silhouette = { ...person, likely: Uint8Array.from(person.likely) }
      if (wants.person) answers.push({ frame: n + FULL_FRAMES, say: () => policy.person(n, silhouette) })
    }
    leave(now)
  }
  return { covers, looks: looks / (frames.length + lead) }
}

/** The rectangles of a cover, as the scorer reads them. */
export const rectangles = (cover: Cover, width: number, height: number): Rectangle[] =>
  cover.all ? [[0, 0, width, height]] : cover.masks.map((mask) => [mask.x, mask.y, mask.width, mask.height])

if (process.argv[1]?.endsWith("simulate.mjs")) {
  const [recorded, masks] = process.argv.slice(2)
  if (!recorded || !masks) throw new Error("usage: simulate.mjs <recorded.json> <masks.json>")
  const clips = Object.entries((JSON.parse(readFileSync(recorded, "utf8")) as { clips: Record<string, Clip> }).clips)
  const covered = clips.map(([name, clip]) => {
    const { covers, looks } = simulate(clip)
    const open = covers.filter((cover) => !cover.all).length
    console.log(`${name}: ${open} of ${covers.length} frames open, ${looks.toFixed(2)} looks a frame`)
    return [name, covers.map((cover) => rectangles(cover, clip.width, clip.height))] as const
  })
  writeFileSync(masks, JSON.stringify({ clips: Object.fromEntries(covered) }))
}
