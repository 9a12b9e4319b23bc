/** A camera for the tests of the policy: gives it frames, answers for the networks and keeps what leaves. */

import type { Box } from "../treatment.ts"
import { contains } from "./boxes.ts"
import type { Cover, Face, Silhouette } from "./cover.ts"
import { Policy } from "./policy.ts"

export const WIDTH = 640
export const HEIGHT = 360
export const FRAME_MS = 1000 / 30
export const FACE: Face = { x: 280, y: 100, width: 60, height: 80, score: 0.9 }

/** A brightness that changes a little everywhere: no frame is the same as the one before. */
export const luma = (n: number, bright = 100): Uint8Array => new Uint8Array(576).fill(bright + (n % 2) * 3)
export const still = new Uint8Array(576).fill(100)

/** A policy and its frames, 30 a second; the networks answer at once. */
export class Camera {
  readonly policy: Policy
  readonly out: { id: number; cover: Cover; at: number }[] = []
  readonly looked = new Set<number>()
  n = 0
  now = 0

  constructor(policy = new Policy()) {
    this.policy = policy
  }

  frame(
    faces: readonly Face[] | null,
    { light = luma(this.n), width = WIDTH, height = HEIGHT, full = faces, noise = 0, person = null as Silhouette | null } = {},
  ): number {
    const id = this.n++
    this.now += FRAME_MS
    this.policy.arrive({ id, at: this.now, width, height, luma: light, noise })
    const wants = this.policy.wants(id)
    if (wants.fast && faces) {
      this.looked.add(id)
      this.policy.fast(id, faces)
    }
    if (wants.full && full) this.policy.full(id, full)
    if (wants.person) this.policy.person(id, person ?? { columns: 1, rows: 1, likely: new Uint8Array(1) })
    this.leave()
    return id
  }

  frames(count: number, faces: readonly Face[] | null, options = {}): void {
    for (let i = 0; i < count; i++) this.frame(faces, options)
  }

  leave(): void {
    for (const frame of this.policy.release(this.now)) this.out.push({ ...frame, at: this.now })
  }

  /** Waits without frames. */
  wait(ms: number): void {
    this.now += ms
    this.leave()
  }

  cover(id: number): Cover {
    const found = this.out.find((frame) => frame.id === id)
    if (!found) throw new Error(`frame ${id} has not left`)
    return found.cover
  }

  why(id: number): string {
    const cover = this.cover(id)
    return cover.all ? cover.why : "open"
  }
}

export const covers = (cover: Cover, box: Box): boolean => cover.all || cover.masks.some((mask) => contains(mask, box))
