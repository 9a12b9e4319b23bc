/**
 * Finds faces in a picture. No single network at one scale finds them all: each
 * is blind for faces of some size, and together they are not. Low thresholds
 * cost little, since what is covered without need is a few percent of a picture.
 */

import type { Face, Silhouette } from "../cover/cover.ts"
import { load } from "./load.ts"
import { joined } from "./merge.ts"
import { halved, type Pixels } from "./pixels.ts"
import { Networks } from "./runtime.ts"
import { finds, picture } from "./selftest.ts"

/** The longer side of what the networks see, in pixels; half and a quarter of it as well. */
const SIDE = 640

const SCORE = 0.2
/** Small faces score less; on the finest scale less is enough for them, up to this part of the height. */
const SCORE_SMALL = 0.12
const SMALL = 0.06
const SCORE_CLOSE = { fast: 0.3, full: 0.4 } as const
/** Boxes of several networks that overlap by more are of one face. */
const ONE_FACE = 0.4

const usual = (): number => SCORE
const finest = (part: number): number => (part < SMALL ? SCORE_SMALL : SCORE)

export class Detectors {
  readonly #networks: Networks
  readonly #pen: OffscreenCanvasRenderingContext2D

  private constructor(networks: Networks, pen: OffscreenCanvasRenderingContext2D) {
    this.#networks = networks
    this.#pen = pen
  }

  /** Loads everything and tries it on a known picture. Rejects where masking cannot work. */
  static async open(progress: (part: number) => void): Promise<Detectors> {
    const networks = await Networks.open(await load(progress))
    const pen = new OffscreenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true, alpha: false })
    if (pen === null) throw new Error("no canvas to read")
    await tried(networks)
    return new Detectors(networks, pen)
  }

  /** One scale, and close-ups if wanted; in pixels of the picture, whose size is given. */
  async fast(image: CanvasImageSource, width: number, height: number, { short }: { readonly short: boolean }): Promise<Face[]> {
    const half = halved(this.#read(image, width, height))
    const faces = scaled(await this.#networks.faces(half, usual), width / half.width)
    if (short) faces.push(...scaled(await this.#networks.closeUps(half, SCORE_CLOSE.fast), width / half.width))
    return joined(faces, ONE_FACE)
  }

  /** All scales and close-ups. */
  async full(image: CanvasImageSource, width: number, height: number): Promise<Face[]> {
    return full(this.#networks, this.#read(image, width, height), width)
  }

  async person(image: CanvasImageSource, width: number, height: number): Promise<Silhouette> {
    return this.#networks.person(halved(this.#read(image, width, height)))
  }

  #read(image: CanvasImageSource, width: number, height: number): Pixels {
    const scale = SIDE / Math.max(width, height)
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)]
    this.#pen.drawImage(image, 0, 0, w, h)
    return this.#pen.getImageData(0, 0, w, h)
  }
}

const scaled = (faces: readonly Face[], by: number): Face[] =>
  faces.map(({ x, y, width, height, score }) => ({ x: x * by, y: y * by, width: width * by, height: height * by, score }))

/** All scales and close-ups of a picture of SIDE pixels, in pixels of one that is `width` wide. */
export async function full(networks: Networks, whole: Pixels, width: number): Promise<Face[]> {
  const half = halved(whole)
  const quarter = halved(half)
  return joined(
    [
      ...scaled(await networks.faces(whole, finest), width / whole.width),
      ...scaled(await networks.faces(half, usual), width / half.width),
      ...scaled(await networks.faces(quarter, usual), width / quarter.width),
      ...scaled(await networks.closeUps(half, SCORE_CLOSE.full), width / half.width),
    ],
    ONE_FACE,
  )
}

/** Each network finds the face that is there, and none finds one in the empty room. */
async function tried(networks: Networks): Promise<void> {
  const [somebody, nobody] = [picture(true), picture(false)]
  const half = halved(somebody)
  const found =
    finds(await networks.faces(somebody, usual)) &&
    finds(scaled(await networks.faces(half, usual), 2)) &&
    finds(scaled(await networks.closeUps(half, SCORE_CLOSE.full), 2)) &&
    (await full(networks, nobody, nobody.width)).length === 0
  const { columns, rows, likely } = await networks.person(half)
  const middle = likely[Math.floor(rows / 2) * columns + Math.floor(columns / 2)] ?? 0
  if (!found || middle < 128 || (likely[0] ?? 255) > 127) throw new Error("the networks do not find what is there")
}
