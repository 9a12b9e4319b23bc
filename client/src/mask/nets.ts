/**
 * What the two workers search a picture with. No single network at one scale
 * finds all faces: each is blind for faces of some size, and together they are
 * not. Low thresholds cost little, since what is covered without need is a few
 * percent of a picture.
 */

import type { Face, Silhouette } from "./cover/cover.ts"
import type { Loaded } from "./detect/load.ts"
import { joined } from "./detect/merge.ts"
import { halved } from "./detect/pixels.ts"
import { Networks } from "./detect/runtime.ts"
import { finds, picture } from "./detect/selftest.ts"
import type { Pixels } from "./port.ts"

const SCORE = 0.2
/** Small faces score less: on the finest scale less is enough, up to this part of the height. */
const SCORE_SMALL = 0.12
const SMALL = 0.06
/** Bodies and jumpers score as close-ups too: less than the second alone is weak, and all networks are to say. */
const SCORE_CLOSE = { weak: 0.3, sure: 0.4 } as const
/** Less than this, of one scale alone, is weak: jumpers get it. Small faces have no other scale, and are sure. */
const SCORE_ALONE = 0.3
const LARGE = 0.12 // of the height
/** Boxes of several networks that overlap by more are of one face. */
const ONE_FACE = 0.4
/** Pictures that are smaller (pixels of the longer side) are not halved before they are searched. */
const FINE = 480

const usual = (): number => SCORE
const finest = (part: number): number => (part < SMALL ? SCORE_SMALL : SCORE)

export interface Nets {
  /** Every frame. */
  fast(pixels: Pixels, short: boolean): Promise<readonly Face[]>
  /** Now and then: all others, in several sizes. `known` is what the fast ones found in the same picture, close-ups among it. */
  full(pixels: Pixels, known: readonly Face[]): Promise<readonly Face[]>
  person(pixels: Pixels): Promise<Silhouette>
}

/** Makes networks of what was loaded, and sees that they find what they must. Rejects if they do not. */
export async function openNets(loaded: Loaded): Promise<Nets> {
  const networks = await Networks.open(loaded)
  const nets: Nets = {
    async fast(pixels, short) {
      const half = halfOf(pixels)
      const faces = scaled(await networks.faces(half, usual), pixels.width / half.width)
      if (!short) return faces
      const close = scaled(await networks.closeUps(half, SCORE_CLOSE.weak), pixels.width / half.width)
      return joined([...faces, ...close.map(doubted)], ONE_FACE)
    },
    async full(pixels, known) {
      const quarter = halved(halfOf(pixels))
      const alone = (face: Face): Face => (face.score < SCORE_ALONE && face.height > LARGE * pixels.height ? { ...face, weak: true } : face)
      const found = [
        (await networks.faces(pixels, finest)).map(alone),
        scaled(await networks.faces(quarter, usual), pixels.width / quarter.width).map(alone),
        known.filter(({ weak }) => !weak),
      ]
      return joined(found.flat(), ONE_FACE)
    },
    person: (pixels) => networks.person(halfOf(pixels)),
  }
  await tried(nets)
  return nets
}

const halfOf = (pixels: Pixels): Pixels => (Math.max(pixels.width, pixels.height) < FINE ? pixels : halved(pixels))

const scaled = (faces: readonly Face[], by: number): Face[] =>
  faces.map(({ x, y, width, height, score }) => ({ x: x * by, y: y * by, width: width * by, height: height * by, score }))

/** A close-up that joins what another network found is weak no more, and so is what is weak in two scales. */
const doubted = (face: Face): Face => (face.score < SCORE_CLOSE.sure ? { ...face, weak: true } : face)

/** All of them find the face that is drawn, and none finds one in the empty room. */
async function tried(nets: Nets): Promise<void> {
  const [somebody, nobody] = [picture(true), picture(false)]
  const { columns, rows, likely } = await nets.person(somebody)
  const middle = likely[Math.floor(rows / 2) * columns + Math.floor(columns / 2)] ?? 0
  const corner = likely[0] ?? 255
  const found = finds(await nets.fast(somebody, false)) && finds(await nets.full(somebody, []))
  const none = await nets.full(nobody, await nets.fast(nobody, true))
  if (!found || none.length > 0 || middle < 128 || corner > 127) throw new Error("the networks do not find what is there")
}
